"""The quarantine: tickets that failed by themselves, tried again in every run."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from include.errors import VendorError
from include.models import Account
from include.warehouse.bookkeeping.tables import sync_quarantine
from include.warehouse.mysql import Warehouse
from include.warehouse.types import NOW


def read_quarantined(warehouse: Warehouse, account: Account) -> set[str]:
    """Read the ids of this account's tickets that are in quarantine."""
    q = sync_quarantine.c
    query = sa.select(q.item_id).where(q.account_id == account.account_id)
    return set(warehouse.transact(lambda c: c.scalars(query).all()))


def put_into_quarantine(
    connection: sa.Connection, account: Account, ticket_id: str, error: VendorError
) -> None:
    """Put a ticket aside, with the reason; the first time stays, the attempts count up."""
    row = {
        "account_id": account.account_id,
        "item_id": ticket_id,
        "error_class": type(error).__name__,
        "error_text": str(error)[:2000],
        "request_id": error.request_id[:128],
        "attempts": 1,
    }
    q = sync_quarantine.c
    mine = (q.account_id == account.account_id) & (q.item_id == ticket_id)
    again = {**row, "attempts": q.attempts + 1, "last_at": NOW}
    if not connection.execute(sa.update(sync_quarantine).where(mine).values(again)).rowcount:
        connection.execute(sa.insert(sync_quarantine).values(**row, first_at=NOW, last_at=NOW))


def release_from_quarantine(
    connection: sa.Connection, account: Account, ids: Collection[str]
) -> None:
    """Take tickets out of quarantine, not those whose ids end in more blanks."""
    q = sync_quarantine.c
    if ids:
        connection.execute(
            sa.delete(sync_quarantine).where(
                q.account_id == account.account_id,
                q.item_id.in_(list(ids)),
                sa.tuple_(q.item_id, sa.func.char_length(q.item_id)).in_(
                    [(ticket_id, len(ticket_id)) for ticket_id in ids]
                ),
            )
        )
