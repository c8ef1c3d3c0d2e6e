"""A database as its server describes it: what ``compare_metadata`` sees, and what it does not."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

COLUMNS = """
    SELECT c.table_name, c.ordinal_position, c.column_name, c.column_type, c.collation_name,
        IF(t.table_type = 'VIEW', '', c.is_nullable),
        IF(t.table_type = 'VIEW', '', c.column_default),
        c.column_comment, c.extra
    FROM information_schema.columns AS c
    JOIN information_schema.tables AS t
        ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    WHERE c.table_schema = DATABASE() AND c.table_name <> 'alembic_version'
    ORDER BY c.table_name, c.ordinal_position
"""
"""Whether a view's column may be NULL, MySQL tells otherwise once a table of it was altered."""
INDEXES = """
    SELECT table_name, index_name, seq_in_index, column_name, non_unique, sub_part
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name <> 'alembic_version'
    ORDER BY table_name, index_name, seq_in_index
"""
TABLES = """
    SELECT table_name, engine, table_collation, row_format, table_comment
    FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name <> 'alembic_version'
    ORDER BY table_name
"""


def described(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Tables, columns in their order, and indexes."""
    with engine.connect() as connection:
        return described_by(connection)


def described_by(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """As ``described``."""
    return {
        name: [_plain(row) for row in connection.execute(sa.text(query))]
        for name, query in (("tables", TABLES), ("columns", COLUMNS), ("indexes", INDEXES))
    }


def _plain(row: sa.Row[Any]) -> tuple[Any, ...]:
    return tuple(
        re.sub(r"int\(\d+\)", "int", value) if isinstance(value, str) else value for value in row
    )
