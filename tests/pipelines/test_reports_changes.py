"""Builds after changes, compared with builds of everything: the same to the microsecond."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.pipelines import reports
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tables import metadata
from tests.histories import Past, local, naive

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
FIRST = datetime(2026, 1, 29)  # noqa: DTZ001, a local day; its week ends in February
BUILT = [table for name, table in metadata.tables.items() if name.startswith("rpt_")]
NEVER, FAR = naive("1970-01-01"), naive("9999-12-31 23:59:59.999999")
IMPOSSIBLE: tuple[dict[str, Any], ...] = (
    {"distributed_time": FAR},
    {"last_ack_time": FAR},
    {"inqueue_time": None},
    {"inqueue_time": NEVER},
)
ORIGIN = ("snapshot_id", "snapshot_at")  # of a number that nothing changed: an earlier one


@pytest.fixture
def write(warehouse: Warehouse) -> Callable[[Callable[[Past], None]], None]:
    """``write(work)``: let *work* add to the histories, as a snapshot does."""
    moments: dict[int, datetime] = {}

    def run(work: Callable[[Past], None]) -> None:
        with warehouse.engine.begin() as connection:
            past = Past(connection)
            past.moments = moments
            work(past)

    return run


def build(warehouse: Warehouse, since: date | None = None) -> dict[str, int]:
    return reports.build(warehouse, now=NOW, request=Request("test"), since=since)


def build_anew(warehouse: Warehouse) -> None:
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql("delete from rpt_build")
    build(warehouse)


def everything(warehouse: Warehouse) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """What the reports hold, the log of builds excepted."""
    with warehouse.engine.connect() as connection:
        for table in BUILT:
            if table.name != "rpt_build":
                names = [column for column in table.c if column.name not in ORIGIN]
                query = sa.select(*names).order_by(*table.primary_key)
                yield table.name, [tuple(row) for row in connection.execute(query)]


class Desk:
    """Conversations and sessions that come, change, move and go, by chance but repeatably."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)  # noqa: S311
        self._there: list[str] = []
        self._made = 0

    def begin(self, past: Past) -> None:
        past.snapshot(1, "2026-03-02 12:00")
        for supplier in (1, 2, 3):
            past.version("supplier", supplier, ext_flag=supplier % 2)
            past.version(
                "busi_supplier_mapping", supplier, supplier_id=supplier, busi_id=7, status=1
            )
            past.version("seat", 10 + supplier, supplier_id=supplier, status=1)
        for _ in range(60):
            self._come(past, 1)

    def go_on(self, past: Past, number: int, at: str) -> None:
        """One more snapshot: a few are new, change or vanish."""
        past.snapshot(number, at)
        for name in self._draw.sample(self._there, 6):
            past.close("session_mapping", name, number)
            self._there.remove(name)
            if self._draw.random() < 0.7:
                self._say(past, name, number)
        for _ in range(4):
            self._come(past, number)

    def _come(self, past: Past, number: int) -> None:
        self._made += 1
        self._say(past, f"c{self._made}", number)
        start = self._moment()
        past.version(
            "session",
            self._made,
            opened=number,
            session_id=str(self._made),
            user_name=self._draw.choice(("u", "v", None)),
            shop_name=f"shop_{self._draw.choice((1, 2))}",
            seat_name=self._draw.choice(("shop_robot@h", "anna@h")),
            session_state=self._draw.choice((4, 5)),
            created_time=self._draw.choice((local(str(start)), local(str(start)), NEVER)),
            update_time=local(str(start)),
        )

    def _say(self, past: Past, name: str, number: int) -> None:
        self._there.append(name)
        past.conversation(
            name,
            str(self._moment()),
            wait=self._draw.choice((None, 0.5, 1, self._draw.uniform(0, 999))),
            shop=self._draw.choice((1, 2, 3)),
            seat=self._draw.choice((-1, 11, 12, 12, 13)),
            customer=self._draw.choice(("one@h", "two@h", "")),
            minutes=self._draw.choice((3, 24 * 60, 3 * 24 * 60)),
            opened=number,
            status=self._draw.choice((3, 5)),
            request_count=self._draw.choice((1, 2)),
            **(self._draw.choice(IMPOSSIBLE) if self._draw.random() < 0.2 else {}),
        )

    def _moment(self) -> datetime:
        days = self._draw.choice((0, 1, 2, 3, 4, 11, 30, 31))
        return FIRST + timedelta(days=days, minutes=self._draw.choice((0, 20, 40, 61, 1439)))


@pytest.mark.parametrize("seed", range(4))
def test_builds_after_changes_hold_what_a_build_of_everything_holds(warehouse, write, seed):
    desk = Desk(seed)
    write(desk.begin)
    build(warehouse)
    for number, at in enumerate(("2026-03-02 13:00", "2026-03-03 13:00", "2026-03-20 13:00"), 2):
        write(lambda past, number=number, at=at: desk.go_on(past, number, at))
        build(warehouse, date(2026, 2, 3) if number == 3 else None)
    changed = dict(everything(warehouse))
    build_anew(warehouse)
    assert dict(everything(warehouse)) == changed
    assert len(changed["rpt_cohort"]) > 100
    assert len(changed["rpt_session"]) > 5


def test_a_snapshot_in_which_nothing_changed_costs_no_facts_and_no_aggregates(warehouse, write):
    desk = Desk(1)
    write(desk.begin)
    build(warehouse)
    write(lambda past: past.snapshot(2, "2026-03-02 13:00"))
    written = build(warehouse)
    changing = ("conversation", "cohort", "seat_work", "session")
    assert [written.get(f"rpt_{table}", 0) for table in changing] == [0, 0, 0, 0]


def test_what_is_asked_for_is_counted_from_the_facts_whatever_was_there(warehouse, write):
    """Builds change rows by what changed: one that is wrong stays so until somebody asks."""
    desk = Desk(2)
    write(desk.begin)
    build(warehouse)
    right = dict(everything(warehouse))
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql("update rpt_cohort set offered = offered + 1, wait_p50_s = 0")
        connection.exec_driver_sql("delete from rpt_cohort where grain = 'day'")
    build(warehouse, since=date(2026, 1, 1))
    assert dict(everything(warehouse)) == right
