"""A server of the tests' own: of the family of the shared one, to be stopped, frozen and filled."""

from __future__ import annotations

import re
import shlex
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import pymysql
import pytest
import sqlalchemy as sa

from include.sandbox.servers import mysql, private
from include.sandbox.servers.private import Family, Program, silent


@dataclass
class Disk:
    """What is created with ``innodb_file_per_table=0`` shares so many megabytes."""

    megabytes: int = 40


@dataclass
class OwnServer:
    """A running server, its administrator's URL, and a user without global rights."""

    base: Path
    family: Family
    url: str = field(repr=False)
    plain: str = field(default="plain", repr=False)
    disk: Disk = field(default_factory=Disk)

    @property
    def process(self) -> psutil.Process:
        found = private.running(self.base)
        assert found, "the server is down"
        return found

    def stop(self) -> None:
        private.stop(self.family, self.base)

    def enlarge(self) -> None:
        """Give the full server a larger disk."""
        self.stop()
        self.disk.megabytes *= 2
        self.start()

    def start(self) -> None:
        assert private.start(self.family, self.base, silent) == self.url

    def admin(self, *statements: str) -> Any:
        """Execute as the administrator, one commit a statement; the last one's rows."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        rows = None
        with engine.connect() as connection:
            connection.execution_options(no_parameters=True)
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = result.all() if result.returns_rows else None
        return rows

    def as_plain(self, url: str) -> str:
        """The URL of the same database for a user who may do everything in it, and no more."""
        database = sa.make_url(url).database
        self.admin(
            f"create user if not exists {self.plain}@'127.0.0.1' identified by '{self.plain}'",
            f"grant all on `{database}`.* to {self.plain}@'127.0.0.1'",
        )
        changed = sa.make_url(url).set(username=self.plain, password=self.plain)
        return changed.render_as_string(hide_password=False)

    @contextmanager
    def globally(self, **variables: str) -> Iterator[None]:
        """Set global variables, and set them back."""
        names = ", ".join(f"@@global.{name}" for name in variables)
        [old] = self.admin(f"select {names}")
        self.admin(*(f"set global {name} = {value}" for name, value in variables.items()))
        try:
            yield
        finally:
            self.admin(
                *(
                    f"set global {name} = {value if isinstance(value, int) else repr(value)}"
                    for name, value in zip(variables, old, strict=True)
                )
            )


@contextmanager
def own_server(shared_url: str, *words: str) -> Iterator[OwnServer]:
    """A server of the program behind *shared_url*, with more *words* in its command.

    Skips where that is not on this machine.
    """
    base = Path(tempfile.mkdtemp(prefix="osm-own-"))
    base.chmod(0o755)
    program = _program(shared_url, base)
    if program is None:
        pytest.skip("the program of that server is not on this machine")
    disk = Disk()

    def command(*given: Any) -> list[str]:
        size = f"--innodb-data-file-path=ibdata1:12M:autoextend:max:{disk.megabytes}M"
        # With a binary log, as a server in production has one.
        log = ("--log-bin=binlog", "--server-id=7", "--binlog-format=row", "--sync-binlog=0")
        return [*mysql.FAMILY.command(*given), size, "--innodb-buffer-pool-size=64M", *log, *words]

    family = replace(mysql.FAMILY, find=lambda: program, command=command)
    try:
        yield OwnServer(base, family, private.start(family, base, silent), disk=disk)
    finally:
        private.stop(family, base, forget=True)


def _program(url: str, base: Path) -> Program | None:
    """The program that listens at *url*; where it needs a loader, a script that calls it."""
    port = sa.make_url(url).port
    pids = [
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
    ]
    if not pids or pids[0] is None:
        return None
    words = psutil.Process(pids[0]).cmdline()
    known = mysql.find()
    if known and words[0] == known.server:
        return known
    place = next(i for i, word in enumerate(words) if Path(word).name in ("mysqld", "mariadbd"))
    needed = [word for word in words if word.startswith(("--basedir=", "--lc-messages-dir="))]
    command = [*words[: place + 1], "--no-defaults", *needed]
    script = base / "server"
    script.write_text(f'#!/bin/sh\nshift\nexec {shlex.join(command)} "$@"\n')
    script.chmod(0o755)
    return Program(str(script), "", private.version(url))


def waiting(url: str, asking: str = "") -> set[str]:
    """The transactions that wait for a row of the database *url*, as *asking*, or *url*, sees them.

    innodb_trx would be shorter, but MySQL refuses to show it while a statement under way has an
    emoji in it, and MariaDB renews it ten times a second at most.
    """
    there = sa.make_url(asking or url)
    with closing(
        pymysql.connect(
            host=there.host,
            port=there.port or 3306,
            user=there.username,
            password=there.password or "",
            use_unicode=False,  # a statement is cut in the midst of a character
        )
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("show engine innodb status")
        [(_, _, status)] = cursor.fetchall()
    database = sa.make_url(url).database
    lock = rf"of table `{database}`\.`\w+` trx id (\d+) lock.mode [^\n]*waiting"
    return {found.decode() for found in re.findall(lock.encode(), status)}


def until(happens: Any, seconds: float = 10) -> None:
    """Wait until *happens()*; fails when it does not."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(pause)
        pause = min(0.25, pause * 1.2)
