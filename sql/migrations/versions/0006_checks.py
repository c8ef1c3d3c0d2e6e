"""Outcomes of the checks.

The definition is frozen here: ``include/warehouse`` goes on, this file does not.

Revision ID: 0006
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from sql.migrations.frozen import ddl

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIN: Final = "utf8mb4_bin"
TEXT: Final = "utf8mb4_unicode_ci"


def _key(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation=BIN)


sync_check = sa.Table(
    "sync_check",
    sa.MetaData(),
    sa.Column("name", _key(64), primary_key=True, comment="file in sql/checks: what must hold"),
    sa.Column("level", _key(10), nullable=False, comment="fail: red; warn: only told"),
    sa.Column(
        "sentence",
        mysql.VARCHAR(500, charset="utf8mb4", collation=TEXT),
        nullable=False,
        comment="what must hold, in words",
    ),
    sa.Column("offences", sa.BigInteger, nullable=False, comment="rows that offend; 0: it holds"),
    sa.Column(
        "sample",
        mysql.LONGTEXT(charset="utf8mb4", collation=BIN),
        nullable=False,
        comment="JSON: ids and counts of the first offences, never texts",
    ),
    sa.Column("checked_at", mysql.DATETIME(fsp=6), nullable=False, comment="last run, UTC"),
    sa.Column(
        "failing_since_at",
        mysql.DATETIME(fsp=6),
        comment="it offends since, UTC; NULL: it holds",
    ),
    comment="one row a check of sql/checks: what its last run found",
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mysql_collate=TEXT,
    mysql_row_format="Dynamic",
)


def upgrade() -> None:
    """Create the table."""
    ddl.create(sync_check)
