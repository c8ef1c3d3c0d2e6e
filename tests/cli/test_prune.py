"""`prune`: what is older than its setting is counted, then deleted."""

from __future__ import annotations

import sqlalchemy as sa

from tests.cli.invoked import document, told
from tests.grown import grow


def test_prune_counts_then_deletes_and_then_has_nothing_to_do(osm, rows, warehouse_url):
    with sa.create_engine(warehouse_url, poolclass=sa.NullPool).begin() as connection:
        grow(connection)
    before = rows("select count(*) from rpt_build")
    ahead = document(osm("prune", "--dry-run", "--json"), 0)
    assert ahead["rpt_build"] == 3
    assert "rows that would go" in told(osm("prune", "--dry-run"), 0)
    assert rows("select count(*) from rpt_build") == before
    assert "rows deleted" in told(osm("prune"), 0)
    assert "nothing is older than its setting" in told(osm("prune"), 0)
    assert "prune" in told(osm("status", "--fail-on", "never"), 0)
    refused = osm("prune", SNAPSHOT_DETAIL_DAYS="-1")
    assert "SNAPSHOT_DETAIL_DAYS must lie between 0 and 36500" in told(refused, 2)
