"""What is known of tickets before they are read again: the state of their rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from include.models import Account
from include.vendors.registry import VENDORS
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.tables import cloud_osm_list

IDS_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Known:
    """What the warehouse holds about a ticket."""

    is_complete: bool
    """Closed, and every message stored, as a run of ours proved."""
    was_read: bool
    """False for a row of another program that no run of ours has read yet."""
    is_gone: bool
    reader: str | None
    """The account that reads it; the one its row was written for, before any has."""
    vendor_status: str | None = None
    change_mark: str | None = None
    gone_at: datetime | None = None
    is_asked_for: bool = False
    """Not complete, and yet status 0, or closed by our reading: another program wrote status."""


def read_known(
    warehouse: Warehouse, account: Account, ticket_ids: Collection[str]
) -> dict[str, Known]:
    """Read what we hold of *ticket_ids*, by id; ids without a row are left out."""
    t = cloud_osm_list.c
    found: dict[str, Known] = {}
    for some in _chunks(sorted(ticket_ids)):
        found |= _read(warehouse, account, t.cloud_id.in_(some))
    return found


def read_incomplete(
    warehouse: Warehouse, account: Account, gone: Collection[str]
) -> dict[str, Known]:
    """Read what we hold of the incomplete tickets that this account reads or may take over, by id.

    *gone* are accounts that read no more: what they read, or nobody does, may be anybody's.
    """
    t = cloud_osm_list.c
    readers = {account.account_id, *gone}
    unread = t.account_id.is_(None) & (
        t.missing_since.is_not(None) | t.custom_id.is_(None) | t.custom_id.in_(readers)
    )
    found = _read(warehouse, account, (t.complete == 0) & (t.account_id.in_(readers) | unread))
    # The server may take names for equal that differ in case.
    return {key: known for key, known in found.items() if known.reader in (None, *readers)}


def read_due(warehouse: Warehouse, account: Account, now: datetime, limit: int) -> list[str]:
    """Read the ids of closed tickets whose next look is due at *now*, longest due first."""
    t = cloud_osm_list.c
    query = (
        sa.select(t.cloud_id)
        .where(
            t.type == account.vendor,
            t.account_id == account.account_id,
            t.read_again_at <= now,
            t.complete == 1,
        )
        .order_by(t.read_again_at)
        .limit(limit)
    )
    return list(warehouse.transact(lambda c: c.scalars(query).all()))


def read_oldest(warehouse: Warehouse, account: Account, before: datetime, days: int) -> list[str]:
    """Read the ids of complete tickets for today's share of all, oldest reading first.

    Those last read after *before* are left out, and those whose next look is planned in time. In
    so many *days*, one share each, every one of the others is read.
    """
    t = cloud_osm_list.c
    mine = (
        (t.type == account.vendor)
        & (t.complete == 1)
        & (t.account_id == account.account_id)
        & t.missing_since.is_(None)
    )

    def read(connection: sa.Connection) -> list[str]:
        total = connection.scalar(sa.select(sa.func.count()).where(mine)) or 0
        in_time = sa.func.timestampadd(sa.text("DAY"), days, t.read_at)
        due = mine & (
            t.read_at.is_(None)
            | (t.read_at < before) & (t.read_again_at.is_(None) | (t.read_again_at > in_time))
        )
        query = sa.select(t.cloud_id).where(due).order_by(t.read_at).limit(-(-total // days))
        return list(connection.scalars(query))

    return warehouse.transact(read)


def find_holders(
    warehouse: Warehouse, ids: Collection[str]
) -> dict[str, list[tuple[str, str, str | None]]]:
    """Find the rows whose vendor's id, or own id, is one of *ids*.

    By the id that was asked for: vendor, vendor's id and reader of each row.
    """
    t = cloud_osm_list.c
    asked = sorted(set(ids))
    query = sa.select(t.id, t.type, t.cloud_id, _reader().label("reader")).where(
        (t.type.in_(VENDORS) & t.cloud_id.in_(asked)) | t.id.in_(asked)
    )
    found: dict[str, list[tuple[str, str, str | None]]] = {}
    for row in warehouse.transact(lambda c: c.execute(query).all()):
        for key in {row.cloud_id, row.id}.intersection(asked):
            found.setdefault(key, []).append((row.type, row.cloud_id, row.reader))
    return found


def _read(
    warehouse: Warehouse, account: Account, which: sa.ColumnElement[bool]
) -> dict[str, Known]:
    t = cloud_osm_list.c
    query = sa.select(
        t.cloud_id,
        t.complete,
        t.status,
        t.synced_at,
        t.missing_since,
        _reader().label("reader"),
        t.vendor_status,
        t.change_mark,
        t.close_time_max,
    ).where(t.type == account.vendor, which)
    return {
        row.cloud_id: _known(row) for row in warehouse.transact(lambda c: c.execute(query).all())
    }


def _reader() -> sa.ColumnElement[str | None]:
    """Who reads a ticket: before anybody has, whom its row names, if that one may know it."""
    t = cloud_osm_list.c
    return sa.func.coalesce(t.account_id, sa.case((t.missing_since.is_(None), t.custom_id)))


def _known(row: Any) -> Known:
    return Known(
        is_complete=bool(row.complete),
        was_read=row.synced_at is not None,
        is_gone=row.missing_since is not None,
        reader=row.reader,
        vendor_status=row.vendor_status,
        change_mark=row.change_mark,
        gone_at=row.missing_since,
        is_asked_for=not row.complete and (row.status == 0 or row.close_time_max is not None),
    )


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[i : i + IDS_AT_ONCE] for i in range(0, len(ids), IDS_AT_ONCE))
