"""The manifest of snapshots: ``cs_snapshot`` and ``cs_snapshot_table``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from include.warehouse.customer_service.tables import cs_snapshot, cs_snapshot_table
from include.warehouse.types import NOW


def last_snapshot(connection: sa.Connection, state: str | None = None) -> dict[str, Any] | None:
    """The newest row of the manifest, of any state or of one."""
    query = sa.select(cs_snapshot).order_by(cs_snapshot.c.snapshot_id.desc()).limit(1)
    if state is not None:
        query = query.where(cs_snapshot.c.state == state)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else {str(name): value for name, value in row.items()}


def last_full(connection: sa.Connection) -> datetime | None:
    """When all rows were last read and published, by the source's clock, in UTC."""
    c = cs_snapshot.c
    query = sa.select(sa.func.max(c.snapshot_at)).where(
        c.state == "complete", c.full_because.is_not(None)
    )
    moment: datetime | None = connection.scalar(query)
    return moment


def table_rows(connection: sa.Connection, snapshot_id: int) -> dict[str, dict[str, Any]]:
    """The manifest's rows of a snapshot, by table."""
    query = sa.select(cs_snapshot_table).where(cs_snapshot_table.c.snapshot_id == snapshot_id)
    rows = connection.execute(query).mappings()
    return {row["table_name"]: {str(name): row[name] for name in row} for row in rows}


def write(
    connection: sa.Connection, snapshot: Mapping[str, Any], tables: Sequence[Mapping[str, Any]]
) -> None:
    """Write a snapshot's row and the rows of its tables."""
    connection.execute(sa.insert(cs_snapshot).values(stored_at=NOW, **snapshot))
    number = snapshot["snapshot_id"]
    connection.execute(
        sa.insert(cs_snapshot_table), [{"snapshot_id": number, **row} for row in tables]
    )
