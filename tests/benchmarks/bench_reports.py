"""How long snapshots and builds of reports take, and how fast the wait views answer then.

Builds are told as shares of the first snapshot and of the first build, with the statements that
their time goes to. For the views the reference is what a dashboard would have to ask without the
stored aggregates: the percentiles of each day's waits, ranked over the present rows. Asked in
turns; the medians are compared.
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
from tests.benchmarks.statements import describe, timed_statements

NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)
SHARE = 0.01
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
    "spread of waits": "select from_s, to_s, sum(n) from v_wait_distribution group by from_s, to_s",
    "service level of a month": "select sum(wait_in_time) / sum(wait_n) from v_service_level"
    " where local_day >= '2026-01-01' and local_day < '2026-02-01'",
}


def seconds(connection: sa.Connection, query: str) -> tuple[float, int]:
    began = time.perf_counter()
    rows = len(connection.exec_driver_sql(query).fetchall())
    return time.perf_counter() - began, rows


def main(
    conversations: Annotated[int, typer.Option(help="In the archive.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=0, help="Of every question.")] = 5,
) -> None:
    """Time snapshots and builds: of everything, nothing new, 1 % changed; then the views."""
    with ground() as there:
        typer.echo(there.describe())
        source, warehouse = there.new_source(), Warehouse.open(there.new_warehouse("reports"))
        rows = {"session_mapping": conversations}
        sample.create(source, seed=7, now=NOW, scale=conversations / 1e6, rows=rows, queue=True)
        build_again_and_again(source, warehouse)
        ask(warehouse, rounds)


def build_again_and_again(source: str, warehouse: Warehouse) -> None:
    """Build after a first snapshot, one without news, one of a day's news, one of changes."""
    request, first = Request("a benchmark"), dict[str, float]()
    steps = {"all": None, "no": None, "1 %, of today": a_day, "1 %, of all days": anything}
    for number, (name, change) in enumerate(steps.items()):
        now = NOW + timedelta(hours=number)
        if change:
            change(source, now)
        began = time.perf_counter()
        take_snapshot(SourceDatabase.open(source), warehouse, request=request)
        taken = {"snapshot": time.perf_counter() - began}
        with timed_statements() as statements:
            began = time.perf_counter()
            reports.build(warehouse, now=now, request=request)
            taken["build"] = time.perf_counter() - began
        first = first or taken
        typer.echo(
            f"{'conversations new: ' + name:36}"
            f"snapshot {taken['snapshot']:7.1f} s, build {taken['build']:7.1f} s"
            f" = {taken['build'] / first['snapshot']:6.2f} x the first snapshot,"
            f" {taken['build'] / first['build']:6.1%} of the first build"
        )
        for line in describe(statements):
            typer.echo(line)


def a_day(source: str, now: datetime) -> None:
    """What a desk does to a share of its conversations: some begin, some of the last day go on."""
    values = {"now": now, "day": now - timedelta(days=1), "share": SHARE, "salt": str(now)}
    number = "(select :share * count(*) from session_mapping)"
    columns = "customer_name, shop_id, seat_id, status, request_count, seat_name"
    days = "extract(day from cast(:now as timestamptz) - inqueue_time) * interval '1 day'"
    with sa.create_engine(source, poolclass=sa.NullPool).begin() as connection:
        for statement in (
            f"insert into session_mapping ({columns}, session_id, inqueue_time, distributed_time)"
            f" select {columns}, upper(md5(session_id || :salt)), inqueue_time + {days},"
            f" distributed_time + {days} from session_mapping"
            " where inqueue_time > :now - interval '30 days' and inqueue_time < distributed_time"
            f" and distributed_time < :now limit {number} * 0.8",
            "update session_mapping set last_ack_time = :now, status = 3 where session_id in ("
            f"select session_id from session_mapping where inqueue_time >= :day and seat_id > 0"
            f" limit {number} * 0.2)",
        ):
            connection.execute(sa.text(statement), values)


def anything(source: str, now: datetime) -> None:
    """A share of all rows, whatever their day."""
    churn.churn(source, seed=now.hour, now=now, share=SHARE)


def ask(warehouse: Warehouse, rounds: int) -> None:
    """Ask the wait views and the reference in turns; compare the medians."""
    taken: dict[str, list[float]] = {}
    found: dict[str, int] = {}
    with warehouse.engine.connect() as connection:
        for _ in range(rounds):
            for name, query in {"reference": REFERENCE, **VIEWS}.items():
                took, found[name] = seconds(connection, query.replace("%", "%%"))
                taken.setdefault(name, []).append(took)
    for name, all_of_them in taken.items():
        took = median(all_of_them)
        typer.echo(
            f"{name:32}{took:8.3f} s {median(taken['reference']) / took:8.1f} x"
            f" {found[name]:8,} rows"
            f"{'' if took < AIM_SECONDS or name == 'reference' else '  TOO SLOW'}"
        )


if __name__ == "__main__":
    typer.run(main)
