"""A Tencent ticket's conversation, page by page (spec.md, section 5.2).

No total is told, so only an empty page ends it, or a server that ignores page numbers.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Final

from include.models import Message, weigh
from include.vendors import fields
from include.vendors.fields import Record

PAGE_SIZE: Final = 20  # the largest one seen
MAX_PAGES: Final = 2_000
PART_WEIGHT: Final = 500_000
"""As much as this may wait in memory for the next page."""


class Conversation:
    """Takes the answers about a ticket one after the other; holds what nobody has taken yet."""

    def __init__(self, ticket_id: str, zone: tzinfo, warn: Callable[[str], None]) -> None:
        self.ticket_id = ticket_id
        self.pages = self._weight = 0
        self.is_over = False
        self.pages_were_full = True
        """Whether every page was, the last one apart."""
        self._zone, self._warn = zone, warn
        self._description = ""
        self._messages: dict[str, Message] = {}
        self._repeated: Counter[str] = Counter()
        self._first_spoken: Message | None = None
        self._last_page = b""
        self._all_full = True
        self._seen = hashlib.sha256()

    @property
    def digest(self) -> bytes:
        """Equal for two readings that were answered the same."""
        return self._seen.digest()

    @property
    def may_go_on(self) -> bool:
        """Whether every page was full, so that there may be another."""
        return self._all_full and not self.is_over

    @property
    def is_long(self) -> bool:
        """Whether what is held should be taken before the next page comes."""
        return self._weight > PART_WEIGHT

    def add(self, answer: Record) -> None:
        """Take the next page out of an answer about the ticket."""
        self._description = fields.text(answer, "Content")
        page = fields.records(answer, "Comments", optional=True)
        said = _digest(page)
        self.is_over = not page or said == self._last_page
        if self.is_over:
            return
        self.pages += 1
        if self.pages == MAX_PAGES:
            raise answer.fault(f"more than {MAX_PAGES} pages of comments")
        self._seen.update(said)
        self._last_page = said
        self.pages_were_full = self._all_full
        self._all_full = self._all_full and len(page) == PAGE_SIZE
        self.is_over = len(page) > PAGE_SIZE
        for item in page:
            self._add(self._message(item))

    def take_part(self) -> list[Message]:
        """The messages since the last taking, oldest first."""
        taken = sorted(self._messages.values(), key=lambda message: message.created_at)
        self._messages, self._weight = {}, 0
        return taken

    def take_last(self, created_at: datetime) -> list[Message]:
        """What is left, and the ticket's description, unless the customer began with it."""
        text, first = self._description, self._first_spoken
        if not text.strip() or (first and first.content == text):
            return self.take_part()
        opening = Message(self.ticket_id, f"{self.ticket_id}#0", True, text, created_at)
        return [opening, *self.take_part()]

    def _message(self, item: Record) -> Message:
        role, content = fields.text(item, "Role"), fields.text(item, "Content")
        if role not in ("customer", "support"):
            self._warn(f"unknown role {role!r} counts as support")
        message_id = fields.optional_identifier(item, "CommentId")
        message_id = message_id or fields.optional_identifier(item, "Id")
        created_at = fields.local_time(item, "CreateTime", zone=self._zone)
        if message_id is None:
            parts = (self.ticket_id, str(item.need("CreateTime")), role, content)
            same = fields.derived_id(*parts)
            message_id = fields.derived_id(*parts, str(self._repeated[same]))
            self._repeated[same] += 1
        return Message(self.ticket_id, message_id, role == "customer", content, created_at)

    def _add(self, message: Message) -> None:
        self._messages[message.message_id] = message
        self._weight += weigh([message])
        first = self._first_spoken
        if message.from_customer and (
            first is None
            or message.created_at < first.created_at
            or message.message_id == first.message_id
        ):
            self._first_spoken = message


def _digest(page: list[Record]) -> bytes:
    digest = hashlib.sha256()
    for item in page:
        digest.update(json.dumps(item.value, sort_keys=True).encode())
    return digest.digest()
