"""What changed since the last run, by a Singer tap into a Singer target; see bench_news.

Run by a Python that has ``thk-target-mysql``, with a job as JSON on stdin. Tap and target are two
processes with a pipe, as in ``tap | target``, started after the imports, so that seconds and
processor time, printed as JSON, are those of the work. The tap writes Singer's messages without a
library, with *at_once* calls; today's library reads children one by one. Its state is what the
target gave back when all was stored, in the file *state*. Imports nothing of ours.
"""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import peer_alibaba  # type: ignore[import-not-found]
from target_mysql.target import TargetMySQL  # type: ignore[import-not-found]

# The target tells at each row of all rows before it; whoever meets that silences it.
logging.disable()

INTEGER, TEXT = {"type": "integer"}, {"type": ["string", "null"], "maxLength": 16_000_000}
KEY = {"type": "string", "maxLength": 64}
TICKET = {"id": KEY, "title": TEXT, "description": TEXT, "status": KEY, "category": KEY}
NOTE = {"id": INTEGER, "ticket": KEY, "role": INTEGER, "author": TEXT, "content": TEXT}
STREAMS = {"tickets": TICKET | {"created": INTEGER}, "notes": NOTE | {"created": INTEGER}}


def messages(given: dict[str, Any], state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for stream, properties in STREAMS.items():
        schema = {"type": "object", "properties": properties}
        yield {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": ["id"]}
    vendor, until = peer_alibaba.Alibaba(given), given["until"]
    since, still_open = state.get("until", given["since"]), set(state.get("open", ()))

    def read(one: dict[str, Any]) -> tuple[Any, list[Any]]:
        ticket = vendor.ticket(one["id"])
        return ticket, vendor.notes(one["id"]) if one["closed"] else []

    with ThreadPoolExecutor(given["at_once"]) as threads:
        reads = [threads.submit(read, one) for one in vendor.changed(since, until, still_open)]
        for done in reads:
            ticket, notes = done.result()
            yield {"type": "RECORD", "stream": "tickets", "record": ticket}
            for note in notes:
                yield {"type": "RECORD", "stream": "notes", "record": note}
    yield {"type": "STATE", "value": {"until": until, "open": sorted(still_open)}}


def tap(given: dict[str, Any], state: dict[str, Any], end: int) -> None:
    with os.fdopen(end, "w") as out:
        for message in messages(given, state):
            out.write(json.dumps(message) + "\n")


def main() -> None:
    given = json.load(sys.stdin)
    began, busy = time.perf_counter(), time.process_time()
    file = Path(given["state"])
    state = json.loads(file.read_text()) if file.exists() else {}
    there, here = os.pipe()
    child = multiprocessing.get_context("fork").Process(target=tap, args=(given, state, here))
    child.start()
    os.close(here)
    with redirect_stdout(io.StringIO()) as told, os.fdopen(there) as lines:
        TargetMySQL(config={"sqlalchemy_url": given["url"]}).listen(lines)
    child.join()
    if child.exitcode:
        raise SystemExit("the tap failed")
    file.write_text(told.getvalue().splitlines()[-1])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.perf_counter() - began
    processor = time.process_time() - busy + used.ru_utime + used.ru_stime
    sys.stdout.write(json.dumps({"seconds": seconds, "processor": processor}))


if __name__ == "__main__":
    main()
