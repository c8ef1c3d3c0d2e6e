"""How fast the wait views answer over a million conversations, beside asking the history itself.

The reference is what a dashboard would have to ask without the stored aggregates: the percentiles
of each day's waits, ranked over the present rows. Asked in turns; the medians are compared.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Annotated

import sqlalchemy as sa
import typer

from include.pipelines import reports
from include.pipelines.snapshots.snapshot import take_snapshot
from include.sandbox.desk import churn, sample
from include.source.postgres import SourceDatabase
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.benchmarks.ground import ground

NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)
AIM_SECONDS = 1.0
REFERENCE = """
    with wait as (
        select
            cast(inqueue_time + interval 8 hour as date) as day,
            timestampdiff(microsecond, inqueue_time, distributed_time) as wait_us
        from cs_session_mapping
        where distributed_time > inqueue_time
    ),
    ranked as (
        select
            day,
            wait_us,
            row_number() over (partition by day order by wait_us) as place,
            count(*) over (partition by day) as n
        from wait
    )
    select day, max(case when place <= ceil(0.5 * n) then wait_us end) as p50,
        max(case when place <= ceil(0.9 * n) then wait_us end) as p90
    from ranked group by day
"""
VIEWS = {
    "p50, p90 a day": "select * from v_wait where grain = 'day' and scope = 'all'",
    "p50, p90 a quarter of an hour": "select * from v_wait where grain = '15min' and scope = 'all'",
    "p50, p90 a week and supplier": "select * from v_wait where grain = 'week'"
    " and scope = 'supplier' and variant = 'queued'",
    "spread a day and line": "select * from v_wait_distribution"
    " where grain = 'day' and scope = 'line'",
    "service level a month": "select * from v_service_level where grain = 'month'",
}


def seconds(connection: sa.Connection, query: str) -> tuple[float, int]:
    began = time.perf_counter()
    rows = len(connection.exec_driver_sql(query).fetchall())
    return time.perf_counter() - began, rows


def main(
    conversations: Annotated[int, typer.Option(help="In the archive.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="Of every question.")] = 5,
) -> None:
    """Build the reports, once from nothing and once after a change; then ask the wait views."""
    with ground() as there:
        typer.echo(there.describe())
        source, warehouse = there.new_source(), Warehouse.open(there.new_warehouse("reports"))
        rows = {"session_mapping": conversations}
        sample.create(source, seed=7, now=NOW, scale=conversations / 1e6, rows=rows, queue=True)
        request = Request("a benchmark")
        for name, share in (("first build", 0.0), ("build after 1 % changed", 0.01)):
            if share:
                churn.churn(source, seed=1, now=NOW + timedelta(hours=1), share=share)
            take_snapshot(SourceDatabase.open(source), warehouse, request=request)
            began = time.perf_counter()
            reports.build(warehouse, now=NOW + timedelta(hours=1), request=request)
            typer.echo(f"{name:32}{time.perf_counter() - began:8.1f} s")
        taken: dict[str, list[float]] = {}
        found: dict[str, int] = {}
        with warehouse.engine.connect() as connection:
            for _ in range(rounds):
                for name, query in {"reference": REFERENCE, **VIEWS}.items():
                    took, found[name] = seconds(connection, query.replace("%", "%%"))
                    taken.setdefault(name, []).append(took)
        reference = median(taken["reference"])
        for name, all_of_them in taken.items():
            took = median(all_of_them)
            typer.echo(
                f"{name:32}{took:8.3f} s {reference / took:8.1f} x {found[name]:8,} rows"
                f"{'' if took < AIM_SECONDS or name == 'reference' else '  TOO SLOW'}"
            )


if __name__ == "__main__":
    typer.run(main)
