"""The statements of ``sql/reports``, and how one build runs them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from include.warehouse.reports.basis import (
    DEFINITION_VERSION,
    HOUR,
    MINUTE,
    NO_DAY,
    SETTLED,
    Basis,
)
from include.warehouse.types import bind_moments, metadata

REPORTS: Final = Path(__file__).resolve().parents[3] / "sql" / "reports"
FACTS: Final = "rpt_conversation"

SESSION: Final = (
    # The sorts of a month fit into it. All go with the connection.
    "set session sort_buffer_size = 33554432",
    # MariaDB holds in memory what both allow; by default that is 16 MiB.
    "set session tmp_table_size = 134217728",
    "set session max_heap_table_size = 134217728",
)


@cache
def read_statement(name: str, facts: str = FACTS) -> sa.TextClause:
    """Read the statement of one file of ``sql/reports``, with *facts* for the table of facts."""
    text = (REPORTS / f"{name}.sql").read_text(encoding="utf-8")
    for place in (f"from {FACTS}\n", f"insert into {FACTS} "):
        text = text.replace(place, place.replace(FACTS, facts))
    return bind_moments(text)


class Statements:
    """Runs the statements of one build, with its *values*; *beat* is called before each.

    *written* counts the rows that went into each table of the reports.
    """

    def __init__(
        self, connection: sa.Connection, basis: Basis, beat: Callable[[], None] = lambda: None
    ) -> None:
        self.connection, self.basis, self.beat = connection, basis, beat
        self.written: dict[str, int] = {}
        self.values: dict[str, Any] = {
            "built_at": basis.built_at,
            "service_level_s": basis.service_level_s,
            "snapshot_id": basis.snapshot_id,
            "snapshot_at": basis.snapshot_at,
            "has_queue": int(basis.has_queue),
            "definition_version": DEFINITION_VERSION,
            "desk_since": basis.desk_since,
            "desk_since_at": basis.begin_of(basis.desk_since),
            "zone": basis.zone.key,
            "writing_from_at": basis.writing_from_at,
            "local_minutes": basis.ahead // MINUTE,
            "settled_hours": SETTLED // HOUR,
            "is_everything": 0,
        }
        for statement in SESSION:
            connection.exec_driver_sql(statement)

    def run(self, name: str, **values: Any) -> int:
        """Execute a statement of ``sql/reports``; how many rows it wrote."""
        return self.run_over(FACTS, name, **values)

    def run_over(self, facts: str, name: str, **values: Any) -> int:
        """The same, with another table for that of facts."""
        self.beat()
        statement = read_statement(name, facts)
        return self.connection.execute(statement, {**self.values, **values}).rowcount

    def insert(self, table: str, **values: Any) -> int:
        """Fill a table by the statement of its name; how many rows were written."""
        rows = self.run(table, **values)
        self.written[table] = self.written.get(table, 0) + rows
        return rows

    def replace(self, table: str) -> None:
        """Empty a table and fill it."""
        self.delete(table)
        self.insert(table)

    def delete(self, table: str, *where: sa.ColumnElement[bool]) -> None:
        """Delete rows of a table."""
        self.beat()
        self.connection.execute(sa.delete(metadata.tables[table]).where(*where))

    def execute(self, statement: str, **values: Any) -> sa.CursorResult[Any]:
        """Execute a statement that is no file."""
        self.beat()
        return self.connection.execute(sa.text(statement), {**self.values, **values})

    def dates(self, query: str, **values: Any) -> set[date]:
        """The days that a query finds."""
        return set(self.execute(query, **values).scalars()) - {NO_DAY, None}

    def count(self, query: str) -> int:
        """The number that a query finds."""
        return int(self.execute(query, none=NO_DAY).scalar_one())

    def temporary(self, definition: str) -> None:
        """Make an empty temporary table."""
        name = definition.split()[0]
        self.connection.exec_driver_sql(f"drop temporary table if exists {name}")
        self.connection.exec_driver_sql(f"create temporary table {definition}")
