"""Tickets and catalogues of several accounts: read, refreshed, compared, repaired."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from include.errors import ConfigError, SyncError, UnavailableError
from include.models import Account
from include.pipelines import catalog, reconcile
from include.pipelines.clock import ENDLESS, TimeBudget
from include.pipelines.comparison import Comparison
from include.pipelines.repair import repair
from include.pipelines.tickets import rolling, single
from include.pipelines.tickets.shared import Shared
from include.pipelines.tickets.single import Answer
from include.pipelines.tickets.sync import Options, entity_of, sync_tickets
from include.recent import Recent
from include.vendors.client import VendorClient
from include.vendors.registry import open_client
from include.warehouse.bookkeeping import turns
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.tickets.adoption import bring_over
from include.warehouse.tickets.known import find_holders
from include.work.place import NOBODY, Onlooker, Workplace
from include.work.runs import Result, Watch, work_on_each, work_on_one_a_site

log = logging.getLogger(__name__)

AWAY_SECONDS: Final = 1.0
"""How long nobody asks again whether a vendor is away: the answer costs what all runs so far do."""


def sync_accounts(
    place: Workplace,
    accounts: Iterable[Account],
    request: Request,
    options: Options,
    onlooker: Onlooker = NOBODY,
    *,
    budget: TimeBudget = ENDLESS,
    since: datetime | None = None,
) -> list[Result]:
    """Bring the tickets of *accounts* up to date.

    Those for which nothing of *budget* is left have no result: the next run reads them first. A
    vendor that three accounts in a row found away, in runs begun *since* then (by default: now), is
    asked no more: the others fail with UnavailableError.
    """
    now = datetime.now(UTC)
    begun_since = since or now
    accounts = list(accounts)
    entity = entity_of(options)
    shared = Shared.of(place.warehouse, now)
    away = Recent[str, bool](
        lambda vendor: turns.is_away(place.warehouse, vendor, entity, begun_since), AWAY_SECONDS
    )

    def work(account: Account, client: VendorClient, watch: Watch) -> Result:
        if away.of(account.vendor):
            raise UnavailableError(
                f"not tried: the last {turns.AWAY_IN_A_ROW} accounts found the vendor away;"
                " the next run tries again",
                vendor=account.vendor,
            )
        try:
            counts = sync_tickets(
                client,
                place.warehouse,
                account,
                settings=place.settings,
                now=datetime.now(UTC),
                request=request,
                options=options,
                budget=budget,
                shared=shared,
                progress=watch.note,
            )
        except UnavailableError:
            away.forget()
            raise
        return Result(account.account_id, account.vendor, counts)

    results = work_on_each(place, accounts, work, onlooker, budget)
    begun = {result.account_id for result in results}
    if left := [one.account_id for one in accounts if one.account_id not in begun]:
        log.warning("no time left: the next run reads first: %s", ", ".join(left))
    return results


def read_again(
    place: Workplace,
    accounts: Iterable[Account],
    request: Request,
    onlooker: Onlooker = NOBODY,
) -> list[Result]:
    """Read a day's share of the complete tickets of *accounts* again."""
    shared = Shared.of(place.warehouse, datetime.now(UTC))

    def work(account: Account, client: VendorClient, watch: Watch) -> Result:
        counts = rolling.read_again(
            client,
            place.warehouse,
            account,
            settings=place.settings,
            now=datetime.now(UTC),
            request=request,
            shared=shared,
            progress=watch.note,
        )
        return Result(account.account_id, account.vendor, counts)

    return work_on_each(place, accounts, work, onlooker)


def read_tickets(
    place: Workplace,
    accounts: Sequence[Account],
    ticket_ids: Collection[str],
    request: Request,
    onlooker: Onlooker = NOBODY,
) -> list[Answer]:
    """Read tickets by the vendor's ids, or by the ids of their rows, through one of *accounts*.

    Through the account that reads a ticket, where that is one of them; else through each of the
    vendor's, or of all where there is no row, until one knows it. One answer a ticket and vendor,
    in the order of the ids; one that no account knows is *unknown* of an empty account. Raises
    ConfigError for an id with a blank at an end: vendors' ids have none, and databases overlook it.
    """
    if blank := [ticket_id for ticket_id in ticket_ids if ticket_id != ticket_id.strip()]:
        named = ", ".join(map(repr, blank[:20]))
        raise ConfigError(f"ticket ids with a blank at an end: {named}: write them without")
    bring_over(place.warehouse, datetime.now(UTC))
    holders = find_holders(place.warehouse, ticket_ids)
    wanted = [
        (asked, vendor, ticket_id, reader)
        for asked in dict.fromkeys(ticket_ids)
        for vendor, ticket_id, reader in holders.get(asked) or [("", asked, None)]
    ]
    by_id = {account.account_id: account for account in accounts}
    answers: dict[tuple[str, str], Answer] = {}
    for account in accounts:
        mine = {
            ticket_id: reader
            for asked, vendor, ticket_id, reader in wanted
            if vendor in ("", account.vendor)
            and (asked, vendor) not in answers
            and (reader == account.account_id or reader not in by_id)
        }
        if not mine:
            continue
        onlooker.update(f"{account.account_id}: {len(mine)} tickets")
        owned = {i for i, reader in mine.items() if reader == account.account_id}
        try:
            with closing(open_client(account, place.settings)) as client:
                told = single.read_tickets(
                    client,
                    place.warehouse,
                    mine,
                    owned,
                    settings=place.settings,
                    now=datetime.now(UTC),
                    request=request,
                )
        except SyncError as error:  # of this account: another may know what it does not own
            who = (account.vendor, account.account_id)
            told = [Answer(ticket_id, *who, "failed", error=error) for ticket_id in owned]
        by_ticket = {answer.ticket_id: answer for answer in told}
        for asked, vendor, ticket_id, _ in wanted:
            answer = by_ticket.get(ticket_id)
            if answer and vendor in ("", account.vendor) and answer.state != "unknown":
                answers.setdefault((asked, vendor), answer)
        onlooker.advance()
    return [
        answers.get((asked, vendor)) or Answer(ticket_id, vendor, "", "unknown")
        for asked, vendor, ticket_id, _ in wanted
    ]


def refresh_catalogs(
    place: Workplace,
    accounts: Iterable[Account],
    request: Request,
    *,
    accept_vanished: bool,
    onlooker: Onlooker = NOBODY,
) -> list[Result]:
    """Refresh the catalogue of each site through the first of *accounts* that may read it."""

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

    return work_on_one_a_site(place, accounts, work, onlooker)


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

    With *repair_request* those that differ are read again and stored; a failure of that leaves what
    was found in the result beside the error. *limit*: differences of a kind to keep.
    """
    settings = place.settings
    depth = reconcile.Depth(deep, settings.open_messages, settings.calls_at_once)

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
    """Compare the catalogue of each site through the first of *accounts* that may read it."""

    def work(account: Account, client: VendorClient, _: Watch) -> Result:
        found = reconcile.verify_catalog(client, place.warehouse, limit=limit)
        return Result(account.account_id, account.vendor, comparison=found)

    return work_on_one_a_site(place, accounts, work, onlooker)
