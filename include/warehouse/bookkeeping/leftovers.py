"""Values that await a person in ``migration_leftover``: a migration could not bring them over."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from include.warehouse.bookkeeping.tables import migration_leftover


@dataclass(frozen=True, slots=True)
class Leftover:
    """One row of migration_leftover. *column* is empty when the whole row was moved there."""

    table: str
    column: str
    row_id: str
    value: str | None
    reason: str


def read_leftovers(connection: sa.Connection, limit: int) -> tuple[int, tuple[Leftover, ...]]:
    """Read how many values are left over, and the first *limit* of them, by table and row."""
    c = migration_leftover.c
    count = connection.scalar(sa.select(sa.func.count()).select_from(migration_leftover)) or 0
    rows = connection.execute(
        sa.select(c.table_name, c.column_name, c.row_id, c.value, c.reason)
        .order_by(c.table_name, c.column_name, c.row_id, c.id)
        .limit(limit)
    )
    return count, tuple(Leftover(*row) for row in rows)
