"""The user's tables in our form: longer, utf8mb4, own columns, times as numbers, keys.

The definitions are frozen here: ``include/warehouse`` goes on, this file does not.

Revision ID: 0003
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from sql.migrations.frozen import adoption, ddl, rewriting

revision = "0003"
down_revision = "0002"
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


USERS: Final = {
    "cloud_user": "id secret_id secret_key_secret region_id type create_time",
    "cloud_osm_list": "id cloud_id status name email type product_id product_business_id osm_id"
    " custom_id create_time",
    "cloud_osm_detail": "id case_id message_id type replier replier_name content create_time",
    "cloud_osm_product": "id type name description acronym create_time",
    "cloud_osm_product_type": "id type name create_time",
}
"""The user's columns, for the script that is written without a database."""

UNFIT: Final = frozenset({1062, 1138, 1265, 1292, 1366})
"""The server's codes for a duplicate, a NULL and a text where none may be."""


def upgrade() -> None:
    """Widen, bring the values over, then set types and keys, table by table.

    Tickets come before messages, which ask them for their vendor.
    """
    if op.get_context().as_sql:
        for table in metadata.tables.values():
            settle(table)
        return
    connection = op.get_bind()
    progress = op.get_context().config.attributes["progress"]

    def announce(table: sa.Table, step: str) -> None:
        if rewriting.has_rows(connection, table.name):
            progress(f"{table.name}: {step}")

    for table in metadata.tables.values():
        announce(table, "making room")
        ddl.widen(table, convert={"create_time"})

    def bring_over(table: sa.Table, adopt: Any, *columns: str, best: Any = None) -> None:
        names = (*columns, "create_time")
        rewriting.rewrite(connection, table.name, names, adopt, progress)
        if best:
            key = table.info["key"]
            rewriting.move_duplicates(connection, table.name, key, best, progress)
        announce(table, "setting types and keys")
        try:
            settle(table)
        except sa.exc.DBAPIError as error:
            if not error.orig or error.orig.args[0] not in UNFIT:
                raise
            raise ddl.error_for(
                "data owner",
                f"{table.name}: a row does not fit, probably because another program wrote it just"
                f" now ({told(error)}). Stop what writes there, then run"
                " `python -m include migrate` again: it goes on from here",
            ) from error
        late = rewriting.stray_times("create_time")
        rewriting.rewrite(connection, table.name, names, adopt, progress, where=late)

    bring_over(cloud_user, each(adoption.adopt_account))
    bring_over(
        cloud_osm_list,
        rewriting.tickets(connection),
        *("type", "custom_id", "status"),
        best=rewriting.best_ticket,
    )
    bring_over(
        cloud_osm_detail,
        rewriting.messages(connection),
        *("case_id", "message_id", "type", "vendor"),
        best=rewriting.best_message,
    )
    for table in (cloud_osm_product, cloud_osm_product_type):
        bring_over(table, each(adoption.adopt_catalog), "type")


def told(error: sa.exc.DBAPIError) -> str:
    """What the server says, without the values that it quotes."""
    code, text = error.orig.args
    return f"warehouse {code}: {text.split(' value: ')[0].split(' for key ')[0]}"


def settle(table: sa.Table) -> None:
    """Give the table its final form; without a database, from the one of revision 0001."""
    ddl.settle(table, assume=USERS[table.name].split())


def each(adopt: Callable[[Mapping[str, Any]], adoption.Outcome]) -> Any:
    """A function of a row as one of a batch."""
    return lambda rows: map(adopt, rows)
