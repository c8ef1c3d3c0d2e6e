"""What a run with one percent of news costs beside the first one, and one without news.

``python -m tests.benchmarks.bench_news [--tickets 50000] [--latency 5] [--rounds 5]``: one account,
of which a few tickets are open. Ours is a process of its own; what it needs to start is left out.
The sandbox answers and checks signatures in this one, on the same processors.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Annotated, Any, Final

import typer

from include.sandbox.vendors.server import Sandbox
from include.vendors.alibaba import client as alibaba
from include.vendors.huawei import client as huawei
from include.vendors.tencent import conversation as tencent
from tests.benchmarks.ground import ground

NOW: Final = datetime(2026, 7, 2, tzinfo=UTC)
STEP: Final = timedelta(minutes=15)
PAGES: Final = {
    "alibaba": alibaba.PAGE_SIZE,
    "huawei": huawei.PAGE_SIZE,
    "tencent": tencent.PAGE_SIZE,
}
AIMS: Final = {"calls": 2.0, "time": 0.02}


def run(url: str, account: str, environment: str, now: datetime) -> dict[str, Any]:
    """Sync once; how it ended, and seconds."""
    command = [sys.executable, "-m", "tests.benchmarks.one_sync", url, account, environment]
    # The driver would read all authorities that this machine knows, at every connection to it.
    environ = os.environ | {"SSL_CERT_FILE": os.devnull}
    done = subprocess.run(
        [*command, now.isoformat()], check=True, stdout=subprocess.PIPE, env=environ
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(
    vendor: Annotated[str, typer.Option(help=", ".join(PAGES))] = "alibaba",
    tickets: Annotated[int, typer.Option(min=1)] = 50_000,
    messages: Annotated[int, typer.Option(min=1, help="A ticket.")] = 5,
    share: Annotated[float, typer.Option(help="Of the tickets, new in each round.")] = 0.01,
    still_open: Annotated[int, typer.Option(help="Tickets that stay open.")] = 500,
    latency: Annotated[int, typer.Option(help="Milliseconds a call.")] = 5,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one."""
    news = round(tickets * share)
    found: dict[str, list[tuple[float, int]]] = {"news": [], "idle": []}
    with ground() as there, Sandbox(7, 1, 0, latency_ms=latency) as sandbox:
        typer.echo(there.describe())
        url = there.new_warehouse("news")
        account = json.dumps(asdict(sandbox.account(vendor)))
        environment = json.dumps(
            sandbox.environment()
            | {
                "SYNC_SINCE": (NOW - timedelta(days=90)).isoformat(),
                "CALLS_PER_SECOND": "999",
                "CALLS_AT_ONCE": "16",
            }
        )

        def add(number: int, until: datetime, span: timedelta, state: str) -> None:
            for i in range(number):
                moment = until - span * (i + 1) / (number + 1)
                sandbox.store.add_ticket(vendor, created_at=moment, state=state, messages=messages)

        def one(now: datetime, expected: int) -> tuple[float, int]:
            sandbox.store.freeze(now)
            before = len(sandbox.calls)
            told = run(url, account, environment, now)
            assert told["ended"].startswith(f"{expected} tickets"), told
            return told["seconds"], len(sandbox.calls) - before

        add(tickets - still_open, NOW, timedelta(days=80), "closed")
        add(still_open, NOW, timedelta(days=20), "open")
        full, calls = one(NOW, tickets)
        typer.echo(f"all {tickets:,} tickets: {full:.2f} s, {calls:,} calls")
        now = NOW
        for _ in range(rounds):
            now += STEP
            add(news, now, STEP, "closed")
            found["news"].append(one(now, news))
            now += STEP
            found["idle"].append(one(now, 0))
    for name, figures in found.items():
        seconds, sent = (median(one[i] for one in figures) for i in (0, 1))
        least = (news if name == "news" else 0) + -(-still_open // PAGES[vendor])
        typer.echo(
            f"{name}: {seconds:.2f} s, {seconds / full:.4f} of all, aim {AIMS['time']};"
            f" {sent:,.0f} calls, {sent / least:.2f} x (news + open / page), aim {AIMS['calls']}"
        )


if __name__ == "__main__":
    typer.run(main)
