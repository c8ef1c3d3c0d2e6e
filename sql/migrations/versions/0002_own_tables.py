"""Our own tables.

The definitions are frozen here: ``include/warehouse`` goes on, this file does not.

Revision ID: 0002
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from sql.migrations.frozen import ddl

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

metadata = sa.MetaData()

BIN: Final = "utf8mb4_bin"  # for ids: common collations merge distinct keys
TEXT: Final = "utf8mb4_unicode_ci"  # for texts: exists on MySQL and MariaDB


def _key(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation=BIN)


def _text(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation=TEXT)


def _moment() -> sa.types.TypeEngine[Any]:
    return mysql.DATETIME(fsp=6)


def _table(name: str, comment: str, key: tuple[str, ...], *items: Any) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        *items,
        info={"key": key},
        comment=comment,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=TEXT,
        mysql_row_format="Dynamic",
    )


MS: Final = "milliseconds since 1970 UTC"
OWNER: Final = "cloud_user.id, or the vendor for what belongs to a whole vendor"


def _catalog(name: str, comment: str, id_comment: str, *own: Any) -> sa.Table:
    return _table(
        name,
        comment,
        ("type", "id"),
        sa.Column("id", _key(64), nullable=False, comment=id_comment),
        sa.Column("type", _key(50), nullable=False, comment="ALIBABA, HUAWEI, TENCENT"),
        sa.Column("name", _text(255), nullable=False, comment="名称"),
        *own,
        sa.Column("create_time", sa.BigInteger, comment=f"first seen, {MS}"),
        sa.Column(
            "active",
            sa.SmallInteger,
            nullable=False,
            server_default="1",
            comment="0: the last complete refresh no longer showed it",
        ),
        sa.Column("synced_at", _moment(), comment="last change by us, UTC"),
        sa.PrimaryKeyConstraint("type", "id"),  # columns in the user's order, the key in ours
    )


cloud_osm_source = _catalog("cloud_osm_source", "工单来源", "工单来源ID")

cloud_osm_product_category = _table(
    "cloud_osm_product_category",
    "which problem category belongs to which product: many to many",
    ("type", "product_id", "product_type_id"),
    sa.Column("type", _key(50), primary_key=True, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("product_id", _key(64), primary_key=True, comment="cloud_osm_product.id"),
    sa.Column("product_type_id", _key(64), primary_key=True, comment="cloud_osm_product_type.id"),
    sa.Column(
        "active",
        sa.SmallInteger,
        nullable=False,
        server_default="1",
        comment="0: the last complete refresh no longer showed it",
    ),
    sa.Column("synced_at", _moment(), comment="last change by us, UTC"),
)

sync_state = _table(
    "sync_state",
    "how far each account is read, and which run holds it",
    ("account_id", "entity"),
    sa.Column("account_id", _key(50), primary_key=True, comment=OWNER),
    sa.Column("entity", _key(20), primary_key=True, comment="tickets or catalog"),
    sa.Column("watermark_at", _moment(), comment="everything created before it is stored, UTC"),
    sa.Column("swept_at", _moment(), comment="last whole-history look for open tickets, UTC"),
    sa.Column(
        "token",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="grows with every run that takes the account; only the newest may write",
    ),
    sa.Column("heartbeat_at", _moment(), comment="last sign of life of the holder, UTC"),
)

sync_run = _table(
    "sync_run",
    "one row a run of an entity of an account",
    ("run_id",),
    sa.Column("run_id", _key(32), primary_key=True, comment="ID (own)"),
    sa.Column("account_id", _key(50), nullable=False, comment=OWNER),
    sa.Column("vendor", _key(50), nullable=False, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("entity", _key(20), nullable=False, comment="tickets or catalog"),
    sa.Column(
        "outcome",
        _key(20),
        nullable=False,
        comment="running, done, partial, failed, stopped (killed or superseded)",
    ),
    sa.Column("since_at", _moment(), comment="beginning of the creation window, UTC"),
    sa.Column("until_at", _moment(), comment="end of the creation window, UTC"),
    sa.Column("calls", sa.Integer, nullable=False, server_default="0", comment="HTTP requests"),
    sa.Column(
        "listed", sa.Integer, nullable=False, server_default="0", comment="distinct rows listed"
    ),
    sa.Column(
        "written",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="tickets or catalogue rows stored",
    ),
    sa.Column(
        "messages", sa.Integer, nullable=False, server_default="0", comment="messages stored"
    ),
    sa.Column(
        "failed",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="tickets put into quarantine",
    ),
    sa.Column("error_class", _key(50), comment="class in include/errors.py: who must act"),
    sa.Column("error_text", _text(2000), comment="reason, without keys or ticket texts"),
    sa.Column("request_id", _key(128), comment="the vendor's request id of the failure"),
    sa.Column("triggered_by", _text(255), comment="schedule, or the person who asked"),
    sa.Column("parameters", _text(2000), comment="what was asked for, as JSON"),
    sa.Column("started_at", _moment(), nullable=False, comment="UTC"),
    sa.Column("ended_at", _moment(), comment="UTC"),
    sa.Index("ix_sync_run_account_id_entity_started_at", "account_id", "entity", "started_at"),
    sa.Index("ix_sync_run_started_at", "started_at"),
)

sync_quarantine = _table(
    "sync_quarantine",
    "tickets that failed by themselves; every run tries them again",
    ("account_id", "item_id"),
    sa.Column("account_id", _key(50), primary_key=True, comment="cloud_user.id"),
    sa.Column("item_id", _key(64), primary_key=True, comment="the vendor's ticket id"),
    sa.Column("error_class", _key(50), nullable=False, comment="class in include/errors.py"),
    sa.Column("error_text", _text(2000), nullable=False, comment="reason, without ticket texts"),
    sa.Column("request_id", _key(128), comment="the vendor's request id"),
    sa.Column("first_at", _moment(), nullable=False, comment="first failure, UTC"),
    sa.Column("last_at", _moment(), nullable=False, comment="latest failure, UTC"),
    sa.Column("attempts", sa.Integer, nullable=False, comment="failures so far"),
)

migration_leftover = _table(
    "migration_leftover",
    "values of the user's tables that the migration could not bring over as they were",
    ("id",),
    sa.Column("id", _key(32), primary_key=True, comment="ID (own)"),
    sa.Column("table_name", _key(64), nullable=False, comment="where the value stood"),
    sa.Column("column_name", _key(64), nullable=False, comment="empty: the whole row, as JSON"),
    sa.Column("row_id", _key(64), nullable=False, comment="id of the row"),
    sa.Column(
        "value",
        mysql.LONGTEXT(charset="utf8mb4", collation=BIN),
        comment="the value as it was; NULL: it was empty",
    ),
    sa.Column("reason", _text(255), nullable=False, comment="why, and what stands there now"),
    sa.Column("found_at", _moment(), nullable=False, comment="UTC"),
    sa.Index("ix_migration_leftover_table_name_row_id", "table_name", "row_id"),
)


def upgrade() -> None:
    """Create those that are missing."""
    for table in metadata.tables.values():
        ddl.create(table)
