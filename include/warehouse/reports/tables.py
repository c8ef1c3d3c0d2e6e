"""The tables of the reports: facts and aggregates, rebuilt by ``include/pipelines/reports.py``.

What the numbers mean stands in the heads of
``sql/reports`` and ``sql/views``. ``start_at`` is UTC, ``local_*`` the wall clock of
``BUSINESS_ZONE``.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.warehouse.types import TEXT, Utc, key, table, text

LONG: Final = mysql.LONGTEXT(charset="utf8mb4", collation=TEXT)

GRAINS: Final = "15min, 30min, hour, day, week (from Monday), month"
SCOPES: Final = "all, supplier, line (the supplier's primary one at inqueue_time)"


def _count(name: str, comment: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=nullable, comment=comment)


def _flag(
    name: str, comment: str, *, nullable: bool = False, server_default: str | None = None
) -> sa.Column[Any]:
    return sa.Column(
        name, sa.SmallInteger, nullable=nullable, server_default=server_default, comment=comment
    )


def _id(name: str, comment: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(
        name, sa.Integer, primary_key=key, nullable=False, autoincrement=False, comment=comment
    )


def _seconds(name: str, comment: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.Numeric(24, 6), nullable=nullable, comment=f"{comment}, seconds")


def _exact(name: str, comment: str) -> sa.Column[Any]:
    """Seconds with their microseconds in a double: a million of them are ranked at once."""
    return sa.Column(name, mysql.DOUBLE(), comment=f"{comment}, seconds")


def _local(name: str, comment: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, mysql.DATETIME(), comment=f"{comment}, local", **options)


def _wall(name: str, comment: str) -> sa.Column[Any]:
    """A moment by the wall clock of the business's zone."""
    return sa.Column(name, mysql.DATETIME(fsp=6), comment=f"本地时间：{comment}, local time")


def _updated() -> sa.Column[Any]:
    return sa.Column("updated_at", Utc, comment="本行生成时间, UTC | when this row was built, UTC")


def _bucket() -> tuple[sa.Column[Any], ...]:
    """The key of an aggregate: a span of time, and whom it is about."""
    return (
        sa.Column("grain", key(5), primary_key=True, comment=GRAINS),
        sa.Column("scope", key(10), primary_key=True, comment=SCOPES),
        _local("local_start", "begin of the span", primary_key=True),
        _id("scope_id", "supplier.id or the line; all: 0", key=True),
        sa.Column("start_at", Utc, nullable=False, comment="begin of the span, UTC"),
    )


def _origin() -> tuple[sa.Column[Any], ...]:
    """Where a number comes from."""
    return (
        _id("snapshot_id", "calculated from this snapshot; no later one changed it"),
        sa.Column("snapshot_at", Utc, nullable=False, comment="its moment, UTC"),
        _id("definition_version", "of the definitions in sql/reports"),
        _flag("provisional", "1: the span had not ended 48 h before snapshot_at"),
    )


def _waits(prefix: str, whose: str) -> tuple[sa.Column[Any], ...]:
    return (
        _count(f"{prefix}_n", f"completed waits of {whose}"),
        _seconds(f"{prefix}_sum_s", "their sum", nullable=False),
        _seconds(f"{prefix}_p50_s", f"their median, nearest rank; NULL: {prefix}_n is 0"),
        _seconds(f"{prefix}_p90_s", "their 90th percentile, nearest rank"),
        _count(f"{prefix}_in_time", "of them at most service_level_s"),
    )


rpt_build = table(
    "rpt_build",
    "one row a build of the reports: what it was built from",
    ("build_id",),
    sa.Column("build_id", sa.Integer, primary_key=True, autoincrement=False, comment="1, 2, …"),
    sa.Column("run_id", key(32), nullable=False, comment="sync_run.run_id"),
    sa.Column("built_at", Utc, nullable=False, comment="the moment of the build, UTC"),
    sa.Column("snapshot_id", sa.Integer, comment="cs_snapshot; NULL: there was none yet"),
    sa.Column("snapshot_at", Utc, comment="its moment, UTC"),
    _id("definition_version", "of the definitions in sql/reports"),
    sa.Column("service_level_s", sa.Integer, nullable=False, comment="the T of service levels"),
    sa.Column("since_day", sa.Date, nullable=False, comment="local days from here on were rebuilt"),
    _count("days", "local days of conversations rebuilt"),
    _count("tickets", "tickets rebuilt"),
    _count("undated", "conversations without a usable inqueue_time: in no span"),
    sa.Column("desk_since", sa.Date, comment="起始日 | DESK_SINCE; NULL: a build before it was"),
    sa.Column("zone", text(64), comment="时区 | BUSINESS_ZONE; NULL: a build before it was"),
    sa.Column("rules", key(32), comment="规则摘要 | digest of what tickets are counted by"),
    sa.Column("writing_from_at", Utc, comment="写入起点 | runs under way began from here on, UTC"),
)

