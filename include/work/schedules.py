"""Which DAG keeps what fresh, and how often; after how long it is late is a setting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Schedule:
    """What starts the runs of an entity of the ledger: a DAG, *every* so often.

    *kind*: its name in the setting LATE_AFTER. *command*: what starts a run by hand.
    """

    dag_id: str
    every: timedelta
    kind: str
    command: str


SCHEDULES: Final = {
    "tickets": Schedule("sync_tickets", timedelta(minutes=15), "tickets", "python -m include sync"),
    "catalog": Schedule(
        "refresh_catalog", timedelta(days=1), "catalog", "python -m include refresh"
    ),
    "snapshot": Schedule(
        "snapshot_customer_service", timedelta(hours=1), "snapshot", "python -m include snapshot"
    ),
    # It follows what changed; the slowest of what it follows comes hourly.
    "build": Schedule(
        "build_reports", timedelta(hours=1), "build", "python -m include build-reports"
    ),
    "run": Schedule("check_data", timedelta(days=1), "checks", "airflow dags trigger check_data"),
}
"""By entity. That of a DAG file is the truth, and a test compares both."""
BY_HAND: Final = ("sync_ticket", "backfill_tickets")
"""The DAGs that a person starts."""
WATCH: Final = "watch_health"
"""The DAG that tells what became late or failed; it keeps nothing fresh."""
TASKS_AT_ONCE: Final = 4
"""Tasks of one vendor and DAG that may run together, in all its runs: a lane, as no pool is."""
