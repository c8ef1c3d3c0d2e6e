"""A client whose tickets come without personal data and keys, for ``REDACT_TEXTS=write``.

It stands before everything that stores or compares, so that both see the same. Ids that were made
from a text are made from the original.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from include.errors import AuthError
from include.models import Message, Ticket
from include.redaction import mask
from include.vendors.client import Keep, VendorClient


class MaskingClient:
    """All that *client* does, with the texts of tickets masked."""

    def __init__(self, client: VendorClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def read_ticket(
        self, ticket_id: str, *, open_messages: bool = False, keep: Keep | None = None
    ) -> tuple[Ticket, list[Message] | None]:
        """As ``VendorClient.read_ticket``, title and messages masked."""

        def keep_masked(ticket: Ticket, part: list[Message]) -> None:
            if keep:
                keep(_masked(ticket), _masked_texts(part))

        try:
            ticket, messages = self._client.read_ticket(
                ticket_id, open_messages=open_messages, keep=keep_masked if keep else None
            )
        except AuthError as error:
            if error.ticket is not None:
                error.ticket = _masked(error.ticket)
            raise
        return _masked(ticket), None if messages is None else _masked_texts(messages)


def _masked(ticket: Ticket) -> Ticket:
    return replace(ticket, title=mask(ticket.title))


def _masked_texts(messages: list[Message]) -> list[Message]:
    return [replace(message, content=mask(message.content)) for message in messages]
