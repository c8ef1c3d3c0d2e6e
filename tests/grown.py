"""Bookkeeping that has grown for more than a year: what retention has to deal with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa

from include.warehouse.bookkeeping.tables import sync_run, sync_state
from include.warehouse.reports.tables import rpt_build
from include.warehouse.types import NOW
from tests.histories import LOCAL, Past

DAY = timedelta(days=1)
SNAPSHOTS = {1: 200, 2: 150, 3: 100, 4: 20, 5: 1}
"""Complete snapshots, by number: days ago. The sixth was refused."""


def grow(connection: sa.Connection) -> None:
    """Rows of the last 500 days, as old as they are by the server's clock."""
    now: datetime = connection.execute(sa.select(NOW)).scalar_one()
    noon = datetime.combine((now + LOCAL).date(), time(12), UTC) - LOCAL

    def ago(days: float) -> datetime:
        return noon - days * DAY

    _runs(connection, ago)
    for build_id, days in enumerate((500, 450, 401, 10, 1), 1):
        connection.execute(
            sa.insert(rpt_build).values(
                build_id=build_id,
                run_id=f"b{build_id}",
                built_at=ago(days),
                snapshot_id=4 if days > 1 else 5,
                snapshot_at=ago(days),
                service_level_s=20,
                definition_version=1,
                since_day=ago(days).date(),
                days=1,
                tickets=1,
                undated=0,
            )
        )
    past = Past(connection)
    for number, days in SNAPSHOTS.items():
        past.snapshot(number, f"{ago(days) + LOCAL:%Y-%m-%d %H:%M:%S}")
    past.snapshot(6, f"{ago(0.9) + LOCAL:%Y-%m-%d %H:%M:%S}", state="refused")
    for seat in range(1, 8):
        for opened, closed in ((1, 2), (2, 3), (3, 5), (5, 0)):
            past.version("seat", seat, opened=opened, closed=closed, max_user=opened)
    for name in ("A", "B", "C"):
        past.version("session_mapping", name, opened=1, closed=3 if name == "A" else 0)


def _runs(connection: sa.Connection, ago: Callable[[float], datetime]) -> None:
    """Of account a-1 runs that join on, then only partial ones, then a backfill; others beside."""

    def run(run_id: str, days: float, outcome: str = "done", **values: object) -> None:
        known = {"account_id": "a-1", "vendor": "HUAWEI", "entity": "tickets"}
        moments = {"started_at": ago(days), "ended_at": ago(days)}
        row = {"run_id": run_id, "outcome": outcome, **known, **moments, **values}
        connection.execute(sa.insert(sync_run).values(**row))

    for days in range(500, 440, -10):
        run(f"done {days}", days, since_at=ago(days + 11), until_at=ago(days))
    for days in range(440, 0, -20):
        run(f"partial {days}", days, "partial", since_at=ago(460), until_at=ago(days))
    run("backfill", 410, since_at=ago(420), until_at=ago(410))
    run("later backfill", 5, since_at=ago(9), until_at=ago(5))
    run("failed once", 490, "failed")
    run("keys long ago", 480, account_id="all", entity="keys")
    run("keys now", 3, account_id="all", entity="keys")
    connection.execute(
        sa.insert(sync_state).values(
            account_id="a-1", entity="tickets", watermark_at=ago(1), heartbeat_at=ago(1)
        )
    )
