"""The tables of vendor tickets: ``cloud_*``. The user's columns come first and keep their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.warehouse.types import MS, TEXT, Millis, Utc, VendorName, key, table, text

COMPLETE: Final = (
    "coalesce(status, 1) = 0 and message_count is not null and close_time_max is not null"
)
"""Proved by us: another program may write ``status``, and nothing else of it."""

cloud_user = table(
    "cloud_user",
    "云厂商账户信息表: one account (key pair) at one vendor",
    ("id",),
    sa.Column("id", key(50), primary_key=True, comment="ID"),
    sa.Column("secret_id", key(255), nullable=False, comment="access key id"),
    sa.Column(
        "secret_key_secret",
        key(500),
        comment="secret key: an envelope v1:…, a reference conn:<Airflow connection>, or plain",
    ),
    sa.Column("region_id", text(500), comment="地域: region, chooses the vendor's host"),
    sa.Column("type", text(50), comment="HUAWEI, ALIBABA, TENCENT"),
    sa.Column("create_time", Millis, comment=f"创建时间, {MS}"),
    sa.Column("name", text(255), comment="what people call the account"),
    sa.Column(
        "enabled", sa.SmallInteger, nullable=False, server_default="1", comment="0: not read"
    ),
)

cloud_osm_list = table(
    "cloud_osm_list",
    "云工单列表: one row a ticket",
    ("type", "cloud_id"),
    sa.Column("id", key(50), primary_key=True, comment="ID (own)"),
    sa.Column("cloud_id", key(64), nullable=False, comment="工单ID(云厂商ID)"),
    sa.Column(
        "status",
        sa.Integer,
        server_default="1",
        comment="0: closed at the vendor and every message stored; 1: anything else."
        " Another program's 0 asks for a reading: complete says what was proved",
    ),
    sa.Column("name", text(2000), comment="工单标题"),
    sa.Column("email", text(255), comment="email, where the vendor gives one"),
    sa.Column("type", VendorName, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("product_id", key(64), comment="产品ID; NULL when the name matches none or several"),
    sa.Column("product_business_id", key(64), comment="产品问题类别ID; NULL as product_id"),
    sa.Column("osm_id", key(64), comment="工单来源ID"),
    sa.Column("custom_id", key(50), comment="用户ID: as it was first written; see account_id"),
    sa.Column("create_time", Millis, comment=f"工单创建时间, {MS}"),
    sa.Column("vendor_status", text(64), comment="state as the vendor says it"),
    sa.Column("product_name", text(255), comment="product as the vendor says it"),
    sa.Column("category_name", text(255), comment="problem category as the vendor says it"),
    sa.Column("source_name", text(255), comment="ticket source as the vendor says it"),
    sa.Column(
        "close_time",
        Millis,
        comment=f"closed: as the vendor says, else the look that first showed it; NULL: no look"
        f" had shown it open, {MS}",
    ),
    sa.Column("last_message_time", Millis, comment=f"newest stored message, {MS}"),
    sa.Column(
        "message_count", sa.Integer, comment="stored messages; NULL before the first reading"
    ),
    sa.Column("missing_since", Millis, comment=f"the vendor no longer knows it since, {MS}"),
    sa.Column("synced_at", Utc, comment="last change by us, UTC; NULL: never read by us"),
    sa.Column(
        "resolved",
        sa.SmallInteger,
        comment="1: closed with a result; 0: withdrawn, cancelled, invalid or deleted;"
        " NULL: open, or the vendor did not say",
    ),
    sa.Column("account_id", key(50), comment="cloud_user.id of the account that reads it"),
    sa.Column("read_at", Utc, comment="moment of the newest reading that is stored, UTC"),
    sa.Column(
        "read_again_at", Utc, comment="closed: when it is looked at again, UTC; NULL: not planned"
    ),
    sa.Column(
        "close_time_min",
        Millis,
        comment=f"closed after: last look that showed it open, else its newest message, {MS}",
    ),
    sa.Column(
        "close_time_max", Millis, comment=f"closed by: first look that showed it closed, {MS}"
    ),
    sa.Column("change_mark", key(64), comment="what the vendor's list shows of its last change"),
    sa.Column(
        "complete",
        sa.SmallInteger,
        sa.Computed(COMPLETE, persisted=True),
        comment="1: closed, and every message stored, as a run of ours proved",
    ),
    sa.Column("severity", text(64), comment="严重程度，厂商原话 | severity as the vendor says it"),
    sa.Column(
        "satisfaction",
        sa.Numeric(7, 2),
        comment="客户评分，1 至 5，NULL 为未评价 | the customer's rating, 1 to 5; NULL: not rated",
    ),
    sa.Column(
        "satisfaction_text", text(2000), comment="客户评价内容 | what the customer wrote to it"
    ),
    sa.Column(
        "requester_id",
        key(64),
        comment="提单用户 ID，个人信息 | the account's user who asked; personal data",
    ),
    sa.Column(
        "requester_name",
        text(256),
        comment="提单用户名称，个人信息 | that user's name; personal data",
    ),
    sa.UniqueConstraint("type", "cloud_id", name="uq_cloud_osm_list_type_cloud_id"),
    sa.Index("ix_cloud_osm_list_custom_id_status", "custom_id", "status"),
    sa.Index("ix_cloud_osm_list_create_time", "create_time"),
    sa.Index("ix_cloud_osm_list_synced_at", "synced_at"),
    sa.Index("ix_cloud_osm_list_complete", "type", "complete", "account_id", "read_at"),
    sa.Index("ix_cloud_osm_list_read_again_at", "type", "account_id", "read_again_at"),
)

cloud_osm_history = table(
    "cloud_osm_history",
    "one row each time a look showed another state, product, category or account of a ticket",
    ("type", "cloud_id", "seen_at"),
    sa.Column("type", VendorName, primary_key=True, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("cloud_id", key(64), primary_key=True, comment="cloud_osm_list.cloud_id"),
    sa.Column("seen_at", Utc, primary_key=True, comment="first look that showed it so, UTC"),
    sa.Column(
        "after_at", Utc, comment="last look before, which showed it as before, UTC; NULL: none"
    ),
    sa.Column("is_closed", sa.SmallInteger, nullable=False, comment="1: closed at the vendor"),
    sa.Column("vendor_status", text(64), comment="state as the vendor says it"),
    sa.Column("product_id", key(64), comment="cloud_osm_product.id"),
    sa.Column("product_name", text(255), comment="product as the vendor says it"),
    sa.Column("category_id", key(64), comment="cloud_osm_product_type.id"),
    sa.Column("category_name", text(255), comment="problem category as the vendor says it"),
    sa.Column("account_id", key(50), comment="cloud_user.id of the account that read it"),
    sa.Column("run_id", key(32), comment="sync_run.run_id"),
    sa.Index("ix_cloud_osm_history_seen_at", "seen_at"),
)

cloud_osm_detail = table(
    "cloud_osm_detail",
    "工单详情: one row a message",
    ("vendor", "case_id", "message_id"),
    sa.Column("id", key(50), primary_key=True, comment="ID (own)"),
    sa.Column(
        "case_id", key(64), nullable=False, comment="工单ID(云厂商ID): cloud_osm_list.cloud_id"
    ),
    sa.Column("message_id", key(64), comment="云厂商生成的留言ID"),
    sa.Column("type", key(50), comment="留言方式: 0 customer, 1 support"),
    sa.Column("replier", text(255), comment="留言者"),
    sa.Column("replier_name", text(255), comment="留言者名称"),
    sa.Column("content", mysql.LONGTEXT(charset="utf8mb4", collation=TEXT), comment="留言内容"),
    sa.Column("create_time", Millis, comment=f"创建时间, {MS}"),
    sa.Column(
        "vendor",
        VendorName,
        comment="ALIBABA, HUAWEI, TENCENT; NULL: another program's, not brought over yet",
    ),
    sa.Column("synced_at", Utc, comment="last change by us, UTC"),
    sa.UniqueConstraint(
        "vendor", "case_id", "message_id", name="uq_cloud_osm_detail_vendor_case_id_message_id"
    ),
    sa.Index("ix_cloud_osm_detail_create_time", "create_time"),
)


def _sites() -> sa.Column[str]:
    comment = "sites of the vendor whose last complete refresh showed it, with commas between"
    empty = sa.text("''")
    return sa.Column("sites", key(255), nullable=False, server_default=empty, comment=comment)


def _catalog(
    name: str, comment: str, id_comment: str, *own: Any, shown: Sequence[Any] = ()
) -> sa.Table:
    return table(
        name,
        comment,
        ("type", "id"),
        sa.Column("id", key(64), nullable=False, comment=id_comment),
        sa.Column(
            "type",
            VendorName,
            nullable=False,
            server_default=sa.text("''"),
            comment="ALIBABA, HUAWEI, TENCENT; empty: another program did not say",
        ),
        sa.Column("name", text(255), nullable=False, comment="名称"),
        *own,
        sa.Column("create_time", Millis, comment=f"first seen, {MS}"),
        sa.Column(
            "active",
            sa.SmallInteger,
            nullable=False,
            server_default="1",
            comment="0: the last complete refresh no longer showed it",
        ),
        sa.Column("synced_at", Utc, comment="last change by us, UTC"),
        *shown,
        sa.PrimaryKeyConstraint("type", "id"),  # columns in the user's order, the key in ours
    )


cloud_osm_product = _catalog(
    "cloud_osm_product",
    "工单产品信息",
    "产品ID（直接使用云产商所返回的产品ID）",
    sa.Column("description", text(5000), comment="产品备注"),
    sa.Column("acronym", text(50), comment="产品类型简称（华为专用）"),
    shown=[_sites()],
)

cloud_osm_product_type = _catalog(
    "cloud_osm_product_type",
    "工单产品问题类别",
    "产品问题类别ID（直接使用云产商所返回的产品ID）",
    shown=[_sites()],
)

cloud_osm_source = _catalog("cloud_osm_source", "工单来源", "工单来源ID")

cloud_osm_product_category = table(
    "cloud_osm_product_category",
    "which problem category belongs to which product: many to many",
    ("type", "product_id", "product_type_id"),
    sa.Column("type", VendorName, primary_key=True, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("product_id", key(64), primary_key=True, comment="cloud_osm_product.id"),
    sa.Column("product_type_id", key(64), primary_key=True, comment="cloud_osm_product_type.id"),
    sa.Column(
        "active",
        sa.SmallInteger,
        nullable=False,
        server_default="1",
        comment="0: the last complete refresh no longer showed it",
    ),
    sa.Column("synced_at", Utc, comment="last change by us, UTC"),
    _sites(),
)
