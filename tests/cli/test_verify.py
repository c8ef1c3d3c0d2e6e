"""`verify`: checks, customer service with its source, and `--repair`."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from include.__main__ import app
from include.secrets import KeyRing, new_key
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account


@pytest.fixture
def change(warehouse_url: str) -> Any:
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)

    return run


@pytest.fixture
def vendor(sandbox, warehouse_url):
    """``vendor("sync")``: one call of the command line over a vendor's account, key and all."""
    key = new_key("k1")
    with closing(Warehouse.open(warehouse_url)) as warehouse:
        account = sandbox.account("alibaba")
        add_account(warehouse, KeyRing.parse(key), account, now=datetime.now(UTC))
    environ = {"WAREHOUSE_URL": warehouse_url, "SECRET_KEYS": key, "CALLS_PER_SECOND": "900"}

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, arguments, env={**environ, **sandbox.environment()})

    for verb in ("refresh", "sync"):
        assert run(verb).exit_code == 0
    return run


def test_repair_tells_what_it_found_and_mended_and_leaves_its_name_in_the_ledger(
    vendor, change, warehouse_url
):
    change("update cloud_osm_list set name = 'by hand'")
    change("update cloud_osm_list set status = 1 - status")
    assert vendor("verify", "--vendor", "alibaba").exit_code == 4
    result = vendor("verify", "--vendor", "alibaba", "--repair")
    assert result.exit_code == 0, result.output
    assert re.search(r"alibaba-1: (\d+) incomplete, \1 repaired: closed at", result.stdout)
    assert "no differences are left" in result.stdout
    document = json.loads(vendor("verify", "--vendor", "alibaba", "--repair", "--json").stdout)
    assert document["outcome"] == "done"
    assert document["results"][0]["comparison"]["kinds"] == {}
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        told = connection.exec_driver_sql(
            "select outcome, triggered_by, parameters from sync_run"
            " where triggered_by like 'repair%%'"
        ).one()
    assert told[0] == "done"
    assert told[1].endswith(" on the command line")
    assert json.loads(told[2]) == {"vendors": ["alibaba"]}


def test_a_repair_beside_another_says_so_and_changes_nothing(vendor, change, warehouse_url):
    change("update cloud_osm_list set name = 'by hand'")
    request = Request("a test")
    with (
        closing(Warehouse.open(warehouse_url)) as warehouse,
        ledger.hold(warehouse, "alibaba-1", "again", vendor="ALIBABA", request=request),
    ):
        result = vendor("verify", "--repair")
    assert result.exit_code == 5
    assert "another run holds" in result.stderr
    assert "differs: a fact of a ticket" in result.stdout
