"""What dlt needs for the same work; run by a Python that has dlt, with a job as JSON on stdin.

``tickets``: the recorded calls (``bench_tickets``), sixteen side by side, not signed, merged by
primary keys. ``tables``: all tables of a source replaced, by way of Arrow. ``news``: what changed
since the last run that had the same *folder* (``bench_news``), *at_once* side by side, merged by
primary keys. Prints seconds and processor time of the work without imports as JSON. Imports
nothing of ours.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ |= {"EXTRACT__WORKERS": "16", "RUNTIME__DLTHUB_TELEMETRY": "false"}
import dlt  # type: ignore[import-not-found]
import peer_alibaba  # type: ignore[import-not-found]
import requests
from dlt.sources.sql_database import sql_database  # type: ignore[import-not-found]


def tickets(given: dict[str, Any]) -> Any:
    lists, calls = json.loads(Path(given["calls"]).read_text())
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=16))

    def ask(call: tuple[str, str]) -> Any:
        headers = {"X-TC-Action": call[0], "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{given['port']}/"
        answer = session.post(url, data=call[1].encode(), headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()["Response"]["Data"]

    @dlt.resource  # type: ignore[untyped-decorator]
    def pages() -> Any:
        for number, call in enumerate(lists):  # each page of the list brings its share
            ask(call)
            yield from calls[number :: len(lists)]

    @dlt.transformer(  # type: ignore[untyped-decorator]
        data_from=pages, parallelized=True, write_disposition="merge", primary_key="TicketId"
    )
    def tickets(call: tuple[str, str]) -> Any:
        told = ask(call)
        if told["Comments"]:
            yield told

    return tickets


def tables(given: dict[str, Any]) -> Any:
    return sql_database(
        given["source"], schema="public", table_names=given["tables"], backend="pyarrow"
    )


def news(given: dict[str, Any]) -> Any:
    os.environ["EXTRACT__WORKERS"] = str(given["at_once"])
    vendor, until = peer_alibaba.Alibaba(given), given["until"]
    # All rows have other keys: dlt need not look for those that come twice.
    merged = {"disposition": "merge", "strategy": "delete-insert", "deduplicated": True}
    text_key = {"id": {"data_type": "text", "precision": 64}}
    # Without a key: with one it would keep a hash of every row of the newest listing in its state.
    since = dlt.sources.incremental("listed", initial_value=given["since"], primary_key=())

    @dlt.resource  # type: ignore[untyped-decorator]
    def changed(listed: Any = since) -> Any:
        state = dlt.current.resource_state()
        still_open = set(state.get("open", ()))
        for one in vendor.changed(listed.last_value, until, still_open):
            yield one | {"listed": until}
        state["open"] = sorted(still_open)

    @dlt.transformer(  # type: ignore[untyped-decorator]
        parallelized=True, write_disposition=merged, primary_key="id", columns=text_key
    )
    def tickets(one: dict[str, Any]) -> Any:
        yield vendor.ticket(one["id"])

    @dlt.transformer(  # type: ignore[untyped-decorator]
        parallelized=True, write_disposition=merged, primary_key="id"
    )
    def notes(one: dict[str, Any]) -> Any:
        if one["closed"]:
            yield vendor.notes(one["id"])

    @dlt.source  # type: ignore[untyped-decorator]
    def workorder() -> Any:
        listing = changed()
        return listing | tickets, listing | notes

    return workorder()


def main() -> None:
    given = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        began, busy = time.perf_counter(), time.process_time()
        pipeline = dlt.pipeline(
            "peer",
            pipelines_dir=given.get("folder", folder),
            destination=dlt.destinations.sqlalchemy(
                # Its merge looks rows up by their key, which without this has no index.
                given["url"],
                create_primary_keys=given["job"] == "news",
            ),
            dataset_name=given["dataset"],
        )
        if given["job"] == "tickets":
            pipeline.run(tickets(given))
        elif given["job"] == "news":
            pipeline.run(news(given))
        else:
            pipeline.run(tables(given), write_disposition="replace")
        seconds, processor = time.perf_counter() - began, time.process_time() - busy
    sys.stdout.write(json.dumps({"seconds": seconds, "processor": processor}))


if __name__ == "__main__":
    main()
