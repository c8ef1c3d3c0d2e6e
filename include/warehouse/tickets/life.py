"""What one look after another tells of a ticket: when it closed, when to look again, its history.

Plain functions of the row as it was and the ticket as it is; no database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from include.models import Account, Ticket

AFTER_CLOSING: Final = (
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=7),
    timedelta(days=30),
)
"""When a closed ticket is looked at again, unless the settings say otherwise."""
SPREAD: Final = 0.1
"""A look is late by up to this share of its distance, so that those of one hour do not meet."""


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks at tickets, and what was known before.

    *at* is the moment of a reading that does not say its own (``Ticket.read_at``). *listed_at* is
    the last look, if any, that showed every ticket open which our rows call open. *readers* are the
    ids of the vendor's enabled accounts: a ticket of another is taken over.
    """

    account: Account
    at: datetime
    listed_at: datetime | None = None
    run_id: str | None = None
    readers: frozenset[str] = frozenset()
    after_closing: Sequence[timedelta] = AFTER_CLOSING
    marks: dict[str, str | None] = field(default_factory=dict)
    """The marks of change that lists have just shown, by ticket."""

    def moment_of(self, ticket: Ticket) -> datetime:
        """When the vendor was asked for *ticket*."""
        return ticket.read_at or self.at


@dataclass(frozen=True, slots=True)
class CloseSpan:
    """When a ticket closed: *at* is known or None, and lies between the other two."""

    at: datetime | None = None
    after: datetime | None = None
    by: datetime | None = None


def find_close_span(
    before: sa.Row[Any], ticket: Ticket, newest_message: datetime | None, look: Look
) -> CloseSpan:
    """When *ticket* closed, by the row *before* and by what it says now.

    A ticket that stays closed keeps its span: a message after closing does not move it.
    """
    if not ticket.is_closed:
        return CloseSpan()
    if before.close_time_max is not None:
        return CloseSpan(
            ticket.closed_at or before.close_time, before.close_time_min, before.close_time_max
        )
    seen_open, seen_closed = last_look(before, look), look.moment_of(ticket)
    return CloseSpan(
        ticket.closed_at or (seen_closed if seen_open else None),
        seen_open or newest_message,
        seen_closed,
    )


def last_look(before: sa.Row[Any], look: Look) -> datetime | None:
    """The last look that agreed with the row *before*; None where no run had read it."""
    if before.synced_at is None:
        return None
    looks: list[datetime] = [before.read_at or before.synced_at]
    if look.listed_at and before.close_time_max is None:
        looks.append(look.listed_at)  # it was among the open ones
    return max(looks)


def reader_of(before: sa.Row[Any], look: Look) -> str:
    """The account that reads the ticket from now on: as before, unless that one is not enabled."""
    reader: str | None = before.account_id
    me = look.account.account_id
    return reader if reader is not None and reader in look.readers else me


def plan_next_look(
    ticket_id: str, closed_at: datetime, now: datetime, distances: Sequence[timedelta]
) -> datetime | None:
    """When to look again at a ticket that closed at *closed_at*; None after the last distance."""
    share = SPREAD * int.from_bytes(hashlib.sha256(ticket_id.encode()).digest()[:4]) / 2**32
    looks = (closed_at + distance * (1 + share) for distance in sorted(distances))
    return next((moment for moment in looks if moment > now), None)


def is_history(before: sa.Row[Any], ticket: Ticket, reader: str) -> bool:
    """Whether this look shows a state, product, category or account that none had shown."""
    if before.synced_at is None:
        return True
    said = (
        (ticket.product_id, before.product_id),
        (ticket.product_name, before.product_name),
        (ticket.category_id, before.product_business_id),
        (ticket.category_name, before.category_name),
    )
    return (
        ticket.is_closed != (before.close_time_max is not None)
        or ticket.vendor_status != before.vendor_status
        or reader != before.account_id
        or any(now is not None and now != then for now, then in said)
    )
