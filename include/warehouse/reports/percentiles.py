"""Percentiles of waits and handling times by nearest rank, for the rows of ``rpt_cohort``.

The value in place ceil(p * n) of a span's values, for every grain and scope. Servers sort all
conversations anew for each of them, a row at a time; here each is read once, and arrays are sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects import mysql

from include.warehouse.customer_service import bulk
from include.warehouse.lists import read_lists
from include.warehouse.reports.basis import DAYS, span_end, span_start
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
FIELDS: Final = 6
"""Of a conversation, in ``ranked_conversation.sql``."""
GRAINS: Final = {"15min": 1, "30min": 2, "hour": 4, "day": QUARTERS, "week": 0, "month": 0}
"""Each with its quarters; weeks and months begin where the calendar says."""
ID_ZERO: Final = 2**31
"""Added to the id in a number that stands for a cell: ids may be negative."""

Span = tuple[str, date]
"""A grain, day, week or month, and the first day."""
Cell = tuple[int, int]
"""The first quarter of an hour of a span, counted from the year 0; a supplier, a line, or 0."""
Changed = Mapping[tuple[str, str], Collection[Cell]] | None
"""Cells by grain and scope; None: all."""
T = TypeVar("T", np.float64, np.int64)
Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

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
    called before each month.
    """
    recreate(connection, cohort_percentile)
    spans = {(grain, span_start(day, grain)) for grain in DAYS for day in days}
    for first, end, mine in months(spans):
        beat()
        wanted = {
            grain: {first_quarter(start) for other, start in mine if other == grain}
            for grain in DAYS
        }
        facts = read(connection, "ranked_conversation", FIELDS, from_day=first, to_day=end)
        load(connection, cohort_percentile, _rows(facts, wanted, changed), beat)


def months(spans: set[Span]) -> Iterator[tuple[date, date, set[Span]]]:
    """Groups of *spans*, a month each, with the first of their days and the day after the last.

    A span belongs to the month in which it begins, which is read together with those days behind
    it that its last week holds.
    """
    for month in sorted({span_start(start, "month") for _, start in spans}):
        mine = {span for span in spans if span_start(span[1], "month") == month}
        first = min(start for _, start in mine)
        yield first, max(span_end(start, grain) for grain, start in mine), mine


def recreate(connection: sa.Connection, table: sa.Table) -> None:
    """Make a temporary table, empty."""
    connection.exec_driver_sql(f"drop temporary table if exists {table.name}")
    table.create(connection)


def read(
    connection: sa.Connection,
    name: str,
    fields: int,
    *,
    from_day: date,
    to_day: date,
    **values: Any,
) -> Floats:
    """What a statement finds from *from_day* to before *to_day*: a row for each of its *fields*.

    Raises ContractError where the server cuts what it is asked for.
    """
    texts = read_lists(
        connection,
        read_statement(name),
        fields,
        f"{name} from {from_day} to {to_day}",
        from_day=from_day,
        to_day=to_day,
        **values,
    )
    facts = np.fromiter(map(float, texts), float, len(texts))
    return np.ascontiguousarray(facts.reshape(-1, fields).T)


def load(
    connection: sa.Connection,
    table: sa.Table,
    rows: Iterable[tuple[Any, ...]],
    beat: Callable[[], None],
) -> None:
    """Send rows into a table of ours."""
    target = bulk.Target(table.name, list(table.c.keys()), set(), {})
    bulk.load(iter([bulk.Writer(connection, beat)]), target, _CellFeed(rows))


class _CellFeed:
    """Rows on their way to the server."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = rows

    def copy(self, sink: SupportsWrite[bytes]) -> int:
        """Write them as CSV."""
        sent = 0
        for batch in self.batches():
            lines = "".join(",".join(map(str, row)) + "\n" for row in batch)
            sink.write(lines.replace("None", "NULL").encode())
            sent += len(batch)
        return sent

    def batches(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The same as tuples."""
        rows = iter(self._rows)
        while batch := list(islice(rows, AT_ONCE)):
            yield batch


