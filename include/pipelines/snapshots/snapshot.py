"""Customer service: read all source tables at one moment, compare, publish all or nothing.

Nothing trusts an update time. PostgreSQL tells which row versions are newer than the last
snapshot's horizon, the content's hash decides whether a row changed, and comparing keys range by
range finds what vanished. The first snapshot, one a day, and any doubt: all rows are read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import tenacity

from include.customer_service import SOURCE_TABLES
from include.errors import CheckError, UnavailableError
from include.pipelines.snapshots.table_reader import TableFigures, TableRead, TableReader
from include.source import postgres
from include.source.postgres import Position, Snapshot, Source
from include.warehouse import mysql
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request, Run
from include.warehouse.customer_service import manifest
from include.warehouse.customer_service.staging import Staging
from include.warehouse.mysql import Warehouse

log = logging.getLogger(__name__)

OWNER: Final = "customer_service"
ENTITY: Final = "snapshot"
ATTEMPTS: Final = 3
HALF_THE_CIRCLE: Final = 2**31 - 2**24
"""Transactions after which PostgreSQL's row versions can no longer be told older or newer."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """A published snapshot. *snapshot_at* is aware, by the source's clock."""

    snapshot_id: int
    snapshot_at: datetime
    full_because: str | None
    tables: tuple[TableFigures, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableComparison:
    """A table counted and summed on both sides, each from its own columns."""

    table_name: str
    source_rows: int
    warehouse_rows: int
    source_checksum: int
    warehouse_checksum: int

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same rows."""
        return (self.source_rows, self.source_checksum) == (
            self.warehouse_rows,
            self.warehouse_checksum,
        )


@dataclass(frozen=True, slots=True)
class _Options:
    full: bool
    accept_vanished: int
    vanish_limit: float
    full_after: timedelta


