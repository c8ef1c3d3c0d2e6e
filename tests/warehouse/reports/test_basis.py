"""What a build of the reports is made from, and which days it rebuilds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from include.warehouse.customer_service import manifest
from include.warehouse.reports import basis
from include.warehouse.reports.basis import Earlier, read_basis, read_earlier_build
from include.warehouse.reports.tables import rpt_build
from tests.builders import DAY, a_snapshot, a_table_of_a_snapshot

HOUR = timedelta(hours=1)


def test_a_build_is_made_from_the_newest_complete_snapshot(warehouse):
    assert warehouse.transact(lambda c: read_basis(c, DAY, 20)).snapshot_id is None
    queue, seat = a_table_of_a_snapshot("queue_mapping"), a_table_of_a_snapshot("seat")
    for number, tables, state in ((1, [queue], "complete"), (2, [seat], "complete")):
        row = a_snapshot(number, state=state)
        warehouse.transact(lambda c, row=row, tables=tables: manifest.write(c, row, tables))
        found = warehouse.transact(lambda c: read_basis(c, DAY, 20))
        assert (found.snapshot_id, found.snapshot_at) == (number, DAY + number * HOUR)
        assert found.has_queue is (number == 1)
    row = a_snapshot(3, state="refused")
    warehouse.transact(lambda c: manifest.write(c, row, [queue]))
    assert warehouse.transact(lambda c: read_basis(c, DAY, 20)) == found


def test_the_build_before_counted_by_the_same_rules_or_not(warehouse):
    now = warehouse.transact(lambda c: read_basis(c, DAY, 20))
    assert warehouse.transact(lambda c: read_earlier_build(c, now)) is None
    row = {"build_id": 1, "run_id": "r", "built_at": DAY - HOUR, "service_level_s": 20}
    row |= {"definition_version": basis.DEFINITION_VERSION, "since_day": date(2026, 1, 1)}
    row |= {"days": 0, "tickets": 0, "undated": 0, "desk_since": basis.DESK_SINCE}
    warehouse.transact(lambda c: c.execute(sa.insert(rpt_build), row))

    def read(now):
        return warehouse.transact(lambda c: read_earlier_build(c, now))

    assert read(now) == Earlier(DAY - HOUR, None, None, has_same_rules=True)
    assert read(replace(now, service_level_s=30)).has_same_rules is False
    assert read(replace(now, desk_since=date(2015, 1, 1))).has_same_rules is False
    assert read(replace(now, zone=ZoneInfo("UTC"))).has_same_rules is False


@pytest.mark.parametrize(
    ("zone", "hours"), [("Asia/Shanghai", 8), ("Asia/Kathmandu", 5.75), ("America/Phoenix", -7)]
)
def test_the_days_before_the_last_build_are_young_by_the_wall_clock(warehouse, zone, hours):
    made = warehouse.transact(lambda c: read_basis(c, DAY, 20, zone=ZoneInfo(zone)))
    young_since, evening = made.young_since, datetime(2026, 1, 11, tzinfo=UTC) - hours * HOUR
    assert young_since(Earlier(evening, 1, evening, True)) == date(2026, 1, 8)
    assert young_since(Earlier(evening, 1, evening - HOUR, True)) == date(2026, 1, 7)
    assert young_since(Earlier(evening - HOUR, None, None, True)) == date(2026, 1, 7)


def test_a_span_begins_and_ends_at_local_midnight(warehouse):
    made = warehouse.transact(lambda c: read_basis(c, DAY, 20))
    assert made.bounds(date(2026, 1, 10), date(2026, 1, 11)) == {
        "from_day": date(2026, 1, 10),
        "to_day": date(2026, 1, 11),
        "from_at": datetime(2026, 1, 9, 16, tzinfo=UTC),
        "to_at": datetime(2026, 1, 10, 16, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("grain", "days", "expected"),
    [
        (
            "day",
            ["2026-03-01", "2026-03-02", "2026-03-04"],
            [("2026-03-01", "2026-03-03"), ("2026-03-04", "2026-03-05")],
        ),
        ("week", ["2026-03-01", "2026-03-02"], [("2026-02-23", "2026-03-09")]),
        (
            "month",
            ["2026-12-31", "2027-01-01"],
            [("2026-12-01", "2027-01-01"), ("2027-01-01", "2027-02-01")],
        ),
        ("day", [], []),
    ],
)
def test_spans_are_whole_and_short(grain, days, expected):
    found = basis.spans({date.fromisoformat(day) for day in days}, grain)
    assert [(str(first), str(end)) for first, end in found] == expected
