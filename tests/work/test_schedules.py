"""Which DAG keeps what fresh, and when that is late."""

from __future__ import annotations

import pytest

from include.pipelines import catalog, checks, reports
from include.pipelines.snapshots import snapshot
from include.pipelines.tickets import sync
from include.warehouse.schema.views import LATE_SECONDS
from include.work.schedules import INTERVALS, SCHEDULES, is_late


def test_every_entity_that_a_dag_keeps_fresh_has_a_schedule():
    rooms = (sync, catalog, snapshot, reports, checks)
    assert set(SCHEDULES) == {room.ENTITY for room in rooms}


def test_the_views_call_late_what_the_schedules_do():
    late = {name: INTERVALS * of.every.total_seconds() for name, of in SCHEDULES.items()}
    assert {name: late[name] for name in LATE_SECONDS} == LATE_SECONDS
    assert set(late) - set(LATE_SECONDS) == {"run"}  # checks are told by status


@pytest.mark.parametrize(
    ("entity", "outcome", "lag_seconds", "late"),
    [
        ("tickets", "done", 1800, False),
        ("tickets", "done", 1801, True),
        ("tickets", "done", None, True),
        ("tickets", "running", None, False),
        ("catalog", "failed", 2 * 86_400 + 1, True),
        ("snapshot", "done", 7201, True),
        ("build", "done", 7200, False),
        ("run", "done", 86_400, False),
        ("prune", "done", 10**9, False),
    ],
)
def test_late_is_more_than_two_intervals(entity, outcome, lag_seconds, late):
    assert is_late(entity, outcome, lag_seconds) is late
