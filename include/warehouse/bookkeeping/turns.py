"""Which accounts come first, and which need not be tried: what the ledger says of all of them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from include.errors import UnavailableError
from include.warehouse.bookkeeping.tables import sync_run, sync_state
from include.warehouse.mysql import Warehouse
from include.warehouse.types import stored_name

AWAY_IN_A_ROW: Final = 3
"""So many accounts one after the other that found the vendor away: so will the next."""


def read_last_signs(warehouse: Warehouse, entity: str) -> dict[str, datetime]:
    """Read the last sign of life of a run of each account; those that none took are left out."""
    s = sync_state.c
    query = sa.select(s.account_id, s.heartbeat_at).where(
        s.entity == entity, s.heartbeat_at.is_not(None)
    )
    return {row[0]: row[1] for row in warehouse.transact(lambda c: c.execute(query).all())}


def is_away(warehouse: Warehouse, vendor: str, entity: str, since: datetime) -> bool:
    """Whether the last accounts of *vendor* whose runs began *since* then all found it away."""
    r = sync_run.c
    query = (
        sa.select(r.error_class)
        .where(
            r.started_at >= since,
            r.vendor == stored_name(vendor),
            r.entity == entity,
            r.outcome != "running",
        )
        .order_by(r.ended_at.desc())
        .limit(AWAY_IN_A_ROW)
    )
    ended = warehouse.transact(lambda c: c.scalars(query).all())
    return ended == [UnavailableError.__name__] * AWAY_IN_A_ROW
