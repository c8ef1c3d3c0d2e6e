"""New, open, closed and reopened tickets of one account: list, plan, read, store.

No vendor can filter by time of change, so each run asks for two lists: what is open now, and what
was created since the watermark. From both and from what we hold follows what must be read. The
number of calls grows with what changed and what is open, never with what is stored.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from include.errors import MovingListError, PartialError, UnavailableError, UncountedListError
from include.models import Account, SyncWindow, Ticket
from include.pipelines.catalog import Catalog
from include.pipelines.tickets.plan import (
    find_hidden,
    is_due,
    plan_changed,
    plan_new,
    split_history,
)
from include.pipelines.tickets.reading import Outcome, Read, TicketReader
from include.pipelines.tickets.storing import DryRun, Progress, Sink, TicketStore
from include.settings import Settings
from include.vendors.client import VendorClient
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Counts, Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets import catalog
from include.warehouse.tickets.known import read_incomplete, read_known
from include.warehouse.tickets.quarantine import read_quarantined

log = logging.getLogger(__name__)

ENTITY: Final = "tickets"


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may ask of a run by hand."""

    since: datetime | None = None
    until: datetime | None = None
    """With *since*, a backfill: every ticket created in the window is read again, and the
    watermark stays where it is."""
    open_messages: bool = False
    dry_run: bool = False


DEFAULTS: Final = Options()


def sync_tickets(
    client: VendorClient,
    warehouse: Warehouse,
    account: Account,
    *,
    settings: Settings,
    now: datetime,
    request: Request,
    options: Options = DEFAULTS,
    progress: Progress = lambda counts: None,
) -> Counts:
    """Bring one account's tickets up to *now*; may be repeated, and killed at any moment.

    Raises PartialError when tickets failed by themselves (they wait in quarantine) or a list kept
    moving, AuthError when messages were refused (their tickets are stored, incomplete),
    AlreadyRunningError when another run holds the account, else what ended the run.
    A dry run writes nothing, and ``written`` counts the tickets that would be read.
    """
    if options.dry_run:
        mark = ledger.watermark(warehouse, account.account_id, ENTITY)
        dry_run = DryRun(client, progress)
        _Sync(client, warehouse, account, settings, now, options, dry_run).run(mark, None)
        return dry_run.counts
    account_id, vendor = account.account_id, account.vendor
    with ledger.hold(warehouse, account_id, ENTITY, vendor=vendor, request=request) as run:
        names = Catalog.of(catalog.load(warehouse, account.vendor))
        store = TicketStore(run, client, account, names, now, progress)
        sync = _Sync(client, warehouse, account, settings, now, options, store)
        try:
            sync.run(run.watermark, run.swept_at)
        finally:
            store.beat()
    return run.counts


