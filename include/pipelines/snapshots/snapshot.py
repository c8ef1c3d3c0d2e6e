"""Customer service: read all source tables at one moment, compare, publish all or nothing.

Three steps: look where the source stands and decide what must be read (``plan``), read the tables
(``table_reader``), refuse (``refusal``) or publish. All in one transaction of the warehouse, or,
where that would be more than servers take, in pieces which no view shows before the manifest says
that the snapshot is complete; what one leaves that was not finished, the next takes back. The
content's hash decides whether a row changed, and comparing keys range by range finds what vanished.
The first snapshot, one a day, and any doubt: all rows are read.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
import tenacity

from include.customer_service import SOURCE_TABLES
from include.errors import CheckError, UnavailableError
from include.pipelines.snapshots.plan import SnapshotOptions, SnapshotPlan, plan_snapshot
from include.pipelines.snapshots.refusal import why_refused
from include.pipelines.snapshots.table_reader import TableReader
from include.source.postgres import Position, Snapshot, SourceDatabase
from include.source.server_errors import AGAIN
from include.warehouse import server_errors
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request, Run
from include.warehouse.customer_service import bulk, manifest
from include.warehouse.customer_service.bulk import Writer
from include.warehouse.customer_service.manifest import SnapshotRow, TableFigures
from include.warehouse.customer_service.staging import take_back
from include.warehouse.mysql import Warehouse

log = logging.getLogger(__name__)

OWNER: Final = "customer_service"
ENTITY: Final = "snapshot"
ATTEMPTS: Final = 3

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PublishedSnapshot:
    """A published snapshot. *snapshot_at* is aware, by the source's clock."""

    snapshot_id: int
    snapshot_at: datetime
    full_because: str | None
    tables: tuple[TableFigures, ...]
    notes: tuple[str, ...]


def take_snapshot(
    source: SourceDatabase,
    warehouse: Warehouse,
    *,
    request: Request,
    full: bool = False,
    accept_vanished: int = 0,
    vanish_limit: float = 0.2,
    full_hours: float = 24,
    confirm_minutes: float = 30,
    progress: Say = log.info,
) -> PublishedSnapshot:
    """Take one snapshot and publish it.

    Raises CheckError when more than *vanish_limit* (a share) of a table's rows vanished, unless a
    snapshot at least *confirm_minutes* ago was refused for as many of the same table, or
    *accept_vanished* states the number. Raises ConfigError when the source is not as agreed,
    UnavailableError after three attempts, AlreadyRunningError. Whatever is raised, what was
    published stays.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_passes),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=10),
        before_sleep=lambda state: progress(f"{_why(state)}: the snapshot is taken again"),
        reraise=True,
    )
    options = SnapshotOptions(
        full,
        accept_vanished,
        vanish_limit,
        timedelta(hours=full_hours),
        timedelta(minutes=confirm_minutes),
    )
    with ledger.hold(warehouse, OWNER, ENTITY, vendor="POSTGRESQL", request=request) as run:
        taken: PublishedSnapshot = retrying(_attempt, source, warehouse, run, options, progress)
        run.counts.listed = sum(table.rows_read for table in taken.tables)
        run.counts.written = sum(table.opened for table in taken.tables)
        run.counts.gone = sum(table.closed for table in taken.tables)
        return taken


def _attempt(
    source: SourceDatabase, warehouse: Warehouse, run: Run, options: SnapshotOptions, progress: Say
) -> PublishedSnapshot:
    """Look, read, refuse or publish."""
    with warehouse.bulk() as connection:
        history = manifest.read_history(connection)
        if history.newest and history.newest.state == "loading":
            progress(f"snapshot {history.newest.snapshot_id} was not finished: it is taken back")
            _take_back(connection, history.newest, run)
            history = manifest.read_history(connection)
        with source.snapshot() as snapshot:
            plan = plan_snapshot(snapshot.position, history, options)
            notes = list(_first_notes(snapshot, plan))
            row = _row_of(plan, snapshot.position, run.run_id, notes)
            pieces = _Pieces(warehouse, connection, run, replace(row, state="loading"))
            reader = TableReader(
                connection,
                snapshot,
                plan,
                history.published_tables,
                options.vanish_limit,
                pieces.wrote,
                pieces.beside,
            )
            staged = []
            for table in reader.read_tables(SOURCE_TABLES):
                staged.append(table)
                notes += table.notes
                progress(table.row.figures.describe())
                run.beat()
        row = replace(row, notes=_join(notes))
        rows = [table.row for table in staged]
        if reason := why_refused(rows, options, history.refusals):
            connection.rollback()
            if pieces.begun:
                _take_back(connection, row, run)
            run.confirm_hold(connection)
            manifest.write(connection, replace(row, state="refused"), rows)
            connection.commit()
            raise CheckError(reason)
        for table in staged:
            if table.staging:
                table.staging.publish(plan.snapshot_id, plan.snapshot_at)
                run.beat()
        manifest.write(connection, row, rows)
        run.confirm_hold(connection, watermark_at=plan.snapshot_at)
        connection.commit()
    return PublishedSnapshot(
        plan.snapshot_id,
        plan.snapshot_at,
        plan.full_because,
        tuple(table.figures for table in rows),
        tuple(notes),
    )


class _Pieces:
    """A snapshot's pieces, each committed while this run holds the tables, unseen by readers."""

    def __init__(
        self, warehouse: Warehouse, connection: sa.Connection, run: Run, loading: SnapshotRow
    ) -> None:
        self.begun = False
        self._rows, self._turn = 0, threading.Lock()
        self._warehouse, self._connection = warehouse, connection
        self._run, self._loading = run, loading

    def wrote(self, rows: int) -> None:
        """Commit once so many *rows* were written that more would be too much for a server."""
        self._rows += rows
        if self._rows >= bulk.PIECE_ROWS:
            self._commit(self._connection)
            self._rows = 0

    @contextmanager
    def beside(self) -> Iterator[Writer]:
        """Another connection, each of whose pieces is committed by itself."""
        with self._warehouse.bulk() as other:
            yield Writer(other, lambda: self._commit(other))

    def _commit(self, connection: sa.Connection) -> None:
        with self._turn:
            if not self.begun:
                manifest.write(connection, self._loading, ())
            self._run.confirm_hold(connection)
            connection.commit()
            self.begun = True
            self._run.beat()


