"""What reports tell of vendor tickets: states, facts, targets, cohorts, every day's backlog."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from include.warehouse.reports.basis import DAY, DAYS, LONGEST, NO_DAY, spans
from include.warehouse.reports.statements import Statements, read_statement
from include.warehouse.reports.ticket_tables import rpt_ticket_backlog_day, rpt_ticket_cohort

SCOPES: Final = ("all", "vendor", "product", "category", "account")
YEAR: Final = timedelta(days=366)
"""So many days of tickets a statement aggregates: they are far fewer than conversations."""

TABLES: Final = (
    "changed_ticket (vendor varchar(50) collate utf8mb4_bin,"
    " ticket_id varchar(64) collate utf8mb4_bin, row_hash binary(16),"
    " primary key (vendor, ticket_id))",
    "former_state (vendor varchar(50) collate utf8mb4_bin,"
    " ticket_id varchar(64) collate utf8mb4_bin, is_closed smallint,"
    " account_id varchar(50) collate utf8mb4_bin, product_id varchar(64) collate utf8mb4_bin,"
    " category_id varchar(64) collate utf8mb4_bin, from_at datetime(6), until_at datetime(6))",
    "day_step (days int, step int, primary key (days, step))",
)
"""Temporary tables: which tickets changed, their states before, the steps of spans of days."""

DAYS_OF_CHANGED: Final = (
    "select distinct f.local_day from changed_ticket as c"
    " inner join rpt_ticket as f on f.vendor = c.vendor and f.ticket_id = c.ticket_id"
)


def build(
    sql: Statements,
    today: date,
    young: date,
    rules: str = "",
    since: date | None = None,
    changed_from: datetime | None = None,
) -> int:
    """Rebuild what is told of tickets that changed, and of those created from *since* on.

    *rules* is a word for what they are counted by (``calendar.digest_rules``): with another one
    all have changed. Without *since* only tickets are looked at that runs may have changed from
    *changed_from* on, if that is known. *today* is the local day of the build; cohorts from *young*
    on may have become final. Returns how many were rebuilt.
    """
    for table in TABLES:
        sql.temporary(f"{table} default character set utf8mb4")
    looked_at = {"is_whole": int(changed_from is None), "changed_from_at": changed_from}
    sql.run("changed_ticket", since=since or NO_DAY, rules=rules, **looked_at)
    sql.run("former_state")
    days = sql.dates(DAYS_OF_CHANGED)
    for table in ("rpt_ticket_state", "rpt_ticket", "rpt_ticket_sla"):
        sql.execute(
            f"delete f from {table} as f inner join changed_ticket as c"
            " on c.vendor = f.vendor and c.ticket_id = f.ticket_id"
        )
        sql.insert(table)
    days |= sql.dates(DAYS_OF_CHANGED)
    days |= sql.dates(
        "select distinct local_day from rpt_ticket where local_day >= :young", young=young
    )
    for grain in DAYS:
        for first, end in spans(days, grain, YEAR):
            _build_cohorts(sql, grain, first, end)
    _build_backlog(sql, today)
    return sql.written["rpt_ticket"]


def _build_cohorts(sql: Statements, grain: str, first: date, end: date) -> None:
    column = rpt_ticket_cohort.c
    in_span = (column.local_start >= first, column.local_start < end)
    sql.delete("rpt_ticket_cohort", column.grain == grain, *in_span)
    for scope in SCOPES:
        sql.insert("rpt_ticket_cohort", grain=grain, scope=scope, **sql.basis.bounds(first, end))


def _build_backlog(sql: Statements, today: date) -> None:
    """Rebuild the backlog of the days from which on another number was open, and of the last.

    The last day of a build ended with it.
    """
    day = rpt_ticket_backlog_day.c.local_day
    told = sql.connection.scalar(sa.select(sa.func.max(day)))
    changed = sql.connection.scalar(read_statement("changed_backlog"), sql.values)
    first = min((d for d in (told, changed) if d is not None), default=None)
    if first is None:
        return
    sql.delete("rpt_ticket_backlog_day", day >= first)
    longest = range(LONGEST.days + 1)
    steps = [{"days": days, "step": step} for days in longest for step in range(days + 1)]
    sql.connection.execute(sa.text("insert into day_step values (:days, :step)"), steps)
    while first <= today:
        end = min(first + LONGEST, today + DAY)
        sql.insert("rpt_ticket_backlog_day", **sql.basis.bounds(first, end))
        first = end
