"""The tables we write: the one description of names, types, keys and comments.

Alembic's migrations under ``sql/migrations`` build them, and a test proves that both agree. The
user's columns come first and keep their names; ``info["key"]`` names the natural key of an upsert.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.customer_service import SOURCE_TABLES, Column, Kind, SourceTable

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

cloud_user = _table(
    "cloud_user",
    "云厂商账户信息表: one account (key pair) at one vendor",
    ("id",),
    sa.Column("id", _key(50), primary_key=True, comment="ID"),
    sa.Column("secret_id", _key(255), nullable=False, comment="access key id"),
    sa.Column(
        "secret_key_secret",
        _key(500),
        comment="secret key: an envelope v1:…, a reference conn:<Airflow connection>, or plain",
    ),
    sa.Column("region_id", _text(500), comment="地域: region, chooses the vendor's host"),
    sa.Column("type", _text(50), comment="HUAWEI, ALIBABA, TENCENT"),
    sa.Column("create_time", sa.BigInteger, comment=f"创建时间, {MS}"),
    sa.Column("name", _text(255), comment="what people call the account"),
    sa.Column(
        "enabled", sa.SmallInteger, nullable=False, server_default="1", comment="0: not read"
    ),
)

cloud_osm_list = _table(
    "cloud_osm_list",
    "云工单列表: one row a ticket",
    ("type", "cloud_id"),
    sa.Column("id", _key(50), primary_key=True, comment="ID (own)"),
    sa.Column("cloud_id", _key(64), nullable=False, comment="工单ID(云厂商ID)"),
    sa.Column(
        "status",
        sa.Integer,
        nullable=False,
        server_default="1",
        comment="0: closed at the vendor and every message stored; 1: anything else",
    ),
    sa.Column("name", _text(2000), comment="工单标题"),
    sa.Column("email", _text(255), comment="email, where the vendor gives one"),
    sa.Column("type", _key(50), nullable=False, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("product_id", _key(64), comment="产品ID; NULL when the name matches none or several"),
    sa.Column("product_business_id", _key(64), comment="产品问题类别ID; NULL as product_id"),
    sa.Column("osm_id", _key(64), comment="工单来源ID"),
    sa.Column("custom_id", _key(50), comment="cloud_user.id of the account that showed it first"),
    sa.Column("create_time", sa.BigInteger, comment=f"工单创建时间, {MS}"),
    sa.Column("vendor_status", _text(64), comment="state as the vendor says it"),
    sa.Column("product_name", _text(255), comment="product as the vendor says it"),
    sa.Column("category_name", _text(255), comment="problem category as the vendor says it"),
    sa.Column("source_name", _text(255), comment="ticket source as the vendor says it"),
    sa.Column("close_time", sa.BigInteger, comment=f"first seen closed, an upper bound, {MS}"),
    sa.Column("last_message_time", sa.BigInteger, comment=f"newest stored message, {MS}"),
    sa.Column(
        "message_count", sa.Integer, comment="stored messages; NULL before the first reading"
    ),
    sa.Column("missing_since", sa.BigInteger, comment=f"the vendor no longer knows it since, {MS}"),
    sa.Column("synced_at", _moment(), comment="last change by us, UTC; NULL: never read by us"),
    sa.UniqueConstraint("type", "cloud_id", name="uq_cloud_osm_list_type_cloud_id"),
    sa.Index("ix_cloud_osm_list_custom_id_status", "custom_id", "status"),
    sa.Index("ix_cloud_osm_list_create_time", "create_time"),
)

cloud_osm_detail = _table(
    "cloud_osm_detail",
    "工单详情: one row a message",
    ("vendor", "case_id", "message_id"),
    sa.Column("id", _key(50), primary_key=True, comment="ID (own)"),
    sa.Column(
        "case_id", _key(64), nullable=False, comment="工单ID(云厂商ID): cloud_osm_list.cloud_id"
    ),
    sa.Column("message_id", _key(64), nullable=False, comment="云厂商生成的留言ID"),
    sa.Column("type", _key(50), comment="留言方式: 0 customer, 1 support"),
    sa.Column("replier", _text(255), comment="留言者"),
    sa.Column("replier_name", _text(255), comment="留言者名称"),
    sa.Column("content", mysql.LONGTEXT(charset="utf8mb4", collation=TEXT), comment="留言内容"),
    sa.Column("create_time", sa.BigInteger, comment=f"创建时间, {MS}"),
    sa.Column("vendor", _key(50), nullable=False, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("synced_at", _moment(), comment="last change by us, UTC"),
    sa.UniqueConstraint(
        "vendor", "case_id", "message_id", name="uq_cloud_osm_detail_vendor_case_id_message_id"
    ),
    sa.Index("ix_cloud_osm_detail_create_time", "create_time"),
)


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


cloud_osm_product = _catalog(
    "cloud_osm_product",
    "工单产品信息",
    "产品ID（直接使用云产商所返回的产品ID）",
    sa.Column("description", _text(5000), comment="产品备注"),
    sa.Column("acronym", _text(50), comment="产品类型简称（华为专用）"),
)
cloud_osm_product_type = _catalog(
    "cloud_osm_product_type",
    "工单产品问题类别",
    "产品问题类别ID（直接使用云产商所返回的产品ID）",
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

OWNER: Final = "cloud_user.id, or the vendor for what belongs to a whole vendor"

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

cs_snapshot = _table(
    "cs_snapshot",
    "one row a snapshot of the customer-service source: all its tables as of one moment",
    ("snapshot_id",),
    sa.Column("snapshot_id", sa.Integer, primary_key=True, autoincrement=False, comment="1, 2, …"),
    sa.Column(
        "state",
        _key(20),
        nullable=False,
        comment="complete; refused: nothing was changed, because too many rows had vanished",
    ),
    sa.Column(
        "snapshot_at",
        _moment(),
        nullable=False,
        comment="the moment, by the source's clock, UTC; grows with each complete snapshot",
    ),
    sa.Column("stored_at", _moment(), nullable=False, comment="by the warehouse's clock, UTC"),
    sa.Column("run_id", _key(32), nullable=False, comment="sync_run.run_id"),
    sa.Column("full_because", _text(255), comment="why all rows were read; NULL: changes only"),
    sa.Column("system_id", _key(20), nullable=False, comment="the source's system identifier"),
    sa.Column("database_name", _key(64), nullable=False, comment="the source's database"),
    sa.Column("timeline", sa.BigInteger, nullable=False, comment="grows with each failover"),
    sa.Column("server_started_at", _moment(), nullable=False, comment="of the source, UTC"),
    sa.Column(
        "horizon",
        mysql.BIGINT(unsigned=True),
        nullable=False,
        comment="row versions of older transactions are all in this snapshot",
    ),
    sa.Column("notes", _text(2000), comment="what a person should know, such as extra columns"),
)

cs_snapshot_table = _table(
    "cs_snapshot_table",
    "one row a table of a snapshot: what was read, what changed, what is present since",
    ("snapshot_id", "table_name"),
    sa.Column("snapshot_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("table_name", _key(64), primary_key=True, comment="as in the source"),
    sa.Column("rows_read", sa.BigInteger, nullable=False, comment="rows that came over"),
    sa.Column("opened", sa.BigInteger, nullable=False, comment="versions that begin here"),
    sa.Column("closed", sa.BigInteger, nullable=False, comment="versions that end here"),
    sa.Column(
        "vanished", sa.BigInteger, nullable=False, comment="of the closed: rows the source lost"
    ),
    sa.Column("present", sa.BigInteger, nullable=False, comment="rows of the source"),
    sa.Column(
        "unfit", sa.BigInteger, nullable=False, comment="rows read with a value MySQL cannot hold"
    ),
    sa.Column(
        "duplicates",
        sa.BigInteger,
        nullable=False,
        comment="source rows left out because another has the same key",
    ),
    sa.Column(
        "checksum",
        sa.Numeric(38, 0),
        nullable=False,
        comment="sum over the present rows of the first 6 bytes of row_hash",
    ),
    sa.Column(
        "over_limit", sa.SmallInteger, nullable=False, comment="1: more vanished than allowed"
    ),
    sa.Column(
        "relation",
        _key(255),
        nullable=False,
        comment="the source table's oid and column numbers; others: all its rows are read",
    ),
)


def _type_of(column: Column) -> sa.types.TypeEngine[Any]:
    """The MySQL type that reads like the source's."""
    if column.kind is Kind.TEXT:
        # Compared byte by byte, because common collations merge what the source tells apart.
        if column.length is None:
            return mysql.LONGTEXT(charset="utf8mb4", collation=BIN)
        return _key(column.length)
    if column.kind is Kind.MOMENT:
        return _moment()
    types: dict[Kind, type[sa.types.TypeEngine[Any]]]
    types = {Kind.SMALLINT: sa.SmallInteger, Kind.INTEGER: sa.Integer, Kind.DOUBLE: mysql.DOUBLE}
    return types[column.kind]()


