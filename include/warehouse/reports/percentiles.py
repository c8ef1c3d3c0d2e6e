"""Percentiles of waits and handling times by nearest rank, for the rows of ``rpt_cohort``.

The value in place ceil(p * n) of a span's values, for every grain and scope. Servers sort all
conversations anew for each of them; here each is read once, and the sorted values of finer spans
are merged into coarser ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.warehouse.customer_service import bulk
from include.warehouse.reports.basis import DAYS, bounds, span_end, span_start
from include.warehouse.reports.statements import read_statement
from include.warehouse.types import key

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

QUARTERS: Final = 96
"""Quarters of an hour a day."""
YEAR_ZERO: Final = 365
"""``to_days`` counts so many days more than ``date.toordinal``."""
QUARTER: Final = timedelta(minutes=15)
AT_ONCE: Final = 5_000
GRAINS: Final = {"15min": 1, "30min": 2, "hour": 4, "day": QUARTERS, "week": 0, "month": 0}
"""Each with its quarters; weeks and months begin where the calendar says."""

Cell = tuple[int, int]
"""The first quarter of an hour of a span, counted from the year 0; a supplier, a line, or 0."""
Values = dict[Cell, list[float]]
Changed = dict[tuple[str, str], set[Cell]] | None
"""Cells by grain and scope; None: all."""
Kinds = tuple[Values, Values, Values]
"""Waits, waits at suppliers with queueing on, handling times; these not below a day."""

cohort_percentile: Final = sa.Table(
    "cohort_percentile",
    sa.MetaData(),
    sa.Column("grain", key(5), primary_key=True),
    sa.Column("scope", key(10), primary_key=True),
    sa.Column("local_start", mysql.DATETIME(), primary_key=True),
    sa.Column("scope_id", sa.Integer, primary_key=True, autoincrement=False),
    *(
        sa.Column(f"{kind}_{percentile}_s", mysql.DOUBLE(asdecimal=False))
        for kind in ("wait", "queued", "capped", "handling")
        for percentile in ("p50", "p90")
    ),
    prefixes=["temporary"],
    mysql_charset="utf8mb4",
)


def rank(
    connection: sa.Connection,
    days: Collection[date],
    changed: Changed = None,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Fill ``cohort_percentile``, a temporary table, for the spans that hold one of *days*.

    Only for the cells *changed*, if they are given, all of which lie in those spans. *beat* is
    called before each month. A span belongs to the month in which it begins, so a month is read
    together with those days behind it that its last week holds.
    """
    connection.exec_driver_sql("drop temporary table if exists cohort_percentile")
    cohort_percentile.create(connection)
    names = list(cohort_percentile.c.keys())
    hours = None if changed is None else {quarter for quarter, _ in changed["hour", "all"]}
    spans = {(grain, span_start(day, grain)) for grain in DAYS for day in days}
    for month in sorted({span_start(start, "month") for _, start in spans}):
        beat()
        mine = {span for span in spans if span_start(span[1], "month") == month}
        first = min(start for _, start in mine)
        end = max(span_end(start, grain) for grain, start in mine)
        wanted = {
            grain: {_first_quarter(start) for other, start in mine if other == grain}
            for grain in DAYS
        }
        lines, suppliers = _read(connection, first, end, hours)
        feed = _PercentileFeed(_rows(lines, suppliers, wanted, changed))
        target = bulk.Target(cohort_percentile.name, names, set(), {})
        bulk.load(iter([bulk.Writer(connection, beat)]), target, feed)


