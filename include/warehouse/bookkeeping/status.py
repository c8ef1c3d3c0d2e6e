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
    """Replace the rows, those of the entities *kept* apart, unless newer ones are there.

    A text that is longer than its column is cut: it is said again in full by the next evaluation
    whose facts are shorter, and stands in ``sync_run``.
    """
    newest = connection.scalar(sa.select(sa.func.max(sync_status.c.evaluated_at)).with_for_update())
    if newest is not None and newest > now:
        return
    connection.execute(sa.delete(sync_status).where(sync_status.c.entity.not_in(kept)))
    if rows:
        connection.execute(sa.insert(sync_status), [_cut(row) for row in rows])


def _cut(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value[: LONGEST[name]] if name in LONGEST and value else value
        for name, value in row.items()
    }