def _take_back(connection: sa.Connection, unfinished: SnapshotRow, run: Run) -> None:
    """Undo the pieces of a snapshot that was not finished, its row of the manifest last."""

    def commit() -> None:
        run.confirm_hold(connection)
        connection.commit()
        run.beat()

    for table in SOURCE_TABLES:
        take_back(connection, table, unfinished.snapshot_id, commit)
    manifest.forget(connection, unfinished.snapshot_id)
    commit()


def _row_of(
    plan: SnapshotPlan, position: Position, run_id: str, notes: Sequence[str]
) -> SnapshotRow:
    """The snapshot's row of the manifest, if it may be published."""
    return SnapshotRow(
        snapshot_id=plan.snapshot_id,
        state="complete",
        snapshot_at=plan.snapshot_at,
        run_id=run_id,
        full_because=plan.full_because,
        system_id=position.system_id,
        database_name=position.database,
        timeline=position.timeline,
        server_started_at=position.server_started_at,
        horizon=position.horizon,
        notes=_join(notes),
    )


def _join(notes: Sequence[str]) -> str | None:
    return "; ".join(notes)[:2000] or None


def _first_notes(snapshot: Snapshot, plan: SnapshotPlan) -> Iterator[str]:
    """What is to be said of the source before its tables are read."""
    if snapshot.position.behind:
        yield snapshot.position.behind
    for found in snapshot.found.values():
        yield from found.notes
    if plan.full_because:
        yield _count_writers(snapshot)


def _count_writers(snapshot: Snapshot) -> str:
    """Which of the two known writers made the conversations: their habits differ."""
    rows, erlang, service, robot = snapshot.one(
        "select count(*), count(*) filter (where seat_id = 0 and seat_name <> ''"
        " and distributed_time < '1970-01-02Z'),"
        " count(*) filter (where session_id ~ '^[0-9A-F]{32}$'),"
        " count(*) filter (where seat_id = -1) from session_mapping"
    )
    return (
        f"session_mapping: {rows} rows, {service} as the service writes them, {erlang} as the"
        f" Erlang writer does, {robot} by robots"
    )


def _passes(error: BaseException) -> bool:
    """Whether the same snapshot may be taken again at once."""
    if not isinstance(error, UnavailableError):
        return False
    if error.vendor == "source":
        return error.code in AGAIN
    return error.code.isdigit() and int(error.code) in server_errors.TRY_AGAIN


def _why(state: tenacity.RetryCallState) -> str:
    error = state.outcome.exception() if state.outcome else None
    return str(error)