class _PercentileFeed:
    """Rows of ``cohort_percentile`` on their way to the server."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = rows

    def copy(self, sink: SupportsWrite[bytes]) -> int:
        """Write them as CSV."""
        sent = 0
        for batch in self.batches():
            lines = (
                ",".join("NULL" if value is None else str(value) for value in row) for row in batch
            )
            sink.write(("\n".join(lines) + "\n").encode())
            sent += len(batch)
        return sent

    def batches(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The same as tuples."""
        batch = []
        for row in self._rows:
            batch.append(row)
            if len(batch) == AT_ONCE:
                yield batch
                batch = []
        if batch:
            yield batch


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of one scope; *short* at its finest grain, *whole* by day only."""

    short: Kinds
    whole: Kinds


def _read(
    connection: sa.Connection, first: date, end: date, hours: Collection[int] | None
) -> tuple[_Read, _Read]:
    """The values from *first* to before *end* by line and by supplier.

    Waits by quarter and line, and by hour and supplier; those outside *hours*, given by their first
    quarters, and handling times by day only.
    """
    lines, suppliers = (_Read(_no_values(), _no_values()) for _ in range(2))
    streamed = connection.execution_options(stream_results=True, max_row_buffer=AT_ONCE)
    found = streamed.execute(read_statement("ranked_conversation"), bounds(first, end))
    for rows in found.partitions(AT_ONCE):
        for quarter, supplier_id, line_id, is_capped, wait, handling in rows:
            day, hour = quarter - quarter % QUARTERS, quarter - quarter % 4
            if wait is not None:
                if hours is None or hour in hours:
                    line, supplier = (quarter, line_id), (hour, supplier_id)
                    of_line, of_supplier = lines.short, suppliers.short
                else:
                    line, supplier = (day, line_id), (day, supplier_id)
                    of_line, of_supplier = lines.whole, suppliers.whole
                of_line[0][line].append(wait)
                of_supplier[0][supplier].append(wait)
                if is_capped:
                    of_line[1][line].append(wait)
                    of_supplier[1][supplier].append(wait)
            if handling is not None:
                lines.whole[2][day, line_id].append(handling)
                suppliers.whole[2][day, supplier_id].append(handling)
    return lines, suppliers


def _rows(
    lines: _Read, suppliers: _Read, wanted: dict[str, set[int]], changed: Changed
) -> Iterator[tuple[Any, ...]]:
    """The rows of all spans that begin in *wanted*; of shorter ones, those on its days."""
    of_line, of_supplier = lines.short, suppliers.short
    for grain in GRAINS:
        longer = _longer(of_line, grain, lines.whole)
        scopes = {"line": longer, "all": _merge(longer, lambda cell: (cell[0], 0), _no_values())}
        if grain not in ("15min", "30min"):
            scopes["supplier"] = _longer(of_supplier, grain, suppliers.whole)
        if grain not in ("week", "month"):  # these two are both made of days
            of_line, of_supplier = longer, scopes.get("supplier", of_supplier)
        starts = wanted.get(grain, wanted["day"])
        for scope, (waits, capped, handling) in scopes.items():
            cells = {*waits, *handling}
            if changed is not None:
                cells &= changed[grain, scope]
            for cell in sorted(cells):
                if cell[0] - cell[0] % QUARTERS in starts:
                    of_cell = waits.get(cell, [])
                    yield (
                        *(grain, scope, _first_moment(cell[0]), cell[1]),
                        *_pair(of_cell),
                        *_pair(of_cell[bisect_right(of_cell, 1.0) :]),
                        *_pair(capped.get(cell, [])),
                        *_pair(handling.get(cell, [])),
                    )


def _longer(kinds: Kinds, grain: str, whole: Kinds) -> Kinds:
    """The same by a longer span; from a day on together with what is known by day only."""
    into = whole if grain == "day" else _no_values()
    return _merge(kinds, lambda cell: (_start(cell[0], grain), cell[1]), into)


def _merge(kinds: Kinds, to: Callable[[Cell], Cell], into: Kinds) -> Kinds:
    """The values of several cells together, sorted, with those that are there already."""
    for values_of, found in zip(into, kinds, strict=True):
        for cell, values in found.items():
            values_of[to(cell)] += values
        for values in values_of.values():
            values.sort()  # runs that are sorted already are merged
    return into


def _no_values() -> Kinds:
    return defaultdict(list), defaultdict(list), defaultdict(list)


def _pair(values: list[float]) -> tuple[float | None, float | None]:
    """The median and the 90th percentile of sorted *values*: places ceil(n / 2), ceil(9 n / 10)."""
    if not values:
        return None, None
    n = len(values)
    return values[(n + 1) // 2 - 1], values[(9 * n + 9) // 10 - 1]


def _start(quarter: int, grain: str) -> int:
    """The first quarter of the span that holds *quarter*."""
    if length := GRAINS[grain]:
        return quarter - quarter % length
    return _first_quarter(span_start(_day(quarter), grain))


def _day(quarter: int) -> date:
    return date.fromordinal(quarter // QUARTERS - YEAR_ZERO)


def _first_quarter(day: date) -> int:
    return (day.toordinal() + YEAR_ZERO) * QUARTERS


def _first_moment(quarter: int) -> str:
    """When it begins, as a DATETIME column takes it."""
    return str(datetime.combine(_day(quarter), time()) + quarter % QUARTERS * QUARTER)
