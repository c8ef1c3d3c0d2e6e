"""Pipelines in processes that die or freeze: the near end of ``killed.py``."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.models import Account
from include.sandbox.vendors.server import Sandbox

ROOT = Path(__file__).resolve().parents[3]


def of_account(sandbox: Sandbox, account: Account, now: datetime) -> dict[str, Any]:
    """What a child needs to know to work on *account* as if it were *now*."""
    environment = {**sandbox.environment(), "CALLS_PER_SECOND": "500"}
    return {"account": asdict(account), "now": now.isoformat(), "environment": environment}


@dataclass
class Children:
    """A process that works, or whose children do, one after the other."""

    process: subprocess.Popen[str]

    def ask(
        self,
        work: str,
        url: str,
        *,
        k: int = 0,
        freeze: bool = False,
        delay: float = 0,
        **more: Any,
    ) -> None:
        """Let it work, or a child that dies, or freezes, at boundary *k*. ``answer`` says how."""
        self._send(work=work, url=url, k=k, freeze=freeze, delay=delay, **more)

    def answer(self) -> dict[str, Any]:
        """How the child ended, or that it is frozen."""
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def thaw(self) -> dict[str, Any]:
        """Let the frozen child go on; how it ended."""
        self._send()
        return self.answer()

    def run(
        self, work: str, url: str, *, watch: sa.Connection | None = None, **more: Any
    ) -> dict[str, Any]:
        """Ask and wait; the server has noticed the end when this returns.

        *watch* is a connection to the database that may be used for that.
        """
        self.ask(work, url, **more)
        found = self.answer()
        if "ended" in found:
            with ExitStack() as stack:
                if watch is None:
                    engine = sa.create_engine(url, poolclass=sa.NullPool)
                    watch = stack.enter_context(engine.connect())
                wait_until_alone(watch)
        return found

    def _send(self, **asked: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()


@contextmanager
def children() -> Iterator[Children]:
    """A process with everything imported and nothing opened, so that its children start fast."""
    with subprocess.Popen(  # ended by the end of its input
        [sys.executable, "-m", "tests.faults.kit.killed"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Children(process)


def wait_until_alone(connection: sa.Connection) -> None:
    """Wait until the server has noticed that nobody else is connected to the database any more."""
    deadline = time.monotonic() + 10
    with connection.begin():
        while not is_alone(connection):
            assert time.monotonic() < deadline, "a dead client's connection is still there"
            time.sleep(0.002)


def is_alone(connection: sa.Connection) -> bool:
    query = "select count(*) from information_schema.processlist where db = database()"
    try:
        return bool(connection.exec_driver_sql(query).scalar_one() == 1)
    except sa.exc.OperationalError:
        return False  # MySQL shows nothing while a statement of anybody has an emoji in it
