"""What a build of the reports is made from, and which days, weeks and months it rebuilds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from include.values import SHANGHAI
from include.warehouse.bookkeeping.tables import sync_run, sync_state
from include.warehouse.customer_service.tables import cs_snapshot, cs_snapshot_table
from include.warehouse.reports.tables import rpt_build
from include.warehouse.types import NOW

DEFINITION_VERSION: Final = 6
"""Raise it with every change of what a number means: the next build then rebuilds everything."""

DAYS: Final = ("day", "week", "month")
"""The grains that are made of whole days."""
SCOPES: Final = ("all", "supplier", "line")
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
SETTLED: Final = 48 * HOUR
"""So long after its end a span is provisional: conversations that began in it may still change."""
YOUNG_DAYS: Final = 3
SKEW: Final = HOUR
"""Clocks of the machines that runs are on differ by less."""
ALL_DAYS: Final = date(1000, 1, 1)
NO_DAY: Final = date(9999, 12, 31)
DESK_SINCE: Final = date(2010, 1, 1)
LONGEST: Final = timedelta(days=31)
"""No statement aggregates more days at once: it stays short, and so does what it sorts."""


_NEWEST: Final = (
    sa.select(sync_run.c.run_id)
    .where(
        sync_run.c.account_id == sync_state.c.account_id, sync_run.c.entity == sync_state.c.entity
    )
    .order_by(sync_run.c.started_at.desc())
    .limit(1)
    .scalar_subquery()
)
_OLDEST_RUNNING: Final = sa.select(sa.func.min(sync_run.c.started_at)).where(
    # One without a sign of life for a day has been dead for that long.
    sync_run.c.run_id.in_(
        sa.select(_NEWEST).where(
            sync_state.c.heartbeat_at > sa.func.timestampadd(sa.text("DAY"), -1, NOW)
        )
    ),
    sync_run.c.outcome == "running",
)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a build is made from."""

    built_at: datetime
    service_level_s: int
    snapshot_id: int | None
    snapshot_at: datetime | None
    has_queue: bool
    """Whether the source had the live queue at that snapshot."""
    desk_since: date
    """The local day since when there is a desk: no conversation began before it."""
    writing_from_at: datetime | None = None
    """No run that may write yet what this build does not see began before it."""
    zone: ZoneInfo = SHANGHAI
    """What local means; its clocks are never changed, as ``BUSINESS_ZONE`` sees to."""

    @property
    def ahead(self) -> timedelta:
        """So much later than in UTC it is there."""
        return self.built_at.astimezone(self.zone).utcoffset() or timedelta()

    def day_of(self, moment: datetime) -> date:
        """The local day of a moment."""
        return (moment + self.ahead).date()

    def begin_of(self, day: date) -> datetime:
        """The moment at which a local day begins."""
        return datetime.combine(day, time.min, UTC) - self.ahead

    def bounds(self, first: date, end: date) -> dict[str, date]:
        """A span as parameters: local days, and when they begin; the end excluded."""
        return {
            "from_day": first,
            "to_day": end,
            "from_at": self.begin_of(first),
            "to_at": self.begin_of(end),
        }

    def young_since(self, before: Earlier) -> date:
        """The first local day that a build after *before* rebuilds in any case.

        Every day, week and month that was provisional at that build holds a day from here on.
        """
        moment = min(before.snapshot_at or before.built_at, before.built_at)
        return self.day_of(moment) - YOUNG_DAYS * DAY


@dataclass(frozen=True, slots=True)
class Earlier:
    """The build before."""

    built_at: datetime
    snapshot_id: int | None
    snapshot_at: datetime | None
    has_same_rules: bool
    """Whether it counted as this code does, by the same settings."""
    rules: str | None = None
    """What it counted tickets, and masked texts, by: a digest."""
    writing_from_at: datetime | None = None


def read_basis(
    connection: sa.Connection,
    now: datetime,
    service_level_s: int,
    desk_since: date = DESK_SINCE,
    zone: ZoneInfo = SHANGHAI,
) -> Basis:
    """Read what a build at *now* is made from: the newest complete snapshot, if there is one."""
    newest = connection.execute(
        sa.select(cs_snapshot.c.snapshot_id, cs_snapshot.c.snapshot_at)
        .where(cs_snapshot.c.state == "complete")
        .order_by(cs_snapshot.c.snapshot_id.desc())
        .limit(1)
    ).one_or_none()
    snapshot_id, snapshot_at = newest or (None, None)
    row = cs_snapshot_table.c
    queue = sa.select(sa.func.count()).where(
        row.snapshot_id == snapshot_id, row.table_name == "queue_mapping"
    )
    has_queue = bool(connection.scalar(queue))
    writing = min(now, connection.scalar(_OLDEST_RUNNING) or now) - SKEW
    return Basis(
        now, service_level_s, snapshot_id, snapshot_at, has_queue, desk_since, writing, zone
    )


def read_earlier_build(connection: sa.Connection, basis: Basis) -> Earlier | None:
    """Read the build before, if there was one."""
    query = sa.select(rpt_build).order_by(rpt_build.c.build_id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    zone = row.zone or SHANGHAI.key  # a build before there was another
    rules = (row.definition_version, row.service_level_s, row.desk_since, zone)
    now = (DEFINITION_VERSION, basis.service_level_s, basis.desk_since, basis.zone.key)
    return Earlier(
        row.built_at,
        row.snapshot_id,
        row.snapshot_at,
        rules == now,
        row.rules,
        row.writing_from_at,
    )


def find_changed_from(
    connection: sa.Connection, basis: Basis, before: Earlier, rules: str
) -> datetime | None:
    """Since when runs may have changed tickets that *before* did not see; None: compare them all.

    A ticket bears the moment at which the run that changed it began. All are compared by the first
    build of a day, which finds what other programs did to them, and when names in the catalogue, or
    the *rules* that they are counted by, became others.
    """
    since = before.writing_from_at
    if (
        since is None
        or before.rules != rules
        or basis.day_of(before.built_at) != basis.day_of(basis.built_at)
    ):
        return None
    run = sync_run.c
    named = sa.select(run.run_id).where(
        run.started_at >= since - DAY,
        run.ended_at >= since,
        run.entity == "catalog",
        run.written > 0,
    )
    return since if connection.execute(named.limit(1)).first() is None else None


def spans(
    days: Iterable[date], grain: str, longest: timedelta = LONGEST
) -> Iterator[tuple[date, date]]:
    """The whole days, weeks or months that hold *days*, joined up to *longest*."""
    first: date | None = None
    end: date | None = None
    for start in sorted({span_start(day, grain) for day in days}):
        following = span_end(start, grain)
        if first is None or end is None or start > end or following - first > longest:
            if first is not None and end is not None:
                yield first, end
            first = start
        end = following
    if first is not None and end is not None:
        yield first, end


def span_start(day: date, grain: str) -> date:
    """The first day of the day, week or month that holds *day*."""
    if grain == "month":
        return day.replace(day=1)
    return day - DAY * day.weekday() if grain == "week" else day


def span_end(start: date, grain: str) -> date:
    """The day after the day, week or month that begins on *start*."""
    if grain == "month":
        return (start + LONGEST).replace(day=1)
    return start + DAY * (7 if grain == "week" else 1)
