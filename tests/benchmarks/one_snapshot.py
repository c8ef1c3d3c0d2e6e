"""A child process that takes one snapshot; prints seconds, rows and its peak memory in KB as JSON.

Without arguments it takes none: what the imports alone need. Arguments: warehouse URL, source URL,
and the seconds that the source's answer to each COPY is held back before its first row.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from include.pipelines.snapshots.snapshot import take_snapshot
from include.source.postgres import Snapshot, SourceDatabase
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse


def peak() -> int:
    # Not getrusage(): there a child begins with the memory of its parent.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def hold_back(seconds: float) -> None:
    """Let each COPY of a source that sorts for so long begin as late."""
    copy = Snapshot.copy

    def late(self: Snapshot, query: str, sink: Any) -> int:
        time.sleep(seconds)
        return copy(self, query, sink)

    Snapshot.copy = late  # type: ignore[method-assign]


def main(urls: list[str]) -> None:
    result: dict[str, object] = {}
    if urls:
        if urls[2:]:
            hold_back(float(urls[2]))
        warehouse, source = Warehouse.open(urls[0]), SourceDatabase.open(urls[1])
        began = time.perf_counter()
        taken = take_snapshot(source, warehouse, request=Request("a benchmark"))
        result["seconds"] = time.perf_counter() - began
        result["full_because"] = taken.full_because
        result["rows"] = sum(table.rows_read for table in taken.tables)
    sys.stdout.write(json.dumps({**result, "peak": peak()}))


if __name__ == "__main__":
    main(sys.argv[1:])
