"""Facts and aggregates of the customer service, rebuilt by ``build.py``."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.warehouse.reports.columns import (
    count,
    exact,
    flag,
    local,
    number,
    seconds,
    updated,
    wall,
)
from include.warehouse.types import Utc, key, table, text

GRAINS: Final = "15min, 30min, hour, day, week (from Monday), month"
SCOPES: Final = "all, supplier, line (the supplier's primary one at inqueue_time)"


def _bucket() -> tuple[sa.Column[Any], ...]:
    """The key of an aggregate: a span of time, and whom it is about."""
    return (
        sa.Column("grain", key(5), primary_key=True, comment=GRAINS),
        sa.Column("scope", key(10), primary_key=True, comment=SCOPES),
        local("local_start", "begin of the span", primary_key=True),
        number("scope_id", "supplier.id or the line; all: 0", key=True),
        sa.Column("start_at", Utc, nullable=False, comment="begin of the span, UTC"),
    )


def _origin() -> tuple[sa.Column[Any], ...]:
    """Where a number comes from."""
    return (
        number("snapshot_id", "calculated from this snapshot; no later one changed it"),
        sa.Column("snapshot_at", Utc, nullable=False, comment="its moment, UTC"),
        number("definition_version", "of the definitions in sql/reports"),
        flag("provisional", "1: the span had not ended 48 h before snapshot_at"),
    )


def _waits(prefix: str, whose: str) -> tuple[sa.Column[Any], ...]:
    return (
        count(f"{prefix}_n", f"completed waits of {whose}"),
        seconds(f"{prefix}_sum_s", "their sum", nullable=False),
        seconds(f"{prefix}_p50_s", f"their median, nearest rank; NULL: {prefix}_n is 0"),
        seconds(f"{prefix}_p90_s", "their 90th percentile, nearest rank"),
        count(f"{prefix}_in_time", "of them at most service_level_s"),
    )


rpt_watch = table(
    "rpt_watch",
    "one row an unbroken run of snapshots that saw the live queue",
    ("from_at",),
    sa.Column("from_at", Utc, primary_key=True, comment="first of them, UTC"),
    sa.Column("until_at", Utc, nullable=False, comment="last of them, UTC"),
    flag("ongoing", "1: the newest snapshot is one of them"),
    count("snapshots", "how many"),
    seconds("period_s", "longest distance between two of them"),
)

rpt_supplier_version = table(
    "rpt_supplier_version",
    "what reports need of a supplier, one row a span of time in which it did not change",
    ("supplier_id", "valid_from_at"),
    number("supplier_id", "supplier.id", key=True),
    sa.Column(
        "valid_from_at",
        Utc,
        primary_key=True,
        comment="UTC; the first reaches back for ever",
    ),
    sa.Column("valid_to_at", Utc, nullable=False, comment="UTC; year 9999: still so"),
    flag("is_capped", "ext_flag = 1: customers queue, max_user counts"),
    number("busi_id", "primary business line: of the smallest id with status 1; 0: none"),
)

rpt_supplier = table(
    "rpt_supplier",
    "供应商：一行为一个供应商 | one row a supplier that a snapshot ever showed",
    ("supplier_id",),
    number("supplier_id", "供应商 ID | supplier.id", key=True),
    sa.Column("supplier_name", text(100), comment="供应商名称 | its newest name"),
    flag("is_active", "是否在线 | 1: online, and still in the source"),
    flag("is_capped", "是否开启排队 | ext_flag = 1: customers queue, max_user counts"),
    number("busi_id", "主业务线 | primary business line now; 0: none"),
)

rpt_line = table(
    "rpt_line",
    "业务线名称 | one row a business line that is known or in use: its names",
    ("busi_id",),
    number("busi_id", "业务线 ID | business line; 0: none", key=True),
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
    number("supplier_id", "shop_id; 0: none"),
    number("busi_id", "the supplier's primary business line at inqueue_time; 0: none"),
    flag("is_capped", "the supplier's ext_flag was 1 at inqueue_time"),
    number("seat_id", "the last one; -1 robot, 0 nobody"),
    sa.Column("outcome", key(10), nullable=False, comment="served robot waiting lost untimed"),
    flag("is_robot", "the last seat is a robot"),
    flag("is_requeued", "entered the queue again after its last assignment"),
    flag("was_robot", "a robot had it before this human; NULL: not observed", nullable=True),
    flag("is_live", "not archived yet"),
    sa.Column("status", sa.Integer, comment="as in the source"),
    sa.Column("request_count", sa.Integer, comment="as in the source"),
    sa.Column("inqueue_at", Utc, comment="UTC"),
    sa.Column("distributed_at", Utc, comment="UTC; NULL: never"),
    sa.Column("last_ack_at", Utc, comment="UTC"),
    exact("wait_s", "from inqueue_at to distributed_at; NULL: not a completed wait"),
    exact("handling_s", "from distributed_at to last_ack_at: an upper bound, idle gaps included"),
    sa.Column("earlier_at", Utc, comment="same customer and supplier before, within 8 days, UTC"),
    sa.Column("lost_after_at", Utc, comment="lost: last snapshot that saw it wait, UTC"),
    sa.Column("lost_before_at", Utc, comment="lost: first snapshot without it, UTC"),
    local("local_slot", "begin of its quarter of an hour"),
    wall("local_inqueue_at", "入队时间 | when it entered the queue"),
    wall("local_distributed_at", "分配时间 | when it was assigned"),
    wall("local_last_ack_at", "最后消息时间 | when its last message was written"),
    updated(),
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
    count("offered", "all conversations = served + robot + waiting + lost + untimed"),
    count("served", "ended with a human or are with one"),
    count("robot", "ended with a robot or are with one"),
    count("waiting", "still waiting; see has_queue"),
    count("lost", "left while waiting, as far as observed; see is_watched"),
    count("untimed", "assigned without a time"),
    count("requeued", "entered the queue again; a part of served, robot and waiting"),
    count("from_robot", "of served: had a robot before; see is_watched"),
    *_waits("wait", "humans"),
    *_waits("queued", "humans that took longer than a second"),
    *_waits("capped", "humans at suppliers with queueing on"),
    count("wait_to_1s", "waits of humans of 0 to 1 s, the end included"),
    count("wait_to_15s", "over 1 to 15 s"),
    count("wait_to_30s", "over 15 to 30 s"),
    count("wait_to_1min", "over 30 to 60 s"),
    count("wait_to_3min", "over 1 to 3 min"),
    count("wait_to_6min", "over 3 to 6 min"),
    count("wait_over_6min", "over 6 min"),
    count("archived", "conversations that are over, lost ones excepted"),
    count("unanswered", "of archived: the customer spoke last (status 3)"),
    count("asked_again", "of archived: entered the queue more than once (request_count)"),
    count("named", "conversations whose customer has a name"),
    count("repeat_24h", "of named: began within 24 h of an earlier one, same supplier"),
    count("repeat_7d", "the same within 7 days"),
    count("handling_n", "conversations of humans with a handling time"),
    seconds("handling_sum_s", "sum of its upper bounds", nullable=False),
    seconds("handling_p50_s", "their median, nearest rank; NULL below a day"),
    seconds("handling_p90_s", "their 90th percentile, nearest rank; NULL below a day"),
    flag("has_queue", "the source had the live queue: else waiting means nothing"),
    flag("is_watched", "it was read all the time: else lost and from_robot mean nothing"),
    sa.Column("service_level_s", sa.Integer, nullable=False, comment="the T of …_in_time"),
    *_origin(),
    updated(),
)

rpt_seat_work = table(
    "rpt_seat_work",
    "one row a day, week or month of inqueue_time and scope: conversations a seat",
    ("grain", "scope", "local_start", "scope_id"),
    *_bucket(),
    count("conversations", "served by a seat; credit goes to the last one"),
    count("active_seats", "seats with at least one of them"),
    count("p50", "median over active_seats, nearest rank; NULL: none", nullable=True),
    count("p90", "90th percentile over active_seats", nullable=True),
    count("acknowledging_seats", "seats with a last message in the span: a proxy of presence"),
    count("valid_seats", "seats that were not deleted when the span began"),
    *_origin(),
    updated(),
)

rpt_queue_now = table(
    "rpt_queue_now",
    "one row a scope: who waits at the newest snapshot",
    ("scope", "scope_id"),
    sa.Column("scope", key(10), primary_key=True, comment=SCOPES),
    number("scope_id", "supplier.id or the line; all: 0", key=True),
    sa.Column("source", key(20), nullable=False, comment="queue_mapping, or session (fallback)"),
    count("waiting", "seen within 24 h; who left stays counted as long"),
    count("first_time", "of waiting: for the first time; NULL: unknown", nullable=True),
    count("again", "of waiting: again; NULL: unknown", nullable=True),
    count("to_1min", "waiting for up to 1 min"),
    count("to_5min", "over 1 to 5 min"),
    count("to_30min", "over 5 to 30 min"),
    count("over_30min", "longer: most of them have probably left"),
    count("headline", "up to 30 min"),
    seconds("longest_s", "longest wait of headline"),
    seconds("p50_s", "median wait of headline, nearest rank"),
    number("snapshot_id", "the newest"),
    sa.Column("snapshot_at", Utc, nullable=False, comment="its moment, UTC"),
    number("definition_version", "of the definitions in sql/reports"),
)

rpt_seat = table(
    "rpt_seat",
    "one row a seat at the newest snapshot: class, lines, conversations",
    ("seat_id",),
    number("seat_id", "seat.id", key=True),
    sa.Column("supplier_id", sa.Integer, comment="as in the source"),
    number("busi_id", "primary line: of the smallest mapping id with status 1; 0: none"),
    sa.Column(
        "seat_class",
        key(20),
        nullable=False,
        comment="disabled, do_not_disturb, always_assignable, presence_dependent, unknown",
    ),
    sa.Column("max_user", sa.Integer, nullable=False, comment="NULL in the source counts as 10"),
    count("conversations", "at the moment; over max_user is legal"),
    sa.Column("source", key(20), nullable=False, comment="queue_mapping, or session (fallback)"),
    number("snapshot_id", "the newest"),
    sa.Column("snapshot_at", Utc, nullable=False, comment="its moment, UTC"),
    number("definition_version", "of the definitions in sql/reports"),
    sa.Column("seat_name", text(40), comment="坐席名称 | what customers see"),
    sa.Column("nickname", text(50), comment="坐席昵称 | mostly NULL"),
)

rpt_session = table(
    "rpt_session",
    "one row a local day of created_time and supplier: routing decisions of the older router",
    ("local_day", "supplier_id"),
    sa.Column("local_day", sa.Date, primary_key=True, comment="local"),
    number("supplier_id", "the number in shop_name; 0: none", key=True),
    count("sessions", "rows of session"),
    count("robot", "of them: with a robot"),
    count("handed_over", "of robot: transferred, and the next within 24 h was a human"),
    *_origin(),
    updated(),
)
