"""Tickets read from the vendor, a few at a time, as outcomes: read, failed or gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias, TypeVar

from include.errors import (
    AuthError,
    NotFoundError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    VendorError,
)
from include.models import Glance, Message, Ticket, weigh
from include.pipelines.clock import ENDLESS, TimeBudget
from include.pipelines.reconcile import ABOUT_ONE
from include.vendors.answers import ask_in_bounds
from include.vendors.client import StorePart, VendorClient
from include.warehouse.bookkeeping.ledger import HEARTBEAT_SECONDS

HELD_WEIGHT: Final = 500_000
"""A conversation that weighs more is stored by who read it, and does not wait for a batch."""
AHEAD, AHEAD_WEIGHT = 256, 2_000_000
"""So many tickets may be asked for, or wait to be taken while others are stored; fewer where, by
those that came, they would weigh more than that."""
FAILURES_IN_A_ROW: Final = 3
"""So many tickets one after the other that we could not have: the vendor is away, or the key."""


@dataclass(frozen=True, slots=True)
class Read:
    """A ticket as the vendor shows it.

    *messages* is None where they were not wanted, or where *messages_refused* says that the account
    has no right to them; of a long conversation it is what is left, the rest is stored.
    """

    ticket: Ticket
    messages: list[Message] | None
    shown: int = 0
    """How many different messages the vendor showed, in all parts together."""
    messages_refused: AuthError | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A ticket that could not be read, for a reason that is about it alone."""

    ticket_id: str
    error: VendorError


@dataclass(frozen=True, slots=True)
class Gone:
    """A ticket that the vendor no longer knows."""

    ticket_id: str


@dataclass(frozen=True, slots=True)
class Same:
    """A complete ticket that was looked at again, and had not changed."""

    ticket_id: str
    read_at: datetime


Outcome: TypeAlias = Read | Failed | Gone
T = TypeVar("T", Read, Read | Same)
IsSame: TypeAlias = Callable[[str, Glance], bool]
"""Whether a glance shows a ticket as it is stored; called by reading threads."""


