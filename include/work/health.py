"""The facts of how everything fares, read from the ledger; ``verdicts`` judges them.

Needs SELECT on ``sync_*``, ``cloud_osm_*``, ``cloud_user`` (to count it) and ``cs_snapshot*`` only;
accounts appear once a run has taken them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from include.pipelines import checks, reports
from include.vendors.registry import catalog_site
from include.warehouse.bookkeeping.ledger import STALE_SECONDS, is_ahead, owner_of
from include.warehouse.bookkeeping.tables import sync_check, sync_quarantine, sync_run, sync_state
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import AccountInfo
from include.warehouse.tickets.tables import (
    cloud_osm_detail,
    cloud_osm_list,
    cloud_osm_product,
    cloud_osm_product_category,
    cloud_osm_product_type,
    cloud_osm_source,
    cloud_user,
)
from include.warehouse.types import NOW, Utc
from include.work.snapshot_health import SnapshotHealth, read_snapshot

COUNTED: Final = (
    cloud_user,
    cloud_osm_list,
    cloud_osm_detail,
    cloud_osm_product,
    cloud_osm_product_type,
    cloud_osm_product_category,
    cloud_osm_source,
    sync_run,
    sync_quarantine,
)


BUILD_LASTS: Final = timedelta(days=7)
"""Reports that lack no change are current for so long: they count by day, and each is a new one."""
UNENDED: Final = ("running", "stopped")
"""What stopped a run from outside is nobody's fault, and says nothing of the next."""
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """One entity of one account (of one vendor's site for the catalogue).

    What belongs to no account has a name of its own: the snapshot, the reports, the checks.
    """

    account_id: str
    entity: str
    vendor: str
    outcome: str
    """Of the latest run: done, more, partial, failed, stopped; running, or silent when a run that
    is not closed has shown no sign of life."""
    started_at: datetime | None
    ended_at: datetime | None
    done_at: datetime | None
    """End of the latest run that left nothing undone."""
    watermark_at: datetime | None
    is_ahead: bool
    """Whether no run can have set the watermark; the next run goes back to what is proven."""
    lag_seconds: int | None
    """How far behind the present what readers see is; of reports, for how long they lack a change,
    or are older than ``BUILD_LASTS``. None: it never was current."""
    calls: int
    written: int
    messages: int
    error_class: str | None
    error_text: str | None
    """Of the latest run that ended by itself; without a class what one that is done has to say."""
    request_id: str | None
    triggered_by: str | None
    """Of that run; where none has ended, of the latest."""
    failing_since_at: datetime | None
    """End of the first of the runs that failed in a row; None: the latest did not fail."""
    failures: int
    """How many failed in a row."""
    heartbeat_at: datetime | None
    open: int
    incomplete: int
    gone: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A ticket that failed by itself and is tried again in every run."""

    account_id: str
    ticket_id: str
    error_class: str
    error_text: str
    attempts: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class BrokenCheck:
    """A check of ``sql/checks`` that found offences when it last ran. *level*: fail or warn."""

    name: str
    level: str
    sentence: str
    offences: int
    failing_since_at: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """The state of everything at one moment. *snapshot*: None before the first."""

    standings: list[Standing]
    snapshot: SnapshotHealth | None
    checks: list[BrokenCheck]
    quarantined: list[Quarantined]
    waiting: dict[str, Quarantined]
    """The oldest ticket in quarantine of each account that has one."""
    began_at: datetime | None
    """The first run that the ledger knows."""
    rows: dict[str, int]


def read_health(warehouse: Warehouse, *, now: datetime, quarantined: int = 20) -> Health:
    """Read the state of all accounts; of the *quarantined* tickets, the oldest so many."""

    def read(connection: sa.Connection) -> Health:
        return Health(
            standings=_standings(connection, now),
            snapshot=read_snapshot(connection, now),
            checks=_checks(connection),
            quarantined=_quarantined(connection, quarantined),
            waiting=_oldest_waiting(connection),
            began_at=connection.scalar(sa.select(sa.func.min(sync_run.c.started_at))),
            rows={
                table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in COUNTED
            },
        )

    return warehouse.transact(read)


def catalog_owner(account: AccountInfo) -> str:
    """The ``account_id`` of the standing of the catalogue that an account's site has."""
    return owner_of(account.vendor, catalog_site(account.vendor, account.region))


