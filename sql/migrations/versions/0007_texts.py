"""Titles and messages as reports may show them.

The definition is frozen here: ``include/warehouse`` goes on, this file does not.

Revision ID: 0007
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from sql.migrations.frozen import ddl

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIN: Final = "utf8mb4_bin"
TEXT: Final = "utf8mb4_unicode_ci"


def _key(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation=BIN)


rpt_text = sa.Table(
    "rpt_text",
    sa.MetaData(),
    sa.Column("vendor", _key(50), primary_key=True, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("ticket_id", _key(64), primary_key=True, comment="the vendor's"),
    sa.Column("message_id", _key(64), primary_key=True, comment="the vendor's; empty: the title"),
    sa.Column(
        "content",
        mysql.LONGTEXT(charset="utf8mb4", collation=TEXT),
        comment="the text, masked as redaction_version says",
    ),
    sa.Column("masked", sa.Integer, nullable=False, comment="places that were masked"),
    sa.Column(
        "redaction_version",
        sa.Integer,
        nullable=False,
        comment="of include/redaction.py; 0: kept as it is",
    ),
    sa.Column("synced_at", mysql.DATETIME(fsp=6), comment="of the row it was made from"),
    comment="one row a ticket title or message: its text as reports may show it",
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mysql_collate=TEXT,
    mysql_row_format="Dynamic",
)


def upgrade() -> None:
    """Create the table."""
    ddl.create(rpt_text)
