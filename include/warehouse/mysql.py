"""How we talk to MySQL and MariaDB: connection rules, transactions, upsert, locks."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import Any, Final, Self, TypeVar

import sqlalchemy as sa
import tenacity
from pymysql.cursors import Cursor
from pymysql.err import MySQLError, OperationalError
from sqlalchemy.dialects.mysql import Insert, insert
from sqlalchemy.engine.interfaces import IsolationLevel

from include.addresses import read_mysql
from include.errors import AlreadyRunningError, ContractError, UnavailableError
from include.warehouse.server_errors import TRY_AGAIN, place, translate_error
from include.warehouse.session import prepare

T = TypeVar("T")
WRITERS: Final = 4
"""Connections for the transactions of accounts at work, beside those that hold their locks."""
POOL_SECONDS: Final = 300
"""How long a transaction waits for a connection: those before it wait for rows and for the server,
too, and both are bounded."""
Row = Mapping[str, Any]
Rule = Callable[[sa.ColumnElement[Any], sa.ColumnElement[Any]], sa.ColumnElement[Any]]
"""``rule(old, new)``: what an existing row's column becomes."""


class Warehouse:
    """The database we write, for several threads.

    Holds at most ``connections_of`` the accounts at work.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._under_way: dict[object, int] = {}  # transactions, with the server's connection number
        self._alone: int | None = None
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: (
                    isinstance(error, UnavailableError)
                    and error.code.isdigit()
                    and int(error.code) in TRY_AGAIN
                )
            ),
            stop=tenacity.stop_after_attempt(5),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5),
            reraise=True,
        )

    @classmethod
    def open(cls, url: str, *, ca: str = "", accounts_at_once: int = 1) -> Self:
        """Prepare connections to *url*; nothing is sent yet. Raises ConfigError for a bad URL."""
        return cls(create_engine(url, ca=ca, connections=connections_of(accounts_at_once)))

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def go_on_alone(self) -> None:
        """Roll back what other threads have under way, and let them begin nothing more.

        Each is interrupted at its next transaction, for no signal reaches it.
        """
        self._alone = threading.get_ident()
        _kill(self.engine, tuple(self._under_way.values()))

    def transact(self, work: Callable[[sa.Connection], T]) -> T:
        """Run *work* in one transaction, again from its beginning after a passing failure.

        Raises ConfigError, ContractError (one value is to blame) or UnavailableError.
        """
        result: T = self._retrying.copy()(self._once, work)
        return result

    def _once(self, work: Callable[[sa.Connection], T]) -> T:
        try:
            with self._ending() as note, self.engine.begin() as connection:
                note(connection)
                return work(connection)
        except sa.exc.DBAPIError as error:
            raise translate_error(error) from error

    @contextmanager
    def bulk(self) -> Iterator[sa.Connection]:
        """One long transaction that may stream rows to the server; committed by the caller.

        It waits an hour for an answer. Temporary tables live as long as it does. Raises as
        ``transact``, but repeats nothing.
        """
        try:
            with (
                self._ending() as note,
                dedicated(self.engine, local_infile=True, read_timeout=3600) as connection,
            ):
                note(connection)
                yield connection
        except sa.exc.DBAPIError as error:
            raise translate_error(error) from error

    @contextmanager
    def _ending(self) -> Iterator[Callable[[sa.Connection], None]]:
        """End what an interrupt leaves on the server, where it would hold its locks for a while.

        Yields what to tell of the connection. Raises KeyboardInterrupt where another thread goes on
        alone.
        """
        mine = object()

        def note(connection: sa.Connection) -> None:
            driver: Any = connection.connection.dbapi_connection
            self._under_way[mine] = driver.thread_id()
            if self._alone not in (None, threading.get_ident()):
                raise KeyboardInterrupt

        try:
            yield note
        except BaseException as error:
            if not isinstance(error, Exception):
                _kill(self.engine, [self._under_way[mine]] if mine in self._under_way else [])
            raise
        finally:
            self._under_way.pop(mine, None)

    @contextmanager
    def lock(self, name: str, *, stale: Callable[[sa.Connection], bool]) -> Iterator[sa.Connection]:
        """Hold a named lock of this database; the server frees it when our process dies.

        A holder that *stale* calls lifeless is disconnected. Otherwise a taken lock raises
        AlreadyRunningError. Yields the connection that holds the lock.
        """
        mine, key = self._retrying.copy()(self._locked, name, stale)
        pool = self.engine.pool
        try:
            yield mine
        except sa.exc.DBAPIError as error:
            raise translate_error(error) from error
        finally:
            with suppress(sa.exc.SQLAlchemyError):  # a lost connection has freed it
                is_free = mine.scalar(sa.text("SELECT RELEASE_LOCK(:name)"), key)
                # A pool that ``bulk`` has replaced would keep it open, unseen.
                if not (is_free and self.engine.pool is pool):
                    mine.detach()
            mine.close()

    def _locked(
        self, name: str, stale: Callable[[sa.Connection], bool]
    ) -> tuple[sa.Connection, dict[str, str]]:
        """A connection that holds the lock, and the lock's key on the server."""
        with ExitStack() as stack:
            try:
                mine = stack.enter_context(self.engine.connect())
                # Asked first, because a connection that died in the pool is told as the driver's
                # own error, which is not tried again, when its isolation level is set.
                database = mine.scalar(sa.text("SELECT DATABASE()"))
                mine.rollback()
                mine = mine.execution_options(isolation_level="AUTOCOMMIT")
                # Lock names are the server's, not the database's, and at most 64 characters.
                digest = hashlib.sha256(f"{database}/{name}".encode()).hexdigest()
                key = {"name": "osm" + digest[:40]}
                take = sa.text("SELECT GET_LOCK(:name, :seconds)")
                if not mine.scalar(take, {**key, "seconds": 0}):
                    if not stale(mine):
                        raise AlreadyRunningError(f"another run holds {name}: let it finish")
                    holder = mine.scalar(sa.text("SELECT IS_USED_LOCK(:name)"), key)
                    if holder is not None:
                        mine.execute(sa.text(f"KILL CONNECTION {int(holder)}"))
                    if not mine.scalar(take, {**key, "seconds": 10}):
                        raise AlreadyRunningError(f"another run holds {name} and cannot be ended")
            except sa.exc.DBAPIError as error:
                raise translate_error(error) from error
            stack.pop_all()  # who holds the lock closes its connection
            return mine, key


