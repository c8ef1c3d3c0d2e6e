"""The data dictionary: what every table, view and column means, for who writes reports.

``migrate`` fills the table after each change, and comments all tables with the same words; neither
is a part of a revision, so going back leaves the comments.

Revision ID: 0015
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from sql.migrations.frozen import ddl

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIN: Final = "utf8mb4_bin"
TEXT: Final = "utf8mb4_unicode_ci"


def _text(name: str, length: int, collation: str, **options: Any) -> sa.Column[Any]:
    kind = mysql.VARCHAR(length, charset="utf8mb4", collation=collation)
    return sa.Column(name, kind, nullable=False, **options)


DICTIONARY: Final = sa.Table(
    "rpt_dictionary",
    sa.MetaData(),
    _text("relation", 64, BIN, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    _text("kind", 10, BIN),
    _text("column_name", 64, BIN),
    sa.Column("is_key", sa.SmallInteger, nullable=False),
    _text("name_zh", 255, TEXT),
    _text("name_en", 255, TEXT),
    _text("meaning_zh", 1000, TEXT),
    _text("meaning_en", 1000, TEXT),
    _text("unit", 50, TEXT),
    _text("zone", 20, BIN),
    _text("origin", 2000, TEXT),
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mysql_collate=TEXT,
    mysql_row_format="Dynamic",
)


def upgrade() -> None:
    """Make the table, unless it is there."""
    ddl.create(DICTIONARY)


def downgrade() -> None:
    """Drop it; ``migrate`` fills a new one."""
    op.execute("DROP TABLE IF EXISTS rpt_dictionary")
