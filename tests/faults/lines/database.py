"""Faults of the warehouse's server (D1 to D9, D11): a line each.

A line is switched on before the run's connections are made. What it yields, if anything, is told
the run's engine: there it listens for the moment to strike.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from include.errors import ConfigError, PartialError, UnavailableError
from tests.faults.kit.own_server import OwnServer, until, waiting
from tests.faults.kit.scene import Scene

Prepare = Callable[[sa.Engine], None] | None
FULL: Final = bool(os.environ.get("FULL"))


@dataclass(frozen=True)
class Trouble:
    """One fault, and how runs over it must end; *words* stand in the error of a loud one."""

    id: str
    name: str
    on: Callable[[Scene, OwnServer], AbstractContextManager[Prepare]]
    error: type[Exception] | None = None
    words: str = ""
    passing: bool = False


def at_boundary(engine: sa.Engine, strike: Callable[[sa.Connection, int], None]) -> None:
    """Call *strike* with the number of each statement, and of each commit, before it is sent."""
    seen = 0

    def boundary(connection: sa.Connection, *_: Any) -> None:
        nonlocal seen
        seen += 1
        strike(connection, seen)

    for event in ("before_cursor_execute", "commit"):
        sa.event.listen(engine, event, boundary)


@contextmanager
def rival(scene: Scene, work: Callable[[sa.Connection], None]) -> Iterator[None]:
    """Another connection that holds all tickets, then does *work*, and takes everything back."""
    holds = threading.Event()

    def run() -> None:
        engine = sa.create_engine(scene.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            # More than any run of ours changes: of two in a deadlock, the smaller one must go.
            connection.exec_driver_sql("update cloud_osm_product set name = reverse(name)")
            connection.exec_driver_sql("select id from cloud_osm_list for update").all()
            holds.set()
            work(connection)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(run)
        assert holds.wait(10), done.result(0)
        yield
        done.result()


@contextmanager
def deadlock(scene: Scene, own: OwnServer) -> Iterator[Prepare]:
    def cross(connection: sa.Connection) -> None:
        until(lambda: waiting(scene.url, own.url))
        connection.exec_driver_sql("select token from sync_state for update").all()

    with rival(scene, cross):
        yield None


@contextmanager
def lock_wait(scene: Scene, own: OwnServer) -> Iterator[Prepare]:
    """Held until a second transaction waits: the first one has given up."""

    def hold(_: sa.Connection) -> None:
        until(lambda: waiting(scene.url, own.url))
        first = waiting(scene.url, own.url)
        until(lambda: waiting(scene.url, own.url) - first)

    def prepare(engine: sa.Engine) -> None:
        sa.event.listen(engine, "connect", impatient)

    def impatient(connection: Any, _: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("set session innodb_lock_wait_timeout = 1")

    with rival(scene, hold):
        yield prepare


def killed(every: int) -> Callable[[Scene, OwnServer], AbstractContextManager[Prepare]]:
    """The connection is killed again and again, before a statement or a commit is sent."""

    @contextmanager
    def on(_: Scene, own: OwnServer) -> Iterator[Prepare]:
        kills = 0

        def strike(connection: sa.Connection, number: int) -> None:
            nonlocal kills
            if number % every == 0:
                driver: Any = connection.connection.dbapi_connection
                own.admin(f"kill {driver.thread_id()}")
                kills += 1

        yield lambda engine: at_boundary(engine, strike)
        assert kills >= 3

    return on


@contextmanager
def killed_at_the_lock(_: Scene, own: OwnServer) -> Iterator[Prepare]:
    """Each account's first attempt to take its lock, and the first to give it back, is cut off."""
    struck: set[tuple[str, str]] = set()

    def strike(
        connection: sa.Connection, _cursor: Any, statement: str, values: Any, *_: Any
    ) -> None:
        word = statement.partition("(")[0]
        key = (word, str(values))
        if "LOCK" in word and word.startswith("SELECT") and key not in struck:
            struck.add(key)
            driver: Any = connection.connection.dbapi_connection
            own.admin(f"kill {driver.thread_id()}")

    yield lambda engine: sa.event.listen(engine, "before_cursor_execute", strike)
    assert len(struck) == 6


