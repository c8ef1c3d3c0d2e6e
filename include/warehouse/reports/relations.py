"""What may be exported: the views and tables of reports and of customer service, read in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa

from include.errors import ConfigError

NOT_UNDERSTOOD: Final = (1054, 1064, 1305, 1292, 1367, 1582)
"""No such column, no SQL, no such function, no such value."""
PREFIXES: Final = ("v_", "dim_", "rpt_", "cs_")


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of a view or table. *kind* is MySQL's name of its type, like ``bigint``."""

    name: str
    kind: str
    is_unsigned: bool
    precision: int
    scale: int


def list_relations(connection: sa.Connection) -> list[str]:
    """List all views and tables that may be exported."""
    found = sa.inspect(connection)
    return sorted(
        name
        for name in {*found.get_table_names(), *found.get_view_names()}
        if name.startswith(PREFIXES)
    )


def read_columns(connection: sa.Connection, relation: str) -> list[ExportColumn]:
    """Read the columns of one of ``list_relations()``, in their order."""
    query = sa.text(
        "select column_name as name, data_type as kind, column_type as full_type,"
        " numeric_precision as digits, numeric_scale as scale from information_schema.columns"
        " where table_schema = database() and table_name = :relation order by ordinal_position"
    )
    return [
        ExportColumn(
            row.name,
            row.kind.lower(),
            "unsigned" in row.full_type,
            int(row.digits or 0),
            int(row.scale or 0),
        )
        for row in connection.execute(query, {"relation": relation})
    ]


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a view or table is read: *columns* in their order, rows that meet *where*.

    *where* is SQL of whoever asks, with whose rights it runs; rows are those at or after *since* by
    the column *time*.
    """

    columns: tuple[str, ...]
    where: str = ""
    time: str = ""
    since: date | datetime | None = None


@contextmanager
def read_blocks(
    connection: sa.Connection, relation: str, selection: Selection, *, at_once: int
) -> Iterator[Iterator[Sequence[sa.Row[Any]]]]:
    """Give the rows of one of ``list_relations()`` in blocks; memory is bounded by one block.

    The server is asked at once. Raises ConfigError where it does not understand *where*. Who is
    stopped leaves the rest unread, and the connection is of no more use.
    """
    query = _query(relation, selection, *map(sa.column, selection.columns))
    streamed = connection.execution_options(stream_results=True, max_row_buffer=at_once)
    with _asked(selection):
        rows = streamed.execute(query)
    driver: Any = rows.cursor
    try:
        yield iter(rows.partitions(at_once))
    except BaseException:
        # The driver would read all that is left before it let go.
        driver._result.unbuffered_active = False
        connection.invalidate()
        raise


def has_more_rows(
    connection: sa.Connection, relation: str, selection: Selection, than: int
) -> bool:
    """Whether a selection has more rows *than* so many; they are not read."""
    some = _query(relation, selection, sa.literal_column("1").label("one")).limit(than + 1)
    with _asked(selection):
        found = connection.scalar(sa.select(sa.func.count()).select_from(some.subquery()))
    return bool(found and found > than)


def _query(relation: str, selection: Selection, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    query = sa.select(*columns).select_from(sa.table(relation))
    if selection.since is not None:
        query = query.where(sa.column(selection.time) >= selection.since)
    if selection.where:
        query = query.where(sa.literal_column(f"({selection.where})"))
    return query


@contextmanager
def _asked(selection: Selection) -> Iterator[None]:
    """An error of the server is about what was asked, where something was."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        code, words = [*getattr(error.orig, "args", ()), 0, ""][:2]
        if not selection.where or code not in NOT_UNDERSTOOD:
            raise
        raise ConfigError(f"--where {selection.where}: {words}") from error
