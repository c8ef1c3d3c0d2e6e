"""What reports tell of tickets besides: names, turns, business time, targets, states, backlog.

The samples of the backlog that each build took go: what was open on a day follows from the states.
Columns that are new stay NULL until the next build, which builds everything anew. The definitions
are frozen here: ``include/warehouse`` goes on, this file does not.

Revision ID: 0014
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateColumn

from sql.migrations.frozen import ddl

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIN: Final = "utf8mb4_bin"
TEXT: Final = "utf8mb4_unicode_ci"

metadata = sa.MetaData()


def _key(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation=BIN)


def _text(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation=TEXT)


def _moment() -> sa.types.TypeEngine[Any]:
    return mysql.DATETIME(fsp=6)


def _count(name: str, comment: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=nullable, comment=comment)


def _flag(name: str, comment: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.SmallInteger, nullable=nullable, comment=comment)


def _id(name: str, comment: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(
        name, sa.Integer, primary_key=key, nullable=False, autoincrement=False, comment=comment
    )


def _seconds(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Numeric(24, 6), comment=f"{comment}, seconds")


def _wall(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, mysql.DATETIME(fsp=6), comment=f"本地时间：{comment}, local time")


def _table(name: str, comment: str, _key: tuple[str, ...], *items: Any) -> sa.Table:
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


ADDED: Final[tuple[sa.Column[Any], ...]] = (
    sa.Column("source_id", _key(64), comment="工单来源 ID | cloud_osm_source.id"),
    sa.Column("product_name", _text(255), comment="产品名称 | product: catalogue, else vendor"),
    sa.Column(
        "category_name", _text(255), comment="问题类别名称 | category: catalogue, else vendor"
    ),
    sa.Column("source_name", _text(255), comment="工单来源名称 | source: catalogue, else vendor"),
    sa.Column("account_name", _text(255), comment="账户名称 | name of the account"),
    sa.Column("region_id", _text(500), comment="账户地域 | region of the account"),
    _wall("local_created_at", "创建时间 | when it was created"),
    _wall("local_closed_at", "结束时间 | when it closed"),
    _wall("local_first_reply_at", "首次回复时间 | when support first replied"),
    _wall("local_last_message_at", "最后留言时间 | when its newest message was written"),
    sa.Column(
        "first_closed_at", _moment(), comment="首次结束时间, UTC | when it closed first, UTC"
    ),
    _count("reopens", "重新打开次数 | times a look showed it open after closed", nullable=True),
    _count("reply_turns", "客服答复轮数 | times support answered the customer", nullable=True),
    _seconds("reply_wait_s", "客户等待答复的总时长 | sum of the waits that a reply ended"),
    _seconds("requester_wait_s", "等待厂商的总时长 | time to closing in which support had to act"),
    _seconds("agent_wait_s", "等待客户的总时长 | time to closing in which the customer had to act"),
    _seconds("first_reply_business_s", "首次回复工作时长 | first_reply_s in business hours"),
    _seconds("reply_wait_business_s", "答复等待工作时长 | reply_wait_s in business hours"),
    _seconds("requester_wait_business_s", "等待厂商工作时长 | requester_wait_s in business hours"),
    _seconds("close_business_s", "结束工作时长 | close_s in business hours"),
    _count("staff_people", "参与客服人数 | people of support who wrote", nullable=True),
    _count("handoffs", "客服换人次数 | times another of them went on", nullable=True),
    sa.Column("waits_for", _key(8), comment="等待方 | open: vendor or customer; NULL: not read"),
    sa.Column("waits_since_at", _moment(), comment="等待起点, UTC | since when, UTC"),
    sa.Column("updated_at", _moment(), comment="本行生成时间, UTC | when this row was built, UTC"),
)
"""To ``rpt_ticket``."""
KEYS: Final = (
    "created_at",
    "closed_at",
    "first_reply_at",
    "last_message_at",
    "local_created_at",
    "local_closed_at",
    "local_first_reply_at",
    "local_last_message_at",
    "updated_at",
)
IS_WORKDAY: Final = (
    "ADD COLUMN `is_workday` SMALLINT NOT NULL DEFAULT '0'"
    " COMMENT '是否调休上班 | 1: a weekend day on which people work'"
)

rpt_ticket_state = _table(
    "rpt_ticket_state",
    "工单状态履历：一行为一段状态 | one row a span in which a ticket had one state, product,"
    " category and account, from its creation on without gaps",
    ("vendor", "ticket_id", "position"),
    sa.Column("vendor", _key(50), primary_key=True, comment="云厂商 | ALIBABA, HUAWEI, TENCENT"),
    sa.Column("ticket_id", _key(64), primary_key=True, comment="工单 ID | the vendor's"),
    _id("position", "序号 | their order; 0 and 1: before the first look", key=True),
    _flag(
        "is_closed",
        "是否已结束 | 1: closed; 0: open; NULL: closed at an unknown moment of the span",
        nullable=True,
    ),
    _flag("is_reopened", "是否重新打开 | 1: open again after it was closed"),
    sa.Column("vendor_status", _text(64), comment="厂商状态 | state as the vendor says it"),
    sa.Column("product_id", _key(64), comment="产品 ID | cloud_osm_product.id"),
    sa.Column("category_id", _key(64), comment="问题类别 ID | cloud_osm_product_type.id"),
    sa.Column("account_id", _key(50), comment="账户 ID | cloud_user.id"),
    sa.Column("created_at", _moment(), comment="工单创建时间, UTC | creation of the ticket, UTC"),
    sa.Column(
        "from_at",
        _moment(),
        nullable=False,
        comment="起点, UTC | begin: first look, or what is known, UTC",
    ),
    sa.Column(
        "from_after_at",
        _moment(),
        comment="起点下限, UTC | the look before, UTC; NULL: it is exact",
    ),
    sa.Column("until_at", _moment(), comment="终点, UTC | end, UTC; NULL: it lasts"),
    sa.Index("ix_rpt_ticket_state_from_at", "from_at"),
    sa.Index("ix_rpt_ticket_state_until_at", "until_at"),
)

rpt_day = _table(
    "rpt_day",
    "日历：一行为一个本地日 | one row a local day: week, month, holiday, business hours",
    ("local_day",),
    sa.Column("local_day", sa.Date, primary_key=True, comment="本地日期 | local day"),
    sa.Column("start_at", _moment(), nullable=False, comment="起点, UTC | its begin, UTC"),
    sa.Column("end_at", _moment(), nullable=False, comment="终点, UTC | its end, UTC"),
    _flag("year", "年 | year"),
    _flag("quarter", "季度 | quarter, 1 to 4"),
    _flag("month", "月 | month, 1 to 12"),
    sa.Column(
        "week_start", sa.Date, nullable=False, comment="周起始日（周一） | Monday of its week"
    ),
    sa.Column("month_start", sa.Date, nullable=False, comment="月起始日 | first day of its month"),
    _flag("weekday", "星期（1 为周一） | 1: Monday to 7: Sunday"),
    _flag("is_workday", "是否工作日 | 1: business hours apply"),
    sa.Column("holiday", _text(100), comment="节假日名称 | rpt_holiday.name"),
    _id("opens_s", "上班时刻（当日秒数） | business hours begin, seconds after midnight"),
    _id("closes_s", "下班时刻（当日秒数） | business hours end, seconds after midnight"),
    sa.Column(
        "business_before_s",
        sa.BigInteger,
        nullable=False,
        comment="此前累计工作秒数 | business seconds of all days before",
    ),
    sa.Index("ix_rpt_day_end_at", "end_at"),
    sa.Index("ix_rpt_day_business_before_s", "business_before_s"),
)

rpt_status = _table(
    "rpt_status",
    "厂商工单状态名称 | one row a state of a vendor: its names",
    ("vendor", "vendor_status"),
    sa.Column("vendor", _key(50), primary_key=True, comment="云厂商 | ALIBABA, HUAWEI, TENCENT"),
    sa.Column(
        "vendor_status", _key(64), primary_key=True, comment="厂商状态 | as the vendor says it"
    ),
    sa.Column("name_zh", _text(64), nullable=False, comment="中文名称 | Chinese name"),
    sa.Column("name_en", _text(64), nullable=False, comment="英文名称 | English name"),
)

rpt_sla_target = _table(
    "rpt_sla_target",
    "服务目标，由人填写 | one row a target for tickets; filled by people, read only."
    " The most particular row wins",
    ("metric", "vendor", "product_id"),
    sa.Column("metric", _key(20), primary_key=True, comment="指标 | first_reply or close"),
    sa.Column(
        "vendor", _key(50), primary_key=True, comment="云厂商，空为全部 | vendor; empty: all"
    ),
    sa.Column(
        "product_id", _key(64), primary_key=True, comment="产品，空为全部 | product; empty: all"
    ),
    _id("minutes", "目标分钟数 | minutes allowed"),
    _flag("in_business_hours", "是否按工作时间计 | 1: business hours; 0: all hours"),
)

rpt_ticket_sla = _table(
    "rpt_ticket_sla",
    "工单服务目标 | one row a ticket and target that it has: what is due when",
    ("vendor", "ticket_id", "metric"),
    sa.Column("vendor", _key(50), primary_key=True, comment="云厂商 | ALIBABA, HUAWEI, TENCENT"),
    sa.Column("ticket_id", _key(64), primary_key=True, comment="工单 ID | the vendor's"),
    sa.Column("metric", _key(20), primary_key=True, comment="指标 | first_reply or close"),
    _id("target_s", "目标秒数 | seconds allowed"),
    _flag("in_business_hours", "是否按工作时间计 | 1: business hours; 0: all hours"),
    sa.Column(
        "due_at", _moment(), comment="最晚时间, UTC | due by, UTC; NULL: beyond the calendar"
    ),
    sa.Index("ix_rpt_ticket_sla_due_at", "due_at"),
)

rpt_ticket_backlog_day = _table(
    "rpt_ticket_backlog_day",
    "每日积压：一行为一日、账户、产品、类别 | one row a local day and what tickets are about:"
    " tickets open at the day's end",
    ("local_day", "vendor", "account_id", "product_id", "category_id"),
    sa.Column("local_day", sa.Date, primary_key=True, comment="本地日期 | local day"),
    sa.Column("vendor", _key(50), primary_key=True, comment="云厂商 | ALIBABA, HUAWEI, TENCENT"),
    sa.Column(
        "account_id", _key(50), primary_key=True, comment="账户 ID | cloud_user.id; empty: none"
    ),
    sa.Column("product_id", _key(64), primary_key=True, comment="产品 ID | empty: none"),
    sa.Column("category_id", _key(64), primary_key=True, comment="问题类别 ID | empty: none"),
    _count("open_at_end", "日终未结束工单 | open at the day's end (today: at the build)"),
    _count(
        "maybe_open_at_end",
        "日终可能未结束的工单 | closed at an unknown moment, perhaps later; not in open_at_end",
    ),
    _count("open_to_1d", "其中不超过 1 天 | of open_at_end: created up to 1 day before"),
    _count("open_to_3d", "其中 1 至 3 天 | over 1 to 3 days"),
    _count("open_to_7d", "其中 3 至 7 天 | over 3 to 7 days"),
    _count("open_to_14d", "其中 7 至 14 天 | over 7 to 14 days"),
    _count("open_to_30d", "其中 14 至 30 天 | over 14 to 30 days"),
    _count("open_over_30d", "其中超过 30 天 | over 30 days"),
    sa.Column("oldest_at", _moment(), comment="最早创建时间, UTC | creation of the oldest, UTC"),
)


SAMPLES: Final = sa.Table(
    "rpt_ticket_backlog",
    sa.MetaData(),
    sa.Column("sampled_at", _moment(), primary_key=True, comment="UTC"),
    sa.Column("vendor", _key(50), primary_key=True, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("account_id", _key(50), primary_key=True, comment="cloud_user.id; empty: none"),
    sa.Column("product_id", _key(64), primary_key=True, comment="empty: none"),
    sa.Column("category_id", _key(64), primary_key=True, comment="empty: none"),
    _count("open", "open tickets that the vendor still knows"),
    _count("to_1d", "of them: created up to 1 day before"),
    _count("to_3d", "over 1 to 3 days"),
    _count("to_7d", "over 3 to 7 days"),
    _count("to_14d", "over 7 to 14 days"),
    _count("to_30d", "over 14 to 30 days"),
    _count("over_30d", "over 30 days"),
    sa.Column("oldest_at", _moment(), comment="creation of the oldest, UTC"),
    _count(
        "unanswered",
        "of open: no message of support yet; NULL: messages of some are not read",
        nullable=True,
    ),
    _id("definition_version", "of the definitions in sql/reports"),
    comment="one row a sample (each build) and what an open ticket is about: open tickets by age",
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mysql_collate=TEXT,
    mysql_row_format="Dynamic",
)


def upgrade() -> None:
    """Add what is missing, drop the samples."""
    for table in metadata.sorted_tables:
        ddl.create(table)
    holiday, ticket = _there("rpt_holiday"), _there("rpt_ticket")
    if "is_workday" not in holiday.columns:
        ddl.alter("rpt_holiday", [IS_WORKDAY])
    dialect = op.get_context().dialect
    clauses = [
        f"ADD COLUMN {CreateColumn(column).compile(dialect=dialect)}"
        for column in ADDED
        if column.name not in ticket.columns
    ]
    clauses += [
        f"ADD INDEX `ix_rpt_ticket_{name}` (`{name}`)"
        for name in KEYS
        if f"ix_rpt_ticket_{name}" not in ticket.indexes
    ]
    ddl.alter("rpt_ticket", clauses)
    if op.get_context().as_sql or ddl.read(op.get_bind(), "rpt_ticket_backlog"):
        ddl.run("DROP TABLE IF EXISTS `rpt_ticket_backlog`")


def downgrade() -> None:
    """Take it all back; the samples begin anew with the next build."""
    ddl.create(SAMPLES)
    for table in metadata.sorted_tables:
        ddl.run(f"DROP TABLE IF EXISTS `{table.name}`")
    is_asked = not op.get_context().as_sql
    ticket, holiday = _there("rpt_ticket"), _there("rpt_holiday")
    ddl.alter(
        "rpt_ticket",
        [
            *(
                f"DROP INDEX `ix_rpt_ticket_{name}`"
                for name in KEYS
                if not is_asked or f"ix_rpt_ticket_{name}" in ticket.indexes
            ),
            *(
                f"DROP COLUMN `{column.name}`"
                for column in ADDED
                if not is_asked or column.name in ticket.columns
            ),
        ],
    )
    if not is_asked or "is_workday" in holiday.columns:
        ddl.alter("rpt_holiday", ["DROP COLUMN `is_workday`"])


def _there(table: str) -> ddl.Present:
    """The table as it is; without a connection as the revision before left it."""
    present = None if op.get_context().as_sql else ddl.read(op.get_bind(), table)
    return present or ddl.Present({})