rpt_holiday = table(
    "rpt_holiday",
    "days that reports flag as holidays; filled by people, read only",
    ("local_day",),
    sa.Column("local_day", sa.Date, primary_key=True, comment="local"),
    sa.Column("name", text(100), nullable=False, comment="which holiday"),
    _flag("is_workday", "是否调休上班 | 1: a weekend day on which people work", server_default="0"),
)

rpt_watch = table(
    "rpt_watch",
    "one row an unbroken run of snapshots that saw the live queue",
    ("from_at",),
    sa.Column("from_at", Utc, primary_key=True, comment="first of them, UTC"),
    sa.Column("until_at", Utc, nullable=False, comment="last of them, UTC"),
    _flag("ongoing", "1: the newest snapshot is one of them"),
    _count("snapshots", "how many"),
    _seconds("period_s", "longest distance between two of them"),
)

rpt_supplier_version = table(
    "rpt_supplier_version",
    "what reports need of a supplier, one row a span of time in which it did not change",
    ("supplier_id", "valid_from_at"),
    _id("supplier_id", "supplier.id", key=True),
    sa.Column(
        "valid_from_at",
        Utc,
        primary_key=True,
        comment="UTC; the first reaches back for ever",
    ),
    sa.Column("valid_to_at", Utc, nullable=False, comment="UTC; year 9999: still so"),
    _flag("is_capped", "ext_flag = 1: customers queue, max_user counts"),
    _id("busi_id", "primary business line: of the smallest id with status 1; 0: none"),
)

rpt_supplier = table(
    "rpt_supplier",
    "供应商：一行为一个供应商 | one row a supplier that a snapshot ever showed",
    ("supplier_id",),
    _id("supplier_id", "供应商 ID | supplier.id", key=True),
    sa.Column("supplier_name", text(100), comment="供应商名称 | its newest name"),
    _flag("is_active", "是否在线 | 1: online, and still in the source"),
    _flag("is_capped", "是否开启排队 | ext_flag = 1: customers queue, max_user counts"),
    _id("busi_id", "主业务线 | primary business line now; 0: none"),
)

rpt_line = table(
    "rpt_line",
    "业务线名称 | one row a business line that is known or in use: its names",
    ("busi_id",),
    _id("busi_id", "业务线 ID | business line; 0: none", key=True),
    sa.Column("line_name", text(64), comment="中文名称 | Chinese name; NULL: not known"),
    sa.Column("line_name_en", text(64), comment="英文名称 | English name; NULL: not known"),
)