@dataclass(frozen=True, slots=True)
class TicketReader:
    """How tickets are read: *at_once* calls together, with the messages of open ones or without.

    When *budget* is spent nothing more is asked for. *beat* is called at least every
    ``HEARTBEAT_SECONDS``; parts of a conversation that is too long to hold go to *store_part*, in a
    reading thread.
    """

    client: VendorClient
    at_once: int
    open_messages: bool
    store_part: StorePart
    beat: Callable[[], None]
    clock: Callable[[], datetime]
    budget: TimeBudget = ENDLESS

    def read(
        self,
        ticket_ids: Collection[str],
        *,
        was_listed: bool = True,
        are_strays: bool = False,
    ) -> Generator[Outcome, None, None]:
        """Yield an outcome for each id; the account's rate limit decides how fast.

        A ticket that the vendor does not know is a failure when it was just listed, else a fact; of
        strays, which may be another account's, so is one that it does not let us read.

        Raises the error that is about more than one ticket: the rate limit's, the last of three in
        a row that the vendor was away or the key refused, and OutOfTimeError.
        """
        return self._outcomes(ticket_ids, self._read, was_listed=was_listed, are_strays=are_strays)

    def look_again(
        self, ticket_ids: Collection[str], is_same: IsSame, *, with_ticket: bool = False
    ) -> Generator[Outcome | Same, None, None]:
        """Glance at complete tickets, and read those of which *is_same* does not hold.

        *with_ticket* is as in ``glance``. Yields and raises as ``read``.
        """

        def look(ticket_id: str) -> Read | Same:
            at = self.clock()

            def glance() -> bool:
                return is_same(ticket_id, self.client.glance(ticket_id, with_ticket=with_ticket))

            try:
                is_as_before = ask_in_bounds(glance)
            except ABOUT_ONE:
                return self._read(ticket_id)  # which tells what became of it
            return Same(ticket_id, at) if is_as_before else self._read(ticket_id)

        return self._outcomes(ticket_ids, look, was_listed=False, are_strays=False)

    def _outcomes(
        self,
        ticket_ids: Collection[str],
        ask: Callable[[str], T],
        *,
        was_listed: bool,
        are_strays: bool,
    ) -> Generator[T | Outcome, None, None]:
        in_a_row = 0
        for ticket_id, answer in self._answers(sorted(ticket_ids), ask):
            outcome = _outcome(ticket_id, answer, was_listed=was_listed, are_strays=are_strays)
            if isinstance(outcome, Failed):
                error = outcome.error
                in_a_row = in_a_row + 1 if isinstance(error, AuthError | UnavailableError) else 0
                if in_a_row == FAILURES_IN_A_ROW or isinstance(error, RateLimitError):
                    raise error
            else:
                in_a_row = 0
            yield outcome

    def _answers(
        self, ticket_ids: Collection[str], ask: Callable[[str], T]
    ) -> Iterator[tuple[str, Future[T]]]:
        """The finished calls, in the order in which they finish.

        Threads go on reading while who takes the answers stores some of them.
        """
        queue, under_way, is_cut = deque(ticket_ids), set[Future[T]](), False
        ahead, taken, weight = self.at_once, 0, 0
        done = SimpleQueue[tuple[str, Future[T]]]()

        def hand_over(ticket_id: str, call: Future[T]) -> None:
            done.put((ticket_id, call))

        pool = ThreadPoolExecutor(self.at_once, thread_name_prefix="read")
        try:
            while True:
                if self.budget.is_spent:
                    for call in under_way:
                        call.cancel()
                while queue and len(under_way) < ahead and not self.budget.is_spent:
                    ticket_id = queue.popleft()
                    call = pool.submit(ask, ticket_id)
                    under_way.add(call)
                    call.add_done_callback(partial(hand_over, ticket_id))
                if not under_way:
                    if queue or is_cut:
                        self.budget.check()
                    return
                self.beat()
                with suppress(Empty):
                    ticket_id, call = done.get(timeout=HEARTBEAT_SECONDS)
                    under_way.discard(call)
                    is_cut = is_cut or call.cancelled()
                    if not call.cancelled():
                        taken, weight = taken + 1, weight + _weigh(call)
                        ahead = max(self.at_once, min(AHEAD, AHEAD_WEIGHT * taken // (weight or 1)))
                        yield ticket_id, call
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, ticket_id: str) -> Read:
        """Read a ticket, which says when it was asked for."""

        def read() -> Read:
            at = self.clock()
            ticket, messages, shown = read_by_parts(
                self.client, ticket_id, at, self.store_part, open_messages=self.open_messages
            )
            return Read(ticket, messages, len(shown))

        return ask_in_bounds(read)


def read_by_parts(
    client: VendorClient,
    ticket_id: str,
    at: datetime,
    store_part: StorePart,
    *,
    open_messages: bool,
) -> tuple[Ticket, list[Message] | None, set[str]]:
    """Read a ticket at the moment *at*; a conversation too long to hold goes to *store_part*.

    Gives what is left of its messages, and the ids of all: a part may come twice. Raises as
    ``VendorClient.read_ticket``.
    """
    shown: set[str] = set()

    def take(ticket: Ticket, part: list[Message]) -> None:
        shown.update(message.message_id for message in part)
        store_part(replace(ticket, read_at=at), part)

    try:
        ticket, messages = client.read_ticket(
            ticket_id, open_messages=open_messages, store_part=take
        )
    except AuthError as error:
        if error.ticket is not None:
            error.ticket = replace(error.ticket, read_at=at)
        raise
    if messages and weigh(messages) > HELD_WEIGHT:
        take(ticket, messages)
        messages = []
    shown.update(message.message_id for message in messages or ())
    return replace(ticket, read_at=at), messages, shown


def _weigh(answer: Future[T]) -> int:
    """What of a ticket waits to be stored."""
    read = None if answer.exception() else answer.result()
    return weigh(read.messages or ()) if isinstance(read, Read) else 0


def _outcome(
    ticket_id: str, answer: Future[T], *, was_listed: bool, are_strays: bool
) -> T | Outcome:
    try:
        return answer.result()
    except AuthError as error:
        if error.ticket is not None:
            return Read(error.ticket, None, messages_refused=error)
        return Gone(ticket_id) if are_strays else Failed(ticket_id, error)
    except NotFoundError as error:
        return Failed(ticket_id, error) if was_listed else Gone(ticket_id)
    except RejectedError as error:
        return Gone(ticket_id) if are_strays else Failed(ticket_id, error)
    except VendorError as error:
        return Failed(ticket_id, error)
