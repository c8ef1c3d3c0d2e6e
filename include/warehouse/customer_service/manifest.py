"""The manifest of snapshots: ``cs_snapshot`` and ``cs_snapshot_table`` as typed rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Final, Literal

import sqlalchemy as sa

from include.warehouse.customer_service.tables import cs_snapshot, cs_snapshot_table
from include.warehouse.types import NOW


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """A row of ``cs_snapshot``, by its columns. Moments are aware, by the source's clock."""

    snapshot_id: int
    state: Literal["complete", "refused", "loading"]
    snapshot_at: datetime
    run_id: str
    full_because: str | None
    system_id: str
    database_name: str
    timeline: int
    server_started_at: datetime
    horizon: int
    notes: str | None


@dataclass(frozen=True, slots=True)
class StoredSnapshot(SnapshotRow):
    """A row of ``cs_snapshot`` with the moment it was stored, by the warehouse's clock."""

    stored_at: datetime


@dataclass(frozen=True, slots=True)
class TableFigures:
    """What a snapshot did with one table: the columns of ``cs_snapshot_table`` that count."""

    table_name: str
    rows_read: int
    opened: int
    closed: int
    vanished: int
    present: int
    unfit: int
    duplicates: int

    def describe(self) -> str:
        """The figures in a line, for who watches."""
        return (
            f"{self.table_name}: {self.rows_read} rows read, {self.opened} opened,"
            f" {self.closed} closed, {self.present} present"
        )


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of ``cs_snapshot_table``, without its snapshot."""

    figures: TableFigures
    checksum: int
    """Sum over the present rows of the first 6 bytes of their hashes."""
    over_limit: bool
    """Whether so much vanished that a person or a second look must confirm it."""
    relation: str
    """The source table's oid and column numbers; empty: it is no longer there."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A snapshot that was refused, *age* ago by the warehouse's clock, with its tables."""

    stored_at: datetime
    age: timedelta
    tables: Mapping[str, TableRow]


@dataclass(frozen=True, slots=True)
class SnapshotHistory:
    """What the manifest says of all snapshots so far."""

    newest: StoredSnapshot | None
    """Of any state."""
    published: StoredSnapshot | None
    """The newest complete one."""
    published_tables: Mapping[str, TableRow]
    refusals: tuple[Refusal, ...]
    """The snapshots refused since then, newest first."""
    full_at: datetime | None
    """When all rows were last read and published, by the source's clock."""


FIGURES: Final = tuple(field.name for field in fields(TableFigures))
STORED: Final = tuple(field.name for field in fields(StoredSnapshot))


def read_history(connection: sa.Connection) -> SnapshotHistory:
    """Read what a new snapshot must know of those before."""
    newest, published = last_snapshot(connection), last_snapshot(connection, "complete")
    return SnapshotHistory(
        newest,
        published,
        table_rows(connection, published.snapshot_id) if published else {},
        refusals_after(connection, published.snapshot_id if published else 0),
        _last_full(connection),
    )


def refusals_after(connection: sa.Connection, snapshot_id: int) -> tuple[Refusal, ...]:
    """Read the refused snapshots with a greater number, newest first."""
    c = cs_snapshot.c
    query = (
        sa.select(c.snapshot_id, c.stored_at, NOW.label("now"))
        .where(c.snapshot_id > snapshot_id, c.state == "refused")
        .order_by(c.snapshot_id.desc())
    )
    return tuple(
        Refusal(stored_at, now - stored_at, table_rows(connection, number))
        for number, stored_at, now in connection.execute(query).all()
    )


def last_snapshot(connection: sa.Connection, state: str | None = None) -> StoredSnapshot | None:
    """Read the newest row of ``cs_snapshot``, of any state or of one."""
    query = sa.select(cs_snapshot).order_by(cs_snapshot.c.snapshot_id.desc()).limit(1)
    if state is not None:
        query = query.where(cs_snapshot.c.state == state)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else StoredSnapshot(**{name: row[name] for name in STORED})


def table_rows(connection: sa.Connection, snapshot_id: int) -> dict[str, TableRow]:
    """Read the rows of the tables of a snapshot, by table."""
    query = sa.select(cs_snapshot_table).where(cs_snapshot_table.c.snapshot_id == snapshot_id)
    return {
        row["table_name"]: TableRow(
            TableFigures(**{name: row[name] for name in FIGURES}),
            int(row["checksum"]),
            bool(row["over_limit"]),
            row["relation"],
        )
        for row in connection.execute(query).mappings()
    }


def write(connection: sa.Connection, snapshot: SnapshotRow, tables: Sequence[TableRow]) -> None:
    """Write a snapshot's row and the rows of its tables, in place of what stands there."""
    forget(connection, snapshot.snapshot_id)
    connection.execute(sa.insert(cs_snapshot).values(asdict(snapshot) | {"stored_at": NOW}))
    rows = []
    for table in tables:
        row = asdict(table)
        rows.append({"snapshot_id": snapshot.snapshot_id, **row.pop("figures"), **row})
    if rows:
        connection.execute(sa.insert(cs_snapshot_table), rows)


def forget(connection: sa.Connection, snapshot_id: int) -> None:
    """Delete the row of a snapshot that was not finished."""
    c = cs_snapshot.c
    unfinished = (c.snapshot_id == snapshot_id, c.state == "loading")
    connection.execute(sa.delete(cs_snapshot).where(*unfinished))


def _last_full(connection: sa.Connection) -> datetime | None:
    c = cs_snapshot.c
    query = sa.select(sa.func.max(c.snapshot_at)).where(
        c.state == "complete", c.full_because.is_not(None)
    )
    moment: datetime | None = connection.scalar(query)
    return moment