def take(
    source: Source,
    warehouse: Warehouse,
    *,
    request: Request,
    full: bool = False,
    accept_vanished: int = 0,
    vanish_limit: float = 0.2,
    full_hours: float = 24,
    progress: Say = log.info,
) -> Taken:
    """Take one snapshot and publish it.

    Raises CheckError when more than *vanish_limit* (a share) of a table's rows vanished, unless the
    snapshot before was refused for the same table or *accept_vanished* states the number. Raises
    ConfigError when the source is not as agreed, UnavailableError after three attempts,
    AlreadyRunningError. Whatever is raised, what was published stays.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_passes),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=10),
        before_sleep=lambda state: progress(f"{_why(state)}: the snapshot is taken again"),
        reraise=True,
    )
    options = _Options(full, accept_vanished, vanish_limit, timedelta(hours=full_hours))
    with ledger.hold(warehouse, OWNER, ENTITY, vendor="POSTGRESQL", request=request) as run:
        taken: Taken = retrying(_attempt, source, warehouse, run, options, progress)
        run.counts.listed = sum(table.rows_read for table in taken.tables)
        run.counts.written = sum(table.opened for table in taken.tables)
        run.counts.gone = sum(table.closed for table in taken.tables)
        return taken


def compare(source: Source, warehouse: Warehouse) -> list[TableComparison]:
    """Count and sum every table on both sides; a source that moved on since differs."""
    found = []
    with source.snapshot() as snapshot, warehouse.bulk() as connection:
        for table in SOURCE_TABLES:
            if table.name not in snapshot.found:
                continue
            rows, checksum = snapshot.one(snapshot.found[table.name].reading.total())
            ours = Staging(connection, table).total()
            found.append(TableComparison(table.name, int(rows), ours[0], int(checksum), ours[1]))
    return found


def _attempt(
    source: Source, warehouse: Warehouse, run: Run, options: _Options, progress: Say
) -> Taken:
    """Read, compare and publish in one transaction of the warehouse."""
    with warehouse.bulk() as connection:
        newest = manifest.last_snapshot(connection)
        last = manifest.last_snapshot(connection, "complete")
        before = manifest.table_rows(connection, last["snapshot_id"]) if last else {}
        number = newest["snapshot_id"] + 1 if newest else 1
        with source.snapshot() as snapshot:
            position = snapshot.position
            full_at = manifest.last_full(connection)
            because = _why_full(options, position, last, full_at)
            moment = position.moment
            if last:  # time goes on here, whatever the source's clock does
                moment = max(moment, last["snapshot_at"] + timedelta(microseconds=1))
            horizon = None if because or last is None else last["horizon"]
            notes = [note for found in snapshot.found.values() for note in found.notes]
            if because:
                notes.append(_writers(snapshot))
            read = []
            for table in SOURCE_TABLES:
                found = snapshot.found.get(table.name)
                old = before.get(table.name)
                if found is None and not (old and old["present"]):
                    continue
                reader = TableReader(
                    connection, snapshot, number, moment, options.vanish_limit, notes
                )
                read.append(reader.read(table, found, horizon, old))
                figures = read[-1].figures
                progress(
                    f"{table.name}: {figures.rows_read} rows read, {figures.opened} opened,"
                    f" {figures.closed} closed, {figures.present} present"
                )
                run.beat()
        row = {
            "snapshot_id": number,
            "state": "complete",
            "snapshot_at": moment,
            "run_id": run.run_id,
            "full_because": because,
            "system_id": position.system_id,
            "database_name": position.database,
            "timeline": position.timeline,
            "server_started_at": position.server_started_at,
            "horizon": position.horizon,
            "notes": "; ".join(notes)[:2000] or None,
        }
        refused_before = (
            manifest.table_rows(connection, newest["snapshot_id"])
            if newest and newest["state"] == "refused"
            else {}
        )
        if refusal := _refusal(read, options, refused_before):
            connection.rollback()
            run.claim(connection)
            manifest.write(connection, row | {"state": "refused"}, [table.row() for table in read])
            connection.commit()
            raise CheckError(refusal)
        for table_read in read:
            if table_read.staging:
                table_read.staging.publish(number, moment)
                run.beat()
        manifest.write(connection, row, [table.row() for table in read])
        run.claim(connection, watermark_at=moment)
        connection.commit()
    return Taken(number, moment, because, tuple(table.figures for table in read), tuple(notes))


def _why_full(
    options: _Options,
    position: Position,
    last: Mapping[str, Any] | None,
    full_at: datetime | None,
) -> str | None:
    """Why all rows have to be read; None: row versions tell what changed."""
    if last is None:
        return "first snapshot"
    if options.full:
        return "asked for"
    if not position.system_id:
        return (
            "the source does not tell its identity: GRANT EXECUTE ON FUNCTION pg_control_system(),"
            " pg_control_checkpoint()"
        )
    if (position.system_id, position.database) != (last["system_id"], last["database_name"]):
        return "another source"
    if position.timeline != last["timeline"]:
        return "the source failed over or was restored to a point in time"
    if position.server_started_at != last["server_started_at"]:
        return "the source was restarted"
    if not 0 <= position.horizon - last["horizon"] < HALF_THE_CIRCLE:
        return "the source's transaction numbers went back, or too far on"
    if full_at is None or position.moment - full_at >= options.full_after:
        return "regular full comparison"
    return None


def _refusal(
    read: Sequence[TableRead], options: _Options, refused_before: Mapping[str, Mapping[str, Any]]
) -> str | None:
    """Why the snapshot must not be published, unless a person or a second look confirms it."""
    over = [table.figures for table in read if table.over_limit]
    total = sum(figures.vanished for figures in over)
    confirmed = all(
        figures.table_name in refused_before and refused_before[figures.table_name]["over_limit"]
        for figures in over
    )
    if confirmed or total <= options.accept_vanished:
        return None
    shares = ", ".join(
        f"{figures.table_name} lost {figures.vanished} of {figures.present + figures.vanished} rows"
        for figures in over
    )
    return (
        f"{shares}, more than the limit of {options.vanish_limit:.0%}: nothing was published. Look"
        " at the source; if it is right, accept the number (accept_vanished"
        f" {total}), or let the next snapshot confirm it"
    )


def _writers(snapshot: Snapshot) -> str:
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
        return error.code in postgres.AGAIN
    return error.code.isdigit() and int(error.code) in mysql.TRY_AGAIN


def _why(state: tenacity.RetryCallState) -> str:
    error = state.outcome.exception() if state.outcome else None
    return str(error)
