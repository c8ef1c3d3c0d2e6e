"""The tasks of snapshot_customer_service and build_reports."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import UTC
from typing import Any

from include.runtime import connections, forms

log = logging.getLogger(__name__)


def take_snapshot(
    params: Mapping[str, Any], conf: Mapping[str, Any] | None, known: Collection[str], who: str
) -> dict[str, Any]:
    """Take a snapshot; its number, moment and figures, of each table too.

    Raises ConfigError for a form of other fields.
    """
    from include.work import customer_service

    forms.check_form(params, conf or {}, known)
    source = connections.source()
    with connections.workplace() as place:
        taken = customer_service.take_snapshot(
            place,
            source,
            forms.request(who, params),
            full=bool(params["full"]),
            accept_vanished=params["accept_vanished"] or 0,
            progress=log.info,
        )
    return {
        "snapshot_id": taken.snapshot_id,
        "rows_read": sum(table.rows_read for table in taken.tables),
        "opened": sum(table.opened for table in taken.tables),
        "closed": sum(table.closed for table in taken.tables),
        "present": sum(table.present for table in taken.tables),
        "snapshot_at": taken.snapshot_at.astimezone(UTC).isoformat(),
        "tables": {
            f"cs_{table.table_name}": {
                "changed": table.opened + table.closed,
                "present": table.present,
            }
            for table in taken.tables
        },
    }


def build_reports(
    params: Mapping[str, Any], conf: Mapping[str, Any] | None, known: Collection[str], who: str
) -> dict[str, int]:
    """Rebuild the reports' last days, or from the form's *since* on; rows written a table."""
    from include.work import customer_service

    forms.check_form({}, conf or {}, known)
    since = forms.read_day(params["since"])
    with connections.workplace() as place:
        return customer_service.build_reports(
            place, forms.request(who, params), since=since, progress=log.info
        )
