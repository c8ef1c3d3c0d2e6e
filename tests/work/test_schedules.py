"""Which DAG keeps what fresh, and after how long it is late."""

from __future__ import annotations

from include.pipelines import catalog, checks, reports
from include.pipelines.snapshots import snapshot
from include.pipelines.tickets import sync
from include.values import LATE_AFTER, Limits
from include.warehouse.schema import views
from include.work.schedules import SCHEDULES


def test_every_entity_that_a_dag_keeps_fresh_has_a_schedule():
    rooms = (sync, catalog, snapshot, reports, checks)
    assert set(SCHEDULES) == {room.ENTITY for room in rooms}


def test_what_is_late_is_by_default_two_intervals_behind_and_an_error_after_eight():
    for of in SCHEDULES.values():
        seconds = of.every.total_seconds()
        assert LATE_AFTER[of.kind] == (2 * seconds, 8 * seconds), of
    assert set(LATE_AFTER) == {of.kind for of in SCHEDULES.values()}


def test_the_views_call_late_what_the_setting_says():
    after = {**LATE_AFTER, "tickets": Limits(60, 120)}
    assert "when 'tickets' then 60 " in views.statements(after)["v_freshness"]
    assert "when 'tickets' then 1800 " in views.statements()["v_freshness"]
