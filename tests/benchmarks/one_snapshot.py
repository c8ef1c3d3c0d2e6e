"""A child process: ``python -m include snapshot --json``, with its peak memory in KB told after it.

Without an argument it takes none: what the imports alone need. The argument: the seconds that the
source's answer to each COPY is held back before its first row.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any


def peak() -> int:
    # Not getrusage(): there a child begins with the memory of its parent.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def hold_back(seconds: float) -> None:
    """Let each COPY of a source that sorts for so long begin as late."""
    from include.source.postgres import Snapshot

    copy = Snapshot.copy

    def late(self: Snapshot, query: str, sink: Any) -> int:
        time.sleep(seconds)
        return copy(self, query, sink)

    Snapshot.copy = late  # type: ignore[method-assign]


def main(late: list[str]) -> None:
    if late:
        from include.__main__ import app

        if float(late[0]):
            hold_back(float(late[0]))
        app(["snapshot", "--json"], standalone_mode=False)
    else:
        import include.pipelines.snapshots.snapshot  # noqa: F401
    sys.stdout.write("\n" + json.dumps({"peak": peak()}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
