"""The vendor against our tables: what is listed, what is stored, and where they differ.

Reads only; `repair.py` mends what is found. Both sides move: every suspicion is looked at again
before it is told, and what the vendor changed since our last reading is "behind", no difference.
Nothing newer than the account's watermark is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final, Self

from include.errors import ContractError, MovingListError, NotFoundError, RejectedError, VendorError
from include.models import SyncWindow, Ticket
from include.pipelines import comparison as compare
from include.pipelines.comparison import Comparison, Damage, Difference, Kind
from include.vendors.answers import ask_in_bounds
from include.vendors.client import VendorClient
from include.vendors.registry import catalog_site
from include.warehouse.bookkeeping import ledger
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets import stored
from include.warehouse.tickets.quarantine import read_quarantined
from include.warehouse.tickets.stored import MessageFacts, StoredTicket

AT_ONCE: Final = 100  # tickets read and held in memory together
LOOKS: Final = 3
"""How often a ticket that changes while we look at it is looked at, before it counts as behind."""

ABOUT_ONE: Final = (ContractError, RejectedError, MovingListError)
"""Errors that are about the one ticket that was read."""

Progress = Callable[[Comparison], None]
Held = tuple[StoredTicket | None, Mapping[str, MessageFacts]]
"""A ticket's row, and its messages where they are compared."""
Reading = tuple[Ticket, list[MessageFacts] | None] | VendorError
"""A ticket, or the error that is about this one ticket."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How closely tickets are compared, with so many calls under way together.

    *is_deep*: every ticket is read, and its facts and messages are compared too; with
    *open_messages* those of open tickets as well.
    """

    is_deep: bool = False
    open_messages: bool = False
    calls_at_once: int = 4


BY_LISTS: Final = Depth()


def verify(
    client: VendorClient,
    warehouse: Warehouse,
    *,
    since: datetime,
    now: datetime,
    depth: Depth = BY_LISTS,
    limit: int = 20,
    progress: Progress = lambda comparison: None,
) -> Comparison:
    """Compare an account's tickets with the tables, from *since* to its watermark.

    By default from the lists alone: ids, open or closed, and whether complete tickets have their
    messages; only what differs is read. Raises the VendorError that kept a list from being read.
    """
    account = client.account
    watermark = ledger.watermark(warehouse, account.account_id, "tickets")
    # Of a server whose clock is ahead of ours the watermark is too: nothing lies between.
    window = SyncWindow(since, min(watermark or now, now))
    result = Comparison(
        account.account_id,
        account.vendor,
        "tickets",
        since=window.since,
        until=window.until,
        limit=limit,
    )
    seen: set[str] = set()

    def note() -> None:
        result.calls = client.calls
        progress(result)

    with TicketComparer(client, warehouse, result, depth) as look:
        for span in window.split(client.max_window):
            listed = {
                ref.ticket_id: ref.is_closed
                for page in client.list_tickets(span)
                for ref in page
                if ref.ticket_id not in seen
            }
            seen |= listed.keys()
            note()
            for ids in blocks(listed):
                look.at_listed({ticket_id: listed[ticket_id] for ticket_id in ids})
                note()
        for page in stored.list_owned_ids(warehouse, account, window):
            for ids in blocks([ticket_id for ticket_id in page if ticket_id not in seen]):
                look.at_unlisted(ids)
                note()
    return result


def verify_catalog(client: VendorClient, warehouse: Warehouse, *, limit: int = 20) -> Comparison:
    """Compare a vendor's products, categories and known sources with the active rows."""
    vendor = client.account.vendor
    site = catalog_site(vendor, client.account.region)
    result = Comparison(ledger.owner_of(vendor, site), vendor, "catalog", limit=limit)
    pairs = {(c.product_id, c.category_id) for page in client.list_categories() for c in page}
    at_vendor: dict[str, set[tuple[str, ...]]] = {
        "products": {(p.product_id,) for page in client.list_products() for p in page},
        "categories": {(category_id,) for _, category_id in pairs},
        "pairs": set(pairs),
        "sources": {(s.source_id,) for page in client.list_sources() for s in page},
    }
    for entity, held in stored.read_catalog_keys(warehouse, vendor, site).items():
        shown = at_vendor[entity]
        result.at_vendor[entity], result.stored[entity] = len(shown), len(held)
        for key in sorted(shown - held):
            result.note("missing", f"{entity} {'/'.join(key)}", "run `refresh`")
        if entity != "sources":  # most sources show only with the tickets
            for key in sorted(held - shown):
                result.note("extra", f"{entity} {'/'.join(key)}", "run `refresh`")
    result.calls = client.calls
    return result


