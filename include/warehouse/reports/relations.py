"""What may be exported: the views and tables of reports and of customer service, read in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

PREFIXES: Final = ("v_", "rpt_", "cs_")


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


def read_blocks(
    connection: sa.Connection, relation: str, *, at_once: int
) -> Iterator[Sequence[sa.Row[Any]]]:
    """Yield all rows of one of ``list_relations()`` in blocks; memory is bounded by one block."""
    query = sa.select(sa.text("*")).select_from(sa.table(relation))
    streamed = connection.execution_options(stream_results=True, max_row_buffer=at_once)
    yield from streamed.execute(query).partitions(at_once)