rpt_conversation = table(
    "rpt_conversation",
    "one row a conversation (session_id), archived, live or lost",
    ("row_key",),
    sa.Column("local_day", sa.Date, nullable=False, comment="of inqueue_at, local; 9999: none"),
    sa.Column("row_key", mysql.BINARY(16), nullable=False, comment="hash of session_id"),
    sa.Column("session_id", key(50), comment="as in the source"),
    sa.Column("customer_key", mysql.BINARY(16), comment="hash of the customer's name; for joins"),
    _id("supplier_id", "shop_id; 0: none"),
    _id("busi_id", "the supplier's primary business line at inqueue_time; 0: none"),
    _flag("is_capped", "the supplier's ext_flag was 1 at inqueue_time"),
    _id("seat_id", "the last one; -1 robot, 0 nobody"),
    sa.Column("outcome", key(10), nullable=False, comment="served robot waiting lost untimed"),
    _flag("is_robot", "the last seat is a robot"),
    _flag("is_requeued", "entered the queue again after its last assignment"),
    _flag("was_robot", "a robot had it before this human; NULL: not observed", nullable=True),
    _flag("is_live", "not archived yet"),
    sa.Column("status", sa.Integer, comment="as in the source"),
    sa.Column("request_count", sa.Integer, comment="as in the source"),
    sa.Column("inqueue_at", Utc, comment="UTC"),
    sa.Column("distributed_at", Utc, comment="UTC; NULL: never"),
    sa.Column("last_ack_at", Utc, comment="UTC"),
    _exact("wait_s", "from inqueue_at to distributed_at; NULL: not a completed wait"),
    _exact("handling_s", "from distributed_at to last_ack_at: an upper bound, idle gaps included"),
    sa.Column("earlier_at", Utc, comment="same customer and supplier before, within 8 days, UTC"),
    sa.Column("lost_after_at", Utc, comment="lost: last snapshot that saw it wait, UTC"),
    sa.Column("lost_before_at", Utc, comment="lost: first snapshot without it, UTC"),
    _local("local_slot", "begin of its quarter of an hour"),
    _wall("local_inqueue_at", "入队时间 | when it entered the queue"),
    _wall("local_distributed_at", "分配时间 | when it was assigned"),
    _wall("local_last_ack_at", "最后消息时间 | when its last message was written"),
    _updated(),
    sa.PrimaryKeyConstraint("local_day", "row_key"),  # days are what is read and rebuilt
    sa.UniqueConstraint("row_key", name="uq_rpt_conversation_row_key"),
    sa.Index("ix_rpt_conversation_is_live", "is_live"),
    *(
        sa.Index(f"ix_rpt_conversation_{name}", name)
        for name in (
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
        )
    ),
)

rpt_cohort = table(
    "rpt_cohort",
    "one row a span of inqueue_time and scope: conversations, outcomes, waits, handling",
    ("grain", "scope", "local_start", "scope_id"),
    *_bucket(),
    _count("offered", "all conversations = served + robot + waiting + lost + untimed"),
    _count("served", "ended with a human or are with one"),
    _count("robot", "ended with a robot or are with one"),
    _count("waiting", "still waiting; see has_queue"),
    _count("lost", "left while waiting, as far as observed; see is_watched"),
    _count("untimed", "assigned without a time"),
    _count("requeued", "entered the queue again; a part of served, robot and waiting"),
    _count("from_robot", "of served: had a robot before; see is_watched"),
    *_waits("wait", "humans"),
    *_waits("queued", "humans that took longer than a second"),
    *_waits("capped", "humans at suppliers with queueing on"),
    _count("wait_to_1s", "waits of humans of 0 to 1 s, the end included"),
    _count("wait_to_15s", "over 1 to 15 s"),
    _count("wait_to_30s", "over 15 to 30 s"),
    _count("wait_to_1min", "over 30 to 60 s"),
    _count("wait_to_3min", "over 1 to 3 min"),
    _count("wait_to_6min", "over 3 to 6 min"),
    _count("wait_over_6min", "over 6 min"),
    _count("archived", "conversations that are over, lost ones excepted"),
    _count("unanswered", "of archived: the customer spoke last (status 3)"),
    _count("asked_again", "of archived: entered the queue more than once (request_count)"),
    _count("named", "conversations whose customer has a name"),
    _count("repeat_24h", "of named: began within 24 h of an earlier one, same supplier"),
    _count("repeat_7d", "the same within 7 days"),
    _count("handling_n", "conversations of humans with a handling time"),
    _seconds("handling_sum_s", "sum of its upper bounds", nullable=False),
    _seconds("handling_p50_s", "their median, nearest rank; NULL below a day"),
    _seconds("handling_p90_s", "their 90th percentile, nearest rank; NULL below a day"),
    _flag("has_queue", "the source had the live queue: else waiting means nothing"),
    _flag("is_watched", "it was read all the time: else lost and from_robot mean nothing"),
    sa.Column("service_level_s", sa.Integer, nullable=False, comment="the T of …_in_time"),
    *_origin(),
    _updated(),
)

