"""``rpt_cohort``: counted from all facts, or changed by those that changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from include.warehouse.reports import percentiles
from include.warehouse.reports.basis import ALL_DAYS, NO_DAY, SCOPES, span_start, spans
from include.warehouse.reports.customer_service_tables import rpt_cohort
from include.warehouse.reports.statements import Statements

FACTS: Final = ("", "")
FINER: Final = {
    ("15min", "line"): FACTS,
    ("15min", "all"): ("15min", "line"),
    ("30min", "line"): ("15min", "line"),
    ("30min", "all"): ("15min", "all"),
    # A quarter of an hour of one supplier rarely holds two conversations: v_conversation serves.
    ("hour", "supplier"): FACTS,
    ("hour", "line"): ("30min", "line"),
    ("hour", "all"): ("30min", "all"),
    **{("day", scope): ("hour", scope) for scope in SCOPES},
    **{(grain, scope): ("day", scope) for grain in ("week", "month") for scope in SCOPES},
}
"""Grains and scopes in the order in which they are counted, each with those that it adds up."""
LENGTHS: Final = {
    "15min": {"months": 0, "minutes": 15},
    "30min": {"months": 0, "minutes": 30},
    "hour": {"months": 0, "minutes": 60},
    "day": {"months": 0, "minutes": 24 * 60},
    "week": {"months": 0, "minutes": 7 * 24 * 60},
    "month": {"months": 1, "minutes": 0},
}


def count_all(sql: Statements, days: Collection[date]) -> None:
    """Fill the table, which is empty, with the spans of all *days*."""
    percentiles.rank(sql.connection, days, None, sql.beat)
    _count(sql, days)


def change(sql: Statements, young: date, since: date | None) -> None:
    """Take the old facts from the rows, and add the new ones; count anew what begins *since* then.

    Whatever begins on *young* or later may have become final. The statements read what changed
    from temporary tables (``CHANGED`` of ``build.py``).
    """
    sql.run("new_fact")
    sql.run("changed_slot")
    days = sql.dates("select distinct cast(local_slot as date) from changed_slot")
    days |= {since} if since else set()
    whole = {grain: span_start(since or NO_DAY, grain) for grain in LENGTHS}
    for grain, scope in FINER:
        sql.run("changed_cell", grain=grain, scope=scope, since_day=whole[grain])
    cells = _changed_cells(sql)
    percentiles.rank(sql.connection, days, cells, sql.beat)
    row = rpt_cohort.c
    for grain, scope in FINER:
        where = {"grain": grain, "scope": scope}
        counted = {"finer": "", "finer_scope": "", **sql.basis.bounds(ALL_DAYS, whole[grain])}
        for sign, facts in ((-1, "old_fact"), (1, "new_fact")):
            sql.run_over(facts, "rpt_cohort", sign=sign, **where, **counted)
        sql.delete(
            "rpt_cohort",
            row.grain == grain,
            row.scope == scope,
            row.local_start >= whole[grain],
        )
        settled = {"young_day": span_start(young, grain), **LENGTHS[grain]}
        sql.run("settled_cohort", **where, **settled)
    sql.execute(
        "delete t from rpt_cohort as t inner join changed_cell as c on c.grain = t.grain"
        " and c.scope = t.scope and c.local_start = t.local_start and c.scope_id = t.scope_id"
        " where t.offered = 0"
    )
    sql.written["rpt_cohort"] = sum(map(len, cells.values()))
    if since:
        _count(sql, {day for day in days if day >= since})


def _count(sql: Statements, days: Collection[date]) -> None:
    """Count whole spans, whose rows are not there."""
    for (grain, scope), (finer, finer_scope) in FINER.items():
        where = {"grain": grain, "scope": scope, "finer": finer, "finer_scope": finer_scope}
        for first, end in spans(days, grain):
            sql.insert("rpt_cohort", sign=1, **where, **sql.basis.bounds(first, end))


def _changed_cells(sql: Statements) -> dict[tuple[str, str], set[percentiles.Cell]]:
    """The rows that change, by grain and scope."""
    found = sql.execute(
        "select grain, scope, to_seconds(local_start) div 900 as quarter, scope_id"
        " from changed_cell"
    )
    cells: dict[tuple[str, str], set[percentiles.Cell]] = {span: set() for span in FINER}
    for row in found:
        cells[row.grain, row.scope].add((row.quarter, row.scope_id))
    return cells
