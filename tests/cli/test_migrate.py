"""`migrate`: run, repeated, previewed, taken back, printed."""

from __future__ import annotations

import sqlalchemy as sa
from typer.testing import CliRunner

from include.__main__ import app
from tests.cli.invoked import told
from tests.sql.users_database import build


def test_migrate_brings_an_empty_database_up_to_date_and_may_be_repeated(osm, database_url):
    assert "it was empty" in told(osm("migrate", WAREHOUSE_URL=database_url), 0)
    assert "already" in told(osm("migrate", WAREHOUSE_URL=database_url), 0)
    assert told(osm("status", WAREHOUSE_URL=database_url), 0)


def test_migrate_prints_the_script_without_a_database():
    result = CliRunner().invoke(app, ["migrate", "--sql"])
    assert "CREATE TABLE cloud_osm_list" in told(result, 0).replace("`", "")
    assert result.stdout.count("\n") > 50


def test_a_dry_run_says_what_would_be_done_and_how_long_it_takes(osm, database_url):
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    build(engine)
    told_ahead = told(osm("migrate", "--dry-run", WAREHOUSE_URL=database_url), 0)
    assert "it is empty" in told_ahead
    for part in ("0008", "cloud_osm_list", "rows, about", "expected: up to", "an estimate"):
        assert part in told_ahead
    assert "sync_run" not in sa.inspect(engine).get_table_names()
    told(osm("migrate", WAREHOUSE_URL=database_url), 0)
    assert "already" in told(osm("migrate", "--dry-run", WAREHOUSE_URL=database_url), 0)


def test_the_way_back_names_what_comes_next(osm, database_url):
    told(osm("migrate", WAREHOUSE_URL=database_url), 0)
    back = told(osm("migrate", "--to", "0008", WAREHOUSE_URL=database_url), 0)
    assert "the schema is 0008" in back
    assert "run its own `migrate`" in back
    assert "only to" in told(osm("migrate", "--to", "0003", WAREHOUSE_URL=database_url), 2)
    both = osm("migrate", "--to", "0008", "--dry-run", WAREHOUSE_URL=database_url)
    assert "exclude each other" in told(both, 2)
