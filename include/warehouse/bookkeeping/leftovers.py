"""Values and rows in ``migration_leftover``: they could not stay as they were."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from include.warehouse.bookkeeping.tables import migration_leftover
from include.warehouse.types import NOW


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


def leave_rows(
    connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool], reason: str
) -> None:
    """Move the rows of *table* that *which* names, whole, to migration_leftover."""
    # As the columns hold it, not as our types read it.
    whole = sa.select(sa.text("*")).select_from(table).where(which)
    rows = connection.execute(whole).mappings().all()
    for row in rows:
        connection.execute(
            sa.insert(migration_leftover).values(
                id=uuid.uuid4().hex,
                table_name=table.name,
                column_name="",
                row_id=row["id"],
                value=json.dumps(dict(row), ensure_ascii=False, default=str),
                reason=reason,
                found_at=NOW,
            )
        )
    if rows:
        connection.execute(sa.delete(table).where(which))
