"""The decision which tickets a run reads: pure functions of what lists show and what we hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from include.models import SyncWindow
from include.warehouse.tickets.known import Known

ASK_FOR_GONE_EVERY: Final = timedelta(days=1)
"""How often a ticket that the vendor no longer knows is asked for again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The ids to read: *listed* ones a list has just shown, *unlisted* ones none shows."""

    listed: set[str]
    unlisted: set[str]


@dataclass(frozen=True, slots=True)
class Span:
    """A window of new tickets. *watermark* is what may be noted once all of it is stored."""

    window: SyncWindow
    watermark: datetime | None


def plan_changed(
    open_now: Collection[str],
    known: Mapping[str, Known],
    quarantined: Collection[str],
    *,
    open_messages: bool,
    asks_for_gone: bool,
) -> Plan:
    """The tickets that closed, were reopened, or failed before.

    *known* is what we hold of *open_now*, and every incomplete ticket of the account. With
    *open_messages* all open tickets are read; with *asks_for_gone* also those that the vendor no
    longer knew.
    """
    listed = {
        ticket_id
        for ticket_id in open_now
        if open_messages or ticket_id in quarantined or _is_open_news(known.get(ticket_id))
    }
    held = {ticket_id for ticket_id, of in known.items() if asks_for_gone or not of.is_gone}
    return Plan(listed, (held | {*quarantined}) - {*open_now})


def plan_new(
    listed: Collection[str], known: Mapping[str, Known], account_id: str, *, is_overlap: bool
) -> set[str]:
    """The ids of *listed* that no run has read, by what we hold of them (*known*).

    One that another account showed first may be another ticket: it is read once, not again where
    the window only overlaps what was listed before.
    """

    def is_news(of: Known | None) -> bool:
        if of is None or not of.was_read:
            return True
        return of.account_id != account_id and not is_overlap

    return {ticket_id for ticket_id in listed if is_news(known.get(ticket_id))}


def split_history(
    since: datetime,
    watermark: datetime | None,
    now: datetime,
    overlap: timedelta,
    longest: timedelta,
) -> list[Span]:
    """The windows in which new tickets are listed, of at most *longest* each, oldest first.

    They begin *overlap* before *watermark* (at *since* where there is none) and end at *now*. Only
    those beyond the watermark move it.
    """
    mark = min(watermark, now) if watermark else since
    start = max(mark - overlap, since)
    overlapping, new = SyncWindow(start, mark), SyncWindow(mark, now)
    return [
        *(Span(window, None) for window in overlapping.split(longest)),
        *(Span(window, window.until) for window in new.split(longest)),
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
    """Whether the vendor's *open* tells more than we hold."""
    return known is None or known.is_complete or known.is_gone or not known.was_read
