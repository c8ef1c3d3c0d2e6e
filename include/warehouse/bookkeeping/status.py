"""``sync_status``: the verdicts of the newest evaluation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from include.warehouse.bookkeeping.tables import sync_status

LONGEST: Final = {
    column.name: column.type.length
    for column in sync_status.c
    if isinstance(column.type, sa.String) and column.type.length
}


def store(
    connection: sa.Connection,
    rows: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    kept: Collection[str] = (),
) -> None:
    """Replace the rows, those of the subjects *kept* apart, unless newer ones are there.

    A text that is longer than its column is cut: it is said again in full by the next evaluation
    whose facts are shorter, and stands in ``sync_run``.
    """
    newest = connection.scalar(sa.select(sa.func.max(sync_status.c.evaluated_at)).with_for_update())
    if newest is not None and newest > now:
        return
    connection.execute(sa.delete(sync_status).where(sync_status.c.subject.not_in(kept)))
    if new := [_cut(row) for row in rows if row["subject"] not in kept]:
        connection.execute(sa.insert(sync_status), new)


def read_halted(connection: sa.Connection, entity: str) -> list[dict[str, Any]]:
    """The rows of an entity, and of what has one of them as its cause."""
    of = sync_status.c
    query = sa.select(sync_status).where((of.entity == entity) | of.cause.startswith(f"{entity}/"))
    return [dict(row) for row in connection.execute(query).mappings()]


def _cut(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value[: LONGEST[name]] if name in LONGEST and value else value
        for name, value in row.items()
    }
