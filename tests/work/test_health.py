"""What the ledger tells about every account."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from include import errors
from include.errors import (
    ContractError,
    PartialError,
    RateLimitError,
    SyncError,
    UnavailableError,
)
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import STALE_SECONDS, Request
from include.warehouse.bookkeeping.tables import sync_check
from include.warehouse.customer_service import manifest
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets import store as tickets
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.quarantine import put_into_quarantine
from include.work.health import IN_VAIN, NOBODY, TURNS, read_health, whose_turn
from tests.builders import (
    DAY,
    a_message,
    a_snapshot,
    a_table_of_a_snapshot,
    a_ticket,
    an_account,
)

ACCOUNT = an_account()
AWAY, SLOW = UnavailableError("away"), RateLimitError("too many calls")


@pytest.fixture
def warehouse(warehouse_url):
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()


def utcnow():
    return datetime.now(UTC)


def run(warehouse, error=None, entity="tickets", watermark=None, write=lambda c: None):
    try:
        with ledger.hold(
            warehouse, ACCOUNT.account_id, entity, vendor="HUAWEI", request=Request("test")
        ) as held:
            held.write(write, watermark_at=watermark)
            if error is not None:
                raise error
    except SyncError:
        pass


def test_every_class_of_error_has_somebody_whose_turn_it_is():
    classes = [
        value
        for _, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, SyncError) and value not in (SyncError, errors.VendorError)
    ]
    assert len(classes) > 10
    for found in classes:
        assert any(base in TURNS for base in found.__mro__ if base is not Exception), found
    assert whose_turn("MovingListError") == whose_turn("UnavailableError")
    assert whose_turn("AuthError").startswith("the account owner's")
    assert whose_turn("KeyError") == whose_turn("annotations") == TURNS[Exception]


def test_nothing_ran_is_nothing_to_tell(warehouse):
    health = read_health(warehouse, now=utcnow())
    assert (health.standings, health.quarantined) == ([], [])
    assert set(health.rows.values()) == {0}


def test_the_latest_run_counts_and_the_last_done_one_is_remembered(warehouse):
    mark = utcnow().replace(microsecond=0) - timedelta(hours=2)
    run(warehouse, watermark=mark)
    (before,) = read_health(warehouse, now=utcnow()).standings
    assert (before.outcome, before.error_class, before.whose_turn) == ("done", None, None)
    assert before.watermark_at == mark
    assert before.lag_seconds is not None
    assert 7200 <= before.lag_seconds < 7300
    run(warehouse, UnavailableError("away", vendor="huawei", request_id="r-1"))
    (after,) = read_health(warehouse, now=utcnow()).standings
    assert (after.outcome, after.error_class) == ("failed", "UnavailableError")
    assert (after.error_text, after.request_id) == ("huawei: away (request r-1)", "r-1")
    assert after.whose_turn == "nobody's turn: the next run tries again"
    assert after.done_at == before.done_at is not None


def test_a_run_under_way_shows_the_error_of_the_one_before(warehouse):
    run(warehouse, PartialError("2 tickets wait"))
    with ledger.hold(
        warehouse, ACCOUNT.account_id, "tickets", vendor="HUAWEI", request=Request("test")
    ):
        (found,) = read_health(warehouse, now=utcnow()).standings
        assert (found.outcome, found.error_class) == ("running", "PartialError")
        later = utcnow() + timedelta(seconds=STALE_SECONDS + 60)
        assert read_health(warehouse, now=later).standings[0].outcome == "silent"


@pytest.mark.parametrize(
    ("errors", "turn"),
    [
        ([AWAY, AWAY, AWAY], IN_VAIN),
        ([AWAY, AWAY], NOBODY),
        ([AWAY, AWAY, None, AWAY, AWAY], NOBODY),
        ([AWAY, SLOW, AWAY], NOBODY),
        ([SLOW, SLOW, SLOW, SLOW], IN_VAIN),
    ],
)
def test_what_fails_alike_three_times_in_a_row_is_no_longer_nobodys_turn(warehouse, errors, turn):
    for error in errors:
        run(warehouse, error)
    [standing] = read_health(warehouse, now=utcnow()).standings
    assert standing.whose_turn == turn


def test_entities_stand_apart(warehouse):
    run(warehouse)
    run(warehouse, UnavailableError("away"), entity="catalog")
    found = {s.entity: s.outcome for s in read_health(warehouse, now=utcnow()).standings}
    assert found == {"tickets": "done", "catalog": "failed"}


def test_open_incomplete_gone_and_quarantined_tickets_are_counted_by_account(warehouse):
    def write(connection):
        tickets.store_tickets(
            connection,
            Look(ACCOUNT, DAY),
            [
                (a_ticket("C1"), [a_message("C1")]),
                (a_ticket("C2"), None),
                (a_ticket("O1", is_closed=False), None),
                (a_ticket("O2", is_closed=False), None),
                (a_ticket("G1", is_closed=False), None),
            ],
        )
        tickets.mark_gone(connection, ACCOUNT, ["G1"], DAY)
        broken = ContractError("field x is missing", vendor="huawei", action="read")
        put_into_quarantine(connection, ACCOUNT, "Q1", broken)

    run(warehouse, write=write)
    health = read_health(warehouse, now=utcnow())
    (found,) = health.standings
    assert (found.open, found.incomplete, found.gone, found.quarantined) == (2, 3, 1, 1)
    (waiting,) = health.quarantined
    assert (waiting.ticket_id, waiting.attempts) == ("Q1", 1)
    assert waiting.whose_turn.startswith("our turn")
    assert health.rows["cloud_osm_list"] == 5
    assert health.rows["cloud_osm_detail"] == 1


def test_the_oldest_of_many_quarantined_tickets_are_shown(warehouse):
    def write(connection):
        for number in range(5):
            put_into_quarantine(connection, ACCOUNT, f"Q{number}", ContractError("x"))

    run(warehouse, write=write)
    health = read_health(warehouse, now=utcnow(), quarantined=2)
    assert [item.ticket_id for item in health.quarantined] == ["Q0", "Q1"]
    assert health.standings[0].quarantined == 5


def test_the_latest_published_snapshot_is_told_by_table(warehouse):
    assert read_health(warehouse, now=utcnow()).snapshot is None
    tables = [a_table_of_a_snapshot("seat", present=7), a_table_of_a_snapshot("session", unfit=2)]
    for number, because in ((1, "first snapshot"), (2, None)):
        made = a_snapshot(number, full_because=because)
        warehouse.transact(lambda c, made=made: manifest.write(c, made, tables))
    found = read_health(warehouse, now=DAY + timedelta(hours=5)).snapshot
    assert found
    assert (found.snapshot_id, found.full_because, found.refused) == (2, None, None)
    assert (found.snapshot_at, found.age_seconds) == (DAY + timedelta(hours=2), 3 * 3600)
    assert [(t.table_name, t.present, t.unfit) for t in found.tables] == [
        ("seat", 7, 0),
        ("session", 1_234, 2),
    ]


def test_a_refused_snapshot_states_the_number_to_accept_until_one_is_published(warehouse):
    over = [
        a_table_of_a_snapshot("seat", vanished=300, over_limit=True),
        a_table_of_a_snapshot("session", vanished=9),
        a_table_of_a_snapshot("supplier", vanished=40, over_limit=True),
    ]

    def write(number, state):
        made = a_snapshot(number, state=state)
        warehouse.transact(lambda connection: manifest.write(connection, made, over))
        return read_health(warehouse, now=DAY).snapshot

    assert write(1, "complete").refused is None
    found = write(2, "refused")
    assert found.snapshot_id == 1
    assert (found.refused.accept, found.refused.tables) == (340, ["seat", "supplier"])
    assert found.refused.times == 1
    assert write(3, "refused").refused.times == 2
    assert write(4, "complete").refused is None


def test_checks_that_hold_are_nothing_to_tell(warehouse):
    since = DAY
    rows = [
        {
            "name": name,
            "level": level,
            "sentence": "It holds.",
            "offences": 0 if since is None else 3,
            "sample": "[]",
            "checked_at": DAY,
            "failing_since_at": since,
        }
        for name, level, since in (("a", "warn", since), ("b", "fail", None), ("c", "fail", since))
    ]
    warehouse.transact(lambda connection: connection.execute(sa.insert(sync_check), rows))
    found = read_health(warehouse, now=utcnow()).checks
    assert [(of.name, of.level, of.offences) for of in found] == [
        ("c", "fail", 3),
        ("a", "warn", 3),
    ]
    assert found[0].failing_since_at == DAY


def test_the_page_needs_no_look_at_the_keys(warehouse):
    """The health page's user may read the ledger and the tickets, and not cloud_user's columns."""
    seen = []
    sa.event.listen(
        warehouse.engine,
        "before_cursor_execute",
        lambda c, u, statement, *rest: seen.append(statement),
    )
    read_health(warehouse, now=utcnow())
    assert seen
    assert not [statement for statement in seen if "secret" in statement]
