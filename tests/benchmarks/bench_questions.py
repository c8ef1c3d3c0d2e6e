"""How long each question of ``tests/questions`` takes of half a million tickets."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from statistics import median
from typing import Annotated

import typer

from include.pipelines import reports
from include.vendors.registry import DECLARED
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.benchmarks.ground import ground
from tests.benchmarks.many_tickets import fill
from tests.benchmarks.statements import describe, timed_statements
from tests.questions.asked import ask, read_questions

AIM_SECONDS = 1.0


def main(
    tickets: Annotated[int, typer.Option(help="Stored, with six messages each.")] = 500_000,
    rounds: Annotated[int, typer.Option(min=1, help="Of every question; the median counts.")] = 3,
) -> None:
    """Ask every question of the views, and name those that take over a second."""
    with ground() as there:
        typer.echo(there.describe())
        warehouse = Warehouse.open(there.new_warehouse("questions"))
        fill(warehouse.engine, tickets)
        statuses = {name: vendor.statuses for name, vendor in DECLARED.items()}
        began = time.perf_counter()
        with timed_statements() as statements:
            reports.build(
                warehouse, now=datetime.now(UTC), request=Request("a benchmark"), statuses=statuses
            )
        typer.echo(f"first build of {tickets:,} tickets {time.perf_counter() - began:.1f} s")
        for line in describe(statements):
            typer.echo(line)
        slow = 0
        with warehouse.engine.connect() as connection:
            for question in read_questions():
                taken = []
                for _ in range(rounds):
                    began = time.perf_counter()
                    ask(connection, question)
                    taken.append(time.perf_counter() - began)
                is_slow = median(taken) > AIM_SECONDS
                slow += is_slow
                mark = "  TOO SLOW" if is_slow else ""
                typer.echo(f"{median(taken):8.3f} s  {question.asks.split(' | ')[1]}{mark}")
        typer.echo(f"{slow} over {AIM_SECONDS:g} s")
