"""What is known of tickets before they are read again: the state of their rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from include.models import Account
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.tables import cloud_osm_list

IDS_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Known:
    """What the warehouse holds about a ticket."""

    is_complete: bool
    was_read: bool
    """False for a row of another system that no run of ours has read yet."""
    is_gone: bool
    account_id: str | None


def read_known(
    warehouse: Warehouse, account: Account, ticket_ids: Collection[str]
) -> dict[str, Known]:
    """Read what we hold of *ticket_ids*, by id; ids without a row are left out."""
    t = cloud_osm_list.c
    return {
        row.cloud_id: _known(row)
        for some in _chunks(sorted(ticket_ids))
        for row in warehouse.transact(
            lambda c, some=some: c.execute(  # type: ignore[misc]
                _state().where(t.type == account.vendor, t.cloud_id.in_(some))
            ).all()
        )
    }


def read_incomplete(warehouse: Warehouse, account: Account) -> dict[str, Known]:
    """Read what we hold of this account's tickets with status 1, by id."""
    t = cloud_osm_list.c
    query = _state().where(
        t.type == account.vendor, t.custom_id == account.account_id, t.status != 0
    )
    return {
        row.cloud_id: _known(row) for row in warehouse.transact(lambda c: c.execute(query).all())
    }


def _state() -> sa.Select[Any]:
    t = cloud_osm_list.c
    return sa.select(t.cloud_id, t.status, t.synced_at, t.missing_since, t.custom_id)


def _known(row: sa.Row[Any]) -> Known:
    return Known(
        is_complete=row.status == 0,
        was_read=row.synced_at is not None,
        is_gone=row.missing_since is not None,
        account_id=row.custom_id,
    )


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[i : i + IDS_AT_ONCE] for i in range(0, len(ids), IDS_AT_ONCE))
