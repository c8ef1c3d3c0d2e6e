"""A vendor in a dictionary: an honest client without a wire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar

from include.errors import NotFoundError
from include.models import (
    Account,
    Category,
    Glance,
    Message,
    Product,
    Source,
    SyncWindow,
    Ticket,
    TicketRef,
)
from include.vendors.client import StorePart
from tests.builders import a_message, a_ticket, an_account


@dataclass
class FakeClient:
    """Holds tickets and messages; ``errors`` makes a ticket or a list fail."""

    max_window: ClassVar = timedelta(days=30)
    account: Account = field(default_factory=an_account)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    messages: dict[str, list[Message]] = field(default_factory=dict)
    products: list[Product] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    errors: dict[str, Exception] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    """What the list shows beside the state, by ticket."""
    calls: int = 0
    clock_skew: float | None = None
    reads: list[str] = field(default_factory=list)
    glances: list[str] = field(default_factory=list)
    shows_ticket: bool = True
    """Whether a glance shows the ticket, even if it was not asked to."""
    part: int = 0
    """So many messages are handed over at once; 0: all."""

    def add(self, ticket_id: str, messages: int = 2, **changes: object) -> Ticket:
        ticket = a_ticket(
            ticket_id,
            vendor=self.account.vendor,
            account_id=self.account.account_id,
            **changes,
        )
        self.tickets[ticket_id] = ticket
        self.messages[ticket_id] = [a_message(ticket_id, f"M{i}") for i in range(messages)]
        return ticket

    def change(self, ticket_id: str, **changes: object) -> None:
        self.tickets[ticket_id] = replace(self.tickets[ticket_id], **changes)  # type: ignore[arg-type]

    def list_tickets(
        self, window: SyncWindow, *, only_open: bool = False
    ) -> Iterator[list[TicketRef]]:
        self.calls += 1
        refs = [
            TicketRef(t.ticket_id, t.is_closed, t.vendor_status, self.marks.get(t.ticket_id))
            for t in self.tickets.values()
            if window.since <= t.created_at < window.until and not (only_open and t.is_closed)
        ]
        yield refs
        if "list" in self.errors:
            raise self.errors["list"]

    def read_ticket(
        self,
        ticket_id: str,
        *,
        open_messages: bool = False,
        store_part: StorePart | None = None,
    ) -> tuple[Ticket, list[Message] | None]:
        self.calls += 1
        self.reads.append(ticket_id)
        if ticket_id in self.errors:
            raise self.errors[ticket_id]
        if ticket_id not in self.tickets:
            raise NotFoundError("no such ticket", vendor=self.account.vendor, action="read")
        ticket = self.tickets[ticket_id]
        ticket = replace(ticket, is_resolved=ticket.is_resolved if ticket.is_closed else None)
        if not (ticket.is_closed or open_messages):
            return ticket, None
        last = list(self.messages[ticket_id])
        while store_part and self.part and len(last) > self.part:
            store_part(ticket, last[: self.part])
            last = last[self.part :]
        return ticket, last

    def glance(self, ticket_id: str, *, with_ticket: bool = False) -> Glance:
        self.calls += 1
        self.glances.append(ticket_id)
        if ticket_id in self.errors:
            raise self.errors[ticket_id]
        if ticket_id not in self.tickets:
            raise NotFoundError("no such ticket", vendor=self.account.vendor, action="glance")
        ticket = self.tickets[ticket_id] if self.shows_ticket or with_ticket else None
        return Glance(ticket, list(self.messages[ticket_id]))

    def list_products(self) -> Iterator[list[Product]]:
        self.calls += 1
        yield list(self.products)

    def list_categories(self) -> Iterator[list[Category]]:
        self.calls += 1
        yield list(self.categories)

    def list_sources(self) -> Iterator[list[Source]]:
        yield list(self.sources)

    def close(self) -> None:
        pass
