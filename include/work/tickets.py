"""Tickets and catalogues of several accounts: read, refreshed, compared, repaired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from include.errors import SyncError
from include.models import Account
from include.pipelines import catalog, reconcile
from include.pipelines.comparison import Comparison
from include.pipelines.repair import repair
from include.pipelines.tickets.sync import Options, sync_tickets
from include.vendors.client import VendorClient
from include.warehouse.bookkeeping.ledger import Request
from include.work.place import NOBODY, Onlooker, Workplace
from include.work.runs import Result, Watch, work_on_each, work_on_one_a_vendor


def sync_accounts(
    place: Workplace,
    accounts: Iterable[Account],
    request: Request,
    options: Options,
    onlooker: Onlooker = NOBODY,
) -> list[Result]:
    """Bring the tickets of *accounts* up to date."""

    def work(account: Account, client: VendorClient, watch: Watch) -> Result:
        counts = sync_tickets(
            client,
            place.warehouse,
            account,
            settings=place.settings,
            now=datetime.now(UTC),
            request=request,
            options=options,
            progress=watch.note,
        )
        return Result(account.account_id, account.vendor, counts)

    return work_on_each(place, accounts, work, onlooker)


def refresh_catalogs(
    place: Workplace,
    accounts: Iterable[Account],
    request: Request,
    *,
    accept_vanished: bool,
    onlooker: Onlooker = NOBODY,
) -> list[Result]:
    """Refresh each vendor's catalogue through the first of *accounts* that may read it."""

    def work(account: Account, client: VendorClient, watch: Watch) -> Result:
        counts = catalog.refresh(
            client,
            place.warehouse,
            now=datetime.now(UTC),
            request=request,
            accept_vanished=accept_vanished,
            progress=watch.note,
        )
        return Result(account.account_id, account.vendor, counts)

    return work_on_one_a_vendor(place, accounts, work, onlooker)


def compare_accounts(
    place: Workplace,
    accounts: Iterable[Account],
    *,
    since: datetime | None = None,
    deep: bool = False,
    repair_request: Request | None = None,
    limit: int = 20,
    onlooker: Onlooker = NOBODY,
) -> list[Result]:
    """Compare the tickets of *accounts* with their vendors, from *since* (``SYNC_SINCE``) on.

    With *repair_request* damaged ones are read again and stored; a failure of that leaves what was
    found in the result beside the error. *limit*: differences of a kind to keep.
    """
    is_deep = deep or repair_request is not None
    settings = place.settings
    depth = reconcile.Depth(is_deep, settings.open_messages, settings.calls_at_once)

    def work(account: Account, client: VendorClient, watch: Watch) -> Result:
        def say(done: Comparison) -> None:
            tickets = done.at_vendor["tickets"]
            watch.say(f"{tickets} compared, {done.left} differences, {done.calls} calls")

        found = reconcile.verify(
            client,
            place.warehouse,
            since=since or settings.sync_since,
            now=datetime.now(UTC),
            depth=depth,
            limit=limit,
            progress=say,
        )
        result = Result(account.account_id, account.vendor, comparison=found)
        if repair_request is None or not found.damaged:
            return result
        try:
            counts = repair(
                client,
                place.warehouse,
                found,
                now=datetime.now(UTC),
                request=repair_request,
                depth=depth,
                progress=watch.note,
            )
        except SyncError as error:
            return replace(result, counts=watch.counts, error=error)
        return replace(result, counts=counts)

    return work_on_each(place, accounts, work, onlooker)


def compare_catalogs(
    place: Workplace,
    accounts: Iterable[Account],
    *,
    limit: int = 20,
    onlooker: Onlooker = NOBODY,
) -> list[Result]:
    """Compare each vendor's catalogue through the first of *accounts* that may read it."""

    def work(account: Account, client: VendorClient, _: Watch) -> Result:
        found = reconcile.verify_catalog(client, place.warehouse, limit=limit)
        return Result(account.account_id, account.vendor, comparison=found)

    return work_on_one_a_vendor(place, accounts, work, onlooker)
