"""Sandbox, signatures, clients, pipelines and a real server: what an operator relies on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.errors import AuthError, PartialError
from include.pipelines import catalog
from include.pipelines.tickets.sync import sync_tickets
from include.sandbox.vendors.server import Sandbox
from include.vendors.registry import VENDORS, open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse

ROOT = Path(__file__).resolve().parents[2]
FULL = bool(os.environ.get("FULL"))
TABLES = (
    "cloud_osm_detail, cloud_osm_history, cloud_osm_product, cloud_osm_product_type,"
    " cloud_osm_product_category, cloud_osm_source"
)
# Says when we looked, not what the vendor has: reading a ticket again moves it, and nothing else.
LOOKS = {"read_at"}


@pytest.fixture
def sandbox():
    with Sandbox(seed=7, accounts=1, tickets=40) as running:
        yield running


@pytest.fixture
def warehouse(warehouse_url):
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()


@pytest.fixture
def rows(warehouse):
    def look(query):
        with warehouse.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]

    return look


@pytest.fixture
def run(warehouse, sandbox):
    """``run(vendor)``: one run through the real client; returns its counts."""

    def sync(vendor, **settings):
        chosen = sandbox.settings(**settings)
        client = open_client(sandbox.account(vendor), chosen)
        try:
            return sync_tickets(
                client,
                warehouse,
                client.account,
                settings=chosen,
                now=datetime.now(UTC),
                request=Request("a test"),
            )
        finally:
            client.close()

    return sync


def refresh(warehouse, sandbox, vendor):
    client = open_client(sandbox.account(vendor), sandbox.settings())
    try:
        catalog.refresh(client, warehouse, now=datetime.now(UTC), request=Request("a test"))
    finally:
        client.close()


def contents(rows):
    """What the warehouse holds of the vendors: all but the moments at which we looked."""
    columns = rows(
        "select column_name from information_schema.columns where table_schema = database()"
        " and table_name = 'cloud_osm_list' order by ordinal_position"
    )
    shown = [f"`{name}`" for (name,) in columns if name not in LOOKS]
    assert len(shown) == len(columns) - len(LOOKS)
    tickets = rows(f"select {', '.join(shown)} from cloud_osm_list order by id")
    return tickets, rows(f"checksum table {TABLES}")


def equals_the_vendor(rows, sandbox, vendor):
    """Every ticket in its state, and every message of every closed one."""
    [account] = sandbox.store.truth()[vendor]["accounts"]
    stored = {
        ticket_id: (status, count)
        for ticket_id, status, count in rows(
            "select l.cloud_id, l.status, (select count(*) from cloud_osm_detail as d"
            " where d.vendor = l.type and d.case_id = l.cloud_id) from cloud_osm_list as l"
            f" where l.type = '{vendor.upper()}' and l.missing_since is null"
        )
    }
    assert stored.keys() == {*account["tickets"]["open"], *account["tickets"]["closed"]}
    for ticket_id in account["tickets"]["open"]:
        assert stored[ticket_id][0] == 1
    for ticket_id in account["tickets"]["closed"]:
        assert stored[ticket_id] == (0, account["stored_messages"][ticket_id])


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_run_stores_what_the_vendor_has_and_a_second_one_changes_no_row(
    run, rows, sandbox, warehouse, vendor
):
    refresh(warehouse, sandbox, vendor)
    run(vendor)
    equals_the_vendor(rows, sandbox, vendor)
    before = contents(rows)
    refresh(warehouse, sandbox, vendor)
    again = run(vendor)
    assert contents(rows) == before
    assert again.messages == 0
    assert again.calls <= 12


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_changed_arrives_with_the_next_run_and_costs_calls_in_proportion(
    run, rows, sandbox, vendor
):
    run(vendor)
    idle = run(vendor).calls
    state = sandbox.store.truth()[vendor]["accounts"][0]["tickets"]
    for ticket_id in state["open"][:3]:
        sandbox.store.close(ticket_id)
    for ticket_id in state["closed"][:2]:
        sandbox.store.reopen(ticket_id)
        sandbox.store.add_message(ticket_id, "it broke again", from_customer=True)
    for _ in range(2):
        sandbox.store.add_ticket(vendor, 0)
    sandbox.store.delete(state["open"][4])
    counts = run(vendor)
    equals_the_vendor(rows, sandbox, vendor)
    assert counts.gone == 1
    # Eight tickets, of which each costs a few calls: its state, its messages, its product.
    assert counts.calls - idle <= 8 * 4
    deleted = state["open"][4]
    assert rows(f"select status from cloud_osm_list where cloud_id = '{deleted}'") == [(1,)]


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_message_arrives_in_order_with_its_direction(run, rows, sandbox, vendor):
    run(vendor, open_messages=True)
    [account] = sandbox.store.truth()[vendor]["accounts"]
    stored = dict(
        rows(
            "select case_id, count(*) from cloud_osm_detail"
            f" where vendor = '{vendor.upper()}' group by case_id"
        )
    )
    assert stored == {t: n for t, n in account["stored_messages"].items() if n}
    assert rows("select distinct type from cloud_osm_detail order by 1") == [("0",), ("1",)]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_poisoned_ticket_waits_and_heals_when_the_vendor_does(run, rows, sandbox, vendor):
    [account] = sandbox.store.truth()[vendor]["accounts"]
    sick = account["tickets"]["closed"][3]
    sandbox.faults.add("poison_detail", vendor=vendor, ticket=sick, times=None)
    with pytest.raises(PartialError, match=sick):
        run(vendor)
    assert rows("select item_id from sync_quarantine") == [(sick,)]
    sandbox.faults.clear()
    run(vendor)
    equals_the_vendor(rows, sandbox, vendor)
    assert rows("select item_id from sync_quarantine") == []


def test_without_the_right_to_messages_tickets_are_stored_and_the_right_is_named(
    run, rows, sandbox
):
    sandbox.faults.add(
        "error_object",
        vendor="alibaba",
        action="ListTicketNotes",
        code="No permissions",
        status=403,
        times=None,
    )
    with pytest.raises(AuthError, match="ListTicketNotes No permissions"):
        run("alibaba")
    assert rows("select status, count(*) from cloud_osm_list group by 1") == [(1, 40)]
    sandbox.faults.clear()
    run("alibaba")
    equals_the_vendor(rows, sandbox, "alibaba")


@pytest.mark.parametrize("vendor", VENDORS if FULL else ["huawei"])
def test_killed_at_many_moments_and_run_again_equals_a_clean_run(
    run, rows, sandbox, warehouse_url, vendor
):
    account = json.dumps(asdict(sandbox.account(vendor)))
    environment = json.dumps({**sandbox.environment(), "CALLS_PER_SECOND": "500"})

    def child(at):
        return subprocess.run(
            [sys.executable, "-m", "tests.e2e.killed_run", warehouse_url, account, environment, at],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )

    stop, wrong = threading.Event(), []

    def read_all_the_time():
        reader = sa.create_engine(warehouse_url, isolation_level="REPEATABLE READ")
        expected = sandbox.store.truth()[vendor]["accounts"][0]["stored_messages"]
        while not stop.is_set():
            with reader.connect() as connection:
                for ticket_id, count in connection.execute(
                    sa.text(
                        "select l.cloud_id, (select count(*) from cloud_osm_detail as d"
                        " where d.vendor = l.type and d.case_id = l.cloud_id)"
                        " from cloud_osm_list as l where l.status = 0"
                    )
                ):
                    if count != expected[ticket_id]:
                        wrong.append((ticket_id, count))
        reader.dispose()

    watching = threading.Thread(target=read_all_the_time)
    watching.start()
    try:
        # Each child goes on where the killed one stopped, so the moments spread over the work.
        for at in range(8, 88, 8 if FULL else 16):
            assert child(str(at)).returncode in (-9, 0)
        assert child("0").returncode == 0
    finally:
        stop.set()
        watching.join()
    assert wrong == []
    equals_the_vendor(rows, sandbox, vendor)
    assert set(rows("select outcome from sync_run")) == {("done",), ("stopped",)}
    before = contents(rows)
    run(vendor)
    assert contents(rows) == before
