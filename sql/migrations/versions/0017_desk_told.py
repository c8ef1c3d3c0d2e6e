"""What reports tell of the desk besides: names, local times, and keys for joins and filters.

Columns that are new stay NULL until the next build, which builds everything anew. The definitions
are frozen here: ``include/warehouse`` goes on, this file does not.

Revision ID: 0017
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateColumn

from sql.migrations.frozen import ddl

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TEXT: Final = "utf8mb4_unicode_ci"

metadata = sa.MetaData()


def _text(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation=TEXT)


def _moment(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, mysql.DATETIME(fsp=6), comment=comment)


def _wall(name: str, comment: str) -> sa.Column[Any]:
    return _moment(name, f"本地时间：{comment}, local time")


def _flag(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, sa.SmallInteger, nullable=False, comment=comment)


def _id(name: str, comment: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(
        name, sa.Integer, primary_key=key, nullable=False, autoincrement=False, comment=comment
    )


def _table(name: str, comment: str, *items: Any) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        *items,
        comment=comment,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=TEXT,
        mysql_row_format="Dynamic",
    )


rpt_supplier = _table(
    "rpt_supplier",
    "供应商：一行为一个供应商 | one row a supplier that a snapshot ever showed",
    _id("supplier_id", "供应商 ID | supplier.id", key=True),
    sa.Column("supplier_name", _text(100), comment="供应商名称 | its newest name"),
    _flag("is_active", "是否在线 | 1: online, and still in the source"),
    _flag("is_capped", "是否开启排队 | ext_flag = 1: customers queue, max_user counts"),
    _id("busi_id", "主业务线 | primary business line now; 0: none"),
)

rpt_line = _table(
    "rpt_line",
    "业务线名称 | one row a business line that is known or in use: its names",
    _id("busi_id", "业务线 ID | business line; 0: none", key=True),
    sa.Column("line_name", _text(64), comment="中文名称 | Chinese name; NULL: not known"),
    sa.Column("line_name_en", _text(64), comment="英文名称 | English name; NULL: not known"),
)

UPDATED: Final = "本行生成时间, UTC | when this row was built, UTC"
ADDED: Final[dict[str, tuple[sa.Column[Any], ...]]] = {
    "rpt_build": (
        sa.Column(
            "desk_since", sa.Date, comment="起始日 | DESK_SINCE; NULL: a build before it was"
        ),
    ),
    "rpt_conversation": (
        _wall("local_inqueue_at", "入队时间 | when it entered the queue"),
        _wall("local_distributed_at", "分配时间 | when it was assigned"),
        _wall("local_last_ack_at", "最后消息时间 | when its last message was written"),
        _moment("updated_at", UPDATED),
    ),
    "rpt_cohort": (_moment("updated_at", UPDATED),),
    "rpt_seat": (
        sa.Column("seat_name", _text(40), comment="坐席名称 | what customers see"),
        sa.Column("nickname", _text(50), comment="坐席昵称 | mostly NULL"),
    ),
}
KEYS: Final[dict[str, tuple[str, ...]]] = {
    "rpt_conversation": (
        "session_id",
        "inqueue_at",
        "distributed_at",
        "last_ack_at",
        "earlier_at",
        "lost_after_at",
        "lost_before_at",
        "local_slot",
        "local_inqueue_at",
        "local_distributed_at",
        "local_last_ack_at",
        "updated_at",
    ),
    "cs_supplier_history": ("id",),
    "cs_seat_history": ("id",),
    "cs_busi_supplier_mapping_history": ("supplier_id",),
    "cs_busi_seat_mapping_history": ("seat_id",),
    "cs_session_mapping_history": ("session_id",),
    "cs_queue_mapping_history": ("session_id",),
}


def upgrade() -> None:
    """Add what is missing."""
    for table in metadata.sorted_tables:
        ddl.create(table)
    dialect = op.get_context().dialect
    for name in dict.fromkeys((*ADDED, *KEYS)):
        there = _there(name)
        clauses = [
            f"ADD COLUMN {CreateColumn(column).compile(dialect=dialect)}"
            for column in ADDED.get(name, ())
            if column.name not in there.columns
        ]
        clauses += [
            f"ADD INDEX `ix_{name}_{column}` (`{column}`)"
            for column in KEYS.get(name, ())
            if f"ix_{name}_{column}" not in there.indexes
        ]
        ddl.alter(name, clauses)


def downgrade() -> None:
    """Take it all back."""
    is_asked = not op.get_context().as_sql
    for name in dict.fromkeys((*ADDED, *KEYS)):
        there = _there(name)
        clauses = [
            f"DROP INDEX `ix_{name}_{column}`"
            for column in KEYS.get(name, ())
            if not is_asked or f"ix_{name}_{column}" in there.indexes
        ]
        clauses += [
            f"DROP COLUMN `{column.name}`"
            for column in ADDED.get(name, ())
            if not is_asked or column.name in there.columns
        ]
        ddl.alter(name, clauses)
    for table in metadata.sorted_tables:
        ddl.run(f"DROP TABLE IF EXISTS `{table.name}`")


def _there(table: str) -> ddl.Present:
    """The table as it is; without a connection as the revision before left it."""
    present = None if op.get_context().as_sql else ddl.read(op.get_bind(), table)
    return present or ddl.Present({})
