"""Facts and aggregates of tickets, rebuilt by ``build.py``."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.warehouse.reports.columns import (
    LONG,
    count,
    flag,
    local,
    number,
    seconds,
    updated,
    wall,
)
from include.warehouse.types import Utc, key, table, text

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
    flag("is_closed", "closed at the vendor"),
    flag("is_complete", "closed, and every message stored"),
    flag("is_resolved", "closed with a result; NULL: open, or state unknown", nullable=True),
    flag("is_missing", "the vendor no longer knows it"),
    sa.Column("created_at", Utc, comment="UTC"),
    sa.Column("closed_at", Utc, comment="first seen closed, an upper bound, UTC"),
    sa.Column("last_message_at", Utc, comment="a lower bound of closed_at, UTC"),
    sa.Column("first_reply_at", Utc, comment="first message of support, UTC"),
    count("staff_messages", "NULL: messages not read yet", nullable=True),
    count("customer_messages", "NULL: messages not read yet", nullable=True),
    seconds("first_reply_s", "created_at to first_reply_at, complete tickets only"),
    seconds("close_s", "created_at to closed_at, resolved tickets only; an upper bound"),
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
    wall("local_created_at", "创建时间 | when it was created"),
    wall("local_closed_at", "结束时间 | when it closed"),
    wall("local_first_reply_at", "首次回复时间 | when support first replied"),
    wall("local_last_message_at", "最后留言时间 | when its newest message was written"),
    sa.Column("first_closed_at", Utc, comment="首次结束时间, UTC | when it closed first, UTC"),
    count("reopens", "重新打开次数 | times a look showed it open after closed", nullable=True),
    count("reply_turns", "客服答复轮数 | times support answered the customer", nullable=True),
    seconds("reply_wait_s", "客户等待答复的总时长 | sum of the waits that a reply ended"),
    seconds("requester_wait_s", "等待厂商的总时长 | time to closing in which support had to act"),
    seconds("agent_wait_s", "等待客户的总时长 | time to closing in which the customer had to act"),
    seconds("first_reply_business_s", "首次回复工作时长 | first_reply_s in business hours"),
    seconds("reply_wait_business_s", "答复等待工作时长 | reply_wait_s in business hours"),
    seconds("requester_wait_business_s", "等待厂商工作时长 | requester_wait_s in business hours"),
    seconds("close_business_s", "结束工作时长 | close_s in business hours"),
    count("staff_people", "参与客服人数 | people of support who wrote", nullable=True),
    count("handoffs", "客服换人次数 | times another of them went on", nullable=True),
    sa.Column("waits_for", key(8), comment="等待方 | open: vendor or customer; NULL: not read"),
    sa.Column("waits_since_at", Utc, comment="等待起点, UTC | since when, UTC"),
    updated(),
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
    number("position", "序号 | their order; 0 and 1: before the first look", key=True),
    flag(
        "is_closed",
        "是否已结束 | 1: closed; 0: open; NULL: closed at an unknown moment of the span",
        nullable=True,
    ),
    flag("is_reopened", "是否重新打开 | 1: open again after it was closed"),
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
    number("minutes", "目标分钟数 | minutes allowed"),
    flag("in_business_hours", "是否按工作时间计 | 1: business hours; 0: all hours"),
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
    count("masked", "places that were masked"),
    number("redaction_version", "of include/redaction.py; 0: kept as it is"),
    sa.Column("synced_at", Utc, comment="of the row it was made from"),
    updated(),
)

rpt_ticket_cohort = table(
    "rpt_ticket_cohort",
    "one row a day, week or month of creation and scope: tickets, replies, times",
    ("grain", "scope", "local_start", "vendor", "scope_id"),
    sa.Column("grain", key(5), primary_key=True, comment="day, week (from Monday), month"),
    sa.Column("scope", key(10), primary_key=True, comment="all vendor product category account"),
    local("local_start", "begin of the span", primary_key=True),
    sa.Column("vendor", key(50), primary_key=True, comment="all: empty"),
    sa.Column("scope_id", key(64), primary_key=True, comment="of the scope; empty: none"),
    sa.Column("start_at", Utc, nullable=False, comment="begin of the span, UTC"),
    count("tickets", "created in the span = open + closed"),
    count("open", "of tickets: not closed"),
    count("closed", "of tickets: closed at the vendor"),
    count("resolved", "of closed: with a result"),
    count("complete", "of closed: every message stored; what the replies are counted over"),
    count("staff_messages", "of complete"),
    count("customer_messages", "of complete"),
    count("no_reply", "of complete: no message of support"),
    count("one_touch", "of complete: exactly one message of support"),
    count("first_reply_n", "of complete: with a first reply"),
    seconds("first_reply_mean_s", "their mean; NULL: first_reply_n is 0"),
    seconds("first_reply_p50_s", "their median, nearest rank"),
    seconds("first_reply_p90_s", "their 90th percentile, nearest rank"),
    count("close_n", "of resolved: first seen closed by us"),
    seconds("close_mean_s", "their mean upper bound; NULL: close_n is 0"),
    seconds("close_p50_s", "their median, nearest rank"),
    seconds("close_p90_s", "their 90th percentile, nearest rank"),
    sa.Column("built_at", Utc, nullable=False, comment="as of, UTC"),
    number("definition_version", "of the definitions in sql/reports"),
    flag("provisional", "1: some are open, or the span had not ended 48 h before built_at"),
)

rpt_ticket_sla = table(
    "rpt_ticket_sla",
    "工单服务目标 | one row a ticket and target that it has: what is due when",
    ("vendor", "ticket_id", "metric"),
    sa.Column("vendor", key(50), primary_key=True, comment="云厂商 | ALIBABA, HUAWEI, TENCENT"),
    sa.Column("ticket_id", key(64), primary_key=True, comment="工单 ID | the vendor's"),
    sa.Column("metric", key(20), primary_key=True, comment="指标 | first_reply or close"),
    number("target_s", "目标秒数 | seconds allowed"),
    flag("in_business_hours", "是否按工作时间计 | 1: business hours; 0: all hours"),
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
    count("open_at_end", "日终未结束工单 | open at the day's end (today: at the build)"),
    count(
        "maybe_open_at_end",
        "日终可能未结束的工单 | closed at an unknown moment, perhaps later; not in open_at_end",
    ),
    count("open_to_1d", "其中不超过 1 天 | of open_at_end: created up to 1 day before"),
    count("open_to_3d", "其中 1 至 3 天 | over 1 to 3 days"),
    count("open_to_7d", "其中 3 至 7 天 | over 3 to 7 days"),
    count("open_to_14d", "其中 7 至 14 天 | over 7 to 14 days"),
    count("open_to_30d", "其中 14 至 30 天 | over 14 to 30 days"),
    count("open_over_30d", "其中超过 30 天 | over 30 days"),
    sa.Column("oldest_at", Utc, comment="最早创建时间, UTC | creation of the oldest, UTC"),
    updated(),
)