class TicketComparer:
    """Compares tickets, looks at each that differs once more, and notes what is left in *result*.

    A context manager: its threads end with it.
    """

    def __init__(
        self,
        client: VendorClient,
        warehouse: Warehouse,
        result: Comparison,
        depth: Depth,
    ) -> None:
        self._client, self._warehouse, self._vendor = client, warehouse, client.account.vendor
        self._result, self._deep = result, depth.is_deep
        self._open_messages = depth.open_messages
        self._aside = read_quarantined(warehouse, client.account)
        self._pool = ThreadPoolExecutor(depth.calls_at_once, thread_name_prefix="verify")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def at_listed(self, listed: Mapping[str, bool]) -> None:
        """Compare tickets with what a list says: whether each is closed."""
        held = self._held(listed)
        self._count(listed.values(), [row for row, _ in held.values() if row])
        readings: dict[str, Reading] = {}
        if self._deep:
            there = [ticket_id for ticket_id, (row, _) in held.items() if row]
            readings = dict(zip(there, self._pool.map(self._read, there), strict=True))
        for ticket_id, reading in readings.items():
            self._result.at_vendor["messages"] += self._compared(held[ticket_id][0], reading)
        suspects = {
            i: is_closed
            for i, is_closed in listed.items()
            if any(self._differences(i, held[i], readings.get(i), is_closed))
        }
        self.confirm(suspects)

    def at_unlisted(self, ids: Sequence[str]) -> None:
        """Ask for stored tickets that no list showed: gone, or only left out of the list."""
        unsure = [i for i, (row, _) in self._held(ids).items() if row and not row.is_gone]
        self._result.gone += len(ids) - len(unsure)
        self.confirm(dict.fromkeys(unsure))

    def confirm(self, suspects: Mapping[str, bool | None]) -> None:
        """Look at tickets again, alone, and note what differs still.

        By id, whether the list says closed; None for those that no list showed.
        """
        for found in self._pool.map(self._look_again, suspects, suspects.values()):
            for one in found:
                self._result.note(one.kind, one.item, one.detail, one.message_id)
                if one.kind in compare.NOT_MENDED:
                    continue
                was_listed = suspects[one.item] is not None
                damage = self._result.damaged.setdefault(one.item, Damage(was_listed))
                if one.kind == "message extra":
                    damage.extra_messages.add(one.message_id)

    def _look_again(self, ticket_id: str, is_closed: bool | None) -> list[Difference]:
        for _ in range(LOOKS):
            before = self._held([ticket_id])
            reading = self._read(ticket_id)
            if self._held([ticket_id]) == before and not isinstance(reading, MovingListError):
                return list(self._differences(ticket_id, before[ticket_id], reading, is_closed))
        return [Difference("behind", ticket_id, "it keeps changing")]

    def _differences(
        self, ticket_id: str, held: Held, reading: Reading | None, is_closed: bool | None
    ) -> Iterator[Difference]:
        """How a ticket differs, by its reading, or before there is one by the list."""
        row, texts = held
        waits = "in quarantine, see `status`" if ticket_id in self._aside else ""
        if is_closed is None:
            yield from self._of_unlisted(ticket_id, row, reading)
        elif reading is None or isinstance(reading, VendorError):
            yield from compare.of_listed(ticket_id, is_closed, row, waits)
            if reading is not None and row is not None and self._deep:
                yield Difference("unreadable", ticket_id, str(reading))
        elif not waits and compare.is_behind(reading[0], row):
            state = "closed" if reading[0].is_closed else "open"
            yield Difference("behind", ticket_id, f"{state} at the vendor")
        else:
            yield from compare.of_listed(ticket_id, reading[0].is_closed, row, waits)
            if row is not None and self._deep:
                yield from compare.of_facts(reading[0], row)
                if reading[1] is not None and (row.is_complete or self._open_messages):
                    yield from compare.of_messages(row, reading[1], texts, self._result.until)

    def _of_unlisted(
        self, ticket_id: str, row: StoredTicket | None, reading: Reading | None
    ) -> Iterator[Difference]:
        if row is None or row.is_gone:
            return  # noted by a run meanwhile
        if isinstance(reading, NotFoundError):
            yield Difference("unknown", ticket_id)
        elif isinstance(reading, VendorError):
            yield Difference("unreadable", ticket_id, str(reading))
        else:
            yield Difference("extra", ticket_id, "it is not listed, and can still be read")

    def _compared(self, row: StoredTicket | None, reading: Reading) -> int:
        """How many messages of a reading are compared with those of the row."""
        if row is None or isinstance(reading, VendorError):
            return 0
        wanted = row.is_complete or self._open_messages
        return len({message.message_id for message in reading[1] or () if wanted})

    def _count(self, listed: Collection[bool], rows: Collection[StoredTicket]) -> None:
        self._result.at_vendor.update({"tickets": len(listed), "closed": sum(listed)})
        self._result.stored.update(
            {
                "tickets": len(rows),
                "closed": sum(row.is_complete for row in rows),
                "messages": sum(row.messages_held for row in rows),
            }
        )

    def _read(self, ticket_id: str) -> Reading:
        return ask_in_bounds(lambda: read(self._client, ticket_id, self._open_messages))

    def _held(self, ids: Collection[str]) -> dict[str, Held]:
        """What is stored of these tickets now."""
        rows = stored.read_tickets(self._warehouse, self._vendor, ids)
        texts = stored.read_messages(self._warehouse, self._vendor, ids) if self._deep else {}
        return {i: (rows.get(i), texts.get(i, {})) for i in ids}


def read(client: VendorClient, ticket_id: str, open_messages: bool) -> Reading:
    """A ticket, or the error that is about this one ticket."""
    shown: list[MessageFacts] = []
    try:
        ticket, last = client.read_ticket(
            ticket_id,
            open_messages=open_messages,
            store_part=lambda _, part: shown.extend(map(MessageFacts.of, part)),
        )
    except ABOUT_ONE as error:
        return error
    return ticket, None if last is None else [*shown, *map(MessageFacts.of, last)]


def look_again(
    client: VendorClient, warehouse: Warehouse, found: Comparison, depth: Depth
) -> Counter[Kind]:
    """What still differs of the damaged tickets of *found*, in depth."""
    result = Comparison(found.account_id, found.vendor, found.entity, until=found.until)
    with TicketComparer(client, warehouse, result, replace(depth, is_deep=True)) as look:
        for ids in blocks(found.damaged):
            look.confirm({i: True if found.damaged[i].was_listed else None for i in ids})
    return result.kinds


def blocks(ids: Collection[str]) -> Iterator[list[str]]:
    """The ids in sorted blocks, small enough to hold their texts."""
    remaining = iter(sorted(ids))
    while block := list(islice(remaining, AT_ONCE)):
        yield block
