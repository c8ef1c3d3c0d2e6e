"""How long a snapshot takes beside the least that a person would write, and what it costs.

The reference is COPY into files and then LOAD DATA of them into plain tables with the source's
columns and primary keys, no history, no comparison, no proof. Ours is the command, its start
included. Every round measures the reference, the first snapshot, one after a churn, one after
nothing; medians of all rounds are compared. Processor time is that of the command (of ours, or of
the reference's own process) and of both servers, where they run on this machine. Other tools
copy the same rows, odd values taken out, where the environment names them (``peers``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import psutil
import sqlalchemy as sa
import typer

from include.customer_service import SOURCE_TABLES, SourceTable
from include.sandbox.desk import churn, sample
from include.source.postgres import SourceDatabase
from include.warehouse.customer_service.tables import HISTORIES
from include.warehouse.mysql import Warehouse
from tests.benchmarks import peers
from tests.benchmarks.ground import BELIEVES_NOBODY, ROWS, Ground, ground

NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)
AIMS = {"first": 1.3, "changes": 0.2, "unchanged": 0.1}  # times the reference
MEMORY_AIM = 100  # MB above idle


class Measured:
    """Seconds of each kind of run, and the processor's, of ours and of both servers."""

    def __init__(self, there: Ground) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.processor: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
        self._servers = [_listening(url) for url in (there.source, there.warehouse)]

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began, before = time.perf_counter(), self._used()
        yield
        self.seconds[name].append(time.perf_counter() - began)
        one, two, three = (now - then for now, then in zip(self._used(), before, strict=True))
        self.processor[name].append((one, two, three))

    def _used(self) -> tuple[float, float, float]:
        source, warehouse = map(_processor, self._servers)
        return sum(os.times()[:4]), source, warehouse


def _listening(url: str) -> psutil.Process | None:
    at = sa.make_url(url)
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(
                one.status == psutil.CONN_LISTEN and one.laddr.port == at.port
                for one in process.net_connections(kind="tcp")
            ):
                return process
    return None


def _processor(server: psutil.Process | None) -> float:
    used = 0.0
    for process in [server, *server.children()] if server else ():
        with suppress(psutil.NoSuchProcess):  # it is its parent's from now on
            times = process.cpu_times()
            used += times.user + times.system
            if process is server:
                used += times.children_user + times.children_system
    return used


def columns(table: SourceTable) -> str:
    return ", ".join(column.name for column in table.columns)


def plain_tables(url: str) -> None:
    metadata = sa.MetaData()
    for table in SOURCE_TABLES:
        history = HISTORIES[table.name]
        sa.Table(
            table.name,
            metadata,
            *(
                sa.Column(
                    column.name,
                    history.c[column.name].type,
                    primary_key=column.name in table.key,
                    autoincrement=False,
                )
                for column in table.columns
            ),
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
        )
    metadata.create_all(sa.create_engine(url, poolclass=sa.NullPool))


def by_hand(source_url: str, url: str, folder: Path) -> None:
    """COPY every table to a file, as MySQL reads it, and load the files."""
    with SourceDatabase.open(source_url).snapshot() as snapshot:
        for table in SOURCE_TABLES:
            values = ", ".join(
                f"{column.name} at time zone 'UTC'" if "time" in column.kind.value else column.name
                for column in table.columns
            )
            with (folder / table.name).open("wb", buffering=1 << 20) as sink:
                snapshot.copy(f"select {values} from {table.name}", sink)
    with Warehouse.open(url).bulk() as connection:
        for table in SOURCE_TABLES:
            connection.exec_driver_sql(
                f"load data local infile '{folder / table.name}' into table {table.name}"
                " character set utf8mb4 fields terminated by ',' enclosed by '\"' escaped by ''"
                f" lines terminated by '\\n' ({columns(table)})"
            )
            connection.commit()


def command(late: str = "0", **urls: str) -> dict[str, Any]:
    """What the command tells, and its peak memory; without *urls* that of the imports."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.one_snapshot", *([late] if urls else [])],
        check=True,
        stdout=subprocess.PIPE,
        env=os.environ | urls | BELIEVES_NOBODY,
    )
    told, memory = done.stdout.decode().rstrip().rsplit("\n", 1)
    return {**json.loads(told or "{}"), **json.loads(memory)}


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Of reference, first, churn, nothing.")] = 5,
    scale: Annotated[float, typer.Option(help="1: 1,210,000 rows.")] = 1.0,
    share: Annotated[float, typer.Option(help="How much of every table changes.")] = 0.01,
    late: Annotated[
        float, typer.Option(help="Seconds that the source sorts before a table's first row.")
    ] = 0.0,
    peer_rounds: Annotated[
        int, typer.Option(help="Of each other tool that the environment names (peers.py).")
    ] = 1,
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one."""
    peaks: list[int] = []
    with ground() as there, tempfile.TemporaryDirectory() as name:
        typer.echo(there.describe())
        source, measured = there.new_source(), Measured(there)
        rows = {table: round(count * scale) for table, count in ROWS.items()}
        made = sample.create(source, seed=7, now=NOW, scale=scale, rows=rows, queue=True)
        typer.echo(f"{sum(made.values()):,} rows: {made}")
        idle = command()["peak"]
        for number in range(rounds):
            plain = there.new_schema(f"plain_{number}")
            plain_tables(plain)
            with measured("reference"):
                by_hand(source, plain, Path(name))
            there.drop(plain)
            warehouse = there.new_warehouse(f"warehouse_{number}")
            for what in AIMS:
                if what == "changes":
                    now = NOW + timedelta(hours=number)
                    churn.churn(source, seed=number, now=now, share=share)
                with measured(what):
                    taken = command(str(late), WAREHOUSE_URL=warehouse, SOURCE_URL=source)
                assert (taken["full_because"] == "first snapshot") == (what == "first")
                peaks.append(taken["peak"])
            there.drop(warehouse)
            typer.echo(
                f"round {number + 1}: "
                + ", ".join(f"{what} {times[-1]:.2f} s" for what, times in measured.seconds.items())
            )
        peers.make_plain(source)
        for tool, copy in peers.table_copies(source):
            for number in range(peer_rounds):
                url = there.new_schema(f"{tool}_{number}")
                with measured(tool):
                    copy(url)
                there.drop(url)
                typer.echo(f"{tool} {measured.seconds[tool][-1]:.2f} s")
    reference = median(measured.seconds["reference"])
    typer.echo(f"{'':12}{'median':>9}  {'spread':>13}  processor: ours, PostgreSQL, MySQL")
    for what, times in measured.seconds.items():
        used = [median(parts) for parts in zip(*measured.processor[what], strict=True)]
        ratio = f"{median(times) / reference:.3f} x the reference"
        if what in AIMS:
            ratio += f", aim {AIMS[what]}"
        else:
            ratio += f", {median(times) / median(measured.seconds['first']):.2f} x the first"
        typer.echo(
            f"{what:12}{median(times):7.2f} s  {min(times):5.2f} - {max(times):5.2f}"
            f"  {used[0]:7.2f} {used[1]:7.2f} {used[2]:7.2f}   {ratio}"
        )
    above = (max(peaks) - idle) / 1024
    typer.echo(f"memory above idle {above:.0f} MB, aim {MEMORY_AIM}; idle {idle / 1024:.0f} MB")


if __name__ == "__main__":
    typer.run(main)
