"""A database as its server describes it: what ``compare_metadata`` sees, and what it does not."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

COLUMNS = """
    SELECT table_name, ordinal_position, column_name, column_type, collation_name, is_nullable,
        column_default, column_comment, extra
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name <> 'alembic_version'
    ORDER BY table_name, ordinal_position
"""
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
