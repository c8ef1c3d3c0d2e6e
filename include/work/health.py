"""How everything fares, read from the ledger: what `status` prints and the health page shows.

Needs SELECT on ``sync_*``, ``cloud_osm_*``, ``cloud_user`` (to count it) and ``cs_snapshot*`` only;
accounts appear once a run has taken them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from include.pipelines import checks, reports
from include.vendors.registry import catalog_site
from include.warehouse.bookkeeping.ledger import STALE_SECONDS, is_ahead, owner_of
from include.warehouse.bookkeeping.tables import sync_check, sync_quarantine, sync_run, sync_state
from include.warehouse.customer_service import manifest
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
from include.warehouse.types import NOW
from include.work.schedules import is_late, measure_lag
from include.work.turns import IN_VAIN, NOBODY, TRIED_IN_VAIN, whose_turn

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
    """How far behind the present what readers see is; of reports, for how long they lack a change.
    None: unknown, or of an entity without a schedule."""
    is_late: bool
    """Whether that is more than two intervals of its schedule."""
    calls: int
    written: int
    messages: int
    error_class: str | None
    error_text: str | None
    """Of the latest run that ended; without a class what a run that is done has to say."""
    request_id: str | None
    whose_turn: str | None
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
    whose_turn: str
    attempts: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SnapshotTable:
    """What the latest published snapshot read and changed of one table, and what it left."""

    table_name: str
    rows_read: int
    opened: int
    closed: int
    present: int
    unfit: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The newest snapshot, not published: too many rows had vanished.

    *accept*: how many. *times*: how many were refused in a row.
    """

    refused_at: datetime
    accept: int
    times: int
    tables: list[str]


@dataclass(frozen=True, slots=True)
class SnapshotHealth:
    """The customer-service tables as of the latest published snapshot."""

    snapshot_id: int
    snapshot_at: datetime
    age_seconds: int
    full_because: str | None
    """Why all rows were read; None: only what changed."""
    notes: str | None
    tables: list[SnapshotTable]
    refused: Refused | None


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
    rows: dict[str, int]


def read_health(warehouse: Warehouse, *, now: datetime, quarantined: int = 20) -> Health:
    """Read the state of all accounts; of the *quarantined* tickets, the oldest so many."""

    def read(connection: sa.Connection) -> Health:
        return Health(
            standings=_standings(connection, now),
            snapshot=_snapshot(connection, now),
            checks=_checks(connection),
            quarantined=_quarantined(connection, quarantined),
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
        sync_state,
        NOW.label("now"),
        _run(sync_run.c.run_id).label("latest"),
        _run(sync_run.c.run_id, sync_run.c.outcome != "running").label("ended"),
        _run(sync_run.c.ended_at, sync_run.c.outcome == "done").label("done_at"),
    ).order_by(s.entity.desc(), s.account_id)
    states = connection.execute(latest).mappings().all()
    unbuilt_since = _read_unbuilt(connection)
    runs = _runs(connection, [state[name] for state in states for name in ("latest", "ended")])
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
        current_until = {reports.ENTITY: unbuilt_since or now, checks.ENTITY: state["done_at"]}
        lag = measure_lag(now, current_until.get(state["entity"], watermark))
        # What stopped a run from outside is nobody's fault, and the next run goes on.
        failure = ended["error_class"] if ended and ended["outcome"] != "stopped" else None
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
                is_ahead=is_ahead(watermark, state["heartbeat_at"], state["now"]),
                lag_seconds=lag,
                is_late=is_late(state["entity"], run["outcome"], lag),
                calls=run["calls"],
                written=run["written"],
                messages=run["messages"],
                error_class=failure,
                error_text=ended["error_text"] if ended else None,
                request_id=ended["request_id"] if ended else None,
                whose_turn=_turn(connection, state, failure) if failure else None,
                **tickets.get(key, nothing),
                quarantined=waiting.get(key, 0),
            )
        )
    return rows


def _turn(connection: sa.Connection, state: sa.RowMapping, failure: str) -> str:
    """Who must act on the latest failure: nobody no longer, where the same came again and again."""
    turn = whose_turn(failure)
    if turn != NOBODY:
        return turn
    r = sync_run.c
    query = (
        sa.select(r.error_class)
        .where(
            r.account_id == state["account_id"],
            r.entity == state["entity"],
            r.outcome.not_in(("running", "stopped")),
        )
        .order_by(r.started_at.desc())
        .limit(TRIED_IN_VAIN)
    )
    same = connection.scalars(query).all() == [failure] * TRIED_IN_VAIN
    return IN_VAIN if same else turn


def _snapshot(connection: sa.Connection, now: datetime) -> SnapshotHealth | None:
    last = manifest.last_snapshot(connection, "complete")
    if last is None:
        return None
    return SnapshotHealth(
        snapshot_id=last.snapshot_id,
        snapshot_at=last.snapshot_at,
        age_seconds=max(0, int((now - last.snapshot_at).total_seconds())),
        full_because=last.full_because,
        notes=last.notes,
        tables=[
            SnapshotTable(
                **{of.name: getattr(row.figures, of.name) for of in fields(SnapshotTable)}
            )
            for _, row in sorted(manifest.table_rows(connection, last.snapshot_id).items())
        ],
        refused=_refused(connection, last.snapshot_id),
    )


def _refused(connection: sa.Connection, published: int) -> Refused | None:
    refusals = manifest.refusals_after(connection, published)
    if not refusals:
        return None
    rows = refusals[0].tables
    over = {name: row.figures.vanished for name, row in sorted(rows.items()) if row.over_limit}
    return Refused(
        refusals[0].stored_at, accept=sum(over.values()), times=len(refusals), tables=list(over)
    )


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
    query = sa.select(sync_run).where(sync_run.c.run_id.in_({run for run in ids if run}))
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
    return [
        Quarantined(
            account_id=row["account_id"],
            ticket_id=row["item_id"],
            error_class=row["error_class"],
            error_text=row["error_text"],
            whose_turn=whose_turn(row["error_class"]),
            attempts=row["attempts"],
            first_at=row["first_at"],
            last_at=row["last_at"],
        )
        for row in connection.execute(query).mappings()
    ]


def _outcome(outcome: str, heartbeat: datetime | None, now: datetime) -> str:
    if outcome != "running" or heartbeat is None:
        return outcome
    return "silent" if (now - heartbeat).total_seconds() > STALE_SECONDS else "running"
