"""How much sooner four Celery workers have read accounts of slow vendors than one worker.

    make bench ARGS=celery

Four accounts of each vendor are read for the first time, a task each and one call at a time, so
that what they wait for is the vendor; by *backfill_tickets*, which has no schedule that comes in
between. A worker runs one task at once, and has run some before. What counts is the run as Airflow
tells it, tasks' starts included. Beside it stands what the processor allows: what Airflow, its
workers, the databases, the broker and the sandbox consumed with four workers takes at least so long
on these cores.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import psutil
import sqlalchemy as sa
import typer

from include.sandbox.demo.airflow import Metadata, wait_for_runs
from include.sandbox.servers import databases
from include.sandbox.vendors.seed import BEGIN
from include.sandbox.vendors.server import Sandbox
from include.secrets import KeyRing, new_key
from include.vendors.registry import VENDORS
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account
from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.service import environment, started

DAG: Final = "backfill_tickets"
ACCOUNTS: Final = 4
"""Of each vendor."""
CALLS_OF_TICKET: Final = 2
"""About: what lists and details take together."""
AIM: Final = 3.5
SETTINGS: Final = {
    "CALLS_PER_SECOND": "999",
    "CALLS_AT_ONCE": "1",
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "1",
}


class Measured(NamedTuple):
    """A run of the DAG: seconds, processor seconds of all that took part, tickets stored."""

    wall: float
    processor: float
    stored: int


def servers(*urls: str) -> list[psutil.Process]:
    """The processes on this machine that listen where these addresses say."""
    ports = {sa.make_url(url).port for url in urls}
    return [
        psutil.Process(pid)
        for pid in {
            one.pid
            for one in psutil.net_connections("tcp")
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port in ports
        }
        if pid
    ]


def consumed(processes: Iterable[psutil.Process]) -> float:
    """Processor seconds of *processes* and of all that descended from them, ended or not."""
    family = {one for process in processes for one in [process, *process.children(recursive=True)]}
    total = 0.0
    for one in family:
        with suppress(psutil.NoSuchProcess):  # its parent has its times from now on
            t = one.cpu_times()
            total += t.user + t.system + t.children_user + t.children_system
    return total


def run(there: Ground, broker: str, latency: int, tickets: int, workers: int) -> Measured:
    """Let so many *workers* read all accounts for the first time."""
    name, key = f"celery_{latency}_{workers}", new_key("k1")
    url = there.new_warehouse(name)
    with (
        tempfile.TemporaryDirectory(prefix="osm-bench-") as folder,
        Sandbox(seed=7, accounts=ACCOUNTS, tickets=tickets, latency_ms=latency) as sandbox,
    ):
        with closing(Warehouse.open(url)) as warehouse:
            for account in (sandbox.account(v, i) for v in VENDORS for i in range(ACCOUNTS)):
                add_account(warehouse, KeyRing.parse(key), account, now=datetime.now(UTC))
        home, own_url = Path(folder), there.new_metadata(Metadata.POSTGRESQL)
        environ = environment(home, own_url, url, sandbox, key, broker) | SETTINGS
        with started(environ, home, [DAG], workers) as api:
            # A worker's first task takes longer: it loads Airflow.
            now = datetime.now(UTC).isoformat()
            wait_for_runs(api, {DAG: api.trigger(DAG, since=now)}, lambda: None, lambda _: None)
            # What we start, ourselves with the sandbox, and the servers.
            taking = [psutil.Process(), *servers(url, own_url, broker)]
            before = consumed(taking)
            path = api.trigger(DAG, since=BEGIN.isoformat())
            wait_for_runs(api, {DAG: path}, lambda: None, lambda _: None)
            processor = consumed(taking) - before
            told = api.call("GET", path)
        began, ended = (datetime.fromisoformat(told[at]) for at in ("start_date", "end_date"))
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            stored = connection.exec_driver_sql("select count(*) from cloud_osm_list").scalar_one()
    for made in (url, own_url):
        there.drop(made)
    return Measured((ended - began).total_seconds(), processor, int(stored))


def main(
    seconds: Annotated[
        int, typer.Option(min=1, help="About so long an account waits for its vendor.")
    ] = 60,
    latencies: Annotated[
        list[int], typer.Option("--latency", help="Milliseconds a call; more than one is possible.")
    ] = [50, 500],  # noqa: B006 - typer's way
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one; needs Celery (make celery)."""
    if find_spec("celery") is None:
        raise typer.BadParameter("requirements-celery.txt is not installed: make celery does it")
    cores = os.cpu_count() or 1
    with ground() as there, tempfile.TemporaryDirectory(prefix="osm-bench-") as folder:
        base = Path(folder)
        base.chmod(0o755)  # the server runs as another user
        broker = databases.start_broker(base)
        try:
            typer.echo(f"{there.describe()}; {databases.version(broker)}")
            for latency in latencies:
                tickets = max(1, seconds * 1000 // latency // CALLS_OF_TICKET)
                four, one = (run(there, broker, latency, tickets, n) for n in (4, 1))
                for workers, it in ((1, one), (4, four)):
                    typer.echo(
                        f"{latency:4} ms, workers {workers}: {it.stored} tickets in"
                        f" {it.wall:.0f} s, {it.processor:.0f} s of processor,"
                        f" {it.processor / it.wall:.1f} of {cores} cores"
                    )
                ratio, most = one.wall / four.wall, one.wall * cores / four.processor
                typer.echo(
                    f"{latency:4} ms: {ratio:.1f} times as fast (aim {AIM}:"
                    f" {'met' if ratio >= AIM else 'MISSED'}); {cores} cores allow {most:.1f}"
                )
        finally:
            databases.stop_broker(base, forget=True)


if __name__ == "__main__":
    typer.run(main)
