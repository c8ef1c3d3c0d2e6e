"""What vendors say of a ticket besides: how severe it is, how it was rated, who asked.

All is NULL until a look at a ticket tells it. The definitions are frozen here.

Revision ID: 0016
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateColumn

from sql.migrations.frozen import ddl

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")


def _text(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_unicode_ci")


def _reported() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column(
            "severity", _text(64), comment="严重程度，厂商原话 | severity as the vendor says it"
        ),
        sa.Column(
            "satisfaction",
            sa.Numeric(7, 2),
            comment="客户评分，1 至 5，NULL 为未评价"
            " | the customer's rating, 1 to 5; NULL: not rated",
        ),
    )


ADDED: Final[Mapping[str, tuple[sa.Column[Any], ...]]] = {
    "cloud_osm_list": (
        *_reported(),
        sa.Column(
            "satisfaction_text",
            _text(2000),
            comment="客户评价内容 | what the customer wrote to it",
        ),
        sa.Column(
            "requester_id",
            _key(64),
            comment="提单用户 ID，个人信息 | the account's user who asked; personal data",
        ),
        sa.Column(
            "requester_name",
            _text(256),
            comment="提单用户名称，个人信息 | that user's name; personal data",
        ),
    ),
    "rpt_ticket": _reported(),
}


def upgrade() -> None:
    """Add what is missing."""
    dialect = op.get_context().dialect
    for table, columns in ADDED.items():
        there = _there(table)
        ddl.alter(
            table,
            [
                f"ADD COLUMN {CreateColumn(column).compile(dialect=dialect)}"
                for column in columns
                if column.name not in there
            ],
        )


def downgrade() -> None:
    """Take it back; the vendors tell it again."""
    is_asked = not op.get_context().as_sql
    for table, columns in ADDED.items():
        there = _there(table)
        ddl.alter(
            table,
            [
                f"DROP COLUMN `{column.name}`"
                for column in columns
                if not is_asked or column.name in there
            ],
        )


def _there(table: str) -> set[str]:
    """The columns of a table; none without a connection."""
    present = None if op.get_context().as_sql else ddl.read(op.get_bind(), table)
    return set(present.columns) if present else set()