def _standings(connection: sa.Connection, now: datetime) -> list[Standing]:
    s = sync_state.c
    latest = sa.select(
        s.account_id,
        s.entity,
        s.watermark_at,
        s.heartbeat_at,
        _run(sync_run.c.run_id).label("latest"),
        _run(sync_run.c.run_id, sync_run.c.outcome.not_in(UNENDED)).label("ended"),
        _run(sync_run.c.ended_at, sync_run.c.outcome == "done").label("done_at"),
    ).order_by(s.entity.desc(), s.account_id)
    states = connection.execute(latest).mappings().all()
    server_now = connection.scalar(sa.select(NOW))
    unbuilt_since = _read_unbuilt(connection)
    runs = _runs(connection, [state[name] for state in states for name in ("latest", "ended")])
    failed = {name for name, run in runs.items() if run["error_class"]}
    series = _read_series(
        connection,
        [(of["account_id"], of["entity"]) for of in states if of["ended"] in failed],
    )
    tickets = _tickets(connection)
    waiting = _waiting(connection)
    nothing = {"open": 0, "incomplete": 0, "gone": 0}
    rows = []
    for state in states:
        run, ended = runs.get(state["latest"]), runs.get(state["ended"])
        if run is None:
            continue
        key = state["account_id"] if state["entity"] == "tickets" else None
        watermark = state["watermark_at"]
        current_until = watermark
        if state["entity"] in (reports.ENTITY, checks.ENTITY):
            current_until = state["done_at"]
        if state["entity"] == reports.ENTITY and current_until:
            current_until = min(unbuilt_since or now, current_until + BUILD_LASTS)
        since, failures = series.get((state["account_id"], state["entity"]), (None, 0))
        rows.append(
            Standing(
                account_id=state["account_id"],
                entity=state["entity"],
                vendor=run["vendor"],
                outcome=_outcome(run["outcome"], state["heartbeat_at"], now),
                started_at=run["started_at"],
                ended_at=run["ended_at"],
                done_at=state["done_at"],
                watermark_at=watermark,
                is_ahead=is_ahead(watermark, state["heartbeat_at"], server_now),
                lag_seconds=_seconds(now, current_until),
                calls=run["calls"],
                written=run["written"],
                messages=run["messages"],
                error_class=ended["error_class"] if ended else None,
                error_text=ended["error_text"] if ended else None,
                request_id=ended["request_id"] if ended else None,
                triggered_by=(ended or run)["triggered_by"],
                failing_since_at=since,
                failures=failures,
                heartbeat_at=state["heartbeat_at"],
                **tickets.get(key, nothing),
                quarantined=waiting.get(key, 0),
            )
        )
    return rows


def _seconds(now: datetime, current_until: datetime | None) -> int | None:
    return max(0, int((now - current_until).total_seconds())) if current_until else None


