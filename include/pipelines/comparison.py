"""What the vendor says of a ticket beside what the tables hold: every way in which they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from include.models import Glance, Ticket, opening_ids
from include.warehouse.tickets.stored import Fingerprint, MessageFacts, StoredTicket

Kind = Literal[
    "missing",
    "incomplete",
    "wrongly complete",
    "reopened",
    "extra",
    "unknown",
    "differs",
    "message missing",
    "message differs",
    "message extra",
    "unreadable",
    "behind",
]
MEANING: Final[dict[Kind, str]] = {
    "missing": "the vendor lists it and we have no row",
    "incomplete": "closed at the vendor, still incomplete here: the next run reads it",
    "wrongly complete": "marked complete (status 0) without all its messages",
    "reopened": "open at the vendor, still complete here: the next run reads it",
    "extra": "we have a row and the vendor no longer lists it",
    "unknown": "we have a row and the vendor does not know the ticket",
    "differs": "a fact of a ticket or catalogue row is not what the vendor says",
    "message missing": "the vendor shows a message that we do not have",
    "message differs": "a message is not what the vendor shows",
    "message extra": "we have a message that the vendor no longer shows",
    "unreadable": "the vendor lists it and does not let it be read",
    "behind": "changed at the vendor since we read it, no difference: the next look reads it",
}
NOT_MENDED: Final = frozenset[Kind]({"unreadable", "behind"})
"""What reading the ticket again would not mend, or what the next run does."""
LATER_FACTS: Final = (
    "severity",
    "satisfaction",
    "satisfaction_text",
    "requester_id",
    "requester_name",
)
"""What a vendor may say for the first time when a ticket is closed and read already."""
TICKET_FACTS: Final = (
    "title",
    "email",
    "vendor_status",
    "created_at",
    "product_id",
    "product_name",
    "category_id",
    "category_name",
    "source_id",
    "source_name",
    *LATER_FACTS,
)
MOVING_FACTS: Final = frozenset({"vendor_status", "severity"})
"""What changes while a ticket is open without a run reading it."""
NO_TEXT: Final = Fingerprint.of("")
MESSAGE_FACTS: Final = ("from_customer", "content", "created_at", "author_id", "author_name")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. *detail* names fields and lengths, never a customer's text."""

    kind: Kind
    item: str
    detail: str = ""
    message_id: str = ""


@dataclass(slots=True)
class Damage:
    """What must be mended of a ticket."""

    was_listed: bool
    extra_messages: set[str] = field(default_factory=set)
    """Messages that the vendor, answering in full, does not show."""


