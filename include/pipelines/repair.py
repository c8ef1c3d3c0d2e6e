"""Mend what `reconcile.py` found: read the damaged tickets again and store them, as a run would.

Nothing is lost. A message that the vendor, answering in full, does not show is moved whole to
``migration_leftover``; a ticket that the vendor does not know keeps its row, which then says so.
What no vendor says (None, an empty text) overwrites nothing, here as in any run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from include.errors import NotFoundError, PartialError, VendorError
from include.models import Account
from include.pipelines import reconcile
from include.pipelines.catalog import Catalog
from include.pipelines.comparison import NOT_MENDED, Comparison
from include.pipelines.reconcile import Reading
from include.vendors.client import VendorClient
from include.warehouse import catalog, ledger
from include.warehouse import tickets as rows
from include.warehouse.ledger import Counts, Request
from include.warehouse.mysql import Warehouse

AT_ONCE: Final = 20  # tickets of one transaction


def repair(
    client: VendorClient,
    warehouse: Warehouse,
    account: Account,
    found: Comparison,
    *,
    now: datetime,
    request: Request,
    open_messages: bool = False,
    calls_at_once: int = 4,
    progress: Callable[[Counts], None] = lambda counts: None,
) -> Counts:
    """Mend the damaged tickets of *found*, look at them again, and note there what was repaired.

    May be repeated, and killed at any moment. Raises PartialError when some could not be read or
    stored (they wait in quarantine, the rest is repaired), AlreadyRunningError when a run holds
    the account, else what ended it.
    """
    names = Catalog.of(catalog.load(warehouse, account.vendor))
    vendor, ids = account.vendor.upper(), sorted(found.damaged)
    with (
        ledger.hold(
            warehouse, account.account_id, "tickets", vendor=vendor, request=request
        ) as run,
        ThreadPoolExecutor(calls_at_once, thread_name_prefix="repair") as pool,
    ):
        counts = run.counts
        counts.listed = len(ids)
        for some in (ids[i : i + AT_ONCE] for i in range(0, len(ids), AT_ONCE)):
            answers = pool.map(lambda i: reconcile.read(client, i, open_messages), some)
            readings = dict(zip(some, answers, strict=True))
            failed = run.write(
                lambda c, readings=readings: _mend(c, account, found, names, readings, now)  # type: ignore[misc]
            )
            whole = [r for i, r in readings.items() if i not in failed and isinstance(r, tuple)]
            counts.failed += len(failed)
            counts.written += len(whole)
            counts.messages += sum(len(messages or ()) for _, messages in whole)
            counts.gone += len(some) - len(failed) - len(whole)
            counts.calls = client.calls
            progress(counts)
            run.beat()
        left = reconcile.look_again(client, warehouse, account, found, open_messages, calls_at_once)
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


def _mend(
    connection: sa.Connection,
    account: Account,
    found: Comparison,
    names: Catalog,
    readings: Mapping[str, Reading],
    now: datetime,
) -> Mapping[str, VendorError]:
    """Store one batch; what failed."""
    conversations: list[rows.Conversation] = []
    failed: dict[str, VendorError] = {}
    gone: list[str] = []
    for ticket_id, reading in readings.items():
        damage = found.damaged[ticket_id]
        if isinstance(reading, NotFoundError) and not damage.was_listed:
            gone.append(ticket_id)
        elif isinstance(reading, VendorError):
            failed[ticket_id] = reading
        else:
            ticket, messages = reading
            conversations.append((names.complete(ticket), messages))
    refused = rows.settle(connection, account, conversations, failed, gone, now)
    shrunk: list[rows.Conversation] = []
    for ticket, shown in conversations:
        extra = found.damaged[ticket.ticket_id].extra_messages
        # An empty answer is no proof against what we have.
        if extra and shown and ticket.ticket_id not in refused:
            invented = extra - {message.message_id for message in shown}
            rows.set_aside(connection, account, ticket.ticket_id, invented)
            shrunk.append((ticket, shown))
    rows.store(connection, account, shrunk, now)  # counts what is left
    return refused
