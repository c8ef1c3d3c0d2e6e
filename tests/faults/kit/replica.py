"""A PostgreSQL primary and a streaming replica of it that cancels whoever is in its way at once."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psycopg2  # type: ignore[import-untyped]
import pytest
import sqlalchemy as sa

from include.sandbox.servers import postgres, private
from include.sandbox.servers.private import Program, data_of, new_data, silent
from include.sandbox.servers.processes import write_private
from tests.faults.kit.own_server import until

PRIMARY: Final = {
    "wal_level": "replica",
    "max_wal_senders": "4",
    "autovacuum": "off",  # rows are cleared away, and readers cancelled, when a test says so
    "shared_buffers": "16MB",
}
REPLICA: Final = PRIMARY | {
    "max_standby_streaming_delay": "0",
    "hot_standby_feedback": "off",
    "wal_retrieve_retry_interval": "100ms",
}

_numbers = itertools.count(1)


@dataclass
class Pair:
    """Both servers' administrator's URLs, of one database."""

    primary: str = field(repr=False)
    replica: str = field(repr=False)

    def execute(self, *statements: str) -> Any:
        """On the primary, each by itself; the last one's first value, once the replica has all."""
        # A vacuum does not see to it that its log is sent; the commit of this message does.
        sent = ("select pg_logical_emit_message(true, 'test', '')", "select pg_current_wal_lsn()")
        *values, _, written = _run(self.primary, *statements, *sent)
        # While a reader is in the way, the replica does not get there.
        until(lambda: self.ask(f"select pg_last_wal_replay_lsn() >= '{written}'"), 30)
        return values[-1] if values else None

    def ask(self, query: str) -> Any:
        """The first value of *query* on the replica."""
        return _run(self.replica, query)[0]

    def write(self, *statements: str) -> None:
        """On the primary, each by itself, whether the replica gets it or not."""
        _run(self.primary, *statements)

    def set_up(self, *statements: str) -> None:
        """On the replica, whose settings count from then on."""
        _run(self.replica, *statements, "select pg_reload_conf()")

    def copy(self) -> Pair:
        """A new database that holds what this one does."""
        name, template = f"desk_{next(_numbers)}", sa.make_url(self.primary).database
        self.execute(f"create database {name} template {template}")
        return Pair(*(_url(url, database=name) for url in (self.primary, self.replica)))


@contextmanager
def replicated() -> Iterator[Pair]:
    """Two servers of the tests' own; skips where the programs are not on this machine."""
    if postgres.find() is None:
        pytest.skip("no PostgreSQL program on this machine")
    with ExitStack() as stack:
        primary = stack.enter_context(_running("primary", _let_replicas_in, PRIMARY))
        known = _url(primary, port=None)  # the password is the primary's, the port any free one
        replica = stack.enter_context(_running("replica", _copy_of(primary), REPLICA, known))
        pair = Pair(primary, replica)
        pair.execute()
        assert pair.ask("select pg_is_in_recovery()")
        yield pair


@contextmanager
def _running(
    name: str, prepare: Callable[..., None], settings: dict[str, str], url: str = ""
) -> Iterator[str]:
    base = Path(tempfile.mkdtemp(prefix=f"osm-{name}-"))
    base.chmod(0o755)  # root's server is another user's
    if url:
        write_private(base / "url", url)
    words = [word for item in settings.items() for word in ("-c", "=".join(item))]
    family = replace(
        postgres.FAMILY,
        prepare=prepare,
        command=lambda *given: [*postgres.FAMILY.command(*given), *words],
    )
    try:
        yield private.start(family, base, silent)
    finally:
        private.stop(family, base, forget=True)


def _let_replicas_in(base: Path, program: Program, user: str, password: str) -> None:
    postgres.FAMILY.prepare(base, program, user, password)
    with (data_of(base) / "pg_hba.conf").open("a") as file:
        file.write("host replication osm 127.0.0.1/32 scram-sha-256\n")


def _copy_of(primary: str) -> Callable[..., None]:
    """How the data of a replica are made, which knows its primary's address by itself then."""

    def prepare(base: Path, program: Program, user: str, password: str) -> None:
        if (base / "data").exists():
            return
        url = sa.make_url(primary)
        command = [
            str(Path(program.server).resolve().with_name("pg_basebackup")),
            *("--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--no-password"),
            *(f"--username={url.username}", f"--host={url.host}", f"--port={url.port}"),
        ]
        with pytest.MonkeyPatch.context() as patch:  # no password among the arguments
            patch.setenv("PGPASSWORD", password)
            new_data(base, user, lambda data: [*command, f"--pgdata={data}"], as_them=True)

    return prepare


def _url(url: str, **changed: Any) -> str:
    return sa.make_url(url).set(**changed).render_as_string(hide_password=False)


def _run(url: str, *statements: str) -> list[Any]:
    """The first value of each; None where there is none."""
    values = []
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(plain)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                values.append((cursor.fetchone() or [None])[0] if cursor.description else None)
    return values
