"""`migrate`: run, repeated, printed."""

from __future__ import annotations

from typer.testing import CliRunner

from include.__main__ import app
from tests.cli.invoked import told


def test_migrate_brings_an_empty_database_up_to_date_and_may_be_repeated(osm, database_url):
    assert "it was empty" in told(osm("migrate", WAREHOUSE_URL=database_url), 0)
    assert "already" in told(osm("migrate", WAREHOUSE_URL=database_url), 0)
    assert told(osm("status", WAREHOUSE_URL=database_url), 0)


def test_migrate_prints_the_script_without_a_database():
    result = CliRunner().invoke(app, ["migrate", "--sql"])
    assert "CREATE TABLE cloud_osm_list" in told(result, 0).replace("`", "")
    assert result.stdout.count("\n") > 50
