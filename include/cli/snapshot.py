"""`snapshot` and `build-reports`: the customer-service tables, and what is computed from them."""

from __future__ import annotations

from dataclasses import asdict, astuple
from typing import TYPE_CHECKING

from include.cli.console import Progress, flags, masker, report, report_json, say
from include.cli.runs import ready, request
from include.errors import ConfigError

if TYPE_CHECKING:
    from datetime import date

    from include.settings import Settings
    from include.source.postgres import SourceDatabase


def open_source(settings: Settings) -> SourceDatabase:
    """The customer-service database. Raises ConfigError when SOURCE_URL names none."""
    from include.addresses import describe_address
    from include.work import customer_service

    if not settings.source_url.get_secret_value():
        raise ConfigError(
            "SOURCE_URL is not set: give the customer-service database, like"
            " postgresql://user:password@host:5432/database"
        )
    url = settings.source_url.get_secret_value()
    opened = customer_service.open_source(url, settings, masker.add)
    if flags.debug:
        say(f"the customer service is {describe_address(url)}")
    return opened


def snapshot(*, full: bool, accept_vanished: int, as_json: bool) -> None:
    """Take one snapshot and show what it read and changed."""
    from include.cli.tables import show
    from include.work import customer_service

    asked = {"full": full, "accept_vanished": accept_vanished}
    with ready() as place:
        source = open_source(place.settings)
        with Progress("snapshot", 1) as progress:
            taken = customer_service.take_snapshot(
                place,
                source,
                request("snapshot", asked),
                full=full,
                accept_vanished=accept_vanished,
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
    from include.work import customer_service

    asked = request("build-reports", {"since": since and since.isoformat()})
    with ready() as place, Progress("build-reports", 1) as progress:
        written = customer_service.build_reports(
            place, asked, since=since, progress=progress.update
        )
    if as_json:
        report_json(written)
    else:
        show(("table", "rows written"), list(written.items()))
