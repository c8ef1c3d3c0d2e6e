"""`snapshot` and `build-reports`: the customer-service tables, and what is computed from them."""

from __future__ import annotations

from dataclasses import asdict, astuple
from typing import TYPE_CHECKING

from include.cli.console import Progress, masker, report, report_json, utcnow
from include.cli.runs import ready, request
from include.errors import ConfigError

if TYPE_CHECKING:
    from datetime import date

    from include.settings import Settings
    from include.source.postgres import SourceDatabase


def open_source(settings: Settings) -> SourceDatabase:
    """The customer-service database. Raises ConfigError when SOURCE_URL names none."""
    import sqlalchemy as sa

    from include.source.postgres import SourceDatabase

    if not settings.source_url:
        raise ConfigError(
            "SOURCE_URL is not set: give the customer-service database, like"
            " postgresql://user:password@host:5432/database"
        )
    source = SourceDatabase.open(
        settings.source_url,
        ca=settings.source_ca,
        timeout_seconds=settings.source_timeout_seconds,
    )
    masker.add(sa.make_url(settings.source_url).password or "")
    return source


def snapshot(*, full: bool, accept_vanished: int, as_json: bool) -> None:
    """Take one snapshot and show what it read and changed."""
    from include.cli.tables import show
    from include.pipelines.snapshots.snapshot import take_snapshot

    asked = {"full": full, "accept_vanished": accept_vanished}
    with ready() as s:
        source = open_source(s.settings)
        with Progress("snapshot", 1) as progress:
            taken = take_snapshot(
                source,
                s.warehouse,
                request=request("snapshot", asked),
                full=full,
                accept_vanished=accept_vanished,
                vanish_limit=s.settings.snapshot_vanish_limit,
                full_hours=s.settings.snapshot_full_hours,
                progress=progress.update,
            )
    if as_json:
        report_json(asdict(taken))
        return
    show(
        (
            "table",
            "rows read",
            "opened",
            "closed",
            "vanished",
            "present",
            "with unfit values",
            "duplicates",
        ),
        [astuple(table) for table in taken.tables],
        title=f"Snapshot {taken.snapshot_id} of {taken.snapshot_at:%Y-%m-%d %H:%M:%S} UTC",
    )
    what = f"all rows ({taken.full_because})" if taken.full_because else "what changed"
    report(f"read: {what}")
    for note in taken.notes:
        report(f"note: {note}")


def build_reports(*, since: date | None, as_json: bool) -> None:
    """Rebuild the facts and aggregates of the last days and show the rows written."""
    from include.cli.tables import show
    from include.pipelines import reports

    with ready() as s, Progress("build-reports", 1) as progress:
        written = reports.build(
            s.warehouse,
            now=utcnow(),
            request=request("build-reports", {"since": since and since.isoformat()}),
            since=since,
            service_level_seconds=s.settings.service_level_seconds,
            is_masked=s.settings.redact_texts != "keep",
            progress=progress.update,
        )
    if as_json:
        report_json(written)
    else:
        show(("table", "rows written"), list(written.items()))