def _read_series(
    connection: sa.Connection, failing: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], tuple[datetime, int]]:
    """Since when each of *failing* has failed without a break, and how often."""
    if not failing:
        return {}
    state, run, good = sync_state.c, sync_run.alias("run"), sync_run.alias("good")
    last_good = (
        sa.select(good.c.started_at)
        .where(
            good.c.account_id == state.account_id,
            good.c.entity == state.entity,
            good.c.outcome.in_(("done", "more")),
        )
        .order_by(good.c.started_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    begun = (
        sa.select(
            state.account_id,
            state.entity,
            sa.func.coalesce(last_good, sa.literal(LONG_AGO, Utc)).label("good_at"),
        )
        .where(sa.tuple_(state.account_id, state.entity).in_(failing))
        .subquery()
    )
    query = (
        sa.select(run.c.account_id, run.c.entity, sa.func.min(run.c.ended_at), sa.func.count())
        .join(
            begun,
            (begun.c.account_id == run.c.account_id)
            & (begun.c.entity == run.c.entity)
            & (run.c.started_at > begun.c.good_at),
        )
        .where(run.c.error_class.is_not(None), run.c.outcome.not_in(UNENDED))
        .group_by(run.c.account_id, run.c.entity)
    )
    return {
        (account_id, entity): (since, count)
        for account_id, entity, since, count in connection.execute(query)
    }


def _checks(connection: sa.Connection) -> list[BrokenCheck]:
    c = sync_check.c
    query = (
        sa.select(c.name, c.level, c.sentence, c.offences, c.failing_since_at)
        .where(c.failing_since_at.is_not(None))
        .order_by(c.level, c.name)
    )
    return [BrokenCheck(*row) for row in connection.execute(query)]


def _run(column: sa.Column[Any], *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
    """A column of the newest run of a row of sync_state: one look into the index."""
    return (
        sa.select(column)
        .where(
            sync_run.c.account_id == sync_state.c.account_id,
            sync_run.c.entity == sync_state.c.entity,
            *where,
        )
        .order_by(sync_run.c.started_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _runs(connection: sa.Connection, ids: Sequence[str | None]) -> dict[str, sa.RowMapping]:
    r = sync_run.c
    query = sa.select(  # not all of them: there may be tens of thousands of rows
        r.run_id,
        r.vendor,
        r.outcome,
        r.started_at,
        r.ended_at,
        r.calls,
        r.written,
        r.messages,
        r.error_class,
        r.error_text,
        r.request_id,
        r.triggered_by,
    ).where(r.run_id.in_({run for run in ids if run}))
    return {row["run_id"]: row for row in connection.execute(query).mappings()}


def _tickets(connection: sa.Connection) -> dict[str | None, dict[str, int]]:
    """Open, incomplete and gone tickets by account; closed but unread ones are incomplete only."""
    t = cloud_osm_list.c
    here = t.missing_since.is_(None)
    incomplete = here & (t.complete == 0)
    account = sa.func.coalesce(t.account_id, t.custom_id)
    query = (
        sa.select(
            account,
            sa.func.sum(sa.case((incomplete & t.close_time_max.is_(None), 1), else_=0)),
            sa.func.sum(sa.case((incomplete, 1), else_=0)),
            sa.func.sum(sa.case((here, 0), else_=1)),
        )
        .where((t.complete == 0) | t.missing_since.is_not(None))
        .group_by(account)
    )
    return {
        owner: {"open": int(is_open), "incomplete": int(unread), "gone": int(gone)}
        for owner, is_open, unread, gone in connection.execute(query)
    }


def _read_unbuilt(connection: sa.Connection) -> datetime | None:
    """Since when the reports lack a change: the first run that made one after their last build."""
    r = sync_run.c
    last_build = connection.scalar(
        sa.select(r.started_at)
        .where(r.account_id == reports.ACCOUNT, r.entity == reports.ENTITY, r.outcome == "done")
        .order_by(r.started_at.desc())
        .limit(1)
    )
    if last_build is None:
        return None
    # A moment of its own, and no subquery, which the server would not look up in the index.
    since: datetime | None = connection.scalar(
        sa.select(sa.func.min(r.ended_at)).where(
            r.started_at > last_build, r.entity.in_(("tickets", "snapshot")), r.written > 0
        )
    )
    return since


def _waiting(connection: sa.Connection) -> dict[str | None, int]:
    q = sync_quarantine.c
    query = sa.select(q.account_id, sa.func.count()).group_by(q.account_id)
    return dict(connection.execute(query).all())


def _quarantined(connection: sa.Connection, limit: int) -> list[Quarantined]:
    q = sync_quarantine.c
    query = sa.select(sync_quarantine).order_by(q.first_at, q.item_id).limit(limit)
    return [_one_quarantined(row) for row in connection.execute(query).mappings()]


def _oldest_waiting(connection: sa.Connection) -> dict[str, Quarantined]:
    q = sync_quarantine.c
    rank = sa.func.row_number().over(partition_by=q.account_id, order_by=(q.first_at, q.item_id))
    ranked = sa.select(sync_quarantine, rank.label("rank_of")).subquery()
    query = sa.select(ranked).where(ranked.c.rank_of == 1)
    return {
        row["account_id"]: _one_quarantined(row) for row in connection.execute(query).mappings()
    }


def _one_quarantined(row: sa.RowMapping) -> Quarantined:
    return Quarantined(
        account_id=row["account_id"],
        ticket_id=row["item_id"],
        error_class=row["error_class"],
        error_text=row["error_text"],
        attempts=row["attempts"],
        first_at=row["first_at"],
        last_at=row["last_at"],
    )


def _outcome(outcome: str, heartbeat: datetime | None, now: datetime) -> str:
    if outcome != "running" or heartbeat is None:
        return outcome
    return "silent" if (now - heartbeat).total_seconds() > STALE_SECONDS else "running"
