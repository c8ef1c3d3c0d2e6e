"""The runs of the last days, in spans of some hours: what the page's small charts show."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from include.warehouse.bookkeeping.tables import sync_run
from include.warehouse.mysql import Warehouse
from include.warehouse.types import Utc

DAYS: Final = 7
HOURS: Final = 6
"""How long a span is."""
SPANS: Final = DAYS * 24 // HOURS


@dataclass(slots=True)
class Span:
    """How many runs began in it, of those that have ended, and how many of them failed."""

    runs: int = 0
    failed: int = 0


def _no_spans() -> list[Span]:
    return [Span() for _ in range(SPANS)]


@dataclass(frozen=True, slots=True)
class History:
    """The spans of one entity of one account, the oldest first; the last one ends now."""

    spans: list[Span] = field(default_factory=_no_spans)

    @property
    def runs(self) -> int:
        """All runs that are counted."""
        return sum(span.runs for span in self.spans)

    @property
    def failed(self) -> int:
        """Those that failed."""
        return sum(span.failed for span in self.spans)


def read_histories(
    warehouse: Warehouse, owners: Collection[tuple[str, str]], *, now: datetime
) -> dict[tuple[str, str], History]:
    """The history of each (account, entity) of *owners*, as the ledger has it."""
    found = {owner: History() for owner in owners}
    if not found:
        return found
    r = sync_run.c
    age = sa.func.timestampdiff(sa.text("second"), r.started_at, sa.literal(now, Utc))
    span = age.op("div")(HOURS * 3600).label("span")  # "/" rounds to four digits on MySQL
    query = (
        sa.select(
            r.account_id,
            r.entity,
            span,
            sa.func.count(),
            sa.func.sum(sa.case((r.error_class.is_not(None), 1), else_=0)),
        )
        .where(
            sa.tuple_(r.account_id, r.entity).in_(sorted(found)),
            r.started_at > now - timedelta(days=DAYS),
            r.started_at <= now,
            r.ended_at.is_not(None),
        )
        .group_by(r.account_id, r.entity, span)
    )
    for account_id, entity, ago, runs, failed in warehouse.transact(
        lambda connection: connection.execute(query).all()
    ):
        if 0 <= ago < SPANS and (account_id, entity) in found:
            of = found[account_id, entity].spans[SPANS - 1 - ago]
            of.runs, of.failed = int(runs), int(failed)
    return found
