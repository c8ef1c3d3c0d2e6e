"""What was damaged is as the vendor says again, and nothing is lost on the way."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from include.errors import AlreadyRunningError, ContractError, PartialError
from include.pipelines import reconcile
from include.pipelines.repair import repair
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.builders import DAY
from tests.faults.kit.own_server import until

FACTS = (
    "id, cloud_id, status, name, email, type, product_id, custom_id, create_time, vendor_status,"
    " product_name, last_message_time, message_count, missing_since, resolved, account_id, complete"
)
TABLES = f"select {FACTS}, 0 from cloud_osm_list", "select * from cloud_osm_detail order by id"
LATER = DAY + timedelta(hours=1)
INVENTED = (
    "insert into cloud_osm_detail (id, vendor, case_id, message_id, content)"
    " values ('x', 'HUAWEI', 'C1', 'X1', 'text that nobody wrote')"
)


@pytest.fixture
def change(warehouse):
    def run(statement):
        assert warehouse.transact(lambda c: c.execute(sa.text(statement)).rowcount) > 0

    return run


@pytest.fixture
def verify(warehouse, client):
    def run():
        since = DAY - timedelta(days=100)
        return reconcile.verify(
            client, warehouse, since=since, now=DAY, depth=reconcile.Depth(is_deep=True)
        )

    return run


@pytest.fixture
def mend(warehouse, client, verify):
    """``mend()``: verify, then repair what was found; returns what was found."""

    def run():
        found = verify()
        request = Request("repair by a test", {"accounts": ["huawei-1"]})
        repair(client, warehouse, found, now=LATER, request=request)
        return found

    return run


@pytest.fixture
def facts(rows):
    """What both tables hold, without what tells when a row was written."""

    def look():
        return [sorted((*row[:-1],) for row in rows(query)) for query in TABLES]

    return look


@pytest.fixture(params=[0, 2], ids=["whole", "in parts"])
def synced(request, sync, client):
    client.part = request.param
    client.add("C1", messages=3, email="a@example.com", product_name="ECS", category_id="7")
    client.add("O1", is_closed=False)
    sync()


@pytest.mark.parametrize(
    "damage",
    [
        "delete from cloud_osm_list where cloud_id = 'C1'",
        "delete from cloud_osm_detail where case_id = 'C1'",
        "delete from cloud_osm_detail where case_id = 'C1' and message_id = 'M1'",
        "update cloud_osm_list set status = 1 where cloud_id = 'C1'",
        "update cloud_osm_list set status = 0 where cloud_id = 'O1'",
        "update cloud_osm_list set create_time = create_time + 1 where cloud_id = 'C1'",
        "update cloud_osm_list set name = 'x', email = 'y' where cloud_id = 'C1'",
        "update cloud_osm_list set vendor_status = '9' where cloud_id = 'C1'",
        "update cloud_osm_list set name = 'x' where cloud_id = 'O1'",
        "update cloud_osm_detail set content = concat(content, ' ') where message_id = 'M1'",
        "update cloud_osm_detail set content = upper(content) where message_id = 'M1'",
        "update cloud_osm_detail set create_time = 5, type = '1' where message_id = 'M2'",
    ],
)
def test_damage_is_found_and_the_tables_are_as_they_were(
    synced, mend, verify, change, facts, damage
):
    before = facts()
    change(damage)
    found = mend()
    assert found.is_equal
    assert found.repaired == found.kinds
    assert found.kinds
    assert facts() == before
    assert verify().kinds == {}


def test_a_message_that_the_vendor_does_not_show_is_kept_aside(synced, mend, change, facts, rows):
    before = facts()
    change(INVENTED)
    found = mend()
    assert found.repaired == {"message extra": 1, "wrongly complete": 1}
    assert facts() == before
    ((table, column, row_id, value, reason),) = rows(
        "select table_name, column_name, row_id, value, reason from migration_leftover"
    )
    assert (table, column, row_id) == ("cloud_osm_detail", "", "x")
    assert json.loads(value)["content"] == "text that nobody wrote"
    assert "the vendor does not show" in reason


def test_an_answer_without_any_message_proves_nothing_against_those_we_have(
    synced, mend, client, facts
):
    before = facts()
    client.messages["C1"] = []
    assert not mend().is_equal
    assert facts() == before


def test_a_ticket_that_may_be_another_one_keeps_all_its_messages(synced, mend, change, rows):
    change(
        "update cloud_osm_list set account_id = 'huawei-2', create_time = 5 where cloud_id = 'C1'"
    )
    change(INVENTED)
    with pytest.raises(PartialError):
        mend()
    assert rows("select count(*) from cloud_osm_detail") == [(4,)]
    assert rows("select account_id, create_time from cloud_osm_list where cloud_id = 'C1'") == [
        ("huawei-2", 5)
    ]


def test_a_ticket_that_the_vendor_does_not_know_stays_and_says_so(
    synced, mend, verify, client, rows
):
    del client.tickets["C1"]
    assert mend().repaired == {"unknown": 1}
    assert rows(
        "select status, missing_since is null from cloud_osm_list where cloud_id = 'C1'"
    ) == [(0, 0)]
    assert rows("select count(*) from cloud_osm_detail") == [(3,)]
    again = verify()
    assert (again.kinds, again.gone) == ({}, 1)


def test_what_cannot_be_read_waits_in_quarantine_and_the_rest_is_repaired(
    synced, mend, change, client, rows
):
    change("update cloud_osm_list set status = 1 - status")
    client.errors["C1"] = ContractError("broken", vendor="huawei", action="read")
    with pytest.raises(PartialError, match="1 tickets could not be repaired"):
        mend()
    assert rows("select cloud_id, status from cloud_osm_list order by 1") == [("C1", 1), ("O1", 1)]
    assert rows("select item_id from sync_quarantine") == [("C1",)]
    assert rows("select outcome from sync_run order by started_at") == [("done",), ("partial",)]


def test_an_empty_text_never_replaces_one_that_we_have(synced, mend, change, client, rows):
    first = client.messages["C1"][0]
    client.messages["C1"][0] = replace(first, content="")
    change("update cloud_osm_list set name = 'x' where cloud_id = 'C1'")
    assert mend().is_equal
    query = f"select content from cloud_osm_detail where message_id = '{first.message_id}'"
    assert rows(query) == [(first.content,)]


def test_the_ledger_says_who_and_what_and_the_watermark_stays(
    synced, mend, change, rows, warehouse
):
    mark = ledger.watermark(warehouse, "huawei-1", "tickets")
    change("delete from cloud_osm_detail where message_id = 'M1'")
    mend()
    assert rows(
        "select outcome, listed, written, messages, parameters from sync_run"
        " where triggered_by = 'repair by a test'"
    ) == [("done", 1, 1, 3, '{"accounts": ["huawei-1"]}')]
    assert ledger.watermark(warehouse, "huawei-1", "tickets") == mark


def test_while_the_accounts_tickets_are_read_again_nothing_is_repaired(
    synced, mend, change, warehouse, facts
):
    change("update cloud_osm_list set name = 'x' where cloud_id = 'C1'")
    before = facts()
    with (
        ledger.hold(warehouse, "huawei-1", "again", vendor="HUAWEI", request=Request()),
        pytest.raises(AlreadyRunningError),
    ):
        mend()
    assert facts() == before


def test_a_repair_does_not_wait_for_a_sync(synced, mend, change, warehouse_url, facts):
    before = facts()
    change("update cloud_osm_list set name = 'x' where cloud_id = 'C1'")
    with (
        closing(Warehouse.open(warehouse_url)) as other,
        ledger.hold(other, "huawei-1", "tickets", vendor="HUAWEI", request=Request()),
    ):
        mend()
    assert facts() == before


def test_a_repair_that_is_told_to_stop_waits_for_no_call_and_says_so(
    synced, verify, change, client, warehouse, rows
):
    change("update cloud_osm_list set name = 'x'")
    found = verify()
    answer, told = threading.Event(), threading.Lock()
    main = threading.get_ident()

    def names():
        return {f.f_code.co_name for f, _ in traceback.walk_stack(sys._current_frames()[main])}

    def hang(*_, **options):
        if told.acquire(blocking=False):
            until(lambda: "result_iterator" in names())  # it waits for our answer
            os.kill(os.getpid(), signal.SIGUSR1)
        answer.wait(30)

    client.read_ticket = hang
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            repair(client, warehouse, found, now=LATER, request=Request("a test"))
    finally:
        signal.signal(signal.SIGUSR1, before)
        answer.set()
    assert time.monotonic() - began < 10
    assert rows("select outcome from sync_run where triggered_by = 'a test'") == [("stopped",)]