def _kill(engine: sa.Engine, numbers: Collection[int]) -> None:
    """End connections on the server; those that are gone are no matter."""
    if not numbers:
        return
    engine.dispose()  # the pool may have no connection left
    with suppress(sa.exc.SQLAlchemyError), engine.connect() as other:
        for number in numbers:
            with suppress(sa.exc.SQLAlchemyError):
                other.exec_driver_sql(f"KILL CONNECTION {number}")


@contextmanager
def dedicated(
    engine: sa.Engine, *, isolation_level: IsolationLevel = "READ COMMITTED", **arguments: Any
) -> Iterator[sa.Connection]:
    """A connection of its own, opened with the driver's *arguments* on top of our rules.

    What it is told, locks and temporary tables die with it; what is not committed is rolled back.
    """

    def override(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        parameters |= arguments

    engine.dispose()  # an idle connection was opened without them
    sa.event.listen(engine, "do_connect", override)
    try:
        connection = engine.connect()
    finally:
        sa.event.remove(engine, "do_connect", override)
    with connection.execution_options(isolation_level=isolation_level):
        connection.detach()
        # The other end of a bulk load may let it wait.
        prepare(connection.connection.dbapi_connection, is_bulk=True)
        yield connection


def connections_of(accounts_at_once: int) -> int:
    """The connections for so many accounts at work: one for the lock of each, and some to write.

    A transaction waits for no other while it has its connection, so that a few serve all.
    """
    return accounts_at_once + min(accounts_at_once, WRITERS)


def create_engine(url: str, *, ca: str = "", connections: int = 2) -> sa.Engine:
    """An engine under our connection rules: strict, utf8mb4, UTC, bounded waits, verified TLS.

    It opens so many *connections* at most.
    """
    parsed, said = read_mysql(url, ca=ca)
    arguments: dict[str, Any] = {
        "connect_timeout": 10,
        "read_timeout": 120,
        "write_timeout": 60,
        "local_infile": False,
        **said,
    }
    engine = sa.create_engine(
        parsed,
        connect_args=arguments,
        isolation_level="READ COMMITTED",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_recycle=300,  # before the server ends what is idle
        hide_parameters=True,  # a failed statement must not carry texts or keys into logs
    )
    sa.event.listen(engine, "connect", _fit_session)
    where = {"host": parsed.host, "port": parsed.port, "user": parsed.username, **arguments}

    def tell_where(context: sa.engine.ExceptionContext) -> None:
        """The driver's own error does not tell to which port it was to lead."""
        if context.connection is None and isinstance(context.original_exception, MySQLError):
            place(context.original_exception, where)

    sa.event.listen(engine, "handle_error", tell_where)
    return engine


def _fit_session(connection: Any, _: Any) -> None:
    """Set the session's variables, and let the driver cut its statements to what the server takes.

    A single row beyond that is refused here: the server would end the connection in the middle of
    it, which looks like a server that is away.
    """
    packet = prepare(connection)

    class FittingCursor(Cursor):
        max_stmt_length = min(Cursor.max_stmt_length, packet * 9 // 10)

        def execute(self, query: Any, args: Any = None) -> int:
            statement: Any = self.mogrify(query, args)  # bytes, when there are many rows
            text = statement.encode(errors="replace") if isinstance(statement, str) else statement
            if len(text) + 1 >= packet:
                raise OperationalError(1153, f"more than 'max_allowed_packet', {packet} bytes")
            return super().execute(statement)

    connection.cursorclass = FittingCursor


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Row],
    rules: Mapping[str, Rule] | None = None,
    *,
    silent: Collection[str] = (),
) -> None:
    """Insert *rows*; where the natural key is there, None overwrites nothing.

    The rows have equal columns. *rules* names the columns that follow another rule.
    ``synced_at`` changes only when another column does that is not *silent*; the ``id`` of a row
    stays.

    Raises ContractError as ``refuse_blank_ends``.
    """
    if not rows:
        return
    refuse_blank_ends(table, rows)
    statement = _upsert(table, tuple(rows[0]), frozenset((rules or {}).items()), frozenset(silent))
    connection.execute(statement, [dict(row) for row in rows])


