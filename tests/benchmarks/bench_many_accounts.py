"""How long a run of *sync_tickets* takes for very many accounts of one vendor, few with news.

    python -m tests.benchmarks many_accounts --accounts 10000 --latency 5

Airflow is started as the demo starts it, on one machine. The first run reads what each account has;
then one in a hundred gets a new ticket, and the next run is measured as Airflow tells it, from its
start to its end. Beside it stands the processor time of all that took part: Airflow and its tasks,
the databases and the sandbox, which shares the cores.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import unquote

import psutil
import sqlalchemy as sa
import typer

from include.sandbox.demo.airflow import Api, DemoError, Metadata
from include.sandbox.vendors.server import Sandbox
from include.secrets import KeyRing, new_key, seal
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.tables import cloud_user
from include.warehouse.types import stored_name
from tests.benchmarks.bench_celery import consumed, servers
from tests.benchmarks.ground import ground
from tests.benchmarks.service import environment, started

DAG: Final = "sync_tickets"
MARK_SECONDS: Final = 900
START_SECONDS: Final = 30
TICKETS: Final = 1
"""Of each account, read by the first run."""


def add_accounts(url: str, sandbox: Sandbox, vendor: str, number: int, key: str) -> None:
    """Store so many accounts at once: one by one, each is compared with all others."""
    ring = KeyRing.parse(key)
    accounts = [sandbox.account(vendor, index) for index in range(number)]
    rows = [
        {
            "id": account.account_id,
            "type": stored_name(vendor),
            "secret_id": account.access_key,
            "secret_key_secret": seal(ring, vendor, account.account_id, account.secret_key),
            "region_id": account.region,
            "enabled": 1,
            "create_time": datetime.now(UTC),
        }
        for account in accounts
    ]
    with closing(Warehouse.open(url)) as warehouse:
        warehouse.transact(lambda connection: connection.execute(sa.insert(cloud_user), rows))


def next_run(api: Api, news: Callable[[], None], longest: float) -> str:
    """Let there be *news* and a run: by hand where it ends before the quarter of an hour does.

    Else the run that the next quarter begins is taken.
    """
    left = MARK_SECONDS - time.time() % MARK_SECONDS
    if left > longest:
        news()
        return api.trigger(DAG)
    typer.echo(f"waiting {left:.0f} s for the next quarter of an hour")
    time.sleep(max(0.0, left - 5))
    news()
    mark = datetime.fromtimestamp(time.time() // MARK_SECONDS * MARK_SECONDS + MARK_SECONDS, UTC)
    while not (path := api.run_since(DAG, mark.isoformat())):
        time.sleep(1)
    return path


def first_run(api: Api) -> str:
    """Switch the DAG on: the path of the run that this begins, as Airflow makes up for the last."""
    began = datetime.now(UTC).isoformat()
    api.switch_on(DAG)
    deadline = time.monotonic() + START_SECONDS
    while not (path := api.run_since(DAG, began)) and time.monotonic() < deadline:
        time.sleep(1)
    return path or api.trigger(DAG)


def wait_for(api: Api, path: str, longest: float) -> tuple[float, int, str]:
    """Wait for the end of a run: its seconds, its tasks and its state."""
    deadline = time.monotonic() + longest
    while (state := api.progress(path)[0]) not in ("success", "failed"):
        if time.monotonic() > deadline:
            raise DemoError(f"after {longest:.0f} s: {api.progress(path)}")
        time.sleep(2)
    told = api.call("GET", path)
    began, ended = (datetime.fromisoformat(told[name]) for name in ("start_date", "end_date"))
    tasks = api.call("GET", f"{path}/taskInstances?limit=1000")["task_instances"]
    mapped = sum(task["map_index"] >= 0 for task in tasks)
    return (ended - began).total_seconds(), mapped, state


def main(
    accounts: Annotated[int, typer.Option(min=1, help="Accounts of the vendor.")] = 1000,
    latencies: Annotated[
        list[int], typer.Option("--latency", help="Milliseconds a call; more than one is possible.")
    ] = [5],  # noqa: B006 - typer's way
    vendor: Annotated[str, typer.Option(help="The vendor.")] = "huawei",
    rate: Annotated[float, typer.Option(help="CALLS_PER_SECOND of each account.")] = 5.0,
    rounds: Annotated[int, typer.Option(min=1, help="Runs of each latency.")] = 1,
    longest: Annotated[float, typer.Option(help="Seconds that a run may take by hand.")] = 600,
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one."""
    with (
        ground() as there,
        tempfile.TemporaryDirectory(prefix="osm-bench-") as folder,
        Sandbox(seed=7, accounts=accounts, tickets=TICKETS) as sandbox,
    ):
        typer.echo(there.describe())
        home, url, key = Path(folder), there.new_warehouse("many"), new_key("k1")
        add_accounts(url, sandbox, vendor, accounts, key)
        own_url = there.new_metadata(Metadata.POSTGRESQL)
        environ = environment(home, own_url, url, sandbox, key)
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")

        def news() -> None:
            for index in range(0, accounts, 100):
                sandbox.store.add_ticket(vendor, index, state="closed")

        with started(environ | {"CALLS_PER_SECOND": str(rate)}, home, [DAG]) as api:
            own = [psutil.Process(), *servers(there.warehouse, there.source)]

            def measure(what: str, path: str) -> None:
                before, calls = consumed(own), len(sandbox.calls)
                seconds, tasks, state = wait_for(api, path, 4 * MARK_SECONDS)
                processor = consumed(own) - before
                with engine.connect() as connection:
                    told = connection.exec_driver_sql(
                        "select outcome, count(*), sum(written), avg(timestampdiff(microsecond,"
                        " started_at, ended_at)) / 1e6 from sync_run where triggered_by like %s"
                        " group by outcome",
                        (f"airflow {unquote(path.rpartition('/')[2])}%",),
                    ).all()
                typer.echo(
                    f"{vendor} {accounts} accounts, {rate:g} calls a second, {what}: {state},"
                    f" {seconds:.0f} s, {tasks} tasks,"
                    f" {(len(sandbox.calls) - calls) / accounts:.1f} calls and"
                    f" {1000 * processor / accounts:.0f} ms of processor an account; {told}"
                )

            measure("first run", first_run(api))
            for latency in latencies:
                sandbox.latency = latency / 1000
                for _ in range(rounds):
                    while api.under_way(DAG):
                        time.sleep(1)
                    measure(f"{latency} ms, 1 % news", next_run(api, news, longest))


if __name__ == "__main__":
    typer.run(main)
