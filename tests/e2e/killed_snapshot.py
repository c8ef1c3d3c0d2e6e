"""A process that takes snapshots in forked children, which kill themselves at the k-th boundary.

A boundary is an SQL statement or the end of a transaction about to be sent to the warehouse, an SQL
statement about to be sent to the source, or the end of a block of its COPY. Reads one JSON object
a line (``k``, 0: not at all; ``full``), answers with one: how many boundaries of which kind there
were, or ``ended``, the negative number of the signal. Arguments: warehouse URL, source URL.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections import Counter
from typing import Any

import psycopg2.extensions  # type: ignore[import-untyped]
import sqlalchemy as sa

from include.pipelines import snapshots
from include.source.postgres import Source
from include.warehouse.ledger import Request
from include.warehouse.mysql import Warehouse

BLOCK_ROWS = 50

counting = threading.Lock()
seen: Counter[str] = Counter()
last = 0


def boundary(kind: str) -> None:
    with counting:
        seen[kind] += 1
        if seen.total() == last:
            os.kill(os.getpid(), signal.SIGKILL)


class CountedSink:
    """Passes rows on in blocks, so that the server has some of them when we die."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink
        self._rows = 0

    def write(self, data: bytes) -> int:
        self._rows += 1
        if self._rows % BLOCK_ROWS == 0:
            self._sink.flush()
            boundary("block")
        return int(self._sink.write(data))


class CountedCursor(psycopg2.extensions.cursor):  # type: ignore[misc]
    def execute(self, *arguments: Any) -> None:
        boundary("source")
        super().execute(*arguments)

    def fetchmany(self, *arguments: Any) -> Any:
        boundary("source")
        return super().fetchmany(*arguments)

    def copy_expert(self, sql: str, file: Any) -> None:
        boundary("source")
        super().copy_expert(sql, CountedSink(file))


def snapshot(warehouse_url: str, source_url: str, *, full: bool) -> None:
    warehouse = Warehouse.open(warehouse_url)
    for event in ("before_cursor_execute", "commit", "rollback"):
        sa.event.listen(warehouse.engine, event, lambda *_: boundary("warehouse"))
    url = sa.make_url(source_url)
    arguments = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        "cursor_factory": CountedCursor,
    }
    snapshots.take(Source(arguments, 60), warehouse, request=Request("a test"), full=full)


def main(warehouse_url: str, source_url: str) -> None:
    global last
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()  # nothing but imports has happened here: no threads, no connections
        if not child:
            try:
                last = wanted["k"]
                snapshot(warehouse_url, source_url, full=wanted["full"])
                sys.stdout.write(json.dumps(seen) + "\n")
                sys.stdout.flush()
                os._exit(0)
            finally:
                traceback.print_exc()
                os._exit(1)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended:
            sys.stdout.write(json.dumps({"ended": ended}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
