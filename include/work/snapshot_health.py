"""The facts of the customer-service snapshots: the one that is published, those refused since."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa

from include.warehouse.customer_service import manifest


@dataclass(frozen=True, slots=True)
class SnapshotTable:
    """What the latest published snapshot read and changed of one table, and what it left."""

    table_name: str
    rows_read: int
    opened: int
    closed: int
    present: int
    unfit: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The newest snapshot, not published: too many rows had vanished.

    *accept*: how many. *times*: how many were refused in a row, the first *since_at*.
    """

    since_at: datetime
    refused_at: datetime
    accept: int
    times: int
    tables: list[str]


@dataclass(frozen=True, slots=True)
class SnapshotHealth:
    """The customer-service tables as of the latest published snapshot."""

    snapshot_id: int
    snapshot_at: datetime
    age_seconds: int
    full_because: str | None
    """Why all rows were read; None: only what changed."""
    notes: str | None
    tables: list[SnapshotTable]
    refused: Refused | None


def read_snapshot(connection: sa.Connection, now: datetime) -> SnapshotHealth | None:
    """The latest published snapshot; None before the first."""
    last = manifest.last_snapshot(connection, "complete")
    if last is None:
        return None
    return SnapshotHealth(
        snapshot_id=last.snapshot_id,
        snapshot_at=last.snapshot_at,
        age_seconds=max(0, int((now - last.snapshot_at).total_seconds())),
        full_because=last.full_because,
        notes=last.notes,
        tables=[
            SnapshotTable(
                **{of.name: getattr(row.figures, of.name) for of in fields(SnapshotTable)}
            )
            for _, row in sorted(manifest.table_rows(connection, last.snapshot_id).items())
        ],
        refused=_refused(connection, last.snapshot_id),
    )


def _refused(connection: sa.Connection, published: int) -> Refused | None:
    refusals = manifest.refusals_after(connection, published)
    if not refusals:
        return None
    rows = refusals[0].tables
    over = {name: row.figures.vanished for name, row in sorted(rows.items()) if row.over_limit}
    return Refused(
        refusals[-1].stored_at,
        refusals[0].stored_at,
        accept=sum(over.values()),
        times=len(refusals),
        tables=list(over),
    )