@cache  # to build it takes longer than the server takes to run it
def _upsert(
    table: sa.Table,
    columns: tuple[str, ...],
    rules: frozenset[tuple[str, Rule]],
    silent: frozenset[str],
) -> Insert:
    statement, rule = insert(table), dict(rules)
    fixed = {"id", "synced_at", *table.info["key"]}
    new = {
        name: rule.get(name, overwrite_if_said)(table.c[name], statement.inserted[name])
        for name in columns
        if name not in fixed
    }
    told = ((name, value) for name, value in new.items() if name not in silent)
    same = sa.and_(*(table.c[name].op("<=>")(value) for name, value in told))
    # First, because the server evaluates the assignments in order.
    stamp = ("synced_at", sa.func.if_(same, table.c.synced_at, statement.inserted.synced_at))
    return statement.on_duplicate_key_update([stamp, *new.items()])


def refuse_blank_ends(table: sa.Table, rows: Sequence[Row]) -> None:
    """Raise ContractError for a key with a blank at its end: the server ignores that."""
    for name in table.info["key"]:
        for row in rows:
            value = row[name]
            if isinstance(value, str) and value.endswith(" "):
                raise ContractError(
                    f"{name!r} {value!r} ends in a blank, which the server ignores in a key",
                    action=f"store {table.name}",
                )


def overwrite(old: sa.ColumnElement[Any], new: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The new value as it is, NULL included."""
    return new


def overwrite_if_said(
    old: sa.ColumnElement[Any], new: sa.ColumnElement[Any]
) -> sa.ColumnElement[Any]:
    """The new value, unless it is NULL: the vendor did not say."""
    return sa.func.coalesce(new, old)


def overwrite_unless_empty(
    old: sa.ColumnElement[Any], new: sa.ColumnElement[Any]
) -> sa.ColumnElement[Any]:
    """The new text, unless it is NULL, or empty where there is one."""
    # By length: in common collations a control character equals the empty text. And without
    # parameters, which the driver does not allow behind the values of a multi-row insert.
    empty = new.is_(None) | (sa.func.char_length(new) == sa.literal_column("0"))
    return sa.case((empty, sa.func.coalesce(old, new)), else_=new)


def keep_first(old: sa.ColumnElement[Any], new: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The old value, unless it is NULL."""
    return sa.func.coalesce(old, new)
