"""The decision which tickets a run reads: pure functions of what lists show and what we hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from include.models import SyncWindow, TicketRef
from include.warehouse.tickets.known import Known

ASK_FOR_GONE_EVERY: Final = timedelta(days=1)
"""How often a ticket that the vendor no longer knows is asked for again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The ids to read: *listed* ones a list has just shown, *unlisted* ones none shows.

    *strays* are tickets that no enabled account reads: this one may know them, or not.
    """

    listed: set[str]
    unlisted: set[str]
    strays: set[str]


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads tickets: the account *me*, and the ids of *all* the vendor's enabled accounts."""

    me: str
    all: frozenset[str]

    def has(self, known: Known) -> bool:
        """Whether an account reads the ticket, so that no other need take it over."""
        return known.reader is not None and (known.reader == self.me or known.reader in self.all)


@dataclass(frozen=True, slots=True)
class Span:
    """A window of new tickets. *watermark* is what may be noted once all of it is stored.

    What was created before *new_since* was listed before.
    """

    window: SyncWindow
    watermark: datetime | None
    new_since: datetime

    @property
    def unlisted(self) -> SyncWindow | None:
        """The part that was not listed before, where that is another than the whole or nothing."""
        if self.window.since < self.new_since < self.window.until:
            return SyncWindow(self.new_since, self.window.until)
        return None


def plan_changed(
    open_now: Collection[str],
    known: Mapping[str, Known],
    quarantined: Collection[str],
    readers: Readers,
    *,
    open_messages: bool,
    asks_for_gone: bool,
    strays_asked_at: datetime | None = None,
) -> Plan:
    """The tickets that closed, were reopened, or failed before, and those that nobody reads.

    *known* is what we hold of *open_now*, and every incomplete ticket the account may read. With
    *open_messages* all open tickets are read; with *asks_for_gone* also those that the vendor no
    longer knew, and all strays. Other strays are asked for once: by an account that never asked for
    any (*strays_asked_at* is None), and when no run has read them since it did.
    """
    listed = {
        ticket_id
        for ticket_id in open_now
        if open_messages
        or ticket_id in quarantined
        or _is_open_news(known.get(ticket_id))
        or not readers.has(known[ticket_id])
    }
    unlisted, strays = {*quarantined}, set[str]()
    for ticket_id, of in known.items():
        if of.is_complete:
            continue
        if readers.has(of):
            if asks_for_gone or not of.is_gone:
                unlisted.add(ticket_id)
        elif (
            asks_for_gone
            or strays_asked_at is None
            or (not of.was_read and (of.gone_at is None or of.gone_at > strays_asked_at))
        ):
            strays.add(ticket_id)
    unlisted -= {*open_now}
    return Plan(listed, unlisted, strays - unlisted - {*open_now})


def plan_new(
    listed: Mapping[str, TicketRef],
    known: Mapping[str, Known],
    readers: Readers,
    *,
    is_overlap: bool,
) -> set[str]:
    """The ids of *listed* that no run has read, or that changed, by what we hold (*known*).

    One that another account showed first may be another ticket: it is read once, not again where
    the window only overlaps what was listed before.
    """

    def is_news(ref: TicketRef, of: Known | None) -> bool:
        if of is None or not of.was_read or not readers.has(of) or has_changed(ref, of):
            return True
        return of.reader != readers.me and not is_overlap

    return {ref.ticket_id for ref in listed.values() if is_news(ref, known.get(ref.ticket_id))}


def has_changed(ref: TicketRef, known: Known) -> bool:
    """Whether a list betrays that a complete ticket changed since it was read."""
    if not known.is_complete:
        return False
    return not ref.is_closed or _says_else(ref, known)


def find_moved(
    listed: Mapping[str, TicketRef], known: Mapping[str, Known], read: Collection[str]
) -> list[TicketRef]:
    """The open tickets of *listed* whose state moved, or mark, and that are not *read* anyway."""
    return [
        ref
        for ticket_id, ref in listed.items()
        if (of := known.get(ticket_id)) is not None
        and ticket_id not in read
        and not ref.is_closed
        and not of.is_complete
        and _says_else(ref, of)
    ]


def split_history(
    since: datetime,
    watermark: datetime | None,
    now: datetime,
    overlap: timedelta,
    longest: timedelta,
) -> list[Span]:
    """The windows in which new tickets are listed, of at most *longest* each, oldest first.

    They begin *overlap* before *watermark* (at *since* where there is none) and end at *now*. Only
    those that end beyond the watermark move it.
    """
    mark = min(watermark, now) if watermark else since
    whole = SyncWindow(max(mark - overlap, since), now)
    return [
        Span(window, window.until if window.until > mark else None, mark)
        for window in whole.split(longest)
    ]


def find_hidden(
    window: SyncWindow, listed: Collection[str], open_since: Mapping[str, datetime]
) -> set[str]:
    """The tickets created in *window* that another list of this run showed and *listed* lacks.

    *open_since* gives their moments of creation by id.
    """
    created_in = (
        ticket_id
        for ticket_id, created_at in open_since.items()
        if window.since <= created_at < window.until
    )
    return {*created_in}.difference(listed)


def is_due(last: datetime | None, now: datetime) -> bool:
    """Whether it is time to ask again for tickets that the vendor did not know."""
    return last is None or now - last >= ASK_FOR_GONE_EVERY


def _is_open_news(known: Known | None) -> bool:
    """Whether the vendor's *open* tells more than we hold, or somebody asks for a reading."""
    if known is None or known.is_complete or known.is_gone:
        return True
    return known.is_asked_for or not known.was_read


def _says_else(ref: TicketRef, known: Known) -> bool:
    """Whether a list shows another state or mark than we hold."""
    said = ((ref.vendor_status, known.vendor_status), (ref.change_mark, known.change_mark))
    return any(now and now != then for now, then in said)
