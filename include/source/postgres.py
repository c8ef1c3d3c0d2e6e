"""Reading the customer-service database: one snapshot of all tables, read-only, in constant memory.

Locks come before the snapshot: ACCESS SHARE, as any reader takes, on all tables at once. TRUNCATE
and ALTER TABLE, which do not respect snapshots, so wait for us, or we wait for them (10 s).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

import psycopg2  # type: ignore[import-untyped]

from include import stopping
from include.addresses import read_postgresql
from include.customer_service import SOURCE_TABLES, Kind, SourceTable
from include.errors import ConfigError, ContractError
from include.source.encoding import find_unreadable
from include.source.rendering import ARRAYS, Reading
from include.source.replica import ReplicaMoment, read_moment
from include.source.row_security import require_all_rows
from include.source.server_errors import translate_error, translate_refusal

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

OLDEST_VERSION: Final = 130000
BATCH: Final = 2000

SESSION: Final = {
    "application_name": "customer-service snapshot",
    "client_encoding": "UTF8",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "extra_float_digits": "1",
    "row_security": "off",  # rows that are hidden from us make an error, not a smaller table
    "default_transaction_read_only": "on",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15min",
}
"""Ours, whatever the role or the server say."""

TYPES: Final = {
    Kind.SMALLINT: {"int2"},
    Kind.INTEGER: {"int4"},
    Kind.DOUBLE: {"float8"},
    Kind.TEXT: {"varchar", "text"},
    Kind.MOMENT: {"timestamptz"},
}


@dataclass(frozen=True, slots=True)
class Position:
    """Where the source stands in a snapshot, and which source it is.

    *moment*: from when its data are; *behind*: why a replica's are not from now, if so. *horizon*:
    rows written by older transactions are all in this snapshot, unless deleted.
    """

    moment: datetime
    system_id: str
    database: str
    timeline: int
    server_started_at: datetime
    horizon: int
    behind: str = ""


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table as the source has it now."""

    table: SourceTable
    reading: Reading
    relation: str
    """Its oid and column numbers: with others, old rows may be new to us."""
    notes: tuple[str, ...]
    is_whole: bool
    """Whether row versions and keys tell all: one plain table, a unique key of simple values."""


