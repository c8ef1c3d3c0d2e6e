"""What a snapshot reads, decided from where the source stands and what the manifest says."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from include.errors import UnavailableError
from include.pipelines.snapshots.plan import (
    HALF_THE_CIRCLE,
    SnapshotOptions,
    SnapshotPlan,
    plan_snapshot,
    why_full,
)
from include.source.postgres import Position
from include.warehouse.customer_service.manifest import SnapshotHistory
from tests.builders import DAY, a_stored_snapshot

HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)
PUBLISHED = a_stored_snapshot(3, snapshot_at=DAY, horizon=1000)
SAME = Position(
    moment=DAY + HOUR,
    system_id="7",
    database="desk",
    timeline=1,
    server_started_at=DAY,
    horizon=1000,
)
HISTORY = SnapshotHistory(PUBLISHED, PUBLISHED, {}, (), DAY)

# What is different from a source that went on as ever, and what is said of it.
DOUBTS: list[tuple[dict[str, Any], dict[str, Any], str | None]] = [
    ({}, {}, None),
    ({}, {"full": True}, "asked for"),
    ({"system_id": ""}, {}, "the source does not tell its identity"),
    ({"system_id": "8"}, {}, "another source"),
    ({"database": "other"}, {}, "another source"),
    ({"timeline": 2}, {}, "failed over or was restored"),
    ({"server_started_at": DAY + TICK}, {}, "restarted"),
    ({"horizon": 999}, {}, "went back, or too far on"),
    ({"horizon": 1000 + HALF_THE_CIRCLE - 1}, {}, None),
    ({"horizon": 1000 + HALF_THE_CIRCLE}, {}, "went back, or too far on"),
    ({"moment": DAY + 24 * HOUR - TICK}, {}, None),
    ({"moment": DAY + 24 * HOUR}, {}, "regular full comparison"),
    ({}, {"full_after": timedelta(0)}, "regular full comparison"),
    # What a person asks for is said first, then what is worse.
    ({"system_id": "8", "timeline": 2}, {"full": True}, "asked for"),
    ({"system_id": "8", "timeline": 2}, {}, "another source"),
]


@pytest.mark.parametrize(("position", "options", "because"), DOUBTS)
def test_all_rows_are_read_in_any_doubt(position, options, because):
    found = why_full(replace(SAME, **position), PUBLISHED, DAY, SnapshotOptions(**options))
    assert (found is None) == (because is None)
    assert (because or "") in (found or "")


def test_all_rows_are_read_when_they_never_were():
    assert why_full(SAME, PUBLISHED, None, SnapshotOptions()) == "regular full comparison"


def test_what_changed_is_read_from_the_horizon_of_the_published_snapshot_on():
    plan = plan_snapshot(SAME, HISTORY, SnapshotOptions())
    assert plan == SnapshotPlan(4, DAY + HOUR, None, 1000)


def test_the_first_snapshot_reads_all_rows_although_others_were_refused():
    nothing = SnapshotHistory(None, None, {}, (), None)
    first = plan_snapshot(SAME, nothing, SnapshotOptions(full=True))
    assert first == SnapshotPlan(1, DAY + HOUR, "first snapshot", None)
    refused = replace(nothing, newest=a_stored_snapshot(1, state="refused"))
    assert plan_snapshot(SAME, refused, SnapshotOptions()) == replace(first, snapshot_id=2)


def test_a_refused_snapshot_has_a_number_and_gives_no_horizon():
    refused = a_stored_snapshot(9, state="refused", snapshot_at=DAY + 2 * HOUR, horizon=2000)
    plan = plan_snapshot(SAME, replace(HISTORY, newest=refused), SnapshotOptions())
    assert plan == SnapshotPlan(10, DAY + HOUR, None, 1000)


@pytest.mark.parametrize("back", [timedelta(0), TICK, 24 * HOUR])
def test_time_goes_on_although_the_sources_clock_stood_or_went_back(back):
    plan = plan_snapshot(replace(SAME, moment=DAY - back), HISTORY, SnapshotOptions())
    assert plan.snapshot_at == DAY + TICK


@pytest.mark.parametrize(
    ("position", "is_refused"),
    [
        ({}, False),
        ({"moment": DAY - HOUR}, False),  # its clock went back
        ({"moment": DAY - HOUR, "behind": "a replica"}, False),  # it shows no less than before
        ({"moment": DAY - HOUR, "behind": "a replica", "server_started_at": DAY + TICK}, True),
        ({"moment": DAY + TICK, "behind": "a replica", "server_started_at": DAY + TICK}, False),
    ],
    ids=["same", "clock", "same replica", "older replica", "newer replica"],
)
def test_a_replica_that_shows_less_than_another_server_did_is_refused(position, is_refused):
    refused = pytest.raises(UnavailableError, match="is of another server and shows more")
    with refused if is_refused else nullcontext():
        plan_snapshot(replace(SAME, **position), HISTORY, SnapshotOptions())
