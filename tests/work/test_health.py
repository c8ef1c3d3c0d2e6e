"""What the ledger tells about every account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from include.errors import (
    ContractError,
    PartialError,
    RateLimitError,
    SyncError,
    UnavailableError,
)
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import STALE_SECONDS, Request
from include.warehouse.bookkeeping.tables import sync_check, sync_run, sync_state
from include.warehouse.customer_service import manifest
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets import store as tickets
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.quarantine import put_into_quarantine
from include.work.health import read_health
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


def test_nothing_ran_is_nothing_to_tell(warehouse):
    health = read_health(warehouse, now=utcnow())
    assert (health.standings, health.quarantined) == ([], [])
    assert set(health.rows.values()) == {0}


def test_the_latest_run_counts_and_the_last_done_one_is_remembered(warehouse):
    mark = utcnow().replace(microsecond=0) - timedelta(hours=2)
    run(warehouse, watermark=mark)
    (before,) = read_health(warehouse, now=utcnow()).standings
    assert (before.outcome, before.error_class, before.failures) == ("done", None, 0)
    assert before.watermark_at == mark
    assert before.lag_seconds is not None
    assert 7200 <= before.lag_seconds < 7300
    run(warehouse, UnavailableError("away", vendor="huawei", request_id="r-1"))
    (after,) = read_health(warehouse, now=utcnow()).standings
    assert (after.outcome, after.error_class) == ("failed", "UnavailableError")
    assert (after.error_text, after.request_id) == ("huawei: away (request r-1)", "r-1")
    assert (after.failures, after.failing_since_at) == (1, after.ended_at)
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
    ("errors", "failures"),
    [
        ([AWAY], 1),
        ([AWAY, SLOW, AWAY], 3),
        ([AWAY, AWAY, None], 0),
        ([AWAY, AWAY, None, AWAY, PartialError("1 waits")], 2),
        ([None, None], 0),
    ],
)
def test_failures_in_a_row_are_counted_from_the_first(warehouse, errors, failures):
    for error in errors:
        run(warehouse, error)
    run(warehouse, entity="catalog", error=AWAY)
    run(warehouse, entity="snapshot")
    found = {of.entity: of for of in read_health(warehouse, now=utcnow()).standings}
    assert found["tickets"].failures == failures
    assert (found["catalog"].failures, found["snapshot"].failures) == (1, 0)
    ended = sa.select(sync_run.c.ended_at).where(sync_run.c.entity == "tickets")
    moments = warehouse.transact(
        lambda c: c.scalars(ended.order_by(sync_run.c.started_at.desc())).all()
    )
    expected = moments[failures - 1] if failures else None
    assert found["tickets"].failing_since_at == expected


def test_what_was_stopped_from_outside_neither_ends_nor_counts_in_a_row(warehouse):
    run(warehouse, AWAY)
    with pytest.raises(KeyboardInterrupt):
        run(warehouse, KeyboardInterrupt())
    opened = Warehouse.open(warehouse.engine.url.render_as_string(hide_password=False))
    try:
        run(opened, AWAY)
        (found,) = read_health(opened, now=utcnow()).standings
    finally:
        opened.close()
    assert (found.failures, found.error_class) == (2, "UnavailableError")


def test_entities_stand_apart(warehouse):
    run(warehouse)
    run(warehouse, UnavailableError("away"), entity="catalog")
    found = {s.entity: s.outcome for s in read_health(warehouse, now=utcnow()).standings}
    assert found == {"tickets": "done", "catalog": "failed"}


def move(warehouse, minutes, **where):
    """Let the runs of an account or entity, and its signs of life, lie so much further back."""
    for table in (sync_run, sync_state):
        moments = [c for c in table.c if c.name.endswith("_at")]
        earlier = {c.name: sa.func.timestampadd(sa.text("MINUTE"), -minutes, c) for c in moments}
        rows = sa.and_(*(table.c[name] == value for name, value in where.items()))
        change = sa.update(table).where(rows).values(earlier)
        warehouse.transact(partial(sa.Connection.execute, statement=change))


@pytest.mark.parametrize("entity", ["tickets", "catalog", "snapshot", "run"])
def test_lag_is_the_age_of_what_is_read(warehouse, entity):
    run(warehouse, entity=entity, watermark=None if entity == "run" else utcnow())
    move(warehouse, 90, entity=entity)
    (standing,) = read_health(warehouse, now=utcnow()).standings
    assert standing.lag_seconds is not None
    assert 0 <= standing.lag_seconds - 90 * 60 < 30


def build_reports(warehouse):
    request = Request("test")
    with ledger.hold(warehouse, "reports", "build", vendor="REPORTS", request=request):
        pass


def change_tickets(warehouse, written):
    with ledger.hold(
        warehouse, ACCOUNT.account_id, "tickets", vendor="HUAWEI", request=Request("test")
    ) as held:
        held.counts.written = written


def reports_of(warehouse):
    standings = read_health(warehouse, now=utcnow()).standings
    return next(standing for standing in standings if standing.entity == "build")


def test_reports_lag_by_the_first_change_they_lack(warehouse):
    change_tickets(warehouse, 5)
    move(warehouse, 50 * 60, entity="tickets")
    build_reports(warehouse)
    move(warehouse, 40 * 60, entity="build")
    change_tickets(warehouse, 0)
    move(warehouse, 30 * 60, account_id=ACCOUNT.account_id)
    assert reports_of(warehouse).lag_seconds == 0
    change_tickets(warehouse, 3)
    move(warehouse, 121, account_id=ACCOUNT.account_id)
    lacking = reports_of(warehouse).lag_seconds
    assert lacking is not None
    assert 0 <= lacking - 121 * 60 < 30
    build_reports(warehouse)
    assert reports_of(warehouse).lag_seconds == 0


def test_reports_that_lack_nothing_are_current_for_a_week(warehouse):
    build_reports(warehouse)
    move(warehouse, 6 * 24 * 60, entity="build")
    assert reports_of(warehouse).lag_seconds == 0
    move(warehouse, 3 * 24 * 60, entity="build")
    lag = reports_of(warehouse).lag_seconds
    assert lag is not None
    assert 0 <= lag - 2 * 86_400 < 30


def test_what_never_was_current_has_no_lag(warehouse):
    run(warehouse, watermark=None)
    run(warehouse, entity="build", error=AWAY)
    assert {of.lag_seconds for of in read_health(warehouse, now=utcnow()).standings} == {None}


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
    assert waiting.error_class == "ContractError"
    assert health.waiting == {ACCOUNT.account_id: waiting}
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
    again = write(3, "refused").refused
    assert (again.times, again.since_at) == (2, found.refused.refused_at)
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
