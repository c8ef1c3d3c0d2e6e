"""Which DAG keeps what fresh, how often, and when that is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Schedule:
    """What starts the runs of an entity of the ledger: a DAG, *every* so often."""

    dag_id: str
    every: timedelta


SCHEDULES: Final = {
    "tickets": Schedule("sync_tickets", timedelta(minutes=15)),
    "catalog": Schedule("refresh_catalog", timedelta(days=1)),
    "snapshot": Schedule("snapshot_customer_service", timedelta(hours=1)),
    # It follows what changed; the slowest of what it follows comes hourly.
    "build": Schedule("build_reports", timedelta(hours=1)),
    "run": Schedule("check_data", timedelta(days=1)),
}
"""By entity. That of a DAG file is the truth, and a test compares both."""
BY_HAND: Final = ("sync_ticket", "backfill_tickets")
"""The DAGs that a person starts."""
TASKS_AT_ONCE: Final = 4
"""Tasks of one vendor and DAG that may run together, in all its runs: a lane, as no pool is."""
INTERVALS: Final = 2
"""So many intervals are waited for before something is late."""


def measure_lag(now: datetime, current_until: datetime | None) -> int | None:
    """Seconds for which what readers see is no longer current; None where it never was."""
    return max(0, int((now - current_until).total_seconds())) if current_until else None


def is_late(entity: str, outcome: str, lag_seconds: int | None) -> bool:
    """Whether an entity lags by more than two intervals, or nobody asked for what is new."""
    schedule = SCHEDULES.get(entity)
    if schedule is None:
        return False
    if lag_seconds is None:
        return outcome == "done"  # of a backfill
    return lag_seconds > INTERVALS * schedule.every.total_seconds()