def _rows(
    facts: Floats, wanted: Mapping[str, set[int]], changed: Changed
) -> Iterator[tuple[Any, ...]]:
    """The rows of all spans that begin in *wanted*; of shorter ones, those on its days."""
    if not facts.size:
        return
    quarter, supplier, line, capped = facts[:4].astype(np.int64)
    wait, handling = facts[4:]
    by_value = [np.argsort(values, kind="stable") for values in (wait, handling)]
    by_value = [
        order[values[order] >= 0] for order, values in zip(by_value, facts[4:], strict=True)
    ]
    for scope, ids in (("all", np.zeros_like(line)), ("line", line), ("supplier", supplier)):
        # By id, then by value: what is sorted by span after that is sorted by all three.
        by_id = [order[np.argsort(ids[order], kind="stable")] for order in by_value]
        for grain in GRAINS:
            if scope == "supplier" and grain in ("15min", "30min"):
                continue
            start = starts_of(quarter, grain)
            span = (start - start.min()).astype(np.uint16)  # so small that nothing is compared
            waits, handled = (o[np.argsort(span[o], kind="stable")] for o in by_id)
            kinds = (
                (waits, wait),
                (waits[wait[waits] > 1], wait),
                (waits[capped[waits] == 1], wait),
                (handled if grain in DAYS else handled[:0], handling),
            )
            cells = cells_of(start, ids)
            found = [pairs_of(cells[order], values[order]) for order, values in kinds]
            every = np.union1d(found[0][0], found[3][0])
            pairs = np.full((len(every), 2 * len(kinds)), None, object)
            for number, (mine, both) in enumerate(found):
                pairs[np.searchsorted(every, mine), 2 * number : 2 * number + 2] = both
            starts = wanted.get(grain, wanted["day"])
            for number, values in zip(every.tolist(), pairs.tolist(), strict=True):
                first, scope_id = cell_of(number)
                if first - first % QUARTERS in starts and (
                    changed is None or (first, scope_id) in changed[grain, scope]
                ):
                    yield (grain, scope, first_moment(first), scope_id, *values)


def cells_of(starts: Numbers, ids: Numbers) -> Numbers:
    """A number for each cell."""
    return starts * 2 * ID_ZERO + ids + ID_ZERO


def cell_of(number: int) -> Cell:
    """The cell that ``cells_of`` gave a number."""
    return number // (2 * ID_ZERO), number % (2 * ID_ZERO) - ID_ZERO


def pairs_of(cells: Numbers, values: NDArray[T]) -> tuple[Numbers, NDArray[T]]:
    """Each of the *cells* once, and two of its *values*: the places ceil(n / 2) and ceil(9 n / 10).

    They are sorted, by cell and value.
    """
    begins = np.flatnonzero(np.diff(cells, prepend=-1))
    n = np.diff(begins, append=len(cells))
    places = np.stack([(n + 1) // 2, (9 * n + 9) // 10], axis=1) - 1
    return cells[begins], values[begins[:, None] + places]


def starts_of(quarter: Numbers, grain: str) -> Numbers:
    """The first quarter of the span that holds each *quarter*."""
    if length := GRAINS[grain]:
        return quarter - quarter % length
    days, place = np.unique(quarter // QUARTERS, return_inverse=True)
    starts = [first_quarter(span_start(_day(day * QUARTERS), grain)) for day in days.tolist()]
    return np.array(starts, np.int64)[place]


def _day(quarter: int) -> date:
    return date.fromordinal(quarter // QUARTERS - YEAR_ZERO)


def first_quarter(day: date) -> int:
    """The number of the quarter of an hour with which a day begins."""
    return (day.toordinal() + YEAR_ZERO) * QUARTERS


@cache
def first_moment(quarter: int) -> str:
    """When it begins, as a DATETIME column takes it."""
    return str(datetime.combine(_day(quarter), time()) + quarter % QUARTERS * QUARTER)
