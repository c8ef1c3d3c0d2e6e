"""What all reports rest on: builds, days, the dictionary.

What the numbers mean stands in the heads of ``sql/reports`` and ``sql/views``.
"""

from __future__ import annotations

import sqlalchemy as sa

from include.warehouse.reports.columns import count, flag, number
from include.warehouse.types import Utc, key, table, text

rpt_build = table(
    "rpt_build",
    "one row a build of the reports: what it was built from",
    ("build_id",),
    sa.Column("build_id", sa.Integer, primary_key=True, autoincrement=False, comment="1, 2, …"),
    sa.Column("run_id", key(32), nullable=False, comment="sync_run.run_id"),
    sa.Column("built_at", Utc, nullable=False, comment="the moment of the build, UTC"),
    sa.Column("snapshot_id", sa.Integer, comment="cs_snapshot; NULL: there was none yet"),
    sa.Column("snapshot_at", Utc, comment="its moment, UTC"),
    number("definition_version", "of the definitions in sql/reports"),
    sa.Column("service_level_s", sa.Integer, nullable=False, comment="the T of service levels"),
    sa.Column("since_day", sa.Date, nullable=False, comment="local days from here on were rebuilt"),
    count("days", "local days of conversations rebuilt"),
    count("tickets", "tickets rebuilt"),
    count("undated", "conversations without a usable inqueue_time: in no span"),
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
    flag("is_workday", "是否调休上班 | 1: a weekend day on which people work", server_default="0"),
)

rpt_day = table(
    "rpt_day",
    "日历：一行为一个本地日 | one row a local day: week, month, holiday, business hours",
    ("local_day",),
    sa.Column("local_day", sa.Date, primary_key=True, comment="本地日期 | local day"),
    sa.Column("start_at", Utc, nullable=False, comment="起点, UTC | its begin, UTC"),
    sa.Column("end_at", Utc, nullable=False, comment="终点, UTC | its end, UTC"),
    flag("year", "年 | year"),
    flag("quarter", "季度 | quarter, 1 to 4"),
    flag("month", "月 | month, 1 to 12"),
    sa.Column(
        "week_start", sa.Date, nullable=False, comment="周起始日（周一） | Monday of its week"
    ),
    sa.Column("month_start", sa.Date, nullable=False, comment="月起始日 | first day of its month"),
    flag("weekday", "星期（1 为周一） | 1: Monday to 7: Sunday"),
    flag("is_workday", "是否工作日 | 1: business hours apply"),
    sa.Column("holiday", text(100), comment="节假日名称 | rpt_holiday.name"),
    number("opens_s", "上班时刻（当日秒数） | business hours begin, seconds after midnight"),
    number("closes_s", "下班时刻（当日秒数） | business hours end, seconds after midnight"),
    sa.Column(
        "business_before_s",
        sa.BigInteger,
        nullable=False,
        comment="此前累计工作秒数 | business seconds of all days before",
    ),
    sa.Index("ix_rpt_day_end_at", "end_at"),
    sa.Index("ix_rpt_day_business_before_s", "business_before_s"),
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
    flag("is_key", "part of the key"),
    sa.Column("name_zh", text(255), nullable=False, comment="Chinese name"),
    sa.Column("name_en", text(255), nullable=False, comment="English name"),
    sa.Column("meaning_zh", text(1000), nullable=False, comment="Chinese meaning"),
    sa.Column("meaning_en", text(1000), nullable=False, comment="English meaning"),
    sa.Column("unit", text(50), nullable=False, comment="of a number"),
    sa.Column("zone", key(20), nullable=False, comment="of a moment"),
    sa.Column("origin", text(2000), nullable=False, comment="where it comes from"),
)
