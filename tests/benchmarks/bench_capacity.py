"""What a ticket, a message, a run and a version cost in bytes, rows and calls, at several sizes.

The unit costs of ``docs/capacity.md``: a formula there holds as far as these do not depend on size.
Bytes are data and indexes of InnoDB, as the server estimates them after ANALYZE TABLE.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import sqlalchemy as sa
import typer

from include.pipelines.snapshots.snapshot import take_snapshot
from include.sandbox.desk import churn, sample
from include.sandbox.vendors.server import Sandbox
from include.source.postgres import SourceDatabase
from include.vendors.registry import VENDORS
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.benchmarks.contestants import run
from tests.benchmarks.ground import ROWS, Ground, ground

NOW: Final = datetime(2026, 7, 2, tzinfo=UTC)
IDLE_RUNS: Final = 20


def bytes_of(url: str, *tables: str) -> tuple[int, int]:
    """Rows and bytes of *tables* together."""
    rows = size = 0
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        for table in tables:
            connection.exec_driver_sql(f"analyze table {table}").all()
            rows += int(connection.exec_driver_sql(f"select count(*) from {table}").scalar() or 0)
            query = (
                "select data_length + index_length from information_schema.tables"
                f" where table_schema = database() and table_name = '{table}'"
            )
            size += int(connection.exec_driver_sql(query).scalar() or 0)
    return rows, size


def tickets(there: Ground, vendor: str, number: int, messages: int) -> None:
    """Load *number* tickets, then run without news."""
    url = there.new_warehouse(f"{vendor}_{number}")
    with Sandbox(7, 1, 0) as sandbox:
        for i in range(number):
            moment = NOW - timedelta(days=80) * (i + 1) / (number + 1)
            sandbox.store.add_ticket(vendor, created_at=moment, state="closed", messages=messages)
        sandbox.store.freeze(NOW)
        account = json.dumps(asdict(sandbox.account(vendor)))
        since = (NOW - timedelta(days=90)).isoformat()
        environment = json.dumps(
            sandbox.environment() | {"SYNC_SINCE": since, "CALLS_PER_SECOND": "999"}
        )

        def measure(moment: datetime) -> tuple[dict[str, Any], int]:
            before = len(sandbox.calls)
            return run(url, account, environment, moment), len(sandbox.calls) - before

        told, calls = measure(NOW)
        assert told["ended"].startswith(f"{number} tickets"), told
        idle = [measure(NOW + timedelta(minutes=15 * (i + 1)))[1] for i in range(IDLE_RUNS)]
    listed, said, ledger = (
        bytes_of(url, table) for table in ("cloud_osm_list", "cloud_osm_detail", "sync_run")
    )
    typer.echo(
        f"{vendor:8} {number:7,} tickets: {calls / number:.2f} calls a ticket,"
        f" {listed[1] / listed[0]:.0f} bytes a ticket, {said[1] / said[0]:.0f} a message;"
        f" without news {sum(idle) / len(idle):.1f} calls a run, {ledger[1] / ledger[0]:.0f} bytes"
    )
    there.drop(url)


def snapshots(there: Ground, scale: float) -> None:
    """Take a first snapshot and one after a percent changed."""
    source, url = there.new_source(), there.new_warehouse(f"history_{round(scale * 100)}")
    rows = {table: round(count * scale) for table, count in ROWS.items()}
    sample.create(source, seed=7, now=NOW, scale=scale, rows=rows, queue=True)
    warehouse, request = Warehouse.open(url), Request("a benchmark")
    histories = [f"cs_{table}_history" for table in rows]
    for what, share in (("first", 0.0), ("after 1 %", 0.01)):
        churn.churn(source, seed=1, now=NOW + timedelta(hours=1), share=share)
        take_snapshot(SourceDatabase.open(source), warehouse, request=request)
        count, size = bytes_of(url, *histories)
        typer.echo(f"history, {what}: {count:9,} versions, {size / count:.0f} bytes each")
    warehouse.close()
    there.drop(url)
    there.drop(source)


def main(
    sizes: Annotated[str, typer.Option(help="Numbers of tickets.")] = "1000,5000",
    messages: Annotated[int, typer.Option(min=1, help="A ticket.")] = 5,
    scales: Annotated[str, typer.Option(help="Of the desk; 1: 1,210,000 rows.")] = "0.05,0.25",
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one."""
    with ground() as there:
        typer.echo(there.describe())
        for vendor in VENDORS:
            for number in map(int, sizes.split(",")):
                tickets(there, vendor, number, messages)
        for scale in map(float, scales.split(",")):
            snapshots(there, scale)


if __name__ == "__main__":
    typer.run(main)
