"""Mend what `reconcile.py` found: read the damaged tickets again and store them, as a run would.

Nothing is lost. A message that the vendor, answering in full, does not show is moved whole to
``migration_leftover``; a ticket that the vendor does not know keeps its row, which then says so.
What no vendor says (None, an empty text) overwrites nothing, here as in any run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from include.errors import NotFoundError, PartialError, VendorError
from include.models import Message, Ticket
from include.pipelines import reconcile
from include.pipelines.catalog import Catalog, load_catalog
from include.pipelines.clock import RunClock
from include.pipelines.comparison import NOT_MENDED, Comparison
from include.pipelines.reconcile import ABOUT_ONE, BY_LISTS, Depth
from include.pipelines.tickets.reading import read_by_parts
from include.pipelines.tickets.rolling import ENTITY
from include.vendors.answers import ask_in_bounds
from include.vendors.client import VendorClient
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Counts, Request, Run
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets import store
from include.warehouse.tickets.account_rows import read_enabled_ids
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.messages import Conversation, set_messages_aside

AT_ONCE: Final = 20  # tickets of one transaction


def repair(
    client: VendorClient,
    warehouse: Warehouse,
    found: Comparison,
    *,
    now: datetime,
    request: Request,
    depth: Depth = BY_LISTS,
    progress: Callable[[Counts], None] = lambda counts: None,
) -> Counts:
    """Mend the damaged tickets of *found*, look at them again, and note there what was repaired.

    May be repeated, killed at any moment, and run beside a sync: an older reading changes nothing.
    Raises PartialError when some could not be read or stored (they wait in quarantine, the rest is
    repaired), AlreadyRunningError when the account's tickets are read again already, else what
    ended it.
    """
    account = client.account
    names = load_catalog(warehouse, account.vendor, account.region)
    vendor, ids = account.vendor, sorted(found.damaged)
    with ExitStack() as stack:
        run = stack.enter_context(
            ledger.hold(warehouse, account.account_id, ENTITY, vendor=vendor, request=request)
        )
        readers = read_enabled_ids(warehouse, vendor)
        look, clock = Look(account, now, run_id=run.run_id, readers=readers), RunClock(now)

        def read(ticket_id: str) -> _Answer | VendorError:
            return ask_in_bounds(
                lambda: _read(run, client, names, ticket_id, depth.open_messages, look, clock())
            )

        pool = ThreadPoolExecutor(depth.calls_at_once, thread_name_prefix="repair")
        # A run that is told to stop does not wait for calls under way.
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        counts = run.counts
        counts.listed = len(ids)
        for some in (ids[i : i + AT_ONCE] for i in range(0, len(ids), AT_ONCE)):
            readings = dict(zip(some, pool.map(read, some), strict=True))
            failed = run.write(
                lambda c, readings=readings: _mend(c, look, found, readings)  # type: ignore[misc]
            )
            whole = [r for i, r in readings.items() if i not in failed and isinstance(r, _Answer)]
            counts.failed += len(failed)
            counts.written += len(whole)
            counts.messages += sum(len(answer.shown) for answer in whole)
            counts.gone += len(some) - len(failed) - len(whole)
            counts.calls = client.calls
            progress(counts)
            run.beat()
        left = reconcile.look_again(client, warehouse, found, depth)
        found.repaired = found.kinds - left
        for kind in NOT_MENDED:
            del found.repaired[kind]
        counts.calls = client.calls
        if counts.failed:
            raise PartialError(
                f"{account.account_id}: {counts.failed} tickets could not be repaired: they wait"
                " in quarantine"
            )
    return counts


@dataclass(frozen=True, slots=True)
class _Answer:
    """A ticket as the vendor shows it."""

    ticket: Ticket
    messages: list[Message] | None
    """What is left of a long conversation; the rest is stored."""
    shown: set[str]
    """The ids of all messages."""


def _read(
    run: Run,
    client: VendorClient,
    names: Catalog,
    ticket_id: str,
    open_messages: bool,
    look: Look,
    at: datetime,
) -> _Answer | VendorError:
    """Read a ticket and store what is too long to hold; the error that is about it alone."""

    def store_part(ticket: Ticket, part: list[Message]) -> None:
        run.write(lambda c: store.store_part(c, look, names.complete(ticket), part))

    try:
        ticket, left, shown = read_by_parts(
            client, ticket_id, at, store_part, open_messages=open_messages
        )
    except ABOUT_ONE as error:
        return error
    return _Answer(names.complete(ticket), left, shown)


def _mend(
    connection: sa.Connection,
    look: Look,
    found: Comparison,
    readings: Mapping[str, _Answer | VendorError],
) -> Mapping[str, VendorError]:
    """Store one batch; what failed."""
    whole: list[_Answer] = []
    failed: dict[str, VendorError] = {}
    gone: list[str] = []
    for ticket_id, reading in readings.items():
        damage = found.damaged[ticket_id]
        if isinstance(reading, NotFoundError) and not damage.was_listed:
            gone.append(ticket_id)
        elif isinstance(reading, VendorError):
            failed[ticket_id] = reading
        else:
            whole.append(reading)
    conversations = [(answer.ticket, answer.messages) for answer in whole]
    refused = store.store_outcomes(connection, look, conversations, failed, gone)
    shrunk: list[Conversation] = []
    for answer in whole:
        ticket_id = answer.ticket.ticket_id
        extra = found.damaged[ticket_id].extra_messages
        # An empty answer is no proof against what we have.
        if extra and answer.shown and ticket_id not in refused:
            set_messages_aside(connection, look.account, ticket_id, extra - answer.shown)
            shrunk.append((answer.ticket, answer.messages))
    store.store_tickets(connection, look, shrunk)  # counts what is left
    return refused