def history_table(table: SourceTable, metadata: sa.MetaData) -> sa.Table:
    """All versions of the rows of a source table; ``closed_by`` 0 marks the present ones.

    It is part of the primary key, so the database itself forbids two present versions of a row.
    """
    return sa.Table(
        table.history,
        metadata,
        sa.Column(
            "row_key",
            sa.BigInteger if table.has_integer_key else mysql.BINARY(16),
            primary_key=True,
            autoincrement=False,
            comment="the key" if table.has_integer_key else "hash of the key",
        ),
        sa.Column(
            "closed_by",
            sa.Integer,
            primary_key=True,
            autoincrement=False,
            server_default="0",
            comment="snapshot that ended this version; 0: present",
        ),
        *(
            sa.Column(column.name, _type_of(column), comment=column.comment)
            for column in table.columns
        ),
        sa.Column(
            "unfit",
            mysql.LONGTEXT(charset="utf8mb4", collation=BIN),
            comment="JSON: values MySQL cannot hold, as the source writes them; NULL there",
        ),
        sa.Column("row_hash", mysql.BINARY(16), nullable=False, comment="hash of the content"),
        sa.Column("valid_from_at", _moment(), nullable=False, comment="first seen, UTC"),
        sa.Column("valid_to_at", _moment(), comment="no longer so, UTC; NULL: present"),
        sa.Column(
            "snapshot_id", sa.Integer, nullable=False, comment="snapshot that opened this version"
        ),
        sa.CheckConstraint("(closed_by = 0) = (valid_to_at is null)", name=f"{table.history}_ck"),
        info={"key": ("row_key", "closed_by")},
        comment=f"{table.comment}: one row a version",
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=TEXT,
        mysql_row_format="Dynamic",
    )


HISTORIES: Final = {table.name: history_table(table, metadata) for table in SOURCE_TABLES}

sync_check = _table(
    "sync_check",
    "one row a check of sql/checks: what its last run found",
    ("name",),
    sa.Column("name", _key(64), primary_key=True, comment="file in sql/checks: what must hold"),
    sa.Column("level", _key(10), nullable=False, comment="fail: red; warn: only told"),
    sa.Column("sentence", _text(500), nullable=False, comment="what must hold, in words"),
    sa.Column("offences", sa.BigInteger, nullable=False, comment="rows that offend; 0: it holds"),
    sa.Column(
        "sample",
        mysql.LONGTEXT(charset="utf8mb4", collation=BIN),
        nullable=False,
        comment="JSON: ids and counts of the first offences, never texts",
    ),
    sa.Column("checked_at", _moment(), nullable=False, comment="last run, UTC"),
    sa.Column("failing_since_at", _moment(), comment="it offends since, UTC; NULL: it holds"),
)
