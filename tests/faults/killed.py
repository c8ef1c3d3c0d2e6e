"""A process that works in forked children, which kill or freeze themselves at the k-th boundary.

A boundary is an HTTP call, an SQL statement, a commit or a rollback about to be sent. Reads one
JSON object a line (``Children.ask``). Answers with one: ``seen``, the boundaries there were, in
their order, and ``error``, the class that ended the work; ``ended``, the negative number of the
signal; or ``frozen``, and once more after an empty line, which lets the child go on.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import closing
from datetime import datetime
from typing import Any

import pymysql.cursors  # noqa: F401 - as all imports here: once, instead of in every child
import requests
import sqlalchemy as sa
import sqlalchemy.dialects.mysql.pymysql

from include.models import Account
from include.pipelines import catalog, reports, tickets
from include.settings import Settings
from include.vendors import open_client
from include.warehouse import schema
from include.warehouse.ledger import Request
from include.warehouse.mysql import Warehouse

counting = threading.Lock()
seen: list[str] = []
wanted: dict[str, Any] = {}


def boundary(kind: str) -> None:
    """Count it; this one may be our last."""
    with counting:
        seen.append(kind)
        if len(seen) == wanted["k"]:
            os.kill(os.getpid(), signal.SIGSTOP if wanted["freeze"] else signal.SIGKILL)


def count_boundaries() -> None:
    """Count all that any engine and any session of this process is about to send."""
    for event, kind in (
        ("before_cursor_execute", "statement"),
        ("commit", "commit"),
        ("rollback", "rollback"),
    ):
        sa.event.listen(sa.Engine, event, lambda *_, kind=kind: boundary(kind))
    send = requests.Session.send

    def counted(self: requests.Session, *args: Any, **options: Any) -> requests.Response:
        boundary("call")
        return send(self, *args, **options)

    requests.Session.send = counted  # type: ignore[method-assign]


def work() -> None:
    """Do what is wanted."""
    name, url, request = wanted["work"], wanted["url"], Request("a test")
    if name == "migrate":
        schema.upgrade(sa.create_engine(url, poolclass=sa.NullPool))
        return
    now = datetime.fromisoformat(wanted["now"])
    with closing(Warehouse.open(url)) as warehouse:
        if name == "reports":
            reports.build(warehouse, now=now, request=request)
            return
        settings = Settings.load(wanted["environment"])
        account = Account(**wanted["account"])
        with closing(open_client(account, settings, sleep=lambda _: None)) as client:
            if name == "catalog":
                catalog.refresh(client, warehouse, now=now, request=request)
            else:
                tickets.sync(
                    client, warehouse, account, settings=settings, now=now, request=request
                )


def child() -> None:
    """Work, and say how that ended; returns to nobody."""
    try:
        time.sleep(wanted["delay"])
        count_boundaries()
        error = None
        try:
            work()
        except Exception as caught:  # noqa: BLE001 - the test judges it
            error = f"{type(caught).__name__}: {caught}"
        say(seen=seen, error=error)
        os._exit(0)
    finally:
        traceback.print_exc()
        os._exit(1)


def say(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    gc.freeze()  # the collector would write on, and so copy, every page
    for line in sys.stdin:
        wanted.update(json.loads(line))
        pid = os.fork()  # nothing but imports has happened here: no threads, no connections
        if not pid:
            child()
        status = os.waitpid(pid, os.WUNTRACED)[1]
        if os.WIFSTOPPED(status):
            say(frozen=wanted["k"])
            sys.stdin.readline()
            os.kill(pid, signal.SIGCONT)
            status = os.waitpid(pid, 0)[1]
        if os.waitstatus_to_exitcode(status):
            say(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
