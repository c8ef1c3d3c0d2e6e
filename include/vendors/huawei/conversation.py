"""A Huawei ticket's conversation, out of the answer that holds all of it (spec.md, section 4.2)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta, timezone
from typing import Final

from include.models import OPENING_ID, Message, Ticket
from include.vendors import fields
from include.vendors.fields import Record

ZONE: Final = timezone(timedelta(hours=8))


def read_messages(ticket: Ticket, detail: Record) -> list[Message]:
    """The conversation, oldest first; the description is in it even if the vendor leaves it out."""
    description = fields.optional_text(detail, "simple_description") or ""
    messages: dict[str, Message] = {}
    repeated: Counter[tuple[str, ...]] = Counter()
    has_opening = not description.strip()
    for item in fields.records(detail, "message_list"):
        created_at = fields.local_time(item, "create_time", zone=ZONE)
        sender, content = fields.integer(item, "type"), fields.text(item, "content")
        author_id = fields.optional_code(item, "replier")
        message_id = fields.optional_identifier(item, "message_id")
        if message_id is None:
            parts = (created_at.isoformat(), str(sender), author_id or "", content)
            message_id = fields.derived_id(ticket.ticket_id, *parts, str(repeated[parts]))
            repeated[parts] += 1
        messages[message_id] = Message(
            ticket_id=ticket.ticket_id,
            message_id=message_id,
            from_customer=sender == 0,
            content=content,
            created_at=created_at,
            author_id=author_id,
            author_name=fields.optional_text(item, "replier_name") or None,
        )
        is_same_text = sender == 0 and content.strip() == description.strip()
        has_opening |= item.get("is_first_message") == 1 or is_same_text
    conversation = sorted(messages.values(), key=lambda message: message.created_at)
    if has_opening:
        return conversation
    opening = Message(ticket.ticket_id, OPENING_ID, True, description, ticket.created_at)
    return [opening, *conversation]
