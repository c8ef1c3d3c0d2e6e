"""Complete tickets looked at again, beside what is stored of them."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from functools import partial

from include.models import Glance
from include.pipelines.comparison import is_as_stored
from include.pipelines.reconcile import blocks
from include.pipelines.tickets.reading import Outcome, Same, TicketReader
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets import stored
from include.warehouse.tickets.stored import MessageFacts, StoredTicket


def look_again(
    reader: TicketReader,
    warehouse: Warehouse,
    ticket_ids: Collection[str],
    *,
    with_ticket: bool = False,
) -> Generator[Outcome | Same, None, None]:
    """Glance at *ticket_ids* and read those that differ from what is stored.

    Yields and raises as ``TicketReader.look_again``.
    """
    vendor = reader.client.account.vendor
    for some in blocks(ticket_ids):
        rows = stored.read_tickets(warehouse, vendor, some)
        held = stored.read_messages(warehouse, vendor, some)
        yield from reader.look_again(some, partial(_is_same, rows, held), with_ticket=with_ticket)


def _is_same(
    rows: Mapping[str, StoredTicket],
    held: Mapping[str, Mapping[str, MessageFacts]],
    ticket_id: str,
    glance: Glance,
) -> bool:
    return is_as_stored(glance, rows.get(ticket_id), held[ticket_id])
