"""Where the outcomes of a run go: into the tables, batch by batch, or nowhere in a dry run."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from include.errors import AuthError, ContractError, OutOfTimeError, VendorError
from include.models import Message, SyncWindow, Ticket, TicketRef, weigh
from include.pipelines.catalog import Catalog
from include.pipelines.tickets.reading import Failed, Gone, Outcome, Read, Same
from include.vendors.client import VendorClient
from include.warehouse.bookkeeping.ledger import Counts, Run
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.store import store_listed, store_outcomes, store_part

log = logging.getLogger(__name__)

BATCH_TICKETS: Final = 200
BATCH_WEIGHT: Final = 2_000_000
BATCH_SECONDS: Final = 15.0
"""So long a slow vendor's tickets wait at most for others of their transaction."""
LISTED_AT_ONCE: Final = 500
FAILURES_TO_LOG: Final = 5

Progress = Callable[[Counts], None]


class Sink(Protocol):
    """What a run does with what it found."""

    counts: Counts
    first_failure: str
    """The first ticket that failed by itself, and why; empty: none did."""
    messages_refused: AuthError | None
    """Why tickets were stored without their messages; None: none were."""

    def beat(self) -> None:
        """StorePart counts, progress and the run's sign of life current."""
        ...

    def note_window(self, window: SyncWindow) -> None:
        """Note the window of creation that the run is about."""
        ...

    def note_state(self, **moments: datetime) -> None:
        """Note moments in the account's row of ``sync_state``."""
        ...

    def store_listed(self, refs: Sequence[TicketRef]) -> None:
        """Let open tickets that are not read follow what a list says of them."""
        ...

    def store_part(self, ticket: Ticket, part: list[Message]) -> None:
        """Store a part of a conversation that is too long to hold; called by reading threads."""
        ...

    def store(
        self,
        ticket_ids: Collection[str],
        outcomes: Generator[Outcome | Same, None, None],
        *,
        watermark: datetime | None = None,
    ) -> None:
        """Store what was read of *ticket_ids*; the last batch moves the watermark with it.

        Raises what *outcomes* raises, once everything before it is stored.
        """
        ...


class DryRun:
    """A stand-in that reads and writes nothing: it counts what would be read."""

    def __init__(self, client: VendorClient, progress: Progress) -> None:
        self.counts, self.first_failure = Counts(), ""
        self.messages_refused: AuthError | None = None
        self._client, self._progress = client, progress

    def beat(self) -> None:
        """StorePart counts and progress current."""
        self.counts.calls = self._client.calls
        self._progress(self.counts)

    def note_window(self, window: SyncWindow) -> None:
        """Nothing: there is no run to note it for."""

    def note_state(self, **moments: datetime) -> None:
        """Nothing: there is no run to note it for."""

    def store_listed(self, refs: Sequence[TicketRef]) -> None:
        """Nothing: a list costs no reading."""

    def store_part(self, ticket: Ticket, part: list[Message]) -> None:
        """Nothing: no conversation is read."""

    def store(
        self,
        ticket_ids: Collection[str],
        outcomes: Generator[Outcome | Same, None, None],
        *,
        watermark: datetime | None = None,
    ) -> None:
        """Count what would be read; *outcomes* stays unasked, so that nothing is."""
        self.counts.written += len(ticket_ids)
        self.beat()


@dataclass(slots=True)
class _Batch:
    """What the next transaction will store."""

    read: list[Read] = field(default_factory=list)
    failed: dict[str, VendorError] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    same: dict[str, datetime] = field(default_factory=dict)
    weight: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def is_full(self) -> bool:
        is_large = self.count >= BATCH_TICKETS or self.weight >= BATCH_WEIGHT
        return is_large or time.monotonic() - self.began >= BATCH_SECONDS

    @property
    def count(self) -> int:
        return len(self.read) + len(self.failed) + len(self.gone) + len(self.same)

    def add(self, outcome: Outcome | Same) -> None:
        if isinstance(outcome, Failed):
            self.failed[outcome.ticket_id] = outcome.error
        elif isinstance(outcome, Gone):
            self.gone.append(outcome.ticket_id)
        elif isinstance(outcome, Same):
            self.same[outcome.ticket_id] = outcome.read_at
        else:
            self.read.append(outcome)
            self.weight += weigh(outcome.messages or ())