rpt_seat_work = table(
    "rpt_seat_work",
    "one row a day, week or month of inqueue_time and scope: conversations a seat",
    ("grain", "scope", "local_start", "scope_id"),
    *_bucket(),
    _count("conversations", "served by a seat; credit goes to the last one"),
    _count("active_seats", "seats with at least one of them"),
    _count("p50", "median over active_seats, nearest rank; NULL: none", nullable=True),
    _count("p90", "90th percentile over active_seats", nullable=True),
    _count("acknowledging_seats", "seats with a last message in the span: a proxy of presence"),
    _count("valid_seats", "seats that were not deleted when the span began"),
    *_origin(),
    _updated(),
)

rpt_queue_now = table(
    "rpt_queue_now",
    "one row a scope: who waits at the newest snapshot",
    ("scope", "scope_id"),
    sa.Column("scope", key(10), primary_key=True, comment=SCOPES),
    _id("scope_id", "supplier.id or the line; all: 0", key=True),
    sa.Column("source", key(20), nullable=False, comment="queue_mapping, or session (fallback)"),
    _count("waiting", "seen within 24 h; who left stays counted as long"),
    _count("first_time", "of waiting: for the first time; NULL: unknown", nullable=True),
    _count("again", "of waiting: again; NULL: unknown", nullable=True),
    _count("to_1min", "waiting for up to 1 min"),
    _count("to_5min", "over 1 to 5 min"),
    _count("to_30min", "over 5 to 30 min"),
    _count("over_30min", "longer: most of them have probably left"),
    _count("headline", "up to 30 min"),
    _seconds("longest_s", "longest wait of headline"),
    _seconds("p50_s", "median wait of headline, nearest rank"),
    _id("snapshot_id", "the newest"),
    sa.Column("snapshot_at", Utc, nullable=False, comment="its moment, UTC"),
    _id("definition_version", "of the definitions in sql/reports"),
)

rpt_seat = table(
    "rpt_seat",
    "one row a seat at the newest snapshot: class, lines, conversations",
    ("seat_id",),
    _id("seat_id", "seat.id", key=True),
    sa.Column("supplier_id", sa.Integer, comment="as in the source"),
    _id("busi_id", "primary line: of the smallest mapping id with status 1; 0: none"),
    sa.Column(
        "seat_class",
        key(20),
        nullable=False,
        comment="disabled, do_not_disturb, always_assignable, presence_dependent, unknown",
    ),
    sa.Column("max_user", sa.Integer, nullable=False, comment="NULL in the source counts as 10"),
    _count("conversations", "at the moment; over max_user is legal"),
    sa.Column("source", key(20), nullable=False, comment="queue_mapping, or session (fallback)"),
    _id("snapshot_id", "the newest"),
    sa.Column("snapshot_at", Utc, nullable=False, comment="its moment, UTC"),
    _id("definition_version", "of the definitions in sql/reports"),
    sa.Column("seat_name", text(40), comment="坐席名称 | what customers see"),
    sa.Column("nickname", text(50), comment="坐席昵称 | mostly NULL"),
)

rpt_session = table(
    "rpt_session",
    "one row a local day of created_time and supplier: routing decisions of the older router",
    ("local_day", "supplier_id"),
    sa.Column("local_day", sa.Date, primary_key=True, comment="local"),
    _id("supplier_id", "the number in shop_name; 0: none", key=True),
    _count("sessions", "rows of session"),
    _count("robot", "of them: with a robot"),
    _count("handed_over", "of robot: transferred, and the next within 24 h was a human"),
    *_origin(),
    _updated(),
)

