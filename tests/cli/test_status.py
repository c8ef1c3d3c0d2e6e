"""`status`: how every account fares."""

from __future__ import annotations

import sqlalchemy as sa

from tests.cli.invoked import document, told


def test_debug_tells_which_database_is_meant_and_no_password(osm, accounts, warehouse_url):
    url = sa.make_url(warehouse_url)
    told = osm("--debug", "status").stderr
    assert f"the warehouse is database {url.database} at {url.host}:{url.port}\n" in told
    assert url.password is None or url.password not in told.replace(str(url.database), "")
    assert "the warehouse is" not in osm("status").stderr


def test_status_knows_accounts_that_no_run_has_taken(osm, accounts, rows):
    rows("update cloud_user set enabled = 0 where id = 'tencent-1'")
    output = told(osm("status"), 0)
    assert "alibaba-1 (alibaba): never read; run `python -m include sync`" in output
    assert "tencent-1" not in output
    told(osm("sync", "--vendor", "alibaba"), 0)
    output = told(osm("status"), 0)
    assert "alibaba-1 (alibaba): never read" not in output
    found = document(osm("status", "--json"), 0)
    assert found["standings"][0]["outcome"] == "done"
    assert found["standings"][0]["lag_seconds"] < 600
    assert found["rows"]["cloud_osm_list"] == 6
