"""Outcomes into tables, and into nothing."""

from __future__ import annotations

import pytest

from include.errors import ContractError, NotFoundError, UnavailableError
from include.pipelines.catalog import Catalog
from include.pipelines.tickets import storing
from include.pipelines.tickets.reading import Failed, Gone, Read
from include.pipelines.tickets.storing import BATCH_TICKETS, DryRun, TicketStore
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.tickets.life import Look
from tests.builders import DAY, a_message, a_ticket

STATUS = "select cloud_id, status from cloud_osm_list order by cloud_id"


@pytest.fixture
def store(warehouse, client):
    with ledger.hold(
        warehouse, client.account.account_id, "tickets", vendor="huawei", request=Request("test")
    ) as run:
        yield TicketStore(run, client, Look(client.account, DAY), Catalog(), lambda counts: None)


def closed(ticket_id):
    return Read(a_ticket(ticket_id), [a_message(ticket_id, "M1")], 1)


def outcomes(*some):
    yield from some


def test_what_was_read_failed_or_is_gone_is_stored_together(store, rows):
    store.store(["T1", "T2"], outcomes(closed("T1"), Read(a_ticket("T2", is_closed=False), None)))
    error = ContractError("drifted")
    store.store(["T2", "T3"], outcomes(Gone("T2"), Failed("T3", error)), watermark=DAY)
    assert rows(STATUS) == [("T1", 0), ("T2", 1)]
    assert rows("select cloud_id from cloud_osm_list where missing_since is not null") == [("T2",)]
    assert rows("select item_id from sync_quarantine") == [("T3",)]
    assert rows("select watermark_at is not null from sync_state") == [(1,)]
    counts = store.counts
    assert (counts.written, counts.messages, counts.failed, counts.gone) == (2, 1, 1, 1)
    assert store.first_failure == "The first: T3: drifted"


def test_an_error_of_the_reading_comes_after_what_was_read_before_it(store, rows):
    def interrupted():
        yield closed("T1")
        raise UnavailableError("away")

    with pytest.raises(UnavailableError):
        store.store(["T1", "T2"], interrupted(), watermark=DAY)
    assert rows(STATUS) == [("T1", 0)]
    assert rows("select watermark_at from sync_state") == [(None,)]


def test_one_ticket_that_a_column_cannot_hold_condemns_itself_alone(store, rows):
    spoilt = Read(a_ticket("T2", title="x" * 3000), [])
    store.store(["T1", "T2", "T3"], outcomes(closed("T1"), spoilt, closed("T3")))
    assert rows(STATUS) == [("T1", 0), ("T3", 0)]
    assert rows("select item_id from sync_quarantine") == [("T2",)]


def test_a_full_batch_does_not_wait_for_the_last_ticket(store, rows):
    seen = []

    def many():
        for number in range(BATCH_TICKETS + 1):
            if number == BATCH_TICKETS:
                seen.extend(rows("select count(*) from cloud_osm_list"))
            yield closed(f"T{number}")

    store.store([], many())
    assert seen == [(BATCH_TICKETS,)]


def test_a_slow_vendors_tickets_do_not_wait_for_a_full_batch(store, rows, monkeypatch):
    monkeypatch.setattr(storing, "BATCH_SECONDS", 0.0)
    seen = []

    def slow():
        for number in range(3):
            seen.extend(rows("select count(*) from cloud_osm_list"))
            yield closed(f"T{number}")

    store.store([], slow())
    assert seen == [(0,), (1,), (2,)]


def test_many_short_messages_fill_a_batch_too(store, rows):
    seen = []
    short = [a_message("T1", f"M{number}", content="") for number in range(4_001)]

    def heavy():
        yield Read(a_ticket("T1"), short, len(short))
        seen.extend(rows("select status, message_count from cloud_osm_list"))
        yield closed("T2")

    store.store(["T1", "T2"], heavy())
    assert seen == [(0, 4_001)]


def test_a_dry_run_asks_for_nothing_and_counts(client):
    dry_run = DryRun(client, lambda counts: None)

    def unasked():
        raise NotFoundError("somebody asked")
        yield

    dry_run.store(["T1", "T2"], unasked(), watermark=DAY)
    assert dry_run.counts.written == 2
