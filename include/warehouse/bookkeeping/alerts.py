"""``sync_alert``: what was seen and told; and what the last day's runs did, for the digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from include.warehouse.bookkeeping.tables import sync_alert, sync_run

LONGEST_NAME: Final = 255
BEAT: Final = "evaluation"
"""The subject of the row that tells when somebody last evaluated."""


def read(connection: sa.Connection) -> list[Mapping[str, Any]]:
    """Every row but that of the evaluation itself."""
    query = sa.select(sync_alert).where(sync_alert.c.subject != BEAT)
    return [dict(row) for row in connection.execute(query).mappings()]


def store(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or replace rows, whole ones."""
    if not rows:
        return
    statement = insert(sync_alert)
    new = {
        column.name: statement.inserted[column.name]
        for column in sync_alert.c
        if not column.primary_key
    }
    cut = [{**row, "name": row["name"][:LONGEST_NAME]} for row in rows]
    connection.execute(statement.on_duplicate_key_update(new), cut)


def forget(connection: sa.Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Delete the rows of these channels and subjects."""
    for channel, subject in keys:
        connection.execute(
            sa.delete(sync_alert).where(
                sync_alert.c.channel == channel, sync_alert.c.subject == subject
            )
        )


def note_beat(connection: sa.Connection, now: datetime) -> None:
    """Note that an evaluation begins, or goes on."""
    beat = {"channel": "", "subject": BEAT, "name": BEAT, "state": "", "severity": "ok", "turn": ""}
    statement = insert(sync_alert).values({**beat, "noted_at": now})
    connection.execute(statement.on_duplicate_key_update(noted_at=statement.inserted.noted_at))


def read_beat(connection: sa.Connection) -> datetime | None:
    """When an evaluation last began, or went on."""
    found: datetime | None = connection.scalar(
        sa.select(sync_alert.c.noted_at).where(
            sync_alert.c.channel == "", sync_alert.c.subject == BEAT
        )
    )
    return found


def count_day(connection: sa.Connection, now: datetime) -> dict[str, int]:
    """What the runs that began within a day before *now* did, by the names of a digest."""
    run = sync_run.c
    is_ticket = run.entity.in_(("tickets", "backfill", "again", "ticket"))

    def total(value: Any, where: Any) -> Any:
        return sa.func.coalesce(sa.func.sum(sa.case((where, value), else_=0)), 0)

    row = connection.execute(
        sa.select(
            sa.func.count().label("runs"),
            total(1, run.outcome == "failed").label("failed"),
            total(run.written, is_ticket).label("tickets"),
            total(run.messages, is_ticket).label("messages"),
            total(run.listed, run.entity == "snapshot").label("rows"),
        ).where(run.started_at > now - timedelta(days=1), run.started_at <= now)
    ).one()
    return {name: int(value) for name, value in row._mapping.items()}
