"""New, open, closed and reopened tickets of one account: list, plan, read, store.

No vendor can filter by time of change, so each run asks for two lists: what is open now, and what
was created since the watermark. From both and from what we hold follows what must be read. Closed
tickets are looked at again after a while, and what no account reads is taken over. The number of
calls grows with what changed, what is open and what closed lately, never with what is stored.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from include.errors import (
    MovingListError,
    OutOfTimeError,
    PartialError,
    UnavailableError,
    UncountedListError,
    VendorError,
)
from include.models import Account, SyncWindow, Ticket, TicketRef
from include.pipelines.clock import ENDLESS, RunClock, TimeBudget
from include.pipelines.tickets.glancing import look_again
from include.pipelines.tickets.plan import (
    Plan,
    Readers,
    Span,
    find_hidden,
    find_moved,
    is_due,
    plan_changed,
    plan_new,
    split_history,
)
from include.pipelines.tickets.reading import Outcome, Read, TicketReader
from include.pipelines.tickets.shared import Shared
from include.pipelines.tickets.storing import DryRun, Progress, Sink, TicketStore
from include.settings import Settings
from include.vendors.client import VendorClient
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import NEVER, Counts, Request, State
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.known import read_due, read_incomplete, read_known
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.quarantine import read_quarantined
from include.warehouse.tickets.strays import VendorReaders
from include.warehouse.types import LATEST

log = logging.getLogger(__name__)

ENTITY: Final = "tickets"
BACKFILL: Final = "backfill"


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
    budget: TimeBudget = ENDLESS,
    shared: Shared | None = None,
    progress: Progress = lambda counts: None,
) -> Counts:
    """Bring one account's tickets up to *now*; may be repeated, and killed at any moment.

    When *budget* is spent it stops between two calls with ``more`` counted and what it has stored:
    the next run goes on from there. A backfill holds no sync up: an older reading changes nothing.
    *shared* has what other accounts have asked of the warehouse; by default it is asked anew.

    Raises PartialError when tickets failed by themselves (they wait in quarantine) or a list kept
    moving, AuthError when messages were refused (their tickets are stored, incomplete),
    AlreadyRunningError when another run holds the account, else what ended the run.
    A dry run writes nothing, and ``written`` counts the tickets that would be read.
    """
    shared = shared or Shared.of(warehouse, now)
    if options.dry_run:
        mark = ledger.watermark(warehouse, account.account_id, ENTITY)
        dry_run, readers = DryRun(client, progress), shared.readers.of(account.vendor)
        sync = _Sync(client, warehouse, account, settings, now, options, dry_run, readers, budget)
        try:
            sync.run(mark)
        finally:
            dry_run.beat()
        return dry_run.counts
    account_id, vendor = account.account_id, account.vendor
    entity = entity_of(options)
    with ledger.hold(warehouse, account_id, entity, vendor=vendor, request=request) as run:
        shared.bring_over()  # first, because a row that comes may name a new reader
        readers = shared.readers.of(account.vendor)
        names = shared.catalog_of(account)
        look = Look(
            account,
            now,
            listed_at=run.state.listed_at,
            run_id=run.run_id,
            readers=readers.enabled,
            after_closing=settings.looks_after_closing,
        )
        store = TicketStore(run, client, look, names, progress)
        sync = _Sync(
            client, warehouse, account, settings, now, options, store, readers, budget, look.marks
        )
        try:
            sync.run(run.watermark, run.state)
        finally:
            store.beat()
    return run.counts


def entity_of(options: Options) -> str:
    """The entity that a run holds: a backfill and a sync go on side by side."""
    return ENTITY if options.since is None else BACKFILL


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
    vendor_readers: VendorReaders
    budget: TimeBudget
    marks: dict[str, str | None] = field(default_factory=dict)
    """The marks of change of every ticket that was listed, by id."""
    is_moving: bool = False
    """A list kept moving, or two contradicted each other: the watermark stays."""
    uncounted: UncountedListError | None = None
    """What a list said instead of a total: it may have shown too little."""
    open_since: dict[str, datetime] = field(default_factory=dict)
    """The creation of every ticket that was listed and then read as open, by id."""
    clock: RunClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = RunClock(self.now)

    def run(self, watermark: datetime | None, state: State = NEVER) -> None:
        try:
            if self.options.since is not None:
                until = min(self.options.until or self.now, self.now - self.left_alone)
                self.read_again(SyncWindow(self.options.since, max(until, self.options.since)))
            else:
                plan = self.read_changed(watermark, state)
                self.read_new(watermark, plan.listed | plan.unlisted)
                self.read_due()
                self.read_strays(plan.strays)
        except OutOfTimeError as error:
            log.warning("account=%s %s", self.account.account_id, error)
            self.sink.counts.more = 1
        self.conclude()

    def read_again(self, window: SyncWindow) -> None:
        """Backfill: read all that was created in *window*."""
        self.sink.note_window(window)
        for span in window.split(self.client.max_window):
            self.read_and_store(self.list_tickets(span))

    def read_changed(self, watermark: datetime | None, state: State) -> Plan:
        """Read what closed, what was reopened, and what failed before; strays are left."""
        held = read_incomplete(self.warehouse, self.account, self.vendor_readers.gone)
        if watermark is None and not held:
            return Plan(set(), set(), set())  # the very first run: everything is new
        history = SyncWindow(self.settings.sync_since, self.now)
        open_now = self.list_tickets(history, only_open=True)
        if held and not open_now:  # an outage may answer "0", and hide a reopened ticket
            open_now = self.list_tickets(history, only_open=True)
        asks_for_gone = is_due(state.swept_at, self.now)
        known = read_known(self.warehouse, self.account, open_now.keys() - held.keys()) | held
        plan = plan_changed(
            open_now,
            known,
            read_quarantined(self.warehouse, self.account),
            self.readers,
            open_messages=self.open_messages,
            asks_for_gone=asks_for_gone,
            strays_asked_at=state.strays_at,
        )
        self.sink.store_listed(find_moved(open_now, known, plan.listed))
        self.read_and_store(plan.listed, unheld=open_now.keys() - known.keys())
        still_open = self.read_and_store(plan.unlisted, was_listed=False)
        if still_open and not open_now:
            self.doubt_empty_lists(still_open)
        moments = {"swept_at": asks_for_gone, "listed_at": not self.is_moving}
        self.sink.note_state(**{name: self.now for name, is_new in moments.items() if is_new})
        return plan

    def read_new(self, watermark: datetime | None, already_read: set[str]) -> None:
        """Read what was created since the watermark, and move it span by span."""
        spans = split_history(
            self.settings.sync_since,
            watermark,
            self.now - self.left_alone,
            timedelta(hours=self.settings.overlap_hours),
            self.client.max_window,
        )
        self.sink.note_window(SyncWindow(spans[0].window.since if spans else self.now, self.now))
        passed: datetime | None = None  # the end of spans with nothing to read: noted together
        try:
            for span in spans:
                wanted = self.find_new(span) - already_read
                reached = None if self.is_moving else span.watermark
                if wanted:
                    self.read_and_store(wanted, watermark=reached or passed)
                    passed = None
                else:
                    passed = reached or passed
        except (VendorError, OutOfTimeError):
            self.read_and_store((), watermark=passed)
            raise
        self.read_and_store((), watermark=passed)

    def find_new(self, span: Span) -> set[str]:
        """List the tickets created in *span*; the ids of those to read."""
        listed = self.list_tickets(span.window)
        if hidden := find_hidden(span.window, listed, self.open_since):
            account_id, count = self.account.account_id, len(hidden)
            log.warning("list is short account=%s tickets=%s", account_id, count)
            self.is_moving = True
        known = read_known(self.warehouse, self.account, listed)
        plan = partial(plan_new, listed, known, self.readers)
        wanted = plan(is_overlap=span.watermark is None)
        # One call lists what overlaps and what is new; who needs to tell them apart asks once more.
        if span.unlisted and (unsure := wanted - plan(is_overlap=True)):
            wanted -= unsure - self.list_tickets(span.unlisted).keys()
        return wanted

    def read_due(self) -> None:
        """Look again at closed tickets that may have changed since: a minute's calls at most."""
        if not self.settings.looks_after_closing:
            return
        limit = max(1, int(60 * self.settings.calls_per_second))
        due = read_due(self.warehouse, self.account, self.now, limit)
        self.sink.store(due, look_again(self.reader, self.warehouse, due))

    def read_strays(self, strays: Collection[str]) -> None:
        """Take over what no account reads, as far as this one knows it."""
        self.read_and_store(strays, was_listed=False, are_strays=True)
        self.sink.note_state(strays_at=self.now)

    def list_tickets(self, window: SyncWindow, *, only_open: bool = False) -> dict[str, TicketRef]:
        """A list, by id. One that moves, or has no total, holds the watermark."""
        seen: dict[str, TicketRef] = {}
        try:
            for page in self.client.list_tickets(window, only_open=only_open):
                seen |= {ref.ticket_id: ref for ref in page}
                self.sink.beat()
                self.budget.check()
        except MovingListError as error:
            log.warning("list kept moving account=%s reason=%s", self.account.account_id, error)
            self.is_moving = True
        except UncountedListError as error:
            log.warning("list without a total account=%s %s", self.account.account_id, error)
            self.uncounted, self.is_moving = error, True
        self.sink.counts.listed += len(seen)
        self.marks |= {ticket_id: ref.change_mark for ticket_id, ref in seen.items()}
        return seen

    def read_and_store(
        self,
        ticket_ids: Collection[str],
        *,
        was_listed: bool = True,
        are_strays: bool = False,
        unheld: Collection[str] = (),
        watermark: datetime | None = None,
    ) -> list[Ticket]:
        """Read and store *ticket_ids*; those that proved to be open.

        Of *unheld* ones, which have no row, the youngest are left to the program that made them.
        """
        reader = self.reader
        still_open: list[Ticket] = []
        youngest = self.now - self.left_alone if self.left_alone else LATEST

        def watched() -> Generator[Outcome, None, None]:
            for outcome in reader.read(ticket_ids, was_listed=was_listed, are_strays=are_strays):
                if isinstance(outcome, Read):
                    ticket = outcome.ticket
                    if ticket.ticket_id in unheld and ticket.created_at > youngest:
                        continue
                    if not ticket.is_closed:
                        still_open.append(ticket)
                yield outcome

        self.sink.store(ticket_ids, watched(), watermark=watermark)
        if was_listed:
            self.open_since |= {ticket.ticket_id: ticket.created_at for ticket in still_open}
        return still_open

    @property
    def reader(self) -> TicketReader:
        return TicketReader(
            self.client,
            self.settings.calls_at_once,
            self.open_messages,
            self.sink.store_part,
            self.sink.beat,
            self.clock,
            self.budget,
        )

    @property
    def readers(self) -> Readers:
        return Readers(self.account.account_id, self.vendor_readers.enabled)

    @property
    def left_alone(self) -> timedelta:
        """How young a ticket is left to the program that made it."""
        return timedelta(seconds=self.settings.leave_new_seconds)

    @property
    def open_messages(self) -> bool:
        return self.options.open_messages or self.settings.open_messages

    def doubt_empty_lists(self, still_open: list[Ticket]) -> None:
        """Tell an outage that answers "0" from the truth: tickets are open, yet none was listed."""
        ticket = still_open[0]
        window = SyncWindow(ticket.created_at, ticket.created_at + timedelta(seconds=1))
        if ticket.ticket_id not in self.list_tickets(window):
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
