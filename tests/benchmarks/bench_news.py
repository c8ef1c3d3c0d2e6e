"""What a run with one percent of news costs beside the first one, and one without news.

``python -m tests.benchmarks.bench_news [--tickets 50000] [--latency 5] [--rounds 5]``: one account,
of which a few tickets are open. Ours is a process of its own; what it needs to start is left out.
The sandbox answers and checks signatures in this one, on the same processors. Where ``PEER_DLT``
and ``PEER_SINGER`` name them (``peers.py``), dlt and Singer do the same in turn with ours, into
databases of their own, in which the same must be stored at the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import sqlalchemy as sa
import typer

from include.sandbox.vendors.server import Sandbox
from include.vendors.alibaba import client as alibaba
from include.vendors.huawei import client as huawei
from include.vendors.tencent import conversation as tencent
from tests.benchmarks import peers
from tests.benchmarks.ground import Ground, ground

NOW: Final = datetime(2026, 7, 2, tzinfo=UTC)
SINCE: Final = NOW - timedelta(days=90)
STEP: Final = timedelta(minutes=15)
PAGES: Final = {
    "alibaba": alibaba.PAGE_SIZE,
    "huawei": huawei.PAGE_SIZE,
    "tencent": tencent.PAGE_SIZE,
}
AIMS: Final = {"calls": 2.0, "time": 0.02, "peers": 4.0}


@dataclass(frozen=True)
class Contestant:
    """Where it stores, how it is brought up to date, and how what it stored is counted."""

    url: str
    run: Callable[[datetime, int], float]
    """Given now and how many tickets are news; seconds."""
    counts: tuple[str, str]

    def stored(self) -> list[int]:
        """Tickets and messages."""
        with sa.create_engine(self.url, poolclass=sa.NullPool).connect() as connection:
            return [connection.exec_driver_sql(query).scalar_one() for query in self.counts]


def ours(there: Ground, sandbox: Sandbox, vendor: str) -> Contestant:
    url = there.new_warehouse("ours")
    account = json.dumps(asdict(sandbox.account(vendor)))
    environment = sandbox.environment() | {
        "SYNC_SINCE": SINCE.isoformat(),
        "CALLS_PER_SECOND": "999",
        "CALLS_AT_ONCE": "16",
    }
    command = [sys.executable, "-m", "tests.benchmarks.one_sync", url, account]
    # The driver would read all authorities that this machine knows, at every connection to it.
    environ = os.environ | {"SSL_CERT_FILE": os.devnull}

    def run(now: datetime, expected: int) -> float:
        given = [*command, json.dumps(environment), now.isoformat()]
        done = subprocess.run(given, check=True, stdout=subprocess.PIPE, env=environ)
        told = json.loads(done.stdout)
        assert told["ended"].startswith(f"{expected} tickets"), told
        return float(told["seconds"])

    # What a ticket opens with is a message of ours, and of the peers a column of the ticket.
    messages = "select count(*) from cloud_osm_detail where message_id <> 'description'"
    return Contestant(url, run, ("select count(*) from cloud_osm_list", messages))


def theirs(there: Ground, sandbox: Sandbox, folder: Path) -> Iterator[tuple[str, Contestant]]:
    account = sandbox.account("alibaba")
    given = {
        "base_url": sandbox.url("alibaba"),
        "access_key": account.access_key,
        "secret_key": account.secret_key,
        "since": round(SINCE.timestamp() * 1000),
    }

    def peer(name: str) -> Contestant:
        url, own = there.new_schema(name), folder / name
        own.mkdir()

        def run(now: datetime, _: int) -> float:
            return peers.news(name, url, own, given | {"until": round(now.timestamp() * 1000)})

        return Contestant(url, run, ("select count(*) from tickets", "select count(*) from notes"))

    for name in ("dlt", "singer"):
        if f"PEER_{name.upper()}" in os.environ:
            yield name, peer(name)


def main(
    vendor: Annotated[str, typer.Option(help=f"{', '.join(PAGES)}; peers: alibaba")] = "alibaba",
    tickets: Annotated[int, typer.Option(min=1)] = 50_000,
    messages: Annotated[int, typer.Option(min=1, help="A ticket.")] = 5,
    share: Annotated[float, typer.Option(help="Of the tickets, new in each round.")] = 0.01,
    still_open: Annotated[int, typer.Option(help="Tickets that stay open.")] = 500,
    latency: Annotated[int, typer.Option(help="Milliseconds a call.")] = 5,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
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
            all_ |= theirs(there, sandbox, Path(folder))
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
        line = f"{kind:5}{name:7}{seconds:8.2f} s {calls:9,.0f} calls"
        if name != "ours":
            line += f"; ours {seconds / middle[kind, 'ours'][0]:.2f} x faster"
            line += f", aim {AIMS['peers']}" if kind == "news" else ""
        elif kind in expected:
            line += (
                f"; {seconds / full:.4f} of all, aim {AIMS['time']}; {calls / (expected[kind] + pages):.2f}"
                f" x (news + open / page), aim {AIMS['calls']}"
            )
        typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
