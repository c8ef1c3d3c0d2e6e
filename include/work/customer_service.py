"""Snapshots of the customer service and the reports on everything, by the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import sqlalchemy as sa

from include.pipelines.snapshots import snapshot
from include.pipelines.snapshots.snapshot import PublishedSnapshot
from include.settings import Settings
from include.source.postgres import SourceDatabase
from include.vendors.registry import DECLARED
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.reports.calendar import BusinessHours
from include.work.place import Workplace


def open_source(url: str, settings: Settings, hide: Callable[[str], None]) -> SourceDatabase:
    """The customer-service database at *url*; nothing is sent yet, its password is hidden."""
    source = SourceDatabase.open(
        url,
        ca=settings.source_ca,
        timeout_seconds=settings.source_timeout_seconds,
        lag_minutes=settings.source_lag_minutes,
    )
    hide(sa.make_url(url).password or "")
    return source


def take_snapshot(
    place: Workplace,
    source: SourceDatabase,
    request: Request,
    *,
    full: bool,
    accept_vanished: int,
    progress: Callable[[str], None],
) -> PublishedSnapshot:
    """Take one snapshot and publish it. Raises as the pipeline's function of that name."""
    return snapshot.take_snapshot(
        source,
        place.warehouse,
        request=request,
        full=full,
        accept_vanished=accept_vanished,
        vanish_limit=place.settings.snapshot_vanish_limit,
        full_hours=place.settings.snapshot_full_hours,
        confirm_minutes=place.settings.snapshot_confirm_minutes,
        progress=progress,
    )


def build_reports(
    place: Workplace, request: Request, *, since: date | None, progress: Callable[[str], None]
) -> dict[str, int]:
    """Rebuild the reports' last days, or from *since* on; rows written by table."""
    from include.pipelines import reports  # a snapshot has no use for it

    return reports.build(
        place.warehouse,
        now=datetime.now(UTC),
        request=request,
        since=since,
        service_level_seconds=place.settings.service_level_seconds,
        desk_since=place.settings.desk_since,
        zone=place.settings.business_zone,
        hours=BusinessHours(*place.settings.business_hours),
        statuses={name: vendor.statuses for name, vendor in DECLARED.items()},
        is_masked=place.settings.redact_texts != "keep",
        progress=progress,
    )
