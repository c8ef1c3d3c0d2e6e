"""How far the ledger proves that an account was read, whatever its watermark says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from include.warehouse.bookkeeping.tables import sync_run

_LISTED: Final = (
    sa.select(
        *(sync_run.c[name] for name in ("account_id", "entity", "run_id")),
        *(sync_run.c[name] for name in ("since_at", "until_at", "started_at")),
    )
    .where(sync_run.c.outcome == "done")
    .where(sync_run.c.since_at.is_not(None), sync_run.c.until_at.is_not(None))
    .order_by(sync_run.c.account_id, sync_run.c.entity, sync_run.c.started_at)
)
"""The runs that left nothing undone and had a window, those of an account in their order."""


def find_proven_end(connection: sa.Connection, account_id: str, entity: str) -> datetime | None:
    """The moment up to which runs that left nothing undone have listed without a gap.

    None: there is no such run. A run under a wrong watermark may have listed its last day only, and
    a backfill any span; what does not join on to the runs before it proves nothing.
    """
    c = sync_run.c
    listed = _LISTED.where(c.account_id == account_id, c.entity == entity)
    proof = _join_on(connection.execute(listed))
    return proof[1] if proof else None


def find_proofs(connection: sa.Connection, before: datetime) -> list[str]:
    """Find the runs that prove how far each account was read *before* a moment; their ids.

    Of all runs before it, those alone must be kept for ``find_proven_end`` to give what it gives.
    """
    rows = connection.execute(_LISTED.where(sync_run.c.started_at < before))
    proofs = [_join_on(group) for _, group in groupby(rows, key=lambda row: row[:2])]
    return [proof[0] for proof in proofs if proof]


def _join_on(runs: Iterable[Any]) -> tuple[str, datetime] | None:
    """The last of *runs* that joined on to those before it, and the moment they reach."""
    proof: tuple[str, datetime] | None = None
    for run in runs:
        if proof is None or run.since_at <= proof[1]:
            reached = min(run.until_at, run.started_at)
            if proof is None or reached > proof[1]:
                proof = (run.run_id, reached)
    return proof
