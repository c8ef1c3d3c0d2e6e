"""New, open, closed and reopened tickets of one account, and their messages.

No vendor can filter by time of change, so each run asks for two lists: what is open now, and what
was created since the watermark. From both and from what we hold follows what must be read. The
number of calls grows with what changed and what is open, never with what is stored.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final

from include.errors import (
    AuthError,
    ContractError,
    MovingListError,
    NotFoundError,
    PartialError,
    RateLimitError,
    UnavailableError,
    VendorError,
)
from include.models import Account, Message, SyncWindow, Ticket
from include.pipelines.catalog import Catalog
from include.settings import Settings
from include.vendors.client import VendorClient
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import HEARTBEAT_SECONDS, Counts, Request, Run
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets import catalog
from include.warehouse.tickets import store as rows

log = logging.getLogger(__name__)

ENTITY: Final = "tickets"
BATCH_TICKETS: Final = 50
BATCH_CHARACTERS: Final = 2_000_000
FAILURES_IN_A_ROW: Final = 3
"""So many tickets one after the other that we could not have: the vendor is away, or the key."""
FAILURES_TO_LOG: Final = 5
GONE_AGAIN: Final = timedelta(days=1)
"""How often a ticket that the vendor no longer knows is asked for again."""

Progress = Callable[[Counts], None]
Answer = Future[tuple[Ticket, list[Message] | None]]


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


def sync(
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
    job = _Job(client, warehouse, account, settings, now, options, progress)
    if options.dry_run:
        job.watermark = ledger.watermark(warehouse, account.account_id, ENTITY)
        job.sync()
        return job.counts
    vendor = account.vendor.upper()
    with ledger.hold(warehouse, account.account_id, ENTITY, vendor=vendor, request=request) as run:
        job.run, job.counts = run, run.counts
        job.watermark, job.swept_at = run.watermark, run.swept_at
        try:
            job.sync()
        finally:
            job.note()
    return job.counts


@dataclass(slots=True)
class _Batch:
    """What the next transaction will store."""

    conversations: list[rows.Conversation] = field(default_factory=list)
    failed: dict[str, VendorError] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    characters: int = 0

    def is_full(self) -> bool:
        many = len(self.conversations) + len(self.failed) + len(self.gone) >= BATCH_TICKETS
        return many or self.characters >= BATCH_CHARACTERS


class _Job:
    """One run over one account. Without a *run* it only counts: a dry run."""

    def __init__(
        self,
        client: VendorClient,
        warehouse: Warehouse,
        account: Account,
        settings: Settings,
        now: datetime,
        options: Options,
        progress: Progress,
    ) -> None:
        self.client, self.warehouse, self.account = client, warehouse, account
        self.settings, self.now, self.options, self.progress = settings, now, options, progress
        self.run: Run | None = None
        self.counts, self.counting = Counts(), threading.Lock()
        self.watermark: datetime | None = None
        self.swept_at: datetime | None = None
        self.open_messages = options.open_messages or settings.open_messages
        self.catalog = Catalog.of(catalog.load(warehouse, account.vendor))
        self.already_read: set[str] = set()
        self.is_moving = False
        self.still_open: list[Ticket] = []
        self.shown_open: dict[str, datetime] = {}  # creation times of what the open list showed
        self.first_failure = ""
        self.refused_messages: AuthError | None = None

    def sync(self) -> None:
        if self.options.since is not None:
            self.read_again(SyncWindow(self.options.since, self.options.until or self.now))
        else:
            self.read_changed()
            self.read_new()
        if self.refused_messages:
            log.error("tickets stored without messages account=%s", self.account.account_id)
            raise self.refused_messages
        if self.counts.failed or self.is_moving:
            reasons = [f"{self.counts.failed} tickets wait in quarantine"] * bool(
                self.counts.failed
            )
            reasons += ["a list kept moving, and the next run reads it again"] * self.is_moving
            raise PartialError(
                f"{self.account.account_id}: {'; '.join(reasons)}. {self.first_failure}".strip()
            )

    def read_again(self, window: SyncWindow) -> None:
        """Backfill: read all that was created in *window*."""
        self.note_window(window)
        for span in window.split(self.client.capabilities.max_window):
            self.take(self.list_ids(span))

    def read_changed(self) -> None:
        """Read what closed, what was reopened, and what failed before."""
        held = rows.incomplete(self.warehouse, self.account)
        if self.watermark is None and not held:
            return  # the very first run: everything is new
        history = SyncWindow(self.settings.sync_since, self.now)
        listed = self.list_ids(history, only_open=True)
        if held and not listed:  # an outage may answer "0", and hide a ticket that was reopened
            listed = self.list_ids(history, only_open=True)
        others = rows.known(self.warehouse, self.account, listed - held.keys())
        waiting = rows.quarantined(self.warehouse, self.account)
        sweep = self.swept_at is None or self.now - self.swept_at >= GONE_AGAIN
        self.already_read |= self.take(
            {
                ticket_id
                for ticket_id in listed
                if self.open_messages
                or ticket_id in waiting
                or (known := held.get(ticket_id) or others.get(ticket_id)) is None
                or known.is_complete
                or known.is_gone
                or not known.was_read
            }
        )
        self.already_read |= self.take(
            ({t for t, known in held.items() if sweep or not known.is_gone} | waiting) - listed,
            was_listed=False,
        )
        if not listed and self.still_open:
            self.doubt(self.still_open[0])
        if sweep and self.run:
            self.run.write(lambda connection: None, swept_at=self.now)

    def read_new(self) -> None:
        """Read what was created since the watermark, and move it span by span."""
        start = self.settings.sync_since
        mark = min(self.watermark, self.now) if self.watermark else start
        since = max(mark - timedelta(hours=self.settings.overlap_hours), start)
        self.note_window(SyncWindow(since, self.now))
        longest = self.client.capabilities.max_window
        for window in (SyncWindow(since, mark), SyncWindow(mark, self.now)):
            for span in window.split(longest):
                listed = self.list_ids(span)
                self.compare(span, listed)
                held = rows.known(self.warehouse, self.account, listed)
                wanted = {
                    ticket_id
                    for ticket_id in listed
                    if (known := held.get(ticket_id)) is None
                    or not known.was_read
                    # Shown by another account first: is it the same ticket? Asked once.
                    or (known.account_id != self.account.account_id and span.since >= mark)
                }
                reached = span.until if span.until > mark and not self.is_moving else None
                self.take(wanted - self.already_read, watermark=reached)

    def list_ids(self, window: SyncWindow, *, only_open: bool = False) -> set[str]:
        """The ids of a list. One that keeps moving gives what was seen, and holds the watermark."""
        seen: set[str] = set()
        try:
            for page in self.client.list_tickets(window, only_open=only_open):
                seen.update(ref.ticket_id for ref in page)
                self.note()
        except MovingListError as error:
            log.warning("list kept moving account=%s reason=%s", self.account.account_id, error)
            self.is_moving = True
        self.counts.listed += len(seen)
        return seen

    def compare(self, span: SyncWindow, listed: Collection[str]) -> None:
        """Hold the watermark when a list of *span* lacks tickets that another list has shown."""
        mine = {t for t, moment in self.shown_open.items() if span.since <= moment < span.until}
        if lacking := len(mine.difference(listed)):
            log.warning("list is short account=%s tickets=%s", self.account.account_id, lacking)
            self.is_moving = True

    def take(
        self,
        ids: Collection[str],
        *,
        was_listed: bool = True,
        watermark: datetime | None = None,
    ) -> set[str]:
        """Read and store *ids* in batches; the last batch moves the watermark with it.

        A ticket that fails by itself is put aside. One that the vendor does not know is a failure
        when it was just listed, else a fact.
        """
        if self.run is None:
            self.counts.written += len(ids)
            self.progress(self.counts)
            return set(ids)
        batch, in_a_row = _Batch(), 0
        try:
            for ticket_id, answer in self.read(self.run, sorted(ids)):
                try:
                    ticket, messages = self.what_may_be_read(answer)
                except RateLimitError:
                    raise
                except VendorError as error:
                    refused = isinstance(error, AuthError | UnavailableError)
                    in_a_row = in_a_row + 1 if refused else 0
                    if in_a_row == FAILURES_IN_A_ROW:
                        raise
                    if isinstance(error, NotFoundError) and not was_listed:
                        batch.gone.append(ticket_id)
                    else:
                        batch.failed[ticket_id] = error
                else:
                    in_a_row = 0
                    batch.conversations.append((self.catalog.complete(ticket), messages))
                    batch.characters += sum(len(m.content) for m in messages or ())
                    if was_listed and not ticket.is_closed:
                        self.shown_open[ticket_id] = ticket.created_at
                    if not was_listed and not ticket.is_closed:
                        self.still_open.append(ticket)
                if batch.is_full():
                    self.store(batch)
                    batch = _Batch()
        except VendorError:
            self.store(batch)
            raise
        self.store(batch, watermark)
        return set(ids)

    def what_may_be_read(self, answer: Answer) -> tuple[Ticket, list[Message] | None]:
        """A ticket, without its messages where the account has no right to them."""
        try:
            return answer.result()
        except AuthError as error:
            if error.ticket is None:
                raise
            self.refused_messages = error
            return error.ticket, None

    def read(self, run: Run, ids: Collection[str]) -> Iterator[tuple[str, Answer]]:
        """Read tickets a few at a time; the account's rate limit decides how fast."""
        queue, at_once = iter(ids), self.settings.calls_at_once
        pool = ThreadPoolExecutor(at_once, thread_name_prefix="read")
        waiting: dict[Answer, str] = {}
        try:
            while True:
                for ticket_id in islice(queue, 2 * at_once - len(waiting)):
                    future = pool.submit(
                        self.client.read_ticket,
                        ticket_id,
                        open_messages=self.open_messages,
                        keep=partial(self.keep, run),
                    )
                    waiting[future] = ticket_id
                if not waiting:
                    return
                done, _ = wait(waiting, HEARTBEAT_SECONDS, FIRST_COMPLETED)
                self.note()
                for future in done:
                    yield waiting.pop(future), future
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def keep(self, run: Run, ticket: Ticket, part: list[Message]) -> None:
        """Store a part of a conversation that is too long to hold; called by reading threads."""
        run.write(
            lambda connection: rows.store_part(
                connection, self.account, self.catalog.complete(ticket), part, self.now
            )
        )
        with self.counting:
            self.counts.messages += len(part)

    def store(self, batch: _Batch, watermark: datetime | None = None) -> None:
        """Write a batch in one transaction; one that a ticket spoils, ticket by ticket."""
        if self.run is None or not (batch.conversations or batch.failed or batch.gone or watermark):
            return
        try:
            self.write(self.run, batch, watermark)
        except ContractError as error:
            if len(batch.conversations) > 1:
                for conversation in batch.conversations:
                    self.store(_Batch([conversation]))
                self.store(_Batch([], batch.failed, batch.gone), watermark)
            elif batch.conversations:
                failed = {batch.conversations[0][0].ticket_id: error, **batch.failed}
                self.store(_Batch([], failed, batch.gone), watermark)
            else:
                raise

    def write(self, run: Run, batch: _Batch, watermark: datetime | None) -> None:
        failed = run.write(
            lambda connection: rows.settle(
                connection, self.account, batch.conversations, batch.failed, batch.gone, self.now
            ),
            watermark_at=watermark,
        )
        for ticket_id, error in failed.items():
            self.first_failure = self.first_failure or f"The first: {ticket_id}: {error}"
            if self.counts.failed < FAILURES_TO_LOG:
                log.warning("ticket put aside account=%s %s", self.account.account_id, error)
            self.counts.failed += 1
        stored = [c for c in batch.conversations if c[0].ticket_id not in failed]
        self.counts.written += len(stored)
        with self.counting:
            self.counts.messages += sum(len(messages or ()) for _, messages in stored)
        self.counts.gone += len(batch.gone)
        self.note()

    def doubt(self, ticket: Ticket) -> None:
        """Tell an outage that answers "0" from the truth: *ticket* is open, yet none was listed."""
        window = SyncWindow(ticket.created_at, ticket.created_at + timedelta(seconds=1))
        if ticket.ticket_id not in self.list_ids(window):
            raise UnavailableError(
                f"the lists are empty, yet {len(self.still_open)} tickets are open:"
                " nothing was passed over, the next run reads again",
                vendor=self.account.vendor,
                action="list_tickets",
            )

    def note(self) -> None:
        """Keep counts, heartbeat and progress current."""
        self.counts.calls = self.client.calls
        self.progress(self.counts)
        if self.run:
            self.run.beat()

    def note_window(self, window: SyncWindow) -> None:
        if self.run:
            self.run.window(window.since, window.until)
