"""The vendor against our tables: what is listed, what is stored, and where they differ.

Reads only. Both sides move: a ticket that closes while we compare is reported, and is gone from
the next report once a run has read it. Nothing newer than the account's watermark is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, Literal

from include.errors import ContractError, NotFoundError, RejectedError
from include.models import Account, Message, SyncWindow, Ticket
from include.vendors.client import VendorClient
from include.warehouse import ledger, stored
from include.warehouse.mysql import Warehouse
from include.warehouse.stored import StoredMessage, StoredTicket
from include.warehouse.tickets import quarantined

Kind = Literal[
    "missing",
    "incomplete",
    "wrongly complete",
    "reopened",
    "extra",
    "differs",
    "message missing",
    "message differs",
    "message extra",
    "unreadable",
]
MEANING: Final[dict[Kind, str]] = {
    "missing": "the vendor lists it and we have no row",
    "incomplete": "closed at the vendor, still incomplete here: the next run reads it",
    "wrongly complete": "marked complete (status 0) without all its messages",
    "reopened": "open at the vendor, still complete here: the next run reads it",
    "extra": "we have a row and the vendor no longer lists it",
    "differs": "a fact of a complete ticket or catalogue row is not what the vendor says",
    "message missing": "the vendor shows a message that we do not have",
    "message differs": "a message is not what the vendor shows",
    "message extra": "we have a message that the vendor no longer shows",
    "unreadable": "the vendor lists it and does not let it be read",
}
TICKET_FACTS: Final = (
    "title",
    "email",
    "vendor_status",
    "created_at",
    "product_name",
    "category_name",
    "source_name",
)
MESSAGE_FACTS: Final = ("from_customer", "content", "created_at", "author_id", "author_name")
AT_ONCE: Final = 100  # tickets read and held in memory together


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. *detail* names fields and lengths, never a customer's text."""

    kind: Kind
    item: str
    detail: str


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
    """Stored tickets that the vendor says it does not know: noted, no difference."""
    calls: int = 0
    limit: int = 20
    kinds: Counter[Kind] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    """The first *limit* of each kind."""

    def note(self, kind: Kind, item: str, detail: str = "") -> None:
        """Count a difference, and keep it while there are few of its kind."""
        self.kinds[kind] += 1
        if self.kinds[kind] <= self.limit:
            self.differences.append(Difference(kind, item, detail))

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return not self.kinds


Progress = Callable[[Comparison], None]


def verify(
    client: VendorClient,
    warehouse: Warehouse,
    account: Account,
    *,
    since: datetime,
    now: datetime,
    deep: bool = False,
    open_messages: bool = False,
    calls_at_once: int = 4,
    limit: int = 20,
    progress: Progress = lambda comparison: None,
) -> Comparison:
    """Compare an account's tickets with the tables, from *since* to its watermark.

    By default from the lists alone: ids, open or closed, and whether complete tickets have their
    messages. With *deep* every ticket is read and its facts and messages are compared too.
    Raises the VendorError that kept a list from being read.
    """
    watermark = ledger.watermark(warehouse, account.account_id, "tickets")
    window = SyncWindow(since, watermark or now)
    result = Comparison(
        account.account_id,
        account.vendor,
        "tickets",
        since=window.since,
        until=window.until,
        limit=limit,
    )
    aside = quarantined(warehouse, account)
    seen: set[str] = set()

    def note() -> None:
        result.calls = client.calls
        progress(result)

    pool = ThreadPoolExecutor(calls_at_once, thread_name_prefix="verify")
    try:
        for span in window.split(client.capabilities.max_window):
            listed = {
                ref.ticket_id: ref.is_closed
                for page in client.list_tickets(span)
                for ref in page
                if ref.ticket_id not in seen
            }
            seen |= listed.keys()
            note()
            for ids in _blocks(listed):
                held = stored.tickets(warehouse, account.vendor, ids)
                for ticket_id in ids:
                    _compare_listed(result, ticket_id, listed[ticket_id], held, aside)
                if deep:
                    _compare_contents(
                        result, client, warehouse, pool, held, open_messages=open_messages
                    )
                note()
        for page in stored.owned_ids(warehouse, account, window):
            for ids in _blocks([ticket_id for ticket_id in page if ticket_id not in seen]):
                _look_for(result, client, warehouse, pool, ids)
                note()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return result


def verify_catalog(client: VendorClient, warehouse: Warehouse, *, limit: int = 20) -> Comparison:
    """Compare a vendor's products, categories and known sources with the active rows."""
    vendor = client.account.vendor
    result = Comparison(vendor.upper(), vendor, "catalog", limit=limit)
    pairs = {(c.product_id, c.category_id) for page in client.list_categories() for c in page}
    at_vendor: dict[str, set[tuple[str, ...]]] = {
        "products": {(p.product_id,) for page in client.list_products() for p in page},
        "categories": {(category_id,) for _, category_id in pairs},
        "pairs": set(pairs),
        "sources": {(s.source_id,) for page in client.list_sources() for s in page},
    }
    for entity, held in stored.catalog_keys(warehouse, vendor).items():
        shown = at_vendor[entity]
        result.at_vendor[entity], result.stored[entity] = len(shown), len(held)
        for key in sorted(shown - held):
            result.note("missing", f"{entity} {'/'.join(key)}", "run `refresh`")
        if entity != "sources":  # most sources show only with the tickets
            for key in sorted(held - shown):
                result.note("extra", f"{entity} {'/'.join(key)}", "run `refresh`")
    result.calls = client.calls
    return result