class Snapshot:
    """All tables at one moment. Valid inside ``SourceDatabase.snapshot``."""

    def __init__(
        self, connection: Any, position: Position, found: Mapping[str, FoundTable]
    ) -> None:
        self._connection = connection
        self.position = position
        self.found = found

    def copy(self, query: str, sink: SupportsWrite[bytes]) -> int:
        """Stream the rows of *query* into *sink* as CSV with the word NULL; how many they were."""
        with self._cursor(query) as cursor:
            cursor.copy_expert(f"copy ({query}) to stdout with (format csv, null 'NULL')", sink)
            return int(cursor.rowcount)

    def batches(self, query: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of *query*, some thousand at a time."""
        with self._cursor(query, "rows") as cursor:
            cursor.execute(query)
            while rows := cursor.fetchmany(BATCH):
                yield rows

    def one(self, query: str) -> tuple[Any, ...]:
        """The one row of *query*."""
        return self.all(query)[0]

    def all(self, query: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """The few rows of *query*."""
        with self._cursor(query) as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall())

    @contextmanager
    def _cursor(self, query: str, *name: str) -> Iterator[Any]:
        """A cursor. Raises what the server said if it has ended the connection meanwhile."""
        try:
            with _told():
                self._connection.poll()  # the driver forgets it when it sends something first
                for notice in self._connection.notices:
                    if notice.startswith("FATAL:"):
                        raise psycopg2.OperationalError(notice.removeprefix("FATAL:"))
                with self._connection.cursor(*name) as cursor:
                    yield cursor
        except ContractError as error:  # of a value, the server does not say which
            readings = [
                found.reading
                for name, found in self.found.items()
                if re.search(rf"\b{name}\b", query)
            ]
            with _told():
                unreadable = find_unreadable(self._connection, readings)
            self._connection.close()  # what it would read now is of another moment
            if unreadable:
                raise unreadable from error
            raise


class SourceDatabase:
    """The customer-service database, read-only whatever its role may do."""

    def __init__(
        self, arguments: Mapping[str, Any], timeout_seconds: int, lag_minutes: float = 60
    ) -> None:
        self._arguments = dict(arguments)
        self._timeout = timeout_seconds
        self._lag_limit = timedelta(minutes=lag_minutes)

    @classmethod
    def open(
        cls, url: str, *, ca: str = "", timeout_seconds: int = 3600, lag_minutes: float = 60
    ) -> Self:
        """Prepare connections to *url*; nothing is sent yet. Raises ConfigError for a bad URL.

        One statement may take *timeout_seconds*, and a replica be *lag_minutes* behind.
        Certificates are verified for every host but loopback.
        """
        arguments = read_postgresql(url, ca=ca, ours={*SESSION, "statement_timeout"})
        return cls(arguments, timeout_seconds, lag_minutes)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """A connection of its own under our settings, outside a transaction."""
        try:
            # Said here, because the driver does not notice what is set later.
            connection = psycopg2.connect(**self._arguments, client_encoding="UTF8")
        except psycopg2.Error as error:
            raise translate_refusal(error, self._arguments) from error
        try:
            with _told():
                connection.autocommit = True
                if connection.server_version < OLDEST_VERSION:
                    raise ConfigError(
                        f"the source at {self._arguments['host']}:{self._arguments['port']} is"
                        f" PostgreSQL {connection.server_version // 10000}:"
                        f" {OLDEST_VERSION // 10000} or newer is needed"
                    )
                settings = SESSION | {"statement_timeout": f"{self._timeout}s"}
                with connection.cursor() as cursor:
                    for name, value in settings.items():
                        cursor.execute("select set_config(%s, %s, false)", (name, value))
            with stopping.cancelling(connection.cancel):  # no signal ends the driver's waits
                yield connection
        finally:
            connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One moment of all tables.

        Raises ConfigError naming table and column when the source is not as agreed, or a right is
        missing; UnavailableError when it is away, too far behind or cancels us. Reading from it
        raises CheckError naming table and column when a text cannot be converted.
        """
        with self.connect() as connection:
            with _told(), connection.cursor() as cursor:
                # Outside the snapshot, which must begin after the locks are held.
                tables = _existing(cursor)
                replica = read_moment(cursor, self._lag_limit)
                connection.autocommit = False
                connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
                names = [table.name for table in tables]
                cursor.execute(f"lock table {', '.join(names)} in access share mode")
                require_all_rows(cursor, names)
                position = _position(cursor, replica)
                found = {table.name: _found(cursor, table) for table in tables}
            yield Snapshot(connection, position, found)

    def describe(self) -> str:
        """The server's version and database, as proof that it can be reached and read."""
        with self.snapshot() as snapshot:
            version = snapshot.one("show server_version")[0]
            return f"PostgreSQL {version}, {len(snapshot.found)} tables readable"


def _existing(cursor: Any) -> list[SourceTable]:
    """The tables to read. Raises ConfigError for one that is missing or must not be read."""
    tables = []
    for table in SOURCE_TABLES:
        cursor.execute(
            "select to_regclass(%s) is not null,"
            " has_table_privilege(to_regclass(%s), 'select'), current_user, current_database(),"
            " (select min(n.nspname::text) from pg_class c join pg_namespace n"
            " on n.oid = c.relnamespace where c.relname = %s and c.relkind in ('r', 'p'))",
            (table.name, table.name, table.name),
        )
        exists, readable, user, database, schema = cursor.fetchone()
        if exists and not readable:
            raise ConfigError(
                f"source: GRANT SELECT ON {table.name} TO {user} is missing: the table's owner"
                " gives it (sql/grants/postgres.sql)"
            )
        if exists:
            tables.append(table)
        elif not table.optional:
            step = (
                f"it is in the schema {schema}: write ?options=-csearch_path%3D{schema} into"
                " SOURCE_URL"
                if schema
                else "correct SOURCE_URL, or restore the table"
            )
            raise ConfigError(
                f"source: there is no table {table.name} in the search path of {user}, database"
                f" {database}: {step}; what is published stays as it was"
            )
    return tables


def _position(cursor: Any, replica: ReplicaMoment | None) -> Position:
    cursor.execute(
        "select pg_snapshot_xmin(pg_current_snapshot())::text::numeric, clock_timestamp(),"
        " current_database(), pg_postmaster_start_time(),"
        " has_function_privilege('pg_control_system()', 'execute')"
        " and has_function_privilege('pg_control_checkpoint()', 'execute')"
    )
    horizon, moment, database, started_at, may_ask = cursor.fetchone()
    system_id, timeline = "", 0
    if may_ask:
        cursor.execute(
            "select system_identifier::text, timeline_id"
            " from pg_control_system(), pg_control_checkpoint()"
        )
        system_id, timeline = cursor.fetchone()
    return Position(
        moment=replica.moment if replica else moment.astimezone(UTC),
        system_id=system_id,
        database=database,
        timeline=timeline,
        server_started_at=started_at.astimezone(UTC),
        horizon=int(horizon),
        behind=replica.behind if replica else "",
    )


def _found(cursor: Any, table: SourceTable) -> FoundTable:
    """Compare a table with what we expect. Raises ConfigError by table and column."""
    cursor.execute(
        "select a.attname, t.typname, a.atttypmod, a.attnum, a.attnotnull, c.relkind, c.oid,"
        " exists (select from pg_inherits where inhparent = c.oid)"
        " from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " join pg_type t on t.oid = a.atttypid"
        " where c.oid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped order by a.attnum",
        (table.name,),
    )
    there = {row[0]: row[1:] for row in cursor.fetchall()}
    _, _, _, _, kind, oid, has_children = next(iter(there.values()))
    if kind not in ("r", "p"):
        raise ConfigError(f"source: {table.name} is not a table but of kind {kind!r}")
    wide, notes, numbers = set(), [], []
    for column in table.columns:
        if column.name not in there:
            raise ConfigError(
                f"source: column {table.name}.{column.name} is missing (dropped or renamed?):"
                " restore it, or adapt include/customer_service.py and add a migration"
            )
        typname, typmod, attnum, notnull, *_ = there[column.name]
        if typname not in TYPES[column.kind]:
            raise ConfigError(
                f"source: column {table.name}.{column.name} is {typname}, not"
                f" {column.kind.value}: restore it, or adapt include/customer_service.py and add a"
                " migration"
            )
        if table.has_integer_key and column.name in table.key and not notnull:
            raise ConfigError(f"source: key {table.name}.{column.name} may be NULL: no primary key")
        if column.length is not None and not 0 <= typmod - 4 <= column.length:
            wide.add(column.name)
            notes.append(f"{table.name}.{column.name} may be longer than {column.length}")
        numbers.append(str(attnum))
    known = {column.name for column in table.columns}
    if extra := sorted(there.keys() - known):
        notes.append(f"{table.name} has columns we do not read: {', '.join(extra)}")
    unique = _is_unique(cursor, table)
    encoding = cursor.connection.get_parameter_status("server_encoding")
    if not unique:
        notes.append(f"{table.name} has no unique index on {', '.join(table.key)}")
    return FoundTable(
        table=table,
        reading=Reading(table, frozenset(wide), unique, encoding == "UTF8"),
        relation=f"{oid}:{','.join(numbers)}",
        notes=tuple(notes),
        is_whole=unique
        and kind == "r"
        and not has_children
        and all(c.kind in ARRAYS and c.name not in wide for c in table.key_columns),
    )


def _is_unique(cursor: Any, table: SourceTable) -> bool:
    """Whether the source itself forbids two rows with the same key."""
    cursor.execute(
        "select array_agg(a.attname::text) <@ %s from pg_index i"
        " cross join lateral unnest(i.indkey::int2[]) as k(attnum)"
        " left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum"
        " where i.indrelid = to_regclass(%s) and i.indisunique and i.indisvalid"
        " and i.indpred is null and i.indexprs is null"
        " group by i.indexrelid having bool_and(a.attnotnull)",
        (list(table.key), table.name),
    )
    return any(row[0] for row in cursor.fetchall())


@contextmanager
def _told() -> Iterator[None]:
    """Our errors for the driver's: who must act, without values."""
    try:
        yield
    except psycopg2.Error as error:
        raise translate_error(error) from error