@contextmanager
def killed_while_idle(_: Scene, own: OwnServer) -> Iterator[Prepare]:
    """All connections of the pool are killed between two accounts."""

    def end_all(engine: sa.Engine) -> None:
        held = [engine.connect() for _ in range(2)]
        numbers = [one.exec_driver_sql("select connection_id()").scalar() for one in held]
        for one in held:
            one.close()
        own.admin(*(f"kill {number}" for number in numbers))

    yield end_all


@contextmanager
def down(_: Scene, own: OwnServer) -> Iterator[Prepare]:
    def strike(_: sa.Connection, number: int) -> None:
        if number == 20:
            own.stop()

    try:
        yield lambda engine: at_boundary(engine, strike)
    finally:
        own.start()


@contextmanager
def hanging(_: Scene, own: OwnServer) -> Iterator[Prepare]:
    """Frozen for longer than we wait; in full for 45 seconds, under our own limits."""
    process = own.process
    wake = threading.Timer(45 if FULL else 1.5, process.send_signal, [signal.SIGCONT])

    def strike(_: sa.Connection, number: int) -> None:
        if number == 20:
            process.send_signal(signal.SIGSTOP)
            wake.start()

    def prepare(engine: sa.Engine) -> None:
        sa.event.listen(engine, "do_connect", impatient)
        at_boundary(engine, strike)

    def impatient(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        limits = {"connect_timeout", "read_timeout", "write_timeout"}
        assert all(0 < parameters[name] <= 120 for name in limits)
        if not FULL:
            parameters |= dict.fromkeys(limits, 1)

    try:
        yield prepare
        wake.join()
    finally:
        process.send_signal(signal.SIGCONT)


@contextmanager
def read_only(_: Scene, own: OwnServer) -> Iterator[Prepare]:
    """A failover in the middle of the run."""
    begun = 0

    def strike(_: sa.Connection) -> None:
        nonlocal begun
        begun += 1
        if begun == 12:
            own.admin("set global read_only = 1")

    try:
        yield lambda engine: sa.event.listen(engine, "begin", strike)
    finally:
        own.admin("set global read_only = 0")


def limited(others: int) -> Callable[[Scene, OwnServer], AbstractContextManager[Prepare]]:
    """Two connections are enough for a run; *others* of the same user leave after a refusal."""

    @contextmanager
    def on(scene: Scene, own: OwnServer) -> Iterator[Prepare]:
        user = f"{own.plain}@'127.0.0.1'"
        own.admin(f"alter user {user} with max_user_connections 2")
        held = [sa.create_engine(scene.url, poolclass=sa.NullPool).connect() for _ in range(others)]

        def prepare(engine: sa.Engine) -> None:
            sa.event.listen(engine, "handle_error", leave)

        def leave(_: Any) -> None:
            while held:
                held.pop().close()

        try:
            yield prepare
            assert not held
        finally:
            own.admin(f"alter user {user} with max_user_connections 0")

    return on


@contextmanager
def too_many(scene: Scene, own: OwnServer) -> Iterator[Prepare]:
    """The server has no connection left until we were refused one."""
    held: list[sa.Connection] = []

    def leave(_: Any) -> None:
        while held:
            held.pop().close()

    with own.globally(max_connections="10"):
        engine = sa.create_engine(scene.url, poolclass=sa.NullPool)
        try:
            while True:
                held.append(engine.connect())
        except sa.exc.OperationalError as error:
            assert "1040" in str(error)  # noqa: PT017 - how many there is room for differs
        yield lambda engine: sa.event.listen(engine, "handle_error", leave)
        assert not held


@contextmanager
def small_packets(scene: Scene, own: OwnServer) -> Iterator[Prepare]:
    """Each account has a ticket with a message of 200 kB, and many that fit only one by one."""
    for account in scene.accounts:
        index = int(account.account_id[-1]) - 1
        scene.store.add_ticket(account.vendor, index, state="closed", messages=["x" * 200_000])
        for _ in range(4):
            scene.store.add_ticket(account.vendor, index, state="closed", messages=["y" * 30_000])
    with own.globally(max_allowed_packet="65536"):
        yield None


def altered(*there: str, back: str) -> Callable[[Scene, OwnServer], Any]:
    """Tables are not as the code expects."""

    @contextmanager
    def on(scene: Scene, _: OwnServer) -> Iterator[Prepare]:
        scene.execute(*there)
        try:
            yield None
        finally:
            scene.execute(back)

    return on


def as_another(*statements: str, **changes: Any) -> Callable[[Scene, OwnServer], Any]:
    """The run logs in otherwise; *statements* first."""

    @contextmanager
    def on(scene: Scene, own: OwnServer) -> Iterator[Prepare]:
        url = sa.make_url(scene.url)
        own.admin(*(statement.format(database=url.database) for statement in statements))
        right, scene.url = scene.url, url.set(**changes).render_as_string(hide_password=False)
        try:
            yield None
        finally:
            scene.url = right

    return on


READER: Final = (
    "create user if not exists reader@'127.0.0.1' identified by 'reader'",
    "grant select on `{database}`.* to reader@'127.0.0.1'",
)
STRANGER: Final = "create user if not exists stranger@'127.0.0.1' identified by 'stranger'"
AWAY: Final = UnavailableError

DATABASE: tuple[Trouble, ...] = (
    Trouble("D1", "a deadlock", deadlock, passing=True),
    Trouble("D2", "a lock wait that takes too long", lock_wait, passing=True),
    Trouble("D3", "connections killed at every 13th statement", killed(13), passing=True),
    Trouble("D3", "connections killed at the lock", killed_at_the_lock, passing=True),
    Trouble("D3", "connections killed while idle", killed_while_idle, passing=True),
    Trouble("D4", "a server that goes down", down, AWAY),
    Trouble("D5", "a server that hangs", hanging, passing=True),
    Trouble("D6", "a read-only server", read_only, ConfigError, "1290"),
    Trouble("D8", "a user who may have two connections", limited(0), passing=True),
    Trouble("D8", "a user whose connections are in use", limited(2), passing=True),
    Trouble("D8", "a server whose connections are in use", too_many, passing=True),
    Trouble("D9", "a message larger than a packet", small_packets, PartialError),
    Trouble(
        "D11",
        "a table is missing",
        altered(
            "rename table cloud_osm_detail to away", back="rename table away to cloud_osm_detail"
        ),
        ConfigError,
        "a table is missing: run `python -m include migrate`",
    ),
    Trouble(
        "D11",
        "a column is missing",
        altered(
            "alter table cloud_osm_list rename column close_time to away",
            back="alter table cloud_osm_list rename column away to close_time",
        ),
        ConfigError,
        "a column is missing: run `python -m include migrate`",
    ),
    Trouble(
        "D11",
        "a right is missing",
        as_another(*READER, username="reader", password="reader"),
        ConfigError,
        "GRANT it",
    ),
    Trouble("D11", "a wrong password", as_another(password="wrong"), ConfigError, "WAREHOUSE_URL"),
    Trouble(
        "D11",
        "a database of somebody else",
        as_another(STRANGER, username="stranger", password="stranger"),
        ConfigError,
        "GRANT it",
    ),
    Trouble(
        "D11",
        "an unknown database",
        as_another("grant all on `nowhere`.* to plain@'127.0.0.1'", database="nowhere"),
        ConfigError,
        "CREATE DATABASE",
    ),
)
if FULL:
    DATABASE += tuple(
        Trouble("D3", f"connections killed at every {n}th statement", killed(n), passing=True)
        for n in (14, 17, 19, 23, 29)
    )
