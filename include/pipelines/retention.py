"""Retention: the one place that deletes what is older than its setting.

Nothing grows without bound by accident, and nothing goes that anything else needs. Tickets, their
messages, ``migration_leftover``, facts and aggregates are never deleted; histories only when a
number is set. ``sync_check`` holds one row a check, and does not grow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Final

import sqlalchemy as sa

from include.settings import Settings
from include.warehouse.bookkeeping import ledger, retention
from include.warehouse.bookkeeping.ledger import Request, Run
from include.warehouse.bookkeeping.proofs import find_proofs
from include.warehouse.mysql import Warehouse
from include.warehouse.types import NOW

log = logging.getLogger(__name__)

ACCOUNT: Final = "retention"
ENTITY: Final = "prune"
"""The row of ``sync_state`` whose watermark says since when histories are whole."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """What was before may go, by table; of histories, with the newest snapshot to go."""

    tables: dict[str, datetime]
    history_at: datetime | None
    last_snapshot: int
    proofs: list[str]


def prune(
    warehouse: Warehouse,
    *,
    settings: Settings,
    request: Request,
    dry_run: bool = False,
    progress: Callable[[str], None] = log.info,
) -> dict[str, int]:
    """Delete what is older than the settings say; rows by table, of a dry run those that would go.

    In batches, each a transaction; killed anywhere, the next goes on. Days count by the server's
    clock. Raises AlreadyRunningError, and what the warehouse raises.
    """
    if dry_run:
        return warehouse.transact(lambda c: _count(c, _read_limits(c, settings)))
    with ledger.hold(warehouse, ACCOUNT, ENTITY, vendor="RETENTION", request=request) as run:
        limits = run.write(lambda connection: _read_limits(connection, settings))
        deleted: dict[str, int] = {}

        def note(table: str, rows: int) -> None:
            deleted[table] = deleted.get(table, 0) + rows
            run.counts.gone += rows
            run.tell("deleted: " + ", ".join(f"{n} of {name}" for name, n in deleted.items()))
            progress(f"{table}: {deleted[table]} rows deleted")
            run.beat()

        for table, limit in limits.tables.items():
            delete = partial(retention.delete_old, table=table, limit=limit, proofs=limits.proofs)
            while rows := run.write(delete):
                note(table, rows)
        if limits.history_at and limits.last_snapshot:
            _forget_history(run, limits, note)
    return deleted


def _forget_history(run: Run, limits: _Limits, note: Callable[[str, int], None]) -> None:
    """Say first since when histories are whole, then let older versions go."""
    known_from = max(filter(None, (run.watermark, limits.history_at)))
    run.write(lambda connection: None, watermark_at=known_from)
    for history in retention.HISTORIES_BY_NAME:
        after: int | bytes | None = None
        while True:
            delete = partial(
                retention.delete_versions, history=history, last=limits.last_snapshot, after=after
            )
            rows, after = run.write(delete)
            if after is None:
                break
            note(history, rows)


def _count(connection: sa.Connection, limits: _Limits) -> dict[str, int]:
    counted = {
        table: retention.count_old(connection, table, limit, limits.proofs)
        for table, limit in limits.tables.items()
    }
    if limits.last_snapshot:
        counted |= {
            history: retention.count_versions(connection, history, limits.last_snapshot)
            for history in retention.HISTORIES_BY_NAME
        }
    return {table: rows for table, rows in counted.items() if rows}


def _read_limits(connection: sa.Connection, settings: Settings) -> _Limits:
    now: datetime = connection.execute(sa.select(NOW)).scalar_one()
    begin_of_day = partial(_begin_of_day, now.astimezone(settings.business_zone))
    days = {
        "sync_run": settings.ledger_days,
        "rpt_build": settings.ledger_days,
        "cs_snapshot_table": settings.snapshot_detail_days,
    }
    tables = {table: begin_of_day(number) for table, number in days.items() if number}
    proofs = find_proofs(connection, tables["sync_run"]) if "sync_run" in tables else []
    history_at = begin_of_day(settings.history_days) if settings.history_days else None
    last = retention.last_of_history(connection, history_at) if history_at else 0
    return _Limits(tables, history_at, last, proofs)


def _begin_of_day(now: datetime, days: int) -> datetime:
    """The begin of the day so many days ago, in the zone of *now*."""
    day = now.date() - timedelta(days=days)
    return datetime.combine(day, time.min, now.tzinfo).astimezone(UTC)