@dataclass(slots=True)
class _Sync:
    """One run over one account: what its lists showed so far."""

    client: VendorClient
    warehouse: Warehouse
    account: Account
    settings: Settings
    now: datetime
    options: Options
    sink: Sink
    is_moving: bool = False
    """A list kept moving, or two contradicted each other: the watermark stays."""
    uncounted: UncountedListError | None = None
    """What a list said instead of a total: it may have shown too little."""
    open_since: dict[str, datetime] = field(default_factory=dict)
    """The creation of every ticket that was listed and then read as open, by id."""

    def run(self, watermark: datetime | None, gone_asked_at: datetime | None) -> None:
        if self.options.since is not None:
            self.read_again(SyncWindow(self.options.since, self.options.until or self.now))
        else:
            self.read_new(watermark, self.read_changed(watermark, gone_asked_at))
        self.conclude()

    def read_again(self, window: SyncWindow) -> None:
        """Backfill: read all that was created in *window*."""
        self.sink.note_window(window)
        for span in window.split(self.client.max_window):
            self.read_and_store(self.list_ids(span))

    def read_changed(self, watermark: datetime | None, gone_asked_at: datetime | None) -> set[str]:
        """Read what closed, what was reopened, and what failed before; its ids."""
        held = read_incomplete(self.warehouse, self.account)
        if watermark is None and not held:
            return set()  # the very first run: everything is new
        history = SyncWindow(self.settings.sync_since, self.now)
        open_now = self.list_ids(history, only_open=True)
        if held and not open_now:  # an outage may answer "0", and hide a reopened ticket
            open_now = self.list_ids(history, only_open=True)
        asks_for_gone = is_due(gone_asked_at, self.now)
        plan = plan_changed(
            open_now,
            read_known(self.warehouse, self.account, open_now - held.keys()) | held,
            read_quarantined(self.warehouse, self.account),
            open_messages=self.open_messages,
            asks_for_gone=asks_for_gone,
        )
        self.read_and_store(plan.listed)
        still_open = self.read_and_store(plan.unlisted, was_listed=False)
        if still_open and not open_now:
            self.doubt_empty_lists(still_open)
        if asks_for_gone:
            self.sink.note_gone_asked(self.now)
        return plan.listed | plan.unlisted

    def read_new(self, watermark: datetime | None, already_read: set[str]) -> None:
        """Read what was created since the watermark, and move it span by span."""
        spans = split_history(
            self.settings.sync_since,
            watermark,
            self.now,
            timedelta(hours=self.settings.overlap_hours),
            self.client.max_window,
        )
        self.sink.note_window(SyncWindow(spans[0].window.since if spans else self.now, self.now))
        for span in spans:
            listed = self.list_ids(span.window)
            if hidden := find_hidden(span.window, listed, self.open_since):
                account_id, count = self.account.account_id, len(hidden)
                log.warning("list is short account=%s tickets=%s", account_id, count)
                self.is_moving = True
            wanted = plan_new(
                listed,
                read_known(self.warehouse, self.account, listed),
                self.account.account_id,
                is_overlap=span.watermark is None,
            )
            reached = None if self.is_moving else span.watermark
            self.read_and_store(wanted - already_read, watermark=reached)

    def list_ids(self, window: SyncWindow, *, only_open: bool = False) -> set[str]:
        """The ids of a list. One that moves, or has no total, holds the watermark."""
        seen: set[str] = set()
        try:
            for page in self.client.list_tickets(window, only_open=only_open):
                seen.update(ref.ticket_id for ref in page)
                self.sink.beat()
        except MovingListError as error:
            log.warning("list kept moving account=%s reason=%s", self.account.account_id, error)
            self.is_moving = True
        except UncountedListError as error:
            log.warning("list without a total account=%s %s", self.account.account_id, error)
            self.uncounted, self.is_moving = error, True
        self.sink.counts.listed += len(seen)
        return seen

    def read_and_store(
        self,
        ticket_ids: Collection[str],
        *,
        was_listed: bool = True,
        watermark: datetime | None = None,
    ) -> list[Ticket]:
        """Read and store *ticket_ids*; those that proved to be open."""
        reader = TicketReader(
            self.client,
            self.settings.calls_at_once,
            self.open_messages,
            self.sink.store_part,
            self.sink.beat,
        )
        still_open: list[Ticket] = []

        def watched() -> Generator[Outcome, None, None]:
            for outcome in reader.read(ticket_ids, was_listed=was_listed):
                if isinstance(outcome, Read) and not outcome.ticket.is_closed:
                    still_open.append(outcome.ticket)
                yield outcome

        self.sink.store(ticket_ids, watched(), watermark=watermark)
        if was_listed:
            self.open_since |= {ticket.ticket_id: ticket.created_at for ticket in still_open}
        return still_open

    @property
    def open_messages(self) -> bool:
        return self.options.open_messages or self.settings.open_messages

    def doubt_empty_lists(self, still_open: list[Ticket]) -> None:
        """Tell an outage that answers "0" from the truth: tickets are open, yet none was listed."""
        ticket = still_open[0]
        window = SyncWindow(ticket.created_at, ticket.created_at + timedelta(seconds=1))
        if ticket.ticket_id not in self.list_ids(window):
            raise UnavailableError(
                f"the lists are empty, yet {len(still_open)} tickets are open:"
                " nothing was passed over, the next run reads again",
                vendor=self.account.vendor,
                action="list_tickets",
            )

    def conclude(self) -> None:
        """Raise what the run has to say beside what it stored."""
        if self.sink.messages_refused:
            log.error("tickets stored without messages account=%s", self.account.account_id)
            raise self.sink.messages_refused
        reasons = []
        if failed := self.sink.counts.failed:
            reasons.append(f"{failed} tickets wait in quarantine")
        if self.uncounted:
            reasons.append(f"a list may have shown too little, and is read again: {self.uncounted}")
        elif self.is_moving:
            reasons.append("a list kept moving, and the next run reads it again")
        if reasons:
            text = f"{self.account.account_id}: {'; '.join(reasons)}. {self.sink.first_failure}"
            raise PartialError(text.strip())
