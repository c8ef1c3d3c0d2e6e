"""Histories by hand: a few rows of the customer-service tables, in a warehouse of our own."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.warehouse.customer_service import staging
from include.warehouse.customer_service.tables import HISTORIES, cs_snapshot, cs_snapshot_table
from include.warehouse.types import Utc
from tests.builders import untyped

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # as a DATETIME column holds it
NOW: Final = datetime(2026, 1, 10, 12)  # noqa: DTZ001  # the same
"""The moment of the newest snapshot; the one before it was taken an hour earlier."""
KEYED_BY_HASH: Final = ("session_mapping", "queue_mapping")


def moment_of(snapshot_id: int) -> datetime:
    """Snapshot 2 is the newest, snapshot 1 an hour older."""
    return NOW - timedelta(hours=2 - snapshot_id)


def key_hash(key: str) -> bytes:
    """The row_key of a conversation."""
    return hashlib.sha256(f"{len(key)}:{key}".encode()).digest()[:16]


def version(
    table: str, key: Any, *, opened: int = 1, closed: int = 0, **values: Any
) -> dict[str, Any]:
    """A version of a source row, opened and closed by snapshots."""
    source = next(item for item in SOURCE_TABLES if item.name == table)
    hashed = table in KEYED_BY_HASH
    return {
        "row_key": key_hash(key) if hashed else key,
        source.key[0]: key,
        "row_hash": b"",
        "valid_from_at": moment_of(opened),
        "valid_to_at": moment_of(closed) if closed else None,
        "snapshot_id": opened,
        "closed_by": closed,
        **values,
    }


def store(connection: sa.Connection, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Store versions, and two complete snapshots whose manifest counts the present ones."""
    for snapshot_id in (1, 2):
        moment = moment_of(snapshot_id)
        known = {"snapshot_id": snapshot_id, "snapshot_at": moment, "state": "complete"}
        connection.execute(sa.insert(untyped(cs_snapshot)).values(filled(cs_snapshot) | known))
        for name in HISTORIES:
            known = {"snapshot_id": snapshot_id, "table_name": name}
            row = filled(cs_snapshot_table) | known
            connection.execute(sa.insert(untyped(cs_snapshot_table)).values(row))
    for name, history in HISTORIES.items():
        for row in rows.get(name, []):
            connection.execute(sa.insert(untyped(history)).values(**row))
    settle(connection)


def settle(connection: sa.Connection) -> None:
    """Make hashes and manifest those of the rows as they are now."""
    for source in SOURCE_TABLES:
        connection.exec_driver_sql(
            f"update {source.history} set row_hash = {staging.content_hash(source)}"
        )
        history = HISTORIES[source.name].c
        query = sa.select(history.row_hash).where(history.closed_by == 0)
        hashes = connection.scalars(query).all()
        connection.execute(
            sa.update(cs_snapshot_table)
            .where(cs_snapshot_table.c.table_name == source.name)
            .values(
                present=len(hashes),
                checksum=sum(int.from_bytes(row_hash[:6], "big") for row_hash in hashes),
            )
        )
    count_again(connection)


def count_again(connection: sa.Connection) -> None:
    """Make each snapshot's opened and closed those of the versions as they are now."""
    for source in SOURCE_TABLES:
        held = f"select count(*) from {source.history} as held where held"
        connection.exec_driver_sql(
            "update cs_snapshot_table as counted set"
            f" opened = ({held}.snapshot_id = counted.snapshot_id),"
            f" closed = ({held}.closed_by = counted.snapshot_id)"
            f" where table_name = '{source.name}'"
        )


def snapshot_again(connection: sa.Connection, snapshot_id: int) -> None:
    """One more complete snapshot, in which nothing changed since snapshot 2."""
    new = {"snapshot_id": snapshot_id, "snapshot_at": moment_of(snapshot_id)}
    new |= {"opened": 0, "closed": 0}
    for table in (cs_snapshot, cs_snapshot_table):
        plain = untyped(table)
        query = sa.select(plain).where(plain.c.snapshot_id == 2)
        for row in connection.execute(query).mappings().all():
            changed = {name: value for name, value in new.items() if name in table.c}
            connection.execute(sa.insert(plain).values(dict(row) | changed))


def filled(table: sa.Table) -> dict[str, Any]:
    """Something in every column that must not be NULL."""
    return {
        column.name: NOW if isinstance(column.type, Utc) else 0
        for column in table.columns
        if not column.nullable
    }
