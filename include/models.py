"""The words we think in: plain values, no I/O. Times are aware and in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Self

DERIVED_ID_PREFIX: Final = "derived:"
"""Begins every message id that we made because the vendor gave none."""

HOME_SITE: Final = "home"
"""The site of a vendor that is read where a region does not lead to another one."""
OPENING_ID: Final = "description"


def opening_ids(ticket_id: str) -> frozenset[str]:
    """The message ids that we give an opening text which is not among the vendor's messages."""
    return frozenset({OPENING_ID, f"{ticket_id}#0"})


@dataclass(frozen=True, slots=True)
class Account:
    """One set of keys at one *vendor*, named in lower case: a row of ``cloud_user``."""

    account_id: str
    vendor: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str = ""


@dataclass(frozen=True, slots=True)
class SyncWindow:
    """A half-open span of creation time, ``since <= t < until``."""

    since: datetime
    until: datetime

    def split(self, longest: timedelta) -> Iterator[Self]:
        """Yield consecutive windows of at most *longest* that together are this one."""
        since = self.since
        while since < self.until:
            until = min(since + longest, self.until)
            yield type(self)(since, until)
            since = until


@dataclass(frozen=True, slots=True)
class TicketRef:
    """What a vendor's list tells about a ticket."""

    ticket_id: str
    is_closed: bool
    vendor_status: str
    """What ``Ticket.vendor_status`` of the ticket would be; empty where the list leaves it out."""
    change_mark: str | None = None
    """At most 64 characters that differ after a change which the state does not show; None where
    the vendor's list shows nothing of the kind. An equal mark proves nothing."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A support ticket (工单): everything the vendor told us about it.

    ``None`` always means that the vendor did not say.
    """

    vendor: str
    account_id: str
    ticket_id: str
    title: str | None
    is_closed: bool
    vendor_status: str
    created_at: datetime
    category_id: str | None = None
    category_name: str | None = None
    product_id: str | None = None
    product_name: str | None = None
    source_id: str | None = None
    source_name: str | None = None
    email: str | None = None
    is_resolved: bool | None = None
    """Closed with a result; False: withdrawn, cancelled, invalid or deleted. None while it is open,
    or where the vendor does not say."""
    closed_at: datetime | None = None
    """When the vendor closed it, where the vendor says so; None otherwise."""
    severity: str | None = None
    """How severe it is, in a word of the vendor; a number where nobody has named it."""
    satisfaction: Decimal | None = None
    """How the customer rated it, 1 to 5 (best); two digits. None: not rated, so far."""
    satisfaction_text: str | None = None
    """What the customer wrote to that."""
    requester_id: str | None = None
    """The user of the account who asked; personal data, as is the name."""
    requester_name: str | None = None
    read_at: datetime | None = None
    """The moment before the vendor was asked for it, by the clock of the run."""


@dataclass(frozen=True, slots=True)
class StatusName:
    """What people call a state (工单状态) of a vendor's tickets."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Message:
    """One entry (留言) of a ticket's conversation."""

    ticket_id: str
    message_id: str
    from_customer: bool
    content: str
    created_at: datetime
    author_id: str | None = None
    author_name: str | None = None


MESSAGE_WEIGHT: Final = 500


def weigh(messages: Iterable[Message]) -> int:
    """Weigh messages by what they need in memory: their characters, and something for each."""
    return sum(len(message.content) + MESSAGE_WEIGHT for message in messages)


@dataclass(frozen=True, slots=True)
class Glance:
    """What one call shows of a ticket: enough to see whether one that was closed has changed.

    *ticket* is None where that call tells its messages alone. Unless *is_whole*, a further page may
    hold more messages.
    """

    ticket: Ticket | None
    messages: list[Message]
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Product:
    """A product one can ask about."""

    product_id: str
    name: str
    description: str | None = None
    acronym: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A problem category (问题分类) of one product; the same category may belong to several."""

    category_id: str
    name: str
    product_id: str


@dataclass(frozen=True, slots=True)
class Source:
    """A way (工单来源) in which tickets reach the vendor."""

    source_id: str
    name: str
