"""``rpt_seat_work``: what seats did, ranked beside the server like the waits."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.warehouse.reports import percentiles
from include.warehouse.reports.basis import DAYS, span_start
from include.warehouse.reports.customer_service_tables import rpt_seat_work
from include.warehouse.reports.percentiles import Floats, Numbers
from include.warehouse.reports.statements import Statements
from include.warehouse.types import key

FIELDS: Final = 6
"""Of a seat on a day, in ``seat_day.sql``."""
TABLES: Final = (
    "span_begin (grain varchar(5), local_start datetime, primary key (local_start, grain))"
    " default character set utf8mb4 collate utf8mb4_bin",
    "valid_seat (local_start datetime, supplier_id int, busi_id int, seats int,"
    " primary key (local_start, supplier_id))",
)

seat_cell: Final = sa.Table(
    "seat_cell",
    sa.MetaData(),
    sa.Column("grain", key(5), primary_key=True),
    sa.Column("scope", key(10), primary_key=True),
    sa.Column("local_start", mysql.DATETIME(), primary_key=True),
    sa.Column("scope_id", sa.Integer, primary_key=True, autoincrement=False),
    *(
        sa.Column(name, sa.Integer)
        for name in ("conversations", "active_seats", "p50", "p90", "acknowledging_seats")
    ),
    prefixes=["temporary"],
    mysql_charset="utf8mb4",
)


def build(sql: Statements, days: Collection[date]) -> None:
    """Rebuild the days, weeks and months that hold one of *days*."""
    spans = {(grain, span_start(day, grain)) for grain in DAYS for day in days}
    row = rpt_seat_work.c
    for grain in DAYS:
        starts = [start for other, start in spans if other == grain]
        sql.delete("rpt_seat_work", row.grain == grain, row.local_start.in_(starts))
    begun = sql.dates("select distinct local_day from rpt_conversation")
    spans &= {(grain, span_start(day, grain)) for grain in DAYS for day in begun}
    for table in TABLES:
        sql.temporary(table)
    if spans:
        insert = sa.text("insert into span_begin (grain, local_start) values (:grain, :start)")
        sql.connection.execute(insert, [{"grain": grain, "start": day} for grain, day in spans])
    sql.run("valid_seat")
    percentiles.recreate(sql.connection, seat_cell)
    for first, end, mine in percentiles.months(spans):
        sql.beat()
        values = sql.basis.bounds(first, end) | {"local_minutes": sql.values["local_minutes"]}
        facts = percentiles.read(sql.connection, "seat_day", FIELDS, **values)
        percentiles.load(sql.connection, seat_cell, _rows(facts, mine), sql.beat)
    sql.insert("rpt_seat_work")


def _rows(facts: Floats, wanted: Collection[tuple[str, date]]) -> Iterator[tuple[Any, ...]]:
    """The rows of ``seat_cell`` of the spans *wanted*."""
    day, is_last, seat, supplier, line, conversations = facts.astype(np.int64)
    quarter = day * percentiles.QUARTERS
    for scope, ids in (("all", np.zeros_like(line)), ("supplier", supplier), ("line", line)):
        for grain in DAYS:
            starts = {percentiles.first_quarter(start) for other, start in wanted if other == grain}
            cells = percentiles.cells_of(percentiles.starts_of(quarter, grain), ids)
            began, last = is_last == 0, is_last == 1
            active, done = _add_up(cells[began], seat[began], conversations[began])
            heard, _ = _add_up(cells[last], seat[last], conversations[last])
            order = np.lexsort((done, active))
            ranked, pairs = percentiles.pairs_of(active[order], done[order])
            every = np.union1d(active, heard)
            values = np.zeros((len(every), 5), object)
            values[:, 2:4] = None
            mine = np.searchsorted(every, ranked)
            values[mine, 0] = np.bincount(np.searchsorted(ranked, active), done).astype(int)
            values[mine, 1] = np.bincount(np.searchsorted(ranked, active))
            values[mine, 2:4] = pairs
            values[:, 4] = np.bincount(np.searchsorted(every, heard), minlength=len(every))
            for number, of_cell in zip(every.tolist(), values.tolist(), strict=True):
                first, scope_id = percentiles.cell_of(number)
                if first in starts:
                    yield (grain, scope, percentiles.first_moment(first), scope_id, *of_cell)


def _add_up(cells: Numbers, seats: Numbers, conversations: Numbers) -> tuple[Numbers, Numbers]:
    """The cell of each seat in each of the *cells*, sorted, and its conversations there."""
    order = np.lexsort((seats, cells))
    cells, seats = cells[order], seats[order]
    is_new = (np.diff(cells, prepend=-1) != 0) | (np.diff(seats, prepend=-2) != 0)
    begins = np.flatnonzero(is_new)
    return cells[begins], np.add.reduceat(conversations[order], begins) if len(begins) else begins
