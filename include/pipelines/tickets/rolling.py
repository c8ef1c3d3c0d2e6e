"""Complete tickets read again, a share a day: no list of a vendor shows an old one that changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from include.errors import PartialError
from include.models import Account
from include.pipelines.clock import RunClock
from include.pipelines.tickets.glancing import look_again
from include.pipelines.tickets.reading import TicketReader
from include.pipelines.tickets.shared import Shared
from include.pipelines.tickets.storing import TicketStore
from include.settings import Settings
from include.vendors.client import VendorClient
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Counts, Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.known import read_oldest
from include.warehouse.tickets.life import Look

ENTITY: Final = "again"
FRESH: Final = timedelta(days=1)
"""A ticket read since then is not read again, however few there are."""


def read_again(
    client: VendorClient,
    warehouse: Warehouse,
    account: Account,
    *,
    settings: Settings,
    now: datetime,
    request: Request,
    shared: Shared | None = None,
    progress: Callable[[Counts], None] = lambda counts: None,
) -> Counts:
    """Read a day's share of an account's complete tickets, the longest unread first.

    Called daily, it reads each at least once in ``READ_ALL_DAYS``. Beside a run of the account:
    an older reading changes nothing. Raises PartialError when tickets failed by themselves (they
    wait in quarantine), AlreadyRunningError when another does the same, else what ended it.
    """
    account_id, vendor = account.account_id, account.vendor
    shared = shared or Shared.of(warehouse, now)
    with ledger.hold(warehouse, account_id, ENTITY, vendor=vendor, request=request) as run:
        ids = read_oldest(warehouse, account, now - FRESH, settings.read_all_days)
        look = Look(
            account,
            now,
            run_id=run.run_id,
            readers=shared.readers.of(vendor).enabled,
            after_closing=settings.looks_after_closing,
        )
        names = shared.catalog_of(account)
        store = TicketStore(run, client, look, names, progress)
        reader = TicketReader(
            client,
            settings.calls_at_once,
            settings.open_messages,
            store.store_part,
            store.beat,
            RunClock(now),
        )
        run.counts.listed = len(ids)
        try:
            store.store(ids, look_again(reader, warehouse, ids, with_ticket=True))
        finally:
            store.beat()
        if store.messages_refused:
            raise store.messages_refused
        if failed := run.counts.failed:
            raise PartialError(
                f"{account_id}: {failed} tickets wait in quarantine. {store.first_failure}".strip()
            )
    return run.counts
