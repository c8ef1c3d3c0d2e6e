"""How long each question of ``tests/questions`` takes at the size of a large company."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from statistics import median
from typing import Annotated

import typer

from include.pipelines import reports
from include.pipelines.snapshots.snapshot import take_snapshot
from include.sandbox.desk import sample
from include.source.postgres import SourceDatabase
from include.vendors.registry import DECLARED
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.benchmarks.ground import ground
from tests.benchmarks.many_tickets import fill
from tests.benchmarks.statements import describe, timed_statements
from tests.questions.asked import Question, ask, read_questions

AIM_SECONDS = 1.0


def moved(question: Question, today: date) -> Question:
    """The question of the month that ends today, where the data are."""
    days = today - date(2026, 3, 31)
    sql = re.sub(
        r"2026-03-\d\d", lambda found: str(date.fromisoformat(found[0]) + days), question.sql
    )
    return replace(question, sql=sql)


def main(
    tickets: Annotated[int, typer.Option(help="Stored, with six messages each.")] = 500_000,
    conversations: Annotated[int, typer.Option(help="In the desk's archive.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="Of every question; the median counts.")] = 3,
) -> None:
    """Ask every question of the views, and name those that take over a second."""
    with ground() as there:
        typer.echo(there.describe())
        warehouse = Warehouse.open(there.new_warehouse("questions"))
        fill(warehouse.engine, tickets)
        source, now = there.new_source(), datetime.now(UTC)
        rows = {"session_mapping": conversations}
        sample.create(source, seed=7, now=now, scale=conversations / 1e6, rows=rows, queue=True)
        request = Request("a benchmark")
        take_snapshot(SourceDatabase.open(source), warehouse, request=request)
        statuses = {name: vendor.statuses for name, vendor in DECLARED.items()}
        began = time.perf_counter()
        with timed_statements() as statements:
            reports.build(warehouse, now=now, request=request, statuses=statuses)
        typer.echo(
            f"first build of {tickets:,} tickets and {conversations:,} conversations"
            f" {time.perf_counter() - began:.1f} s"
        )
        for line in describe(statements):
            typer.echo(line)
        began = time.perf_counter()
        reports.build(warehouse, now=now, request=request, statuses=statuses)
        typer.echo(f"a build with nothing new {time.perf_counter() - began:.1f} s")
        slow = 0
        with warehouse.engine.connect() as connection:
            for question in (moved(one, now.date()) for one in read_questions()):
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
