"""What the tasks of snapshot_customer_service and build_reports do."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from include import runtime

log = logging.getLogger(__name__)


def take(
    params: Mapping[str, Any], conf: Mapping[str, Any] | None, known: Collection[str], who: str
) -> dict[str, int]:
    """Take a snapshot; its number and figures. Raises ConfigError for a form of other fields."""
    from include.pipelines.snapshots.snapshot import take_snapshot
    from include.settings import Settings

    runtime.check_form(params, conf or {}, known)
    settings, source = Settings.load(), runtime.source()
    with runtime.warehouse() as opened:
        taken = take_snapshot(
            source,
            opened,
            request=runtime.request(who, params),
            full=bool(params["full"]),
            accept_vanished=params["accept_vanished"] or 0,
            vanish_limit=settings.snapshot_vanish_limit,
            full_hours=settings.snapshot_full_hours,
        )
    return {
        "snapshot_id": taken.snapshot_id,
        "rows_read": sum(table.rows_read for table in taken.tables),
        "opened": sum(table.opened for table in taken.tables),
        "closed": sum(table.closed for table in taken.tables),
        "present": sum(table.present for table in taken.tables),
    }


def publish(figures: Mapping[str, int]) -> None:
    """Let the assets change. Skips, so that none does, when the snapshot changed no row."""
    if not figures["opened"] + figures["closed"]:
        raise AirflowSkipException(f"nothing changed since the snapshot before: {figures}")


def build_reports(
    params: Mapping[str, Any], conf: Mapping[str, Any] | None, known: Collection[str], who: str
) -> dict[str, int]:
    """Rebuild the reports' last days, or from the form's *since* on; rows written a table."""
    from include.pipelines import reports
    from include.settings import Settings

    runtime.check_form({}, conf or {}, known)
    since = date.fromisoformat(params["since"]) if params["since"] else None
    settings = Settings.load()
    with runtime.warehouse() as opened:
        return reports.build(
            opened,
            now=datetime.now(UTC),
            request=runtime.request(who, params),
            since=since,
            service_level_seconds=settings.service_level_seconds,
            is_masked=settings.redact_texts != "keep",
            progress=log.info,
        )
