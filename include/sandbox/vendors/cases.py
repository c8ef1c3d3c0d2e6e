"""The words of the sandbox: an account, its tickets, their messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

OPEN_STATES: Final = ("waiting", "working", "feedback", "solved")
CLOSED_STATES: Final = frozenset({"closed", "cancelled", "invalid"})
"""States are the sandbox's own words; each wire file spells them its vendor's way. Besides these
there are ``reopened`` and ``unknown`` (a status no document lists), which are open."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """An account of a vendor; *index* counts from 0."""

    vendor: str
    index: int
    access_key: str
    secret_key: str = field(repr=False)
    owner_id: str
    """The vendor's id of who owns the account."""


@dataclass(slots=True)
class Talk:
    """One message of a conversation."""

    number: int
    from_customer: bool
    content: str
    created_at: datetime
    card: bool = False
    """Its text is not where other messages have theirs, as in Alibaba's cards."""
    third_party: bool = False
    """Written by neither the customer nor the vendor."""


@dataclass(slots=True)
class Case:
    """A ticket as the vendor knows it."""

    vendor: str
    tenant: int
    ticket_id: str
    title: str
    description: str
    created_at: datetime
    state: str
    product_id: str | None
    category_id: str | None
    source: str
    updated_at: datetime
    closed_at: datetime | None = None
    """When it closed the last time; None while it is open."""
    urgent: bool = False
    ratings: tuple[int, ...] = ()
    """How the customer rated promptness and result, 1 to 5 (best); empty: not, so far."""
    judgement: str = ""
    """What the customer wrote to that."""
    talks: list[Talk] = field(default_factory=list)

    @property
    def is_closed(self) -> bool:
        """Whether the vendor is done with it."""
        return self.state in CLOSED_STATES
