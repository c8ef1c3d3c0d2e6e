"""Who reads a vendor's tickets, and strays: incomplete tickets that no enabled account reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.account_rows import read_enabled_ids
from include.warehouse.tickets.tables import cloud_osm_list


@dataclass(frozen=True, slots=True)
class VendorReaders:
    """The ids of a vendor's *enabled* accounts, and of those that are *gone*.

    These are named by incomplete tickets as their reader, or before anybody read them as their
    owner, and are no enabled accounts.
    """

    enabled: frozenset[str]
    gone: frozenset[str]


def read_readers(warehouse: Warehouse, vendor: str) -> VendorReaders:
    """Read who reads a vendor's tickets."""
    t = cloud_osm_list.c
    incomplete = (t.type == vendor) & (t.complete == 0)
    readers = sa.select(t.account_id).distinct().where(incomplete, t.account_id.is_not(None))
    owners = (
        sa.select(t.custom_id)
        .distinct()
        .where(incomplete, t.account_id.is_(None), t.custom_id.is_not(None))
    )

    def named(connection: sa.Connection) -> frozenset[str]:
        return frozenset(connection.scalars(readers)) | frozenset(connection.scalars(owners))

    enabled = read_enabled_ids(warehouse, vendor)
    return VendorReaders(enabled, warehouse.transact(named) - enabled)


@dataclass(frozen=True, slots=True)
class Stray:
    """A ticket whose reader, or else whose ``custom_id``, is no enabled account of its vendor.

    *was_asked_for*: accounts that are enabled were asked for it, and did not know it; or there are
    none.
    """

    vendor: str
    ticket_id: str
    custom_id: str | None
    account_id: str | None
    was_asked_for: bool


def list_strays(warehouse: Warehouse, vendors: Collection[str]) -> list[Stray]:
    """List the strays of *vendors*, by vendor and ticket."""
    t = cloud_osm_list.c
    found: list[Stray] = []
    for vendor in sorted(vendors):
        enabled = read_enabled_ids(warehouse, vendor)
        reader = sa.func.coalesce(t.account_id, t.custom_id)
        query = (
            sa.select(t.cloud_id, t.custom_id, t.account_id, t.missing_since)
            .where(t.type == vendor, t.complete == 0, reader.is_(None) | reader.not_in(enabled))
            .order_by(t.cloud_id)
        )
        rows = warehouse.transact(lambda c, query=query: c.execute(query).all())  # type: ignore[misc]
        found += [
            Stray(
                vendor,
                row.cloud_id,
                row.custom_id,
                row.account_id,
                row.missing_since is not None or not enabled,
            )
            for row in rows
        ]
    return found
