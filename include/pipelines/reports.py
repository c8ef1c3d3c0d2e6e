"""Reports: facts and aggregates, rebuilt where a snapshot or the tickets changed them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from include import redaction
from include.models import StatusName
from include.values import SHANGHAI
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.reports import build as rows
from include.warehouse.reports import calendar, texts
from include.warehouse.reports.basis import (
    ALL_DAYS,
    DESK_SINCE,
    find_changed_from,
    read_basis,
    read_earlier_build,
)
from include.warehouse.reports.calendar import BusinessHours

log = logging.getLogger(__name__)

ACCOUNT: Final = "reports"
ENTITY: Final = "build"
VENDOR: Final = "REPORTS"


def build(
    warehouse: Warehouse,
    *,
    now: datetime,
    request: Request,
    since: date | None = None,
    service_level_seconds: int = 20,
    desk_since: date = DESK_SINCE,
    zone: ZoneInfo = SHANGHAI,
    is_masked: bool = True,
    hours: BusinessHours = BusinessHours(),  # noqa: B008  # frozen
    statuses: Mapping[str, Mapping[str, StatusName]] = MappingProxyType({}),
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Rebuild what changed since the last build, what is young, and all from *since* on.

    Everything is rebuilt at first, and when the definitions, the service level, *zone* (whose days
    are meant) or *desk_since* changed (no conversation began before that local day, whatever its
    row says); all texts when *is_masked* did; all tickets when *hours*, holidays or targets did.
    The first build of a local day, and one with *since*, compares all tickets with what is told of
    them; others those that runs changed since the last build. *statuses* names the states of
    tickets by vendor. Readers see all of it or nothing. Returns the rows written a table. Raises
    AlreadyRunningError.
    """
    with (
        ledger.hold(warehouse, ACCOUNT, ENTITY, vendor=VENDOR, request=request) as run,
        warehouse.bulk() as connection,
    ):
        basis = read_basis(connection, now, service_level_seconds, desk_since, zone)
        before = read_earlier_build(connection, basis)
        building = rows.Build(connection, basis, run.beat)
        is_full = before is None or not before.has_same_rules
        if before is None or is_full:
            before, first = None, ALL_DAYS
            progress("everything is built anew: no build before, or with other definitions")
            building.forget()
        else:
            since = since and min(max(since, ALL_DAYS), basis.day_of(now))
            first = min(since or date.max, basis.young_since(before))
            asked = f", and everything from {since} on" if since else ""
            progress(f"what changed since the last build{asked}")
        if basis.snapshot_id is None:
            progress("no snapshot yet: conversations and seats are left out")
        elif not before or since or basis.snapshot_id > (before.snapshot_id or -1):
            building.find_changed(before, since if before else None)
            days = building.build_conversations()
            progress(f"{len(days)} days of conversations changed")
            building.build_cohorts(days)
            building.build_seat_work(days)
            building.build_sessions()
            building.build_present()
        calendar.keep_days(connection, hours, basis)
        calendar.keep_statuses(connection, statuses)
        mask, version = (redaction.masked, redaction.VERSION) if is_masked else (_unmasked, 0)
        counted_by = calendar.digest_rules(connection, hours)
        rules = f"{counted_by}.{version}"
        changed_from = None
        if before and not since:
            changed_from = find_changed_from(connection, basis, before, rules)
        if changed_from is None:
            progress("all tickets and texts are compared")
        building.build_tickets(first, counted_by, since, changed_from)
        building.written["rpt_text"] = texts.build(
            connection, mask, version, now, run.beat, changed_from
        )
        building.note(run.run_id, first, rules)
        run.confirm_hold(connection)
        run.counts.written = sum(building.written.values())
        connection.commit()
        for table, count in building.written.items():
            progress(f"{table}: {count} rows")
        log.info("reports built %s", building.written)
        return building.written


def _unmasked(text: str) -> tuple[str, int]:
    return text, 0
