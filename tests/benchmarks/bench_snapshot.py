"""How long a snapshot takes beside the least it could take, and how much memory.

The reference is COPY alone, its rows thrown away, and LOAD DATA alone, of the same rows from files
into plain tables with the source's columns and primary keys. Every round measures the reference,
the first snapshot, and a snapshot after a churn; the medians of all rounds are compared.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import psycopg2  # type: ignore[import-untyped]
import sqlalchemy as sa
import typer

from include.customer_service import SOURCE_TABLES, SourceTable
from include.sandbox.desk import churn, sample
from include.source.postgres import SourceDatabase
from include.warehouse.customer_service.tables import HISTORIES
from include.warehouse.mysql import Warehouse
from tests.benchmarks.ground import ROWS, ground

NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)
AIMS = {"first": 2.0, "changes": 0.25, "memory": 100}


class Nowhere:
    """Takes what COPY gives."""

    def write(self, data: bytes) -> int:
        return len(data)


@contextmanager
def timed(seconds: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - began)


def columns(table: SourceTable) -> str:
    return ", ".join(column.name for column in table.columns)


def copy_alone(source_url: str) -> None:
    with psycopg2.connect(_plain(source_url)) as connection, connection.cursor() as cursor:
        for table in SOURCE_TABLES:
            cursor.copy_expert(f"copy {table.name} ({columns(table)}) to stdout csv", Nowhere())
    connection.close()


def files(source_url: str, folder: Path) -> None:
    """The rows as MySQL can load them."""
    with SourceDatabase.open(source_url).snapshot() as snapshot:
        for table in SOURCE_TABLES:
            rows = snapshot.found[table.name].reading.rows()
            with (folder / table.name).open("wb") as sink:
                snapshot.copy(f"select {columns(table)} from ({rows}) as converted", sink)


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


def load_alone(url: str, folder: Path) -> None:
    with Warehouse.open(url).bulk() as connection:
        for table in SOURCE_TABLES:
            connection.exec_driver_sql(
                f"load data local infile '{folder / table.name}' into table {table.name}"
                " character set utf8mb4 fields terminated by ',' enclosed by '\"' escaped by ''"
                f" lines terminated by '\\n' ({columns(table)})"
            )
            connection.commit()


def snapshot(*given: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.one_snapshot", *given],
        check=True,
        stdout=subprocess.PIPE,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Of reference, first, changes.")] = 3,
    scale: Annotated[float, typer.Option(help="1: a million sessions.")] = 1.0,
    share: Annotated[float, typer.Option(help="How much of every table changes.")] = 0.01,
    late: Annotated[
        float, typer.Option(help="Seconds that the source sorts before a table's first row.")
    ] = 0.0,
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one."""
    copied: list[float] = []
    loaded: list[float] = []
    first: list[float] = []
    changes: list[float] = []
    peaks: list[int] = []
    with ground() as there, tempfile.TemporaryDirectory() as name:
        typer.echo(there.describe())
        folder, source = Path(name), there.new_source()
        rows = {table: round(count * scale) for table, count in ROWS.items()}
        made = sample.create(source, seed=7, now=NOW, scale=scale, rows=rows, queue=True)
        typer.echo(f"{sum(made.values()):,} rows: {made}")
        idle = snapshot()["peak"]
        for number in range(rounds):
            plain = there.new_schema(f"plain_{number}")
            plain_tables(plain)
            files(source, folder)
            warehouse = there.new_warehouse(f"warehouse_{number}")
            with timed(copied):
                copy_alone(source)
            with timed(loaded):
                load_alone(plain, folder)
            there.drop(plain)
            taken = snapshot(warehouse, source, str(late))
            assert taken["full_because"] == "first snapshot"
            first.append(taken["seconds"])
            read = taken["rows"]
            churn.churn(source, seed=number, now=NOW + timedelta(hours=number), share=share)
            changed = snapshot(warehouse, source, str(late))
            assert changed["full_because"] is None
            changes.append(changed["seconds"])
            peaks += [taken["peak"], changed["peak"]]
            there.drop(warehouse)
            typer.echo(
                f"round {number + 1}: COPY {copied[-1]:.2f} s, LOAD DATA {loaded[-1]:.2f} s,"
                f" first snapshot {first[-1]:.2f} s, changes {changes[-1]:.2f} s"
                f" ({changed['rows']:,} rows read)"
            )
        reference = median([one + other for one, other in zip(copied, loaded, strict=True)])
        report(
            ("reference", f"{reference:.2f} s", f"{read / reference:,.0f} rows/s"),
            ("first snapshot", f"{median(first):.2f} s", f"{read / median(first):,.0f} rows/s"),
            ("first : reference", f"{median(first) / reference:.2f}", f"aim {AIMS['first']}"),
            ("changes", f"{median(changes):.2f} s", f"{share:.0%} of the rows"),
            (
                "changes : first",
                f"{median(changes) / median(first):.3f}",
                f"aim {AIMS['changes']}",
            ),
            (
                "memory above idle",
                f"{(max(peaks) - idle) / 1024:.0f} MB",
                f"aim {AIMS['memory']}; idle {idle / 1024:.0f} MB",
            ),
        )


def report(*lines: tuple[str, str, str]) -> None:
    for name, value, more in lines:
        typer.echo(f"{name:20}{value:>12}  {more}")


def _plain(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


if __name__ == "__main__":
    typer.run(main)
