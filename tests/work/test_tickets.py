"""Tickets of several accounts, side by side: real clients, a sandbox, a real database."""

from __future__ import annotations

from contextlib import closing

import pytest
import sqlalchemy as sa

from include.errors import UnavailableError
from include.pipelines.tickets.sync import Options
from include.sandbox.vendors.server import Sandbox
from include.vendors import http
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.bookkeeping.turns import AWAY_IN_A_ROW
from include.warehouse.mysql import Warehouse
from include.work.place import Workplace
from include.work.tickets import sync_accounts

ACCOUNTS, AT_ONCE = 9, 3


@pytest.fixture
def sandbox():
    with Sandbox(seed=7, accounts=ACCOUNTS, tickets=3) as running:
        yield running


@pytest.fixture
def sync(sandbox, warehouse_url):
    """``sync()`` reads all accounts of a vendor, three at a time."""
    settings = sandbox.settings(accounts_at_once=AT_ONCE)
    accounts = [sandbox.account("huawei", index) for index in range(ACCOUNTS)]
    with closing(Warehouse.open(warehouse_url, accounts_at_once=AT_ONCE)) as warehouse:
        place = Workplace.of(settings, warehouse, lambda _: "", None)
        yield lambda: sync_accounts(place, accounts, Request("a test"), Options())


@pytest.fixture
def rows(warehouse_url):
    with sa.create_engine(warehouse_url, poolclass=sa.NullPool).connect() as connection:
        yield lambda query: [tuple(row) for row in connection.exec_driver_sql(query)]


def test_accounts_that_fail_keep_no_other_from_its_tickets_and_results_keep_the_order(
    sync, sandbox, rows
):
    for index in (0, 4):
        sandbox.faults.add("redirect", vendor="huawei", account=index, times=None)
    results = sync()
    failed = [index for index, result in enumerate(results) if result.error]
    assert (len(results), failed) == (ACCOUNTS, [0, 4])
    ids = [result.account_id for result in results]
    assert ids == [sandbox.account("huawei", index).account_id for index in range(ACCOUNTS)]
    read = rows("select account_id, count(*) from cloud_osm_list group by 1 order by 1")
    assert read == [(ids[i], 3) for i in range(ACCOUNTS) if i not in failed]
    assert sorted(rows("select account_id from sync_run where outcome = 'done'")) == [
        row[:1] for row in read
    ]


def test_a_vendor_that_is_away_is_soon_asked_no_more(sync, sandbox, rows, monkeypatch):
    monkeypatch.setattr(http, "ATTEMPTS", 1)  # nor do we wait between them
    sandbox.faults.add("server_error", vendor="huawei", times=None)
    results = sync()
    assert {type(result.error) for result in results} == {UnavailableError}
    untried = [result for result in results if "not tried" in str(result.error)]
    tried = len(rows("select * from sync_run"))
    assert tried + len(untried) == ACCOUNTS
    assert AWAY_IN_A_ROW <= tried < AWAY_IN_A_ROW + AT_ONCE  # those that were under way