@dataclass(slots=True)
class Comparison:
    """What was compared, how much of it, and where it differs."""

    account_id: str
    vendor: str
    entity: Literal["tickets", "catalog"]
    since: datetime | None = None
    until: datetime | None = None
    at_vendor: Counter[str] = field(default_factory=Counter)
    stored: Counter[str] = field(default_factory=Counter)
    gone: int = 0
    """Stored tickets that are noted as unknown to the vendor: no difference."""
    calls: int = 0
    limit: int = 20
    kinds: Counter[Kind] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    """The first *limit* of each kind."""
    damaged: dict[str, Damage] = field(default_factory=dict)
    """Every ticket that reading it again may mend, by id."""
    repaired: Counter[Kind] = field(default_factory=Counter)

    def note(self, kind: Kind, item: str, detail: str = "", message_id: str = "") -> None:
        """Count a difference, and keep it while there are few of its kind."""
        self.kinds[kind] += 1
        if self.kinds[kind] <= self.limit:
            self.differences.append(Difference(kind, item, detail, message_id))

    @property
    def left(self) -> int:
        """How many differences there are still."""
        found = self.kinds - self.repaired
        return found.total() - found["behind"]

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs, or everything was repaired."""
        return not self.left


def of_listed(
    ticket_id: str, is_closed: bool, row: StoredTicket | None, waits: str
) -> Iterator[Difference]:
    """How a row differs from open or closed; *waits* says why that may be."""
    if row is None:
        yield Difference("missing", ticket_id, waits)
        return
    if is_closed and not row.is_complete:
        yield Difference("incomplete", ticket_id, waits)
    elif not is_closed and row.is_complete:
        yield Difference("reopened", ticket_id, waits)
    if row.is_complete and not row.is_proved:
        yield Difference("wrongly complete", ticket_id, "no run has read its messages")
    elif row.is_complete and row.message_count != row.messages_held:
        detail = f"{row.messages_held} messages stored, {row.message_count} when it was read"
        yield Difference("wrongly complete", ticket_id, detail)


def is_behind(ticket: Ticket, row: StoredTicket | None) -> bool:
    """Whether a ticket closed or was reopened since its last whole reading.

    Its row then still says in which state we read it, or only a part of its conversation is stored.
    A row that says the vendor's present state, was read whole and does not follow it is damaged.
    """
    return (
        row is not None
        and row.is_complete != ticket.is_closed
        and (row.is_in_parts or row.vendor_status not in (None, ticket.vendor_status))
    )


def of_facts(ticket: Ticket, row: StoredTicket) -> Iterator[Difference]:
    """The facts of a ticket that was read by us and is not about to be read anyway."""
    if row.was_read and row.is_complete == ticket.is_closed:
        for name, detail in _unlike(ticket, row, TICKET_FACTS):
            if ticket.is_closed or name not in MOVING_FACTS:
                is_new = name in LATER_FACTS and getattr(row, name) is None
                yield Difference("behind" if is_new else "differs", row.ticket_id, detail)


def of_messages(
    row: StoredTicket,
    messages: Sequence[MessageFacts],
    held: Mapping[str, MessageFacts],
    read_at: datetime | None,
) -> Iterator[Difference]:
    """The messages of a ticket; those newer than *read_at*, our last reading, are to come."""
    ticket_id = row.ticket_id
    shown = {message.message_id: message for message in messages}
    held = _without_twins(ticket_id, shown, held)
    absent = [message for name, message in shown.items() if name not in held]
    missing = [
        m.message_id
        for m in absent
        if read_at is None or m.created_at is None or m.created_at < read_at
    ]
    if len(missing) < len(absent):
        yield Difference("behind", ticket_id, f"{len(absent) - len(missing)} new messages")
    for name in missing:
        yield Difference("message missing", ticket_id, f"message {name}", name)
    if missing and row.is_complete and row.message_count == row.messages_held:
        detail = f"{len(missing)} of {len(shown)} messages missing"
        yield Difference("wrongly complete", ticket_id, detail)
    for name in sorted(held.keys() - shown.keys()):
        yield Difference("message extra", ticket_id, f"message {name}", name)
    for name in sorted(shown.keys() & held.keys()):
        for _, detail in _unlike(shown[name], held[name], MESSAGE_FACTS):
            yield Difference("message differs", ticket_id, f"message {name}: {detail}", name)


def is_as_stored(
    glance: Glance, row: StoredTicket | None, held: Mapping[str, MessageFacts]
) -> bool:
    """Whether a glance shows a complete ticket as its row has it, with just the messages we hold.

    An opening text that we gave an id need not be among those shown.
    """
    if row is None or not row.is_proved or not glance.is_whole:
        return False
    ticket, messages = glance.ticket, [MessageFacts.of(message) for message in glance.messages]
    if ticket and (not ticket.is_closed or any(of_facts(ticket, row))):
        return False
    openings = opening_ids(row.ticket_id)
    return row.message_count == row.messages_held and all(
        found.kind == "message extra" and found.message_id in openings
        for found in of_messages(row, messages, held, None)
    )


def _without_twins(
    ticket_id: str, shown: Mapping[str, MessageFacts], held: Mapping[str, MessageFacts]
) -> dict[str, MessageFacts]:
    """What we hold; an opening text that the vendor ceased to show has the id we would give it."""
    same = dict(held)
    for name in opening_ids(ticket_id) & shown.keys() - held.keys():
        for twin, message in held.items():
            if twin not in shown and message.from_customer and _is_same(message, shown[name]):
                same[name] = shown[name]
                del same[twin]
                break
    return same


def _is_same(one: MessageFacts, other: MessageFacts) -> bool:
    return one.content is not None and one.content == other.content


def _unlike(
    theirs: Ticket | MessageFacts, ours: StoredTicket | MessageFacts, names: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """The facts that the vendor says and the row does not hold: name, and name with lengths."""
    for name in names:
        said, held = getattr(theirs, name), getattr(ours, name)
        if isinstance(said, datetime):  # the tables hold milliseconds
            said = said.replace(microsecond=said.microsecond // 1000 * 1000)
        if said in (None, held, NO_TEXT):
            continue  # an empty text never replaces one that we have
        here, there = _length(held), _length(said)
        if here is not None and there is not None:
            yield name, f"{name} ({here} characters stored, {there} at the vendor)"
        else:
            yield name, name if held is not None else f"{name} is not stored"


def _length(value: object) -> int | None:
    """The characters of a text; None for what is none."""
    if isinstance(value, Fingerprint):
        return value.length
    return len(value) if isinstance(value, str) else None
