"""The command line, on a real database and against the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from include.__main__ import app
from include.cli import console
from include.sandbox.vendors.server import Sandbox
from include.secrets import KeyRing, new_key
from include.vendors.registry import VENDORS
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account

K1 = new_key("k1")


@pytest.fixture(autouse=True)
def _no_word_because_this_machine_is_busy(monkeypatch):
    monkeypatch.setattr(console, "FIRST_WORD_SECONDS", 600)


@pytest.fixture(scope="module")
def vendors():
    with Sandbox(seed=7, accounts=2, tickets=6) as running:
        yield running


@pytest.fixture
def sandbox(vendors):
    vendors.faults.clear()
    return vendors


@pytest.fixture
def environ(warehouse_url, sandbox):
    return {
        "AIRFLOW_HOME": "",
        "WAREHOUSE_URL": warehouse_url,
        "SECRET_KEYS": K1,
        "CALLS_PER_SECOND": "900",
        **sandbox.environment(),
    }


@pytest.fixture
def osm(environ):
    """``osm("status", "--json")``: one call of the command line, in this process."""

    def run(*arguments, stdin="", **changes):
        return CliRunner().invoke(app, [*arguments], input=stdin, env={**environ, **changes})

    return run


@pytest.fixture
def rows(warehouse_url):
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)

    def look(query):
        with engine.begin() as connection:
            result = connection.execute(sa.text(query))
            return [tuple(row) for row in result] if result.returns_rows else []

    return look


@pytest.fixture
def accounts(warehouse_url, sandbox):
    """The first account of each vendor, as the sandbox issued it."""
    warehouse = Warehouse.open(warehouse_url)
    made = [sandbox.account(vendor) for vendor in VENDORS]
    for account in made:
        add_account(warehouse, KeyRing.parse(K1), account, now=datetime.now(UTC))
    warehouse.close()
    return made