rpt_ticket = table(
    "rpt_ticket",
    "one row a vendor ticket: when it came, was answered and was closed",
    ("vendor", "ticket_id"),
    sa.Column("vendor", key(50), primary_key=True, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("ticket_id", key(64), primary_key=True, comment="the vendor's"),
    sa.Column("account_id", key(50), comment="cloud_user.id"),
    sa.Column("product_id", key(64), comment="cloud_osm_product.id"),
    sa.Column("category_id", key(64), comment="cloud_osm_product_type.id"),
    sa.Column("vendor_status", text(64), comment="state as the vendor says it"),
    _flag("is_closed", "closed at the vendor"),
    _flag("is_complete", "closed, and every message stored"),
    _flag("is_resolved", "closed with a result; NULL: open, or state unknown", nullable=True),
    _flag("is_missing", "the vendor no longer knows it"),
    sa.Column("created_at", Utc, comment="UTC"),
    sa.Column("closed_at", Utc, comment="first seen closed, an upper bound, UTC"),
    sa.Column("last_message_at", Utc, comment="a lower bound of closed_at, UTC"),
    sa.Column("first_reply_at", Utc, comment="first message of support, UTC"),
    _count("staff_messages", "NULL: messages not read yet", nullable=True),
    _count("customer_messages", "NULL: messages not read yet", nullable=True),
    _seconds("first_reply_s", "created_at to first_reply_at, complete tickets only"),
    _seconds("close_s", "created_at to closed_at, resolved tickets only; an upper bound"),
    sa.Column("local_day", sa.Date, comment="of created_at, local; NULL: no creation time"),
    sa.Column("row_hash", mysql.BINARY(16), nullable=False, comment="of what it was built from"),
    sa.Column("source_id", key(64), comment="工单来源 ID | cloud_osm_source.id"),
    sa.Column("product_name", text(255), comment="产品名称 | product: catalogue, else vendor"),
    sa.Column(
        "category_name", text(255), comment="问题类别名称 | category: catalogue, else vendor"
    ),
    sa.Column("source_name", text(255), comment="工单来源名称 | source: catalogue, else vendor"),
    sa.Column("account_name", text(255), comment="账户名称 | name of the account"),
    sa.Column("region_id", text(500), comment="账户地域 | region of the account"),
    _wall("local_created_at", "创建时间 | when it was created"),
    _wall("local_closed_at", "结束时间 | when it closed"),
    _wall("local_first_reply_at", "首次回复时间 | when support first replied"),
    _wall("local_last_message_at", "最后留言时间 | when its newest message was written"),
    sa.Column("first_closed_at", Utc, comment="首次结束时间, UTC | when it closed first, UTC"),
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
    sa.Column("waits_for", key(8), comment="等待方 | open: vendor or customer; NULL: not read"),
    sa.Column("waits_since_at", Utc, comment="等待起点, UTC | since when, UTC"),
    _updated(),
    sa.Column("severity", text(64), comment="严重程度，厂商原话 | severity as the vendor says it"),
    sa.Column(
        "satisfaction",
        sa.Numeric(7, 2),
        comment="客户评分，1 至 5，NULL 为未评价 | the customer's rating, 1 to 5; NULL: not rated",
    ),
    sa.Index("ix_rpt_ticket_local_day", "local_day"),
    sa.Column("status_zh", text(64), comment="状态 | its name in Chinese"),
    sa.Column("status_en", text(64), comment="状态（英文） | its name in English"),
    sa.Column("title", LONG, comment="标题，已脱敏 | masked as in rpt_text; NULL: not yet"),
    *(
        sa.Index(f"ix_rpt_ticket_{name}", name)
        for name in (
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
    ),
)

rpt_ticket_state = table(
    "rpt_ticket_state",
    "工单状态履历：一行为一段状态 | one row a span in which a ticket had one state, product,"
    " category and account, from its creation on without gaps",
    ("vendor", "ticket_id", "position"),
    sa.Column("vendor", key(50), primary_key=True, comment="云厂商 | ALIBABA, HUAWEI, TENCENT"),
    sa.Column("ticket_id", key(64), primary_key=True, comment="工单 ID | the vendor's"),
    _id("position", "序号 | their order; 0 and 1: before the first look", key=True),
    _flag(
        "is_closed",
        "是否已结束 | 1: closed; 0: open; NULL: closed at an unknown moment of the span",
        nullable=True,
    ),
    _flag("is_reopened", "是否重新打开 | 1: open again after it was closed"),
    sa.Column("vendor_status", text(64), comment="厂商状态 | state as the vendor says it"),
    sa.Column("product_id", key(64), comment="产品 ID | cloud_osm_product.id"),
    sa.Column("category_id", key(64), comment="问题类别 ID | cloud_osm_product_type.id"),
    sa.Column("account_id", key(50), comment="账户 ID | cloud_user.id"),
    sa.Column("created_at", Utc, comment="工单创建时间, UTC | creation of the ticket, UTC"),
    sa.Column(
        "from_at",
        Utc,
        nullable=False,
        comment="起点, UTC | begin: first look, or what is known, UTC",
    ),
    sa.Column(
        "from_after_at", Utc, comment="起点下限, UTC | the look before, UTC; NULL: it is exact"
    ),
    sa.Column("until_at", Utc, comment="终点, UTC | end, UTC; NULL: it lasts"),
    sa.Index("ix_rpt_ticket_state_from_at", "from_at"),
    sa.Index("ix_rpt_ticket_state_until_at", "until_at"),
)

rpt_day = table(
    "rpt_day",
    "日历：一行为一个本地日 | one row a local day: week, month, holiday, business hours",
    ("local_day",),
    sa.Column("local_day", sa.Date, primary_key=True, comment="本地日期 | local day"),
    sa.Column("start_at", Utc, nullable=False, comment="起点, UTC | its begin, UTC"),
    sa.Column("end_at", Utc, nullable=False, comment="终点, UTC | its end, UTC"),
    _flag("year", "年 | year"),
    _flag("quarter", "季度 | quarter, 1 to 4"),
    _flag("month", "月 | month, 1 to 12"),
    sa.Column(
        "week_start", sa.Date, nullable=False, comment="周起始日（周一） | Monday of its week"
    ),
    sa.Column("month_start", sa.Date, nullable=False, comment="月起始日 | first day of its month"),
    _flag("weekday", "星期（1 为周一） | 1: Monday to 7: Sunday"),
    _flag("is_workday", "是否工作日 | 1: business hours apply"),
    sa.Column("holiday", text(100), comment="节假日名称 | rpt_holiday.name"),
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

rpt_status = table(
    "rpt_status",
    "厂商工单状态名称 | one row a state of a vendor: its names",
    ("vendor", "vendor_status"),
    sa.Column("vendor", key(50), primary_key=True, comment="云厂商 | ALIBABA, HUAWEI, TENCENT"),
    sa.Column(
        "vendor_status", key(64), primary_key=True, comment="厂商状态 | as the vendor says it"
    ),
    sa.Column("name_zh", text(64), nullable=False, comment="中文名称 | Chinese name"),
    sa.Column("name_en", text(64), nullable=False, comment="英文名称 | English name"),
)

rpt_sla_target = table(
    "rpt_sla_target",
    "服务目标，由人填写 | one row a target for tickets; filled by people, read only."
    " The most particular row wins",
    ("metric", "vendor", "product_id"),
    sa.Column("metric", key(20), primary_key=True, comment="指标 | first_reply or close"),
    sa.Column("vendor", key(50), primary_key=True, comment="云厂商，空为全部 | vendor; empty: all"),
    sa.Column(
        "product_id", key(64), primary_key=True, comment="产品，空为全部 | product; empty: all"
    ),
    _id("minutes", "目标分钟数 | minutes allowed"),
    _flag("in_business_hours", "是否按工作时间计 | 1: business hours; 0: all hours"),
)

rpt_text = table(
    "rpt_text",
    "one row a ticket title or message: its text as reports may show it",
    ("vendor", "ticket_id", "message_id"),
    sa.Column("vendor", key(50), primary_key=True, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column("ticket_id", key(64), primary_key=True, comment="the vendor's"),
    sa.Column("message_id", key(64), primary_key=True, comment="the vendor's; empty: the title"),
    sa.Column(
        "content",
        LONG,
        comment="the text, masked as redaction_version says",
    ),
    _count("masked", "places that were masked"),
    _id("redaction_version", "of include/redaction.py; 0: kept as it is"),
    sa.Column("synced_at", Utc, comment="of the row it was made from"),
    _updated(),
)

rpt_ticket_cohort = table(
    "rpt_ticket_cohort",
    "one row a day, week or month of creation and scope: tickets, replies, times",
    ("grain", "scope", "local_start", "vendor", "scope_id"),
    sa.Column("grain", key(5), primary_key=True, comment="day, week (from Monday), month"),
    sa.Column("scope", key(10), primary_key=True, comment="all vendor product category account"),
    _local("local_start", "begin of the span", primary_key=True),
    sa.Column("vendor", key(50), primary_key=True, comment="all: empty"),
    sa.Column("scope_id", key(64), primary_key=True, comment="of the scope; empty: none"),
    sa.Column("start_at", Utc, nullable=False, comment="begin of the span, UTC"),
    _count("tickets", "created in the span = open + closed"),
    _count("open", "of tickets: not closed"),
    _count("closed", "of tickets: closed at the vendor"),
    _count("resolved", "of closed: with a result"),
    _count("complete", "of closed: every message stored; what the replies are counted over"),
    _count("staff_messages", "of complete"),
    _count("customer_messages", "of complete"),
    _count("no_reply", "of complete: no message of support"),
    _count("one_touch", "of complete: exactly one message of support"),
    _count("first_reply_n", "of complete: with a first reply"),
    _seconds("first_reply_mean_s", "their mean; NULL: first_reply_n is 0"),
    _seconds("first_reply_p50_s", "their median, nearest rank"),
    _seconds("first_reply_p90_s", "their 90th percentile, nearest rank"),
    _count("close_n", "of resolved: first seen closed by us"),
    _seconds("close_mean_s", "their mean upper bound; NULL: close_n is 0"),
    _seconds("close_p50_s", "their median, nearest rank"),
    _seconds("close_p90_s", "their 90th percentile, nearest rank"),
    sa.Column("built_at", Utc, nullable=False, comment="as of, UTC"),
    _id("definition_version", "of the definitions in sql/reports"),
    _flag("provisional", "1: some are open, or the span had not ended 48 h before built_at"),
)

rpt_ticket_sla = table(
    "rpt_ticket_sla",
    "工单服务目标 | one row a ticket and target that it has: what is due when",
    ("vendor", "ticket_id", "metric"),
    sa.Column("vendor", key(50), primary_key=True, comment="云厂商 | ALIBABA, HUAWEI, TENCENT"),
    sa.Column("ticket_id", key(64), primary_key=True, comment="工单 ID | the vendor's"),
    sa.Column("metric", key(20), primary_key=True, comment="指标 | first_reply or close"),
    _id("target_s", "目标秒数 | seconds allowed"),
    _flag("in_business_hours", "是否按工作时间计 | 1: business hours; 0: all hours"),
    sa.Column("due_at", Utc, comment="最晚时间, UTC | due by, UTC; NULL: beyond the calendar"),
    sa.Index("ix_rpt_ticket_sla_due_at", "due_at"),
)

rpt_ticket_backlog_day = table(
    "rpt_ticket_backlog_day",
    "每日积压：一行为一日、账户、产品、类别 | one row a local day and what tickets are about:"
    " tickets open at the day's end",
    ("local_day", "vendor", "account_id", "product_id", "category_id"),
    sa.Column("local_day", sa.Date, primary_key=True, comment="本地日期 | local day"),
    sa.Column("vendor", key(50), primary_key=True, comment="云厂商 | ALIBABA, HUAWEI, TENCENT"),
    sa.Column(
        "account_id", key(50), primary_key=True, comment="账户 ID | cloud_user.id; empty: none"
    ),
    sa.Column("product_id", key(64), primary_key=True, comment="产品 ID | empty: none"),
    sa.Column("category_id", key(64), primary_key=True, comment="问题类别 ID | empty: none"),
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
    sa.Column("oldest_at", Utc, comment="最早创建时间, UTC | creation of the oldest, UTC"),
    _updated(),
)

rpt_dictionary = table(
    "rpt_dictionary",
    "what every table, view and column means; filled by migrate",
    ("relation", "position"),
    sa.Column("relation", key(64), primary_key=True, comment="table or view"),
    sa.Column(
        "position", sa.Integer, primary_key=True, autoincrement=False, comment="0: the relation"
    ),
    sa.Column("kind", key(10), nullable=False, comment="table, view"),
    sa.Column("column_name", key(64), nullable=False, comment="empty: the relation"),
    _flag("is_key", "part of the key"),
    sa.Column("name_zh", text(255), nullable=False, comment="Chinese name"),
    sa.Column("name_en", text(255), nullable=False, comment="English name"),
    sa.Column("meaning_zh", text(1000), nullable=False, comment="Chinese meaning"),
    sa.Column("meaning_en", text(1000), nullable=False, comment="English meaning"),
    sa.Column("unit", text(50), nullable=False, comment="of a number"),
    sa.Column("zone", key(20), nullable=False, comment="of a moment"),
    sa.Column("origin", text(2000), nullable=False, comment="where it comes from"),
)
