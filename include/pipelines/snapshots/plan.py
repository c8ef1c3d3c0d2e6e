"""The decision what a snapshot reads: a pure function of where the source stands and the manifest.

Nothing trusts an update time. PostgreSQL tells which row versions are newer than the last
snapshot's horizon, as long as it is the same server, in the same history of its transactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from include.errors import UnavailableError
from include.source.postgres import Position
from include.warehouse.customer_service.manifest import SnapshotHistory, StoredSnapshot

HALF_THE_CIRCLE: Final = 2**31 - 2**24
"""Transactions after which PostgreSQL's row versions can no longer be told older or newer."""


@dataclass(frozen=True, slots=True)
class SnapshotOptions:
    """What is asked of a snapshot. *vanish_limit* is a share of a table's rows.

    A snapshot *confirm_after* a refused one may confirm it.
    """

    full: bool = False
    accept_vanished: int = 0
    vanish_limit: float = 0.2
    full_after: timedelta = timedelta(hours=24)
    confirm_after: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    """The number and moment of a snapshot, and what it reads.

    *horizon* None: all rows, *full_because* saying why; otherwise the row versions of transactions
    from *horizon* on.
    """

    snapshot_id: int
    snapshot_at: datetime
    full_because: str | None
    horizon: int | None


def plan_snapshot(
    position: Position, history: SnapshotHistory, options: SnapshotOptions
) -> SnapshotPlan:
    """Plan the next snapshot of a source that stands at *position*.

    Raises UnavailableError for a replica that has not come to where another server was read.
    """
    number = history.newest.snapshot_id + 1 if history.newest else 1
    published, moment = history.published, position.moment
    if published is None:
        return SnapshotPlan(number, moment, "first snapshot", None)
    is_other = position.server_started_at != published.server_started_at
    if position.behind and is_other and moment < published.snapshot_at:
        raise UnavailableError(
            f"{position.behind}; the newest snapshot, of {published.snapshot_at:%Y-%m-%d %H:%M:%S}"
            " UTC, is of another server and shows more: wait, or read that one",
            vendor="source",
            code="replica",
        )
    # Time goes on here, whatever the source's clock does.
    moment = max(moment, published.snapshot_at + timedelta(microseconds=1))
    because = why_full(position, published, history.full_at, options)
    return SnapshotPlan(number, moment, because, None if because else published.horizon)


def why_full(
    position: Position,
    published: StoredSnapshot,
    full_at: datetime | None,
    options: SnapshotOptions,
) -> str | None:
    """Say why all rows have to be read; None: row versions tell what changed since *published*."""
    if options.full:
        return "asked for"
    if not position.system_id:
        return (
            "the source does not tell its identity: GRANT EXECUTE ON FUNCTION pg_control_system(),"
            " pg_control_checkpoint()"
        )
    if (position.system_id, position.database) != (published.system_id, published.database_name):
        return "another source"
    if position.timeline != published.timeline:
        return "the source failed over or was restored to a point in time"
    if position.server_started_at != published.server_started_at:
        return "the source was restarted"
    if not 0 <= position.horizon - published.horizon < HALF_THE_CIRCLE:
        return "the source's transaction numbers went back, or too far on"
    if full_at is None or position.moment - full_at >= options.full_after:
        return "regular full comparison"
    return None
