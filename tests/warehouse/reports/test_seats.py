"""What seats did, compared with sets and lists."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.warehouse.reports import seats
from include.warehouse.reports.basis import DAY, DAYS, SCOPES, read_basis, span_start
from include.warehouse.reports.customer_service_tables import rpt_conversation, rpt_seat_work
from include.warehouse.reports.statements import Statements
from tests.builders import DAY as NOW
from tests.builders import untyped
from tests.histories import LOCAL, Past

FIRST = datetime(2026, 1, 29)  # noqa: DTZ001, a local day; its week ends in February


@pytest.fixture(scope="module")
def facts():
    """Facts of a few days, whose last messages came up to nine days later."""
    draw = random.Random(7)  # noqa: S311
    made = []
    for number in range(200):
        start = FIRST + timedelta(days=draw.choice((0, 1, 2, 4, 5)), hours=draw.choice((0, 23)))
        heard = start + timedelta(days=draw.choice((0, 0, 1, 6, 9)), hours=2)
        made.append(
            {column.name: 0 for column in rpt_conversation.c if not column.nullable}
            | {
                "row_key": number.to_bytes(16, "big"),
                "local_day": start.date(),
                "inqueue_at": start - LOCAL,
                "last_ack_at": heard - LOCAL,
                "supplier_id": draw.choice((1, 2, 3)),
                "busi_id": draw.choice((0, 7)),
                "seat_id": draw.choice((0, 11, 12, 12, 12, 13)),
                "outcome": draw.choice(("served", "served", "served", "robot")),
            }
        )
    return made


def starts_of(fact, day):
    """The rows that a day of a fact belongs to."""
    ids = {"all": 0, "supplier": fact["supplier_id"], "line": fact["busi_id"]}
    for grain in DAYS:
        for scope in SCOPES:
            yield grain, scope, datetime.combine(span_start(day, grain), time()), ids[scope]


def expected(facts):
    """Every row: conversations, active seats, median, 90th percentile, acknowledging seats."""
    done: dict[Any, Counter[int]] = defaultdict(Counter)
    heard: dict[Any, set[int]] = defaultdict(set)
    begun = {(g, start) for f in facts for g, _, start, _ in starts_of(f, f["local_day"])}
    for fact in facts:
        if fact["outcome"] != "served" or not fact["seat_id"]:
            continue
        for row in starts_of(fact, fact["local_day"]):
            done[row][fact["seat_id"]] += 1
        if fact["last_ack_at"] - fact["inqueue_at"] < timedelta(days=7):
            for row in starts_of(fact, (fact["last_ack_at"] + LOCAL).date()):
                heard[row].add(fact["seat_id"])
    rows = {}
    for row in {*done, *heard}:
        if (row[0], row[2]) in begun:
            counts = sorted(done[row].values())
            n = len(counts)
            pair = (counts[-(-n // 2) - 1], counts[-(-9 * n // 10) - 1]) if n else (None, None)
            rows[row] = (sum(counts), n, *pair, len(heard[row]))
    return rows


@pytest.fixture
def stored(warehouse, facts):
    """The statements of a build beside the facts; nothing of it stays."""
    with warehouse.engine.begin() as connection:
        Past(connection).snapshot(1, "2026-02-10 00:00")
    with warehouse.bulk() as connection:
        connection.execute(sa.insert(untyped(rpt_conversation)), facts)
        yield Statements(connection, read_basis(connection, NOW, 20))
        connection.rollback()


def found(sql):
    row = rpt_seat_work.c
    names = (row.conversations, row.active_seats, row.p50, row.p90, row.acknowledging_seats)
    query = sa.select(row.grain, row.scope, row.local_start, row.scope_id, *names)
    return {tuple(one[:4]): tuple(one[4:]) for one in sql.connection.execute(query)}


def test_every_span_has_what_its_seats_did(stored, facts):
    seats.build(stored, {fact["local_day"] for fact in facts})
    assert found(stored) == expected(facts)


def test_the_spans_of_the_given_days_are_rebuilt_and_no_others(stored, facts):
    everything = expected(facts)
    day = FIRST.date() + DAY * 4
    seats.build(stored, {day})
    mine = {(grain, datetime.combine(span_start(day, grain), time())) for grain in DAYS}
    assert found(stored) == {row: of for row, of in everything.items() if (row[0], row[2]) in mine}


def test_no_days_leave_the_table_alone(stored):
    seats.build(stored, set())
    assert found(stored) == {}