def _compare_listed(
    result: Comparison,
    ticket_id: str,
    is_closed: bool,
    held: dict[str, StoredTicket],
    aside: Collection[str],
) -> None:
    """Compare what a list says of a ticket with its row."""
    result.at_vendor["tickets"] += 1
    result.at_vendor["closed"] += is_closed
    waits = "in quarantine, see `status`" if ticket_id in aside else ""
    row = held.get(ticket_id)
    if row is None:
        result.note("missing", ticket_id, waits)
        return
    result.stored["tickets"] += 1
    result.stored["closed"] += row.is_complete
    result.stored["messages"] += row.messages_held
    if is_closed and not row.is_complete:
        result.note("incomplete", ticket_id, waits)
    elif not is_closed and row.is_complete:
        result.note("reopened", ticket_id, waits)
    if row.is_complete and row.message_count is None:
        result.note("wrongly complete", ticket_id, "no run has read its messages")
    elif row.is_complete and row.message_count != row.messages_held:
        detail = f"{row.messages_held} messages stored, {row.message_count} when it was read"
        result.note("wrongly complete", ticket_id, detail)


def _compare_contents(
    result: Comparison,
    client: VendorClient,
    warehouse: Warehouse,
    pool: ThreadPoolExecutor,
    held: dict[str, StoredTicket],
    *,
    open_messages: bool,
) -> None:
    """Read tickets that are listed and stored, and compare them with their rows."""
    texts = stored.messages(warehouse, client.account.vendor, held.keys())
    readings = pool.map(lambda ticket_id: _read(client, ticket_id, open_messages), held)
    for row, reading in zip(held.values(), readings, strict=True):
        if isinstance(reading, Exception):
            result.note("unreadable", row.ticket_id, str(reading))
            continue
        ticket, messages = reading
        if row.is_complete and ticket.is_closed:
            for name in _unlike(ticket, row, TICKET_FACTS):
                result.note("differs", row.ticket_id, name)
        if messages is not None and (row.is_complete or open_messages):
            result.at_vendor["messages"] += len({message.message_id for message in messages})
            _compare_messages(result, row, messages, texts[row.ticket_id])


def _compare_messages(
    result: Comparison,
    row: StoredTicket,
    messages: Sequence[Message],
    held: dict[str, StoredMessage],
) -> None:
    shown = {message.message_id: message for message in messages}
    missing = [message_id for message_id in shown if message_id not in held]
    for message_id in missing:
        result.note("message missing", row.ticket_id, f"message {message_id}")
    if missing and row.is_complete and row.message_count == row.messages_held:
        detail = f"{len(missing)} of {len(shown)} messages missing"
        result.note("wrongly complete", row.ticket_id, detail)
    for message_id in sorted(held.keys() - shown.keys()):
        result.note("message extra", row.ticket_id, f"message {message_id}")
    for message_id in sorted(shown.keys() & held.keys()):
        for name in _unlike(shown[message_id], held[message_id], MESSAGE_FACTS):
            result.note("message differs", row.ticket_id, f"message {message_id}: {name}")


def _look_for(
    result: Comparison,
    client: VendorClient,
    warehouse: Warehouse,
    pool: ThreadPoolExecutor,
    ids: Collection[str],
) -> None:
    """Ask for stored tickets that no list showed: gone, or only left out of the list."""
    held = stored.tickets(warehouse, client.account.vendor, ids)
    result.gone += sum(row.is_gone for row in held.values())
    unsure = [ticket_id for ticket_id, row in held.items() if not row.is_gone]
    readings = pool.map(lambda ticket_id: _read(client, ticket_id, False), unsure)
    for ticket_id, reading in zip(unsure, readings, strict=True):
        if isinstance(reading, NotFoundError):
            result.gone += 1
        elif isinstance(reading, Exception):
            result.note("unreadable", ticket_id, str(reading))
        else:
            result.note("extra", ticket_id, "it is not listed, and can still be read")


def _read(
    client: VendorClient, ticket_id: str, open_messages: bool
) -> tuple[Ticket, list[Message] | None] | ContractError | RejectedError:
    """A ticket, or the error that is about this one ticket."""
    try:
        return client.read_ticket(ticket_id, open_messages=open_messages)
    except (ContractError, RejectedError) as error:
        return error


def _unlike(
    theirs: Ticket | Message, ours: StoredTicket | StoredMessage, names: Sequence[str]
) -> Iterator[str]:
    """Name the facts that the vendor says and the row does not hold."""
    for name in names:
        said, held = getattr(theirs, name), getattr(ours, name)
        if isinstance(said, datetime):  # the tables hold milliseconds
            said = said.replace(microsecond=said.microsecond // 1000 * 1000)
        if said is None or said == held or (said == "" and name == "content"):
            continue  # an empty text never replaces one that we have
        if isinstance(said, str) and isinstance(held, str):
            yield f"{name} ({len(held)} characters stored, {len(said)} at the vendor)"
        else:
            yield name if held is not None else f"{name} is not stored"


def _blocks(ids: Collection[str]) -> Iterator[list[str]]:
    """The ids in sorted blocks, small enough to hold their texts."""
    remaining = iter(sorted(ids))
    while block := list(islice(remaining, AT_ONCE)):
        yield block
