"""Percentiles, compared with those of lists that are sorted anew for each span."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from include.errors import ContractError
from include.warehouse.reports import percentiles
from include.warehouse.reports.basis import DAY, span_start
from include.warehouse.reports.customer_service_tables import rpt_conversation
from include.warehouse.reports.percentiles import cohort_percentile
from tests.builders import untyped

FIRST = date(2026, 1, 29)  # a Thursday; its week ends in February
DAYS = [FIRST + DAY * n for n in range(6)]
MINUTES = {"15min": 15, "30min": 30, "hour": 60}


@pytest.fixture(scope="module")
def facts():
    """Facts of a few days around the end of a month, many of them in the same quarters."""
    draw = random.Random(7)  # noqa: S311
    made = []
    for number in range(240):
        day = draw.choice(DAYS)
        slot = datetime.combine(day, time(draw.choice((0, 10, 11)), draw.choice((0, 15, 45))))
        made.append(
            {column.name: 0 for column in rpt_conversation.c if not column.nullable}
            | {
                "row_key": number.to_bytes(16, "big"),
                "local_day": day,
                "local_slot": slot,
                "supplier_id": draw.choice((1, 2, 3)),
                "busi_id": draw.choice((0, 7)),
                "is_capped": draw.choice((0, 1)),
                "outcome": draw.choice(("served", "served", "served", "robot")),
                "wait_s": draw.choice((None, 0.5, 1.0, round(draw.expovariate(0.1), 6))),
                "handling_s": draw.choice((None, round(draw.expovariate(0.01), 6))),
            }
        )
    return made


def starts(slot):
    """Where the spans begin that hold a quarter of an hour."""
    for grain, minutes in MINUTES.items():
        yield grain, slot - timedelta(minutes=slot.minute % minutes)
    for grain in ("day", "week", "month"):
        yield grain, datetime.combine(span_start(slot.date(), grain), time())


def pair(values):
    values = sorted(values)
    n = len(values)
    return (values[-(-n // 2) - 1], values[-(-9 * n // 10) - 1]) if values else (None, None)


def expected(facts):
    """Every row, from lists."""
    found = defaultdict(list)
    for fact in (fact for fact in facts if fact["outcome"] == "served"):
        for grain, start in starts(fact["local_slot"]):
            for scope, number in (
                ("all", 0),
                ("line", fact["busi_id"]),
                *([] if grain in ("15min", "30min") else [("supplier", fact["supplier_id"])]),
            ):
                found[grain, scope, start, number].append(fact)
    rows = {}
    for (grain, *rest), some in found.items():
        waits = [fact["wait_s"] for fact in some if fact["wait_s"] is not None]
        capped = [f["wait_s"] for f in some if f["is_capped"] and f["wait_s"] is not None]
        handled = [fact["handling_s"] for fact in some if fact["handling_s"] is not None]
        row = (
            *(*pair(waits), *pair(wait for wait in waits if wait > 1), *pair(capped)),
            *(pair([]) if grain in MINUTES else pair(handled)),
        )
        if any(value is not None for value in row):
            rows[grain, *rest] = row
    return rows


def ranked(connection, days, changed=None):
    percentiles.rank(connection, days, changed)
    found = connection.execute(sa.select(cohort_percentile)).all()
    return {tuple(row[:4]): tuple(row[4:]) for row in found}


@pytest.fixture
def stored(warehouse, facts):
    """A connection beside the facts; nothing of it stays."""
    with warehouse.bulk() as connection:
        connection.execute(sa.insert(untyped(rpt_conversation)), facts)
        yield connection
        connection.rollback()


def test_every_span_has_the_percentiles_of_its_own_values(stored, facts):
    assert ranked(stored, DAYS) == expected(facts)


def test_only_changed_cells_are_ranked_and_over_all_their_values(stored, facts):
    everything = expected(facts)
    changed = defaultdict(set)
    day = FIRST + DAY * 2
    for grain, start in starts(datetime.combine(day, time(0, 15))):
        quarter = (start.toordinal() + 365) * 96 + (start.hour * 60 + start.minute) // 15
        for scope, number in (("all", 0), ("line", 7), ("supplier", 2)):
            changed[grain, scope].add((quarter, number))
    found = ranked(stored, [day], changed)
    assert {grain for grain, *_ in found} == {"15min", "30min", "hour", "day", "week", "month"}
    assert found == {cell: everything[cell] for cell in found}
    assert all(number in (0, 2, 7) for *_, number in found)
    assert len(found) < len(everything) / 4


def test_nothing_changed_leaves_an_empty_table(stored):
    assert ranked(stored, []) == {}


def test_a_list_that_the_server_cut_is_an_error(stored):
    stored.exec_driver_sql("set session group_concat_max_len = 60")
    with pytest.raises(ContractError, match="raise max_allowed_packet"):
        ranked(stored, DAYS)
