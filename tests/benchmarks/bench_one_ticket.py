"""How long one ticket takes by REST, from the POST to its row, while a run holds its account.

    python -m tests.benchmarks.bench_one_ticket

Airflow is started as the demo starts it. A run of ``sync_tickets`` loads accounts with so many
tickets that it lasts longer than the measuring. Then, one after the other, tickets close at the
vendor, and their ids are posted to ``sync_ticket``.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Final
from urllib.parse import quote

import sqlalchemy as sa
import typer

from include.sandbox.demo.airflow import Api, DemoError, Metadata
from include.sandbox.vendors.server import Sandbox
from include.secrets import KeyRing, new_key
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account
from tests.benchmarks.ground import ground
from tests.benchmarks.service import environment, started

VENDOR: Final = "huawei"
AIM_SECONDS: Final = 10.0
LATENCY_MS: Final = 200
LIMIT_SECONDS: Final = 120
DAGS: Final = ("sync_tickets", "sync_ticket")


class Measuring:
    """Tickets that close, and how long each takes to be stored."""

    def __init__(self, api: Api, sandbox: Sandbox, url: str) -> None:
        self.api, self.store = api, sandbox.store
        self.engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")

    def look(self, query: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.exec_driver_sql(query).scalar_one())

    def begin(self, accounts: int) -> None:
        """Let a run read *accounts*, and wait until it has stored tickets of all of them."""
        self.api.trigger("sync_tickets")
        deadline = time.monotonic() + LIMIT_SECONDS
        read = "select count(distinct account_id) from cloud_osm_list where message_count > 0"
        while self.look(read) < accounts:
            if time.monotonic() > deadline:
                raise DemoError(f"not all accounts are read after {LIMIT_SECONDS} s")
            time.sleep(0.5)
        self.api.switch_on("sync_ticket")

    def require_run(self, accounts: int) -> None:
        """Raise DemoError unless *accounts* are still being read by that run."""
        held = "select count(*) from sync_run where entity = 'tickets' and outcome = 'running'"
        if (count := self.look(held)) != accounts:
            raise DemoError(f"{count} of {accounts} accounts are being read while we measure")

    def measure(self, number: int) -> float:
        """Seconds from the POST about a ticket that has just closed to its row."""
        ticket_id = self.store.add_ticket(VENDOR, messages=6)
        with self.engine.connect() as connection:
            connection.exec_driver_sql(
                "insert into cloud_osm_list (id, cloud_id, status, type, custom_id)"
                f" values ('row-{number}', '{ticket_id}', 1, '{VENDOR.upper()}', '{VENDOR}-1')"
            )
        self.store.close(ticket_id)
        body = {"logical_date": None, "conf": {"tickets": [ticket_id]}}
        began = time.perf_counter()
        told = self.api.call("POST", "/api/v2/dags/sync_ticket/dagRuns", body)
        stored = f"select complete from cloud_osm_list where id = 'row-{number}'"
        while not self.look(stored):
            if time.perf_counter() > began + LIMIT_SECONDS:
                path = f"/api/v2/dags/sync_ticket/dagRuns/{quote(told['dag_run_id'], safe='')}"
                raise DemoError(f"{ticket_id} is not stored: {self.api.progress(path)}")
            time.sleep(0.02)
        return time.perf_counter() - began


def main(
    times: Annotated[int, typer.Option(min=1, help="How many tickets close.")] = 20,
    accounts: Annotated[int, typer.Option(min=1, help="Read by the run; 4: a full lane.")] = 4,
    metadata: Annotated[
        Metadata, typer.Option(help="Airflow's own database.")
    ] = Metadata.POSTGRESQL,
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one."""
    with (
        ground() as there,
        tempfile.TemporaryDirectory(prefix="osm-bench-") as folder,
        Sandbox(seed=7, accounts=accounts, tickets=3000, latency_ms=LATENCY_MS) as sandbox,
    ):
        typer.echo(there.describe())
        home, url, key = Path(folder), there.new_warehouse("one_ticket"), new_key("k1")
        with closing(Warehouse.open(url)) as warehouse:
            for index in range(accounts):
                account = sandbox.account(VENDOR, index)
                add_account(warehouse, KeyRing.parse(key), account, now=datetime.now(UTC))
        own_url = there.new_metadata(metadata)
        with started(environment(home, own_url, url, sandbox, key), home, DAGS) as api:
            measuring = Measuring(api, sandbox, url)
            measuring.begin(accounts)
            seconds = []
            for number in range(times):
                seconds.append(measuring.measure(number))
                typer.echo(f"{number + 1:3}: {seconds[-1]:.2f} s")
                measuring.require_run(accounts)
        worst = max(seconds)
        verdict = "met" if worst <= AIM_SECONDS else "MISSED"
        typer.echo(
            f"POST to row, {times} tickets, {accounts} accounts being read:"
            f" median {median(seconds):.2f} s, worst {worst:.2f} s"
            f"  aim {AIM_SECONDS:.0f} s: {verdict}"
        )


if __name__ == "__main__":
    typer.run(main)
