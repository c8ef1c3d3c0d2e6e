"""What revisions that are still to come do to tables that are there, read from their own script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

TEXTS: Final = re.compile(r"'(?:[^'\\]|\\.|'')*'")
ALTERS: Final = re.compile(r"^ALTER TABLE `?(\w+)`?(.*?);$", re.MULTILINE | re.DOTALL)
INDEXES: Final = re.compile(r"^CREATE (?:UNIQUE )?INDEX \S+ ON `?(\w+)", re.MULTILINE)
MODIFIES: Final = re.compile(
    r"\b(?:MODIFY|CHANGE|DROP)(?: COLUMN)? (?!COLUMN|PRIMARY|INDEX|KEY|FOREIGN|CONSTRAINT)`?(\w+)"
)

COPY_BYTES_A_SECOND: Final = 20 * 2**20
"""How fast a table is copied with its indexes, with a busy disk in mind: half a gigabyte that was
in memory MySQL 9.7 copied at 76 MB a second and MariaDB 10.11 at 101."""


@dataclass(frozen=True, slots=True)
class TableChange:
    """A table that is altered, and its columns that get another form or go.

    *rows* is the server's estimate, *size* the bytes of rows and indexes.
    """

    table: str
    columns: frozenset[str]
    rows: int
    size: int


def read_changes(connection: sa.Connection, script: str) -> list[TableChange]:
    """Read which tables of the connection's database *script* alters, those that are there."""
    columns: dict[str, set[str]] = {}
    bare = TEXTS.sub("''", script)
    for table, clauses in ALTERS.findall(bare):
        columns.setdefault(table, set()).update(MODIFIES.findall(clauses))
    for table in INDEXES.findall(bare):
        columns.setdefault(table, set())
    sizes = _read_sizes(connection, sorted(columns))
    return [
        TableChange(table, frozenset(columns[table]), rows, size) for table, rows, size in sizes
    ]


def _read_sizes(connection: sa.Connection, tables: Sequence[str]) -> list[tuple[str, int, int]]:
    """The tables that are there, with rows (about) and bytes."""
    if not tables:
        return []
    query = sa.text(
        "SELECT table_name AS name, COALESCE(table_rows, 0) AS table_rows,"
        " COALESCE(data_length, 0) + COALESCE(index_length, 0) AS bytes"
        " FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name IN :tables ORDER BY table_name"
    ).bindparams(sa.bindparam("tables", expanding=True))
    rows = connection.execute(query, {"tables": tables})
    return [(row.name, int(row.table_rows), int(row.bytes)) for row in rows]
