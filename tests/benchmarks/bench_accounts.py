"""How long idle accounts take, one after the other and side by side, with a vendor of some latency.

``python -m tests.benchmarks.bench_accounts [--accounts 40] [--rate 999] [--rounds 5]``: so many
accounts of each vendor, in which nothing is new. Each run is a process of its own, and its
processor time is its own; what it needs to start is left out.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import typer

from include.sandbox.vendors.server import Sandbox
from include.secrets import KeyRing, new_key
from include.vendors.registry import VENDORS, load_settings
from include.warehouse.bookkeeping.ledger import Counts, Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account
from include.work.accounts import Choice, choose_accounts
from include.work.place import Workplace
from tests.benchmarks.ground import BELIEVES_NOBODY, Ground, ground

ROOT: Final = Path(__file__).resolve().parents[2]
LATENCIES: Final = (5, 50, 200)
AT_ONCE: Final = (1, 8)


def sync(vendor: str) -> dict[str, Any]:
    """Sync all accounts of *vendor* by the settings on stdin; what that took."""
    # Both are heavy, and part of the start.
    from include.pipelines.tickets.sync import Options
    from include.work.tickets import sync_accounts

    logging.disable()
    settings = load_settings(json.load(sys.stdin))
    url = settings.warehouse_url.get_secret_value()
    with closing(Warehouse.open(url, accounts_at_once=settings.accounts_at_once)) as warehouse:
        place = Workplace.of(settings, warehouse, lambda _: "", None)
        accounts = choose_accounts(place, Choice(vendors=(vendor,))).accounts
        began, busy = time.perf_counter(), time.process_time()
        results = sync_accounts(place, accounts, Request("a benchmark"), Options())
        seconds, processor = time.perf_counter() - began, time.process_time() - busy
    assert not [result.error for result in results if result.error]
    done = sum((result.counts or Counts() for result in results), Counts())
    return {"seconds": seconds, "processor": processor, "calls": done.calls}


def run(vendor: str, environment: dict[str, str], at_once: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_accounts", "sync", vendor],
        cwd=ROOT,
        env=os.environ | BELIEVES_NOBODY,
        input=json.dumps(environment | {"ACCOUNTS_AT_ONCE": str(at_once)}),
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(there: Ground, latency: int, accounts: int, rate: float, rounds: int) -> None:
    """Say what idle runs take, by vendor, after a first one that reads all there is."""
    url, key = there.new_warehouse(f"accounts_{latency}"), new_key("k1")
    with Sandbox(seed=7, accounts=accounts, tickets=3, latency_ms=latency) as sandbox:
        with closing(Warehouse.open(url)) as warehouse:
            for vendor in VENDORS:
                for index in range(accounts):
                    account = sandbox.account(vendor, index)
                    add_account(warehouse, KeyRing.parse(key), account, now=datetime.now(UTC))
        environment = {
            **sandbox.environment(),
            "WAREHOUSE_URL": url,
            "SECRET_KEYS": key,
            "CALLS_PER_SECOND": str(rate),
        }
        for vendor in VENDORS:
            run(vendor, environment, max(AT_ONCE))
            found: dict[int, list[dict[str, Any]]] = {number: [] for number in AT_ONCE}
            for number in range(rounds):
                for at_once in AT_ONCE[number % 2 :] + AT_ONCE[: number % 2]:
                    found[at_once].append(run(vendor, environment, at_once))
            walls = {at_once: median(one["seconds"] for one in found[at_once]) for at_once in found}
            for at_once, wall in walls.items():
                processor = median(one["processor"] for one in found[at_once])
                calls = found[at_once][0]["calls"] / accounts
                typer.echo(
                    f"{latency:4} ms  {vendor:8}{at_once} at once {wall:7.2f} s"
                    f"  processor {processor:6.2f} s, {processor / accounts * 1000:4.0f} ms and"
                    f" {calls:.1f} calls an account, {walls[1] / wall:.1f} times as fast"
                )
    there.drop(url)


def main(
    accounts: Annotated[int, typer.Option(min=1, help="Accounts of each vendor.")] = 40,
    rate: Annotated[float, typer.Option(help="CALLS_PER_SECOND of each account.")] = 999.0,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one."""
    with ground() as there:
        typer.echo(f"{there.describe()}; {accounts} accounts of each vendor, {rounds} rounds")
        for latency in LATENCIES:
            measure(there, latency, accounts, rate, rounds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["sync"]:
        sys.stdout.write(json.dumps(sync(sys.argv[2])))
    else:
        typer.run(main)
