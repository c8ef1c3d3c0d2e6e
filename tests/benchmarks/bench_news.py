"""What a run with one percent of news costs beside the first one, and one without news.

``python -m tests.benchmarks.bench_news [--tickets 50000] [--latency 5] [--rounds 5]``: one account,
of which a few tickets are open. Ours is a process of its own; what it needs to start is left out.
The sandbox answers and checks signatures in this one, on the same processors. Where ``PEER_DLT``
and ``PEER_SINGER`` name them (``peers.py``), dlt and Singer do the same in turn with ours, into
databases of their own, in which the same must be stored at the end: with as many calls at once as
ours, which whoever writes for them can choose, or with ``--at-once 1``, which they come with.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import typer

from include.sandbox.vendors.server import Sandbox
from include.vendors.alibaba import client as alibaba
from include.vendors.huawei import client as huawei
from include.vendors.tencent import conversation as tencent
from tests.benchmarks.contestants import NOW, ours, theirs
from tests.benchmarks.ground import ground

STEP: Final = timedelta(minutes=15)
PAGES: Final = {
    "alibaba": alibaba.PAGE_SIZE,
    "huawei": huawei.PAGE_SIZE,
    "tencent": tencent.PAGE_SIZE,
}
AIMS: Final = {"calls": 2.0, "time": 0.02, "peers": 4.0}


def main(
    vendor: Annotated[str, typer.Option(help=f"{', '.join(PAGES)}; peers: alibaba")] = "alibaba",
    tickets: Annotated[int, typer.Option(min=1)] = 50_000,
    messages: Annotated[int, typer.Option(min=1, help="A ticket.")] = 5,
    share: Annotated[float, typer.Option(help="Of the tickets, new in each round.")] = 0.01,
    still_open: Annotated[int, typer.Option(help="Tickets that stay open.")] = 500,
    latency: Annotated[int, typer.Option(help="Milliseconds a call.")] = 5,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    at_once: Annotated[int, typer.Option(min=1, help="Calls of the peers; 1: as they come.")] = 16,
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one."""
    news = round(tickets * share)
    with (
        ground() as there,
        Sandbox(7, 1, 0, latency_ms=latency) as sandbox,
        tempfile.TemporaryDirectory() as folder,
    ):
        typer.echo(there.describe())
        all_ = {"ours": ours(there, sandbox, vendor)}
        if vendor == "alibaba":
            all_ |= theirs(there, sandbox, Path(folder), at_once)
        names = list(all_)
        found: dict[tuple[str, str], list[tuple[float, int]]] = {}

        def add(number: int, until: datetime, span: timedelta, state: str) -> None:
            for i in range(number):
                moment = until - span * (i + 1) / (number + 1)
                sandbox.store.add_ticket(vendor, created_at=moment, state=state, messages=messages)

        def measure(kind: str, now: datetime, expected: int) -> None:
            sandbox.store.freeze(now)
            names.append(names.pop(0))  # each is the first in its turn
            for name in names:
                before = len(sandbox.calls)
                seconds = all_[name].run(now, expected)
                calls = len(sandbox.calls) - before
                found.setdefault((kind, name), []).append((seconds, calls))

        add(tickets - still_open, NOW, timedelta(days=80), "closed")
        add(still_open, NOW, timedelta(days=20), "open")
        measure("all", NOW, tickets)
        now = NOW
        for _ in range(rounds):
            now += STEP
            add(news, now, STEP, "closed")
            measure("news", now, news)
            now += STEP
            measure("idle", now, 0)
        stored = {name: one.stored() for name, one in all_.items()}
    assert all(one == stored["ours"] for one in stored.values()), stored
    typer.echo("stored by each: {:,} tickets, {:,} messages".format(*stored["ours"]))
    report(found, {"news": news, "idle": 0}, -(-still_open // PAGES[vendor]))


def report(
    found: dict[tuple[str, str], list[tuple[float, int]]], expected: dict[str, int], pages: int
) -> None:
    middle = {
        key: [median(one[i] for one in rounds) for i in (0, 1)] for key, rounds in found.items()
    }
    full = middle["all", "ours"][0]
    for (kind, name), (seconds, calls) in middle.items():
        typer.echo(f"{kind:5}{name:7}{seconds:8.2f} s{calls:10,.0f} calls")
        if name != "ours":
            typer.echo(
                f"     ours is {seconds / middle[kind, 'ours'][0]:.2f} x faster"
                + (f", aim {AIMS['peers']:g}" if kind == "news" else "")
            )
        elif kind in expected:
            typer.echo(
                f"     {seconds / full:.4f} of all, aim {AIMS['time']};"
                f" {calls / (expected[kind] + pages):.2f} x (news + open / page),"
                f" aim {AIMS['calls']}"
            )


if __name__ == "__main__":
    typer.run(main)
