"""Whether a million rows' history is right: after every snapshot, and "as of" each of them.

At every moment the source's tables are copied inside the source. In the end each copy is compared
with the history as of its moment, both sides summed anew from their own columns.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import sqlalchemy as sa
import typer

from include.customer_service import SOURCE_TABLES
from include.pipelines.snapshots.snapshot import PublishedSnapshot, take_snapshot
from include.pipelines.snapshots.source_comparison import compare_with_source
from include.sandbox.desk import churn, sample
from include.source.postgres import SourceDatabase
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.customer_service.tables import HISTORIES
from include.warehouse.mysql import Warehouse
from tests.benchmarks.ground import ROWS, Ground, ground

NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)


def keep_copy(source_url: str, schema: str) -> None:
    """Copy the tables as they are now into a schema of the same database."""
    engine = sa.create_engine(source_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create schema {schema}")
        for table in SOURCE_TABLES:
            copy, key = f"{schema}.{table.name}", ", ".join(table.key)
            connection.exec_driver_sql(f"create table {copy} as select * from {table.name}")
            connection.exec_driver_sql(f"alter table {copy} add primary key ({key})")


def copy_of(source_url: str, schema: str) -> SourceDatabase:
    """The tables of a schema, read as the source is."""
    url = sa.make_url(source_url)
    arguments = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        "options": f"-c search_path={schema}",
    }
    return SourceDatabase(arguments, 3600)


def as_of(there: Ground, warehouse_url: str, taken: PublishedSnapshot) -> Warehouse:
    """A database in which what was valid at a snapshot's moment looks like the present."""
    url = there.new_schema(f"as_of_{taken.snapshot_id}")
    main = sa.make_url(warehouse_url).database
    moment = f"'{taken.snapshot_at:%Y-%m-%d %H:%M:%S.%f}'"
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.execution_options(no_parameters=True)
        for history in HISTORIES.values():
            names = ", ".join(column.name for column in history.c if column.name != "closed_by")
            connection.exec_driver_sql(
                f"create view {history.name} as select {names}, 0 as closed_by"
                f" from {main}.{history.name} where valid_from_at <= {moment}"
                f" and (valid_to_at is null or valid_to_at > {moment})"
            )
    return Warehouse.open(url)


def compared(source: SourceDatabase, warehouse: Warehouse) -> tuple[bool, str]:
    """Whether all tables are equal, and a line that says so."""
    began = time.perf_counter()
    found = compare_with_source(source, warehouse)
    rows = sum(table.source_rows for table in found)
    unequal = [str(table) for table in found if not table.equal]
    missing = {table.name for table in SOURCE_TABLES} - {table.table_name for table in found}
    seconds = time.perf_counter() - began
    if unequal or missing:
        return False, f"UNEQUAL {unequal} missing {sorted(missing)}"
    return True, f"{len(found)} tables, {rows:,} rows equal ({seconds:.1f} s)"


def figures(taken: PublishedSnapshot) -> str:
    names: Sequence[str] = ("rows_read", "opened", "closed", "present")
    totals = {name: sum(getattr(table, name) for table in taken.tables) for name in names}
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in totals.items())


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Churns after the first snapshot.")] = 10,
    scale: Annotated[float, typer.Option(help="1: a million sessions.")] = 1.0,
    share: Annotated[float, typer.Option(help="How much of every table changes.")] = 0.01,
) -> None:
    """Check on WAREHOUSE_URL's server, or on a private one; 1 if anything differs."""
    good = True
    with ground() as there:
        typer.echo(there.describe())
        url, warehouse_url = there.new_source(), there.new_warehouse("warehouse")
        source, warehouse = SourceDatabase.open(url), Warehouse.open(warehouse_url)
        rows = {table: round(count * scale) for table, count in ROWS.items()}
        sample.create(url, seed=7, now=NOW, scale=scale, rows=rows, queue=True)
        moments = []
        for number in range(rounds + 1):
            if number:
                now = NOW + timedelta(hours=number)
                churn.churn(url, seed=number, now=now, share=share)
            began = time.perf_counter()
            taken = take_snapshot(source, warehouse, request=Request("a check"))
            seconds = time.perf_counter() - began
            keep_copy(url, f"copy_{taken.snapshot_id}")
            moments.append(taken)
            equal, line = compared(source, warehouse)
            good &= equal
            typer.echo(f"round {number}: {seconds:.1f} s, {figures(taken)}; now {line}")
        for taken in moments:
            then = as_of(there, warehouse_url, taken)
            equal, line = compared(copy_of(url, f"copy_{taken.snapshot_id}"), then)
            good &= equal
            typer.echo(f"as of snapshot {taken.snapshot_id}, {taken.snapshot_at}: {line}")
            then.close()
        warehouse.close()
    typer.echo("all equal" if good else "NOT EQUAL")
    sys.exit(not good)


if __name__ == "__main__":
    typer.run(main)