class TicketStore:
    """The tables, written by one run: a batch of tickets with all their messages a transaction."""

    def __init__(
        self,
        run: Run,
        client: VendorClient,
        look: Look,
        catalog: Catalog,
        progress: Progress,
    ) -> None:
        self.counts = run.counts
        self.first_failure = ""
        self.messages_refused: AuthError | None = None
        self._run, self._client, self._look = run, client, look
        self._catalog, self._progress = catalog, progress

    def beat(self) -> None:
        """StorePart counts, progress and the run's sign of life current."""
        self.counts.calls = self._client.calls
        self._progress(self.counts)
        self._run.beat()

    def note_window(self, window: SyncWindow) -> None:
        """Note the window of creation that the run is about."""
        self._run.window(window.since, window.until)

    def note_state(self, **moments: datetime) -> None:
        """Note moments in the account's row of ``sync_state``."""
        self._run.write(lambda connection: None, **moments)

    def store_listed(self, refs: Sequence[TicketRef]) -> None:
        """Let open tickets that are not read follow what a list says of them."""
        for i in range(0, len(refs), LISTED_AT_ONCE):
            some = refs[i : i + LISTED_AT_ONCE]
            self._run.write(lambda c, some=some: store_listed(c, self._look, some))  # type: ignore[misc]

    def store_part(self, ticket: Ticket, part: list[Message]) -> None:
        """Store a part of a conversation that is too long to hold; called by reading threads."""
        known = self._catalog.complete(ticket)
        self._run.write(lambda c: store_part(c, self._look, known, part))

    def store(
        self,
        ticket_ids: Collection[str],
        outcomes: Generator[Outcome | Same, None, None],
        *,
        watermark: datetime | None = None,
    ) -> None:
        """Store what was read of *ticket_ids*; the last batch moves the watermark with it.

        Raises what *outcomes* raises, once everything before it is stored.
        """
        batch = _Batch()
        with closing(outcomes):
            try:
                for outcome in outcomes:
                    batch.add(outcome)
                    if isinstance(outcome, Read):
                        self.messages_refused = outcome.messages_refused or self.messages_refused
                    if batch.is_full:
                        self._store(batch)
                        batch = _Batch()
            except (VendorError, OutOfTimeError):
                self._store(batch)
                raise
        self._store(batch, watermark)

    def _store(self, batch: _Batch, watermark: datetime | None = None) -> None:
        """Write a batch in one transaction; one that a ticket spoils, ticket by ticket."""
        if not (batch.count or watermark):
            return
        try:
            self._write(batch, watermark)
        except ContractError as error:
            if len(batch.read) > 1:
                for one in batch.read:
                    self._store(_Batch([one]))
                self._store(_Batch([], batch.failed, batch.gone, batch.same), watermark)
            elif batch.read:
                failed = {batch.read[0].ticket.ticket_id: error, **batch.failed}
                self._store(_Batch([], failed, batch.gone, batch.same), watermark)
            else:
                raise

    def _write(self, batch: _Batch, watermark: datetime | None) -> None:
        conversations = [
            (self._catalog.complete(read.ticket), read.messages) for read in batch.read
        ]
        failed = self._run.write(
            lambda connection: store_outcomes(
                connection, self._look, conversations, batch.failed, batch.gone, batch.same
            ),
            watermark_at=watermark,
        )
        for ticket_id, error in failed.items():
            self.first_failure = self.first_failure or f"The first: {ticket_id}: {error}"
            if self.counts.failed < FAILURES_TO_LOG:
                log.warning("ticket put aside account=%s %s", self._look.account.account_id, error)
            self.counts.failed += 1
        stored = [read for read in batch.read if read.ticket.ticket_id not in failed]
        self.counts.written += len(stored)
        self.counts.messages += sum(read.shown for read in stored)
        self.counts.gone += len(batch.gone)
        self.beat()
