"""What changed in the tables of tickets and of the catalogue since a moment, by their stamps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from include.warehouse.bookkeeping.tables import sync_quarantine, sync_state
from include.warehouse.tickets.tables import (
    cloud_osm_detail,
    cloud_osm_list,
    cloud_osm_product,
    cloud_osm_product_category,
    cloud_osm_product_type,
    cloud_osm_source,
)

STAMPED = (
    cloud_osm_list,
    cloud_osm_product,
    cloud_osm_product_type,
    cloud_osm_product_category,
    cloud_osm_source,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How far owners (accounts, or sites of the catalogue) are read."""

    watermark_at: datetime | None
    """Of the one that is furthest behind; None: one was never read."""
    quarantined: int
    """Tickets of theirs that failed by themselves."""


def count_changed(connection: sa.Connection, since: datetime) -> dict[str, int]:
    """The rows of each table that were written anew or changed since *since*, whoever did it.

    A row that was stored again as it was does not count: its ``synced_at`` stayed. Messages are
    looked for in the tickets that were read or changed since then, by their key: the table has no
    index of its stamps, and is the largest.
    """
    counted = {
        table.name: _count(connection, sa.select(sa.literal(1)).where(table.c.synced_at >= since))
        for table in STAMPED
    }
    t, d = cloud_osm_list.c, cloud_osm_detail.c
    is_new = t.synced_at >= since
    touched = (
        sa.union(
            sa.select(t.type, t.cloud_id).where(is_new),
            sa.select(t.type, t.cloud_id).where(t.read_at >= since),
        )
    ).subquery()
    messages = (
        sa.select(d.id)
        .join(touched, (touched.c.type == d.vendor) & (touched.c.cloud_id == d.case_id))
        .where(d.synced_at >= since)
    )
    counted[cloud_osm_detail.name] = _count(connection, messages)
    return counted


def read_reading(connection: sa.Connection, entity: str, owners: Collection[str]) -> Reading:
    """How far *owners* are read; without any, as if they never were."""
    s, q = sync_state.c, sync_quarantine.c
    mine = (s.entity == entity) & s.account_id.in_(owners)
    read, first = connection.execute(
        sa.select(sa.func.count(s.watermark_at), sa.func.min(s.watermark_at)).where(mine)
    ).one()
    waiting = _count(connection, sa.select(q.item_id).where(q.account_id.in_(owners)))
    return Reading(first if read == len(owners) else None, waiting)


def _count(connection: sa.Connection, rows: sa.Select[Any]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(rows.subquery())) or 0
