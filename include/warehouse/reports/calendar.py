"""What numbers are counted by: the days of the business, targets, names of states.

``rpt_day`` says of each day how much business time lies before it (``business_before_s``), so the
business time between two moments is a difference of two look-ups, whatever lies between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from include.models import StatusName
from include.warehouse.reports.basis import DAY, Basis, span_start
from include.warehouse.reports.tables import rpt_day, rpt_holiday
from include.warehouse.reports.ticket_tables import rpt_sla_target, rpt_status
from include.warehouse.types import stored_name

FIRST_DAY: Final = date(2000, 1, 1)
"""Older tickets have no business time: vendors are not asked for them (``values.EARLIEST``)."""
SATURDAY: Final = 6


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """From when to when work is done on a working day, in seconds after local midnight."""

    opens_s: int = 9 * 3600
    closes_s: int = 18 * 3600


def keep_days(connection: sa.Connection, hours: BusinessHours, basis: Basis) -> None:
    """Bring ``rpt_day`` up to the holidays and *hours*, to the end of the next year.

    Unchanged, it is only read.
    """
    holidays = {row.local_day: row for row in connection.execute(sa.select(rpt_holiday))}
    last = date(basis.day_of(basis.built_at).year + 1, 12, 31)
    wanted = list(_days(basis, last, holidays, hours))
    there = connection.execute(sa.select(rpt_day).order_by(rpt_day.c.local_day)).mappings()
    if [dict(row) for row in there] != wanted:
        connection.execute(sa.delete(rpt_day))
        connection.execute(sa.insert(rpt_day), wanted)


def keep_statuses(
    connection: sa.Connection, statuses: Mapping[str, Mapping[str, StatusName]]
) -> None:
    """Bring ``rpt_status`` up to *statuses*, by vendor and by ``Ticket.vendor_status``."""
    order = (rpt_status.c.vendor, rpt_status.c.vendor_status)
    wanted = [
        (stored_name(vendor), status, name.zh, name.en)
        for vendor, names in statuses.items()
        for status, name in names.items()
    ]
    there = connection.execute(sa.select(rpt_status).order_by(*order))
    if sorted(wanted) != sorted(tuple(row) for row in there):
        connection.execute(sa.delete(rpt_status))
        if wanted:
            connection.execute(
                sa.insert(rpt_status),
                [dict(zip(rpt_status.c.keys(), row, strict=True)) for row in wanted],
            )


def digest_rules(connection: sa.Connection, hours: BusinessHours) -> str:
    """A word that differs when what is counted by does: hours, holidays, targets; or names.

    Not the days themselves: each year brings more, and no ticket is counted otherwise for that.
    """
    rules = hashlib.sha256(repr(hours).encode())
    for table in (rpt_holiday, rpt_sla_target, rpt_status):
        for row in connection.execute(sa.select(table).order_by(*table.primary_key)):
            rules.update(repr(tuple(row)).encode())
    return rules.hexdigest()[:16]


def _days(
    basis: Basis, last: date, holidays: dict[date, sa.Row[Any]], hours: BusinessHours
) -> Iterator[dict[str, Any]]:
    before = 0
    for number in range((last - FIRST_DAY).days + 1):
        day = FIRST_DAY + DAY * number
        holiday = holidays.get(day)
        is_workday = bool(holiday.is_workday) if holiday else day.isoweekday() < SATURDAY
        opens, closes = (hours.opens_s, hours.closes_s) if is_workday else (0, 0)
        yield {
            "local_day": day,
            "start_at": basis.begin_of(day),
            "end_at": basis.begin_of(day + DAY),
            "year": day.year,
            "quarter": (day.month + 2) // 3,
            "month": day.month,
            "week_start": span_start(day, "week"),
            "month_start": span_start(day, "month"),
            "weekday": day.isoweekday(),
            "is_workday": int(is_workday),
            "holiday": holiday.name if holiday else None,
            "opens_s": opens,
            "closes_s": closes,
            "business_before_s": before,
        }
        before += closes - opens
