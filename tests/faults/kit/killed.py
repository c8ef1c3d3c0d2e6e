"""A process that works, or lets a forked child work, which kills or freezes itself at a boundary.

A boundary is an HTTP call, an SQL statement, a commit or a rollback about to be sent, or the end of
a block of the source's COPY. Reads one JSON object a line (``Children.ask``). Without a boundary
``k`` it works itself: what that made once (compiled statements, loaded modules) children inherit,
but neither threads nor connections, of which none is left. Answers with one JSON object a line:
``seen``, the boundaries there were, in their order, and ``error``, the class that ended the work;
``ended``, the negative number of the signal; or ``frozen``, and once more after an empty line,
which lets the child go on.
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
from functools import cache
from typing import Any

import sqlalchemy as sa

from include.models import Account
from include.pipelines import catalog, reports, retention
from include.pipelines.snapshots.snapshot import take_snapshot
from include.pipelines.tickets.rolling import read_again
from include.pipelines.tickets.single import read_tickets
from include.pipelines.tickets.sync import sync_tickets
from include.vendors.answers import HttpAnswer
from include.vendors.registry import load_settings, open_client
from include.vendors.tencent import conversation as tencent_conversation
from include.vendors.transport import Transport
from include.warehouse.bookkeeping import retention as old_rows
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.customer_service import bulk
from include.warehouse.mysql import Warehouse
from include.warehouse.schema import migrations
from include.warehouse.tickets import adoption
from tests.faults.kit.counted_source import open_source
from tests.faults.kit.own_server import until

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
    """Count all that any engine and any client of this process is about to send."""
    for event, kind in (
        ("before_cursor_execute", "statement"),
        ("commit", "commit"),
        ("rollback", "rollback"),
    ):
        sa.event.listen(sa.Engine, event, lambda *_, kind=kind: boundary(kind))
    send = Transport.send

    def counted(self: Transport, *args: Any, **options: Any) -> HttpAnswer:
        boundary("call")
        return send(self, *args, **options)

    Transport.send = counted  # type: ignore[method-assign]


@cache
def opened(url: str) -> Warehouse:
    """One a database, because an engine keeps what it compiled; closed after each work."""
    return Warehouse.open(url)


def work() -> None:
    """Do what is wanted."""
    name, request = wanted["work"], Request("a test")
    with closing(opened(wanted["url"])) as warehouse:
        if name == "migrate":
            migrations.upgrade(warehouse.engine)
            return
        if name == "snapshot":
            if wanted.get("pieces"):
                bulk.PIECE_ROWS, bulk.PIECE_BYTES = 50, 10_000  # type: ignore[misc]
            source = open_source(wanted["source"], boundary)
            take_snapshot(source, warehouse, request=request, full=wanted["full"])
            return
        if name == "prune":
            settings = load_settings(wanted["environment"])
            retention.prune(warehouse, settings=settings, request=request)
            return
        now = datetime.fromisoformat(wanted["now"])
        if name == "reports":
            reports.build(warehouse, now=now, request=request)
            return
        if name == "bring over":
            adoption.bring_over(warehouse, now)
            return
        settings = load_settings(wanted["environment"])
        account = Account(**wanted["account"])
        with closing(open_client(account, settings, sleep=lambda _: None)) as client:
            if name == "catalog":
                catalog.refresh(client, warehouse, now=now, request=request)
                return
            of_a_run: Any = {"settings": settings, "now": now, "request": request}
            if name == "again":
                read_again(client, warehouse, account, **of_a_run)
            elif name == "one ticket":
                read_tickets(client, warehouse, wanted["ids"], wanted["owned"], **of_a_run)
            else:
                sync_tickets(client, warehouse, account, **of_a_run)


def work_and_tell() -> None:
    """Work, and say how that ended."""
    seen.clear()
    time.sleep(wanted["delay"])
    error = None
    try:
        work()
    except Exception as caught:  # noqa: BLE001 - the test judges it
        error = f"{type(caught).__name__}: {caught}"
    say(seen=seen, error=error)


def child() -> None:
    """Work, and return to nobody."""
    try:
        work_and_tell()
        os._exit(0)
    finally:
        traceback.print_exc()
        os._exit(1)


def say(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    count_boundaries()
    old_rows.BATCH_ROWS = 3  # type: ignore[misc] # several batches
    adoption.ROWS_AT_ONCE = 2  # type: ignore[misc]
    tencent_conversation.PART_WEIGHT = 0  # type: ignore[misc] # a part a page: conftest.py
    for line in sys.stdin:
        wanted.update(json.loads(line))
        if not wanted["k"]:
            work_and_tell()
            continue
        gc.collect()
        gc.freeze()  # the collector would write on, and so copy, every page
        until(lambda: threading.active_count() == 1)  # that of the deadlines ends by itself
        pid = os.fork()
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
