"""A client whose tickets come without personal data and keys, for ``REDACT_TEXTS=write``.

It stands before everything that stores or compares, so that both see the same. Ids that were made
from a text are made from the original.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from include.errors import AuthError
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
from include.redaction import mask
from include.vendors.client import StorePart, VendorClient


class MaskingClient:
    """All that *client* does, with the texts of tickets masked."""

    def __init__(self, client: VendorClient) -> None:
        self._client = client
        self.account: Account = client.account

    @property
    def max_window(self) -> timedelta:
        """As ``VendorClient.max_window``."""
        return self._client.max_window

    @property
    def calls(self) -> int:
        """As ``VendorClient.calls``."""
        return self._client.calls

    @property
    def clock_skew(self) -> float | None:
        """As ``VendorClient.clock_skew``."""
        return self._client.clock_skew

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def list_tickets(
        self, window: SyncWindow, *, only_open: bool = False
    ) -> Iterator[list[TicketRef]]:
        """As ``VendorClient.list_tickets``, which tells no texts."""
        return self._client.list_tickets(window, only_open=only_open)

    def read_ticket(
        self,
        ticket_id: str,
        *,
        open_messages: bool = False,
        store_part: StorePart | None = None,
    ) -> tuple[Ticket, list[Message] | None]:
        """As ``VendorClient.read_ticket``, the customer's texts masked."""

        def store_masked(ticket: Ticket, part: list[Message]) -> None:
            if store_part:
                store_part(_masked(ticket), _masked_texts(part))

        try:
            ticket, messages = self._client.read_ticket(
                ticket_id,
                open_messages=open_messages,
                store_part=store_masked if store_part else None,
            )
        except AuthError as error:
            if error.ticket is not None:
                error.ticket = _masked(error.ticket)
            raise
        return _masked(ticket), None if messages is None else _masked_texts(messages)

    def glance(self, ticket_id: str, *, with_ticket: bool = False) -> Glance:
        """As ``VendorClient.glance``, the customer's texts masked."""
        shown = self._client.glance(ticket_id, with_ticket=with_ticket)
        ticket = shown.ticket and _masked(shown.ticket)
        return replace(shown, ticket=ticket, messages=_masked_texts(shown.messages))

    def list_products(self) -> Iterator[list[Product]]:
        """As ``VendorClient.list_products``: the vendor's words, not a customer's."""
        return self._client.list_products()

    def list_categories(self) -> Iterator[list[Category]]:
        """As ``VendorClient.list_categories``: the vendor's words, not a customer's."""
        return self._client.list_categories()

    def list_sources(self) -> Iterator[list[Source]]:
        """As ``VendorClient.list_sources``: the vendor's words, not a customer's."""
        return self._client.list_sources()


def _masked(ticket: Ticket) -> Ticket:
    title, said = (
        None if text is None else mask(text) for text in (ticket.title, ticket.satisfaction_text)
    )
    return replace(ticket, title=title, satisfaction_text=said)


def _masked_texts(messages: list[Message]) -> list[Message]:
    return [replace(message, content=mask(message.content)) for message in messages]
