"""The tables that tasks change as Airflow's assets, and what the event of each change tells.

A task with an asset as its outlet raises an event whenever it succeeds. Ours has an alias instead,
and names the assets that changed: a table that is as it was raises none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import Asset, AssetAlias
from airflow.sdk.exceptions import AirflowSkipException

from include.customer_service import SOURCE_TABLES
from include.runtime import connections

if TYPE_CHECKING:
    from include.warehouse.tickets.news import Reading
    from include.work.place import Workplace

TICKET_TABLES: Final = ("cloud_osm_list", "cloud_osm_detail", "cloud_osm_source")
CATALOG_TABLES: Final = (
    "cloud_osm_product",
    "cloud_osm_product_type",
    "cloud_osm_product_category",
    "cloud_osm_source",
)
SNAPSHOT_TABLES: Final = tuple(f"cs_{table.name}" for table in SOURCE_TABLES)
REPORT_ASSET: Final = "reports"

TICKETS: Final = AssetAlias("tickets that changed")
CATALOG: Final = AssetAlias("catalogue that changed")
SNAPSHOT: Final = AssetAlias("customer service that changed")


def assets(names: Iterable[str]) -> list[Asset]:
    """The assets of tables: each has the name of its table."""
    return [Asset(name) for name in names]


def publish_tickets(
    results: Iterable[Any], params: Mapping[str, Any], dag_run: Any, events: Any
) -> dict[str, int]:
    """Raise an event for each table of tickets that changed since the run began.

    The sum of what its tasks did. Skips where nothing changed.
    """
    figures = total(results)
    if params.get("dry_run") or not figures.get("written", 0) + figures.get("gone", 0):
        raise AirflowSkipException(f"nothing changed: {figures}")
    with connections.workplace(uses_keys=False) as place:
        changed = _changed(place, TICKET_TABLES, dag_run.start_date)
        reading = _reading_of_accounts(place)
    is_whole = not figures.get("failed", 0) + figures.get("more", 0) + reading.quarantined
    _tell(events[TICKETS], changed, reading, is_whole=is_whole)
    return figures


def publish_ticket(dag_run: Any, events: Any) -> None:
    """The same after single tickets were read."""
    with connections.workplace(uses_keys=False) as place:
        changed = _changed(place, TICKET_TABLES, dag_run.start_date)
        reading = _reading_of_accounts(place)
    _tell(events[TICKETS], changed, reading, is_whole=not reading.quarantined)


def publish_catalog(results: Iterable[Any], dag_run: Any, events: Any) -> dict[str, int]:
    """The same for the tables of the catalogue."""
    figures = total(results)
    with connections.workplace(uses_keys=False) as place:
        changed = _changed(place, CATALOG_TABLES, dag_run.start_date)
        reading = _reading_of_sites(place)
    is_whole = bool(reading.watermark_at and reading.watermark_at >= dag_run.start_date)
    _tell(events[CATALOG], changed, reading, is_whole=is_whole)
    return figures


def publish_snapshot(taken: Mapping[str, Any], events: Any) -> None:
    """The same for the tables of a snapshot, which is published as a whole or not at all."""
    changed = {name: figures["changed"] for name, figures in taken["tables"].items()}
    moment = datetime.fromisoformat(taken["snapshot_at"])
    for name, figures in taken["tables"].items():
        if figures["changed"]:
            events[SNAPSHOT].add(
                Asset(name),
                extra=_extra(figures["changed"], moment, is_complete=True)
                | {"present": figures["present"], "snapshot_id": taken["snapshot_id"]},
            )
    if not any(changed.values()):
        raise AirflowSkipException(f"nothing changed since the snapshot before: {taken}")


def publish_reports(written: Mapping[str, int], dag_run: Any, events: Any) -> None:
    """The same for the reports, which are one asset; they may lack what changed later."""
    # Each build has its own row in rpt_build, whatever it found.
    tables = {name: rows for name, rows in written.items() if rows and name != "rpt_build"}
    if not tables:
        raise AirflowSkipException("nothing changed in the reports")
    events[Asset(REPORT_ASSET)].extra = _extra(
        sum(tables.values()), dag_run.start_date, is_complete=True
    ) | {"tables": tables}


def total(results: Iterable[Any]) -> dict[str, int]:
    """The sum of what the tasks of a run did."""
    figures: dict[str, int] = {}
    for result in results:
        for part in [result] if isinstance(result, Mapping) else result or []:
            for name, value in part.items():
                figures[name] = figures.get(name, 0) + value
    return figures


def _tell(accessor: Any, changed: Mapping[str, int], reading: Reading, *, is_whole: bool) -> None:
    """Raise an event for each table that changed; skips the task where none did."""
    if not any(changed.values()):
        raise AirflowSkipException("all that was read stands in the tables as it is")
    until = reading.watermark_at
    for name, rows in changed.items():
        if rows:
            accessor.add(
                Asset(name),
                extra=_extra(rows, until, is_complete=is_whole and until is not None),
            )


def _extra(rows: int, watermark: datetime | None, *, is_complete: bool) -> dict[str, Any]:
    """What every event tells: rows that are new or changed, and until when nothing is missing."""
    until = watermark.astimezone(UTC).isoformat() if watermark else None
    return {"rows": rows, "complete": is_complete, "watermark": until}


def _changed(place: Workplace, names: Iterable[str], since: datetime) -> dict[str, int]:
    from include.warehouse.tickets.news import count_changed

    changed = place.warehouse.transact(lambda connection: count_changed(connection, since))
    return {name: changed[name] for name in names}


def _reading_of_accounts(place: Workplace) -> Reading:
    from include.pipelines.tickets.sync import ENTITY
    from include.warehouse.tickets.news import read_reading
    from include.work.accounts import Choice, choose_accounts

    chosen = choose_accounts(place, Choice())
    owners = [account.account_id for account in chosen.accounts]
    owners += [row.account_id for row in chosen.bad]
    return place.warehouse.transact(lambda c: read_reading(c, ENTITY, owners))


def _reading_of_sites(place: Workplace) -> Reading:
    from include.pipelines.catalog import ENTITY
    from include.vendors.registry import catalog_site
    from include.warehouse.bookkeeping.ledger import owner_of
    from include.warehouse.tickets.news import read_reading
    from include.work.accounts import Choice, choose_accounts

    owners = {
        owner_of(account.vendor, catalog_site(account.vendor, account.region))
        for account in choose_accounts(place, Choice()).accounts
    }
    return place.warehouse.transact(lambda c: read_reading(c, ENTITY, owners))
