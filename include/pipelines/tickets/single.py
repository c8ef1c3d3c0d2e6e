"""Tickets that somebody asks for by id: read and stored at once, beside whatever run is under way.

No account is taken: a reading that is older than the stored one changes nothing, so that it does
not matter who finishes last.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from include.errors import SyncError, VendorError
from include.models import Message, Ticket
from include.pipelines.catalog import load_catalog
from include.pipelines.clock import RunClock
from include.pipelines.tickets.reading import Failed, Gone, Outcome, TicketReader
from include.settings import Settings
from include.vendors.client import VendorClient
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.account_rows import read_enabled_ids
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.store import store_outcomes, store_part

ENTITY = "ticket"
State = Literal["complete", "open", "unread", "unknown", "failed"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one ticket.

    *unread*: it is stored without its messages, to which the account has no right. *messages*: how
    many the vendor showed.
    """

    ticket_id: str
    vendor: str
    account_id: str
    state: State
    messages: int = 0
    error: SyncError | None = None


def read_tickets(
    client: VendorClient,
    warehouse: Warehouse,
    ticket_ids: Collection[str],
    owned: Collection[str],
    *,
    settings: Settings,
    now: datetime,
    request: Request,
) -> list[Answer]:
    """Read *ticket_ids* with their messages through one account, and store each as it comes.

    Those of *owned* are known to be this account's: what the vendor no longer knows of them is
    noted. Raises what the warehouse raises; what a vendor refuses is in the answers.
    """
    account = client.account
    names = load_catalog(warehouse, account.vendor, account.region)
    readers = read_enabled_ids(warehouse, account.vendor)
    look = Look(account, now, readers=readers, after_closing=settings.looks_after_closing)

    def store_some(ticket: Ticket, part: list[Message]) -> None:
        known = names.complete(ticket)
        warehouse.transact(lambda c: store_part(c, look, known, part))

    def store(outcome: Outcome) -> Answer:
        def write(connection: sa.Connection) -> dict[str, VendorError]:
            if isinstance(outcome, Failed):
                aside = {outcome.ticket_id: outcome.error}
                return store_outcomes(connection, look, [], aside, [])
            if isinstance(outcome, Gone):
                gone = [outcome.ticket_id] if outcome.ticket_id in owned else []
                return store_outcomes(connection, look, [], {}, gone)
            conversation = (names.complete(outcome.ticket), outcome.messages)
            return store_outcomes(connection, look, [conversation], {}, [])

        failed = warehouse.transact(write)
        return _answer(client, outcome, failed)

    reader = TicketReader(
        client, settings.calls_at_once, True, store_some, lambda: None, RunClock(now)
    )
    answers: dict[str, Answer] = {}
    try:
        # A refusal says that a stranger's ticket is not ours, and nothing of our own.
        for some, are_strays in ((set(owned), False), (set(ticket_ids) - set(owned), True)):
            outcomes = reader.read(some, was_listed=False, are_strays=are_strays)
            with closing(outcomes):
                for outcome in outcomes:
                    answer = store(outcome)
                    answers[answer.ticket_id] = answer
    except VendorError as error:  # it is about more than one: those left wait for a run
        for ticket_id in set(ticket_ids) - answers.keys():
            answers[ticket_id] = _answer(client, Failed(ticket_id, error), {ticket_id: error})
    told = [answers[ticket_id] for ticket_id in sorted(answers)]
    known = [answer for answer in told if answer.state != "unknown"]
    failed = sum(answer.state == "failed" for answer in known)
    if known:
        ledger.note(
            warehouse,
            account.account_id,
            ENTITY,
            vendor=account.vendor,
            request=request,
            written=len(known) - failed,
            failed=failed,
        )
    return told


def _answer(client: VendorClient, outcome: Outcome, failed: dict[str, VendorError]) -> Answer:
    account = client.account
    who = (account.vendor, account.account_id)
    if isinstance(outcome, Failed):
        return Answer(outcome.ticket_id, *who, "failed", error=failed[outcome.ticket_id])
    if isinstance(outcome, Gone):
        return Answer(outcome.ticket_id, *who, "unknown")
    ticket_id = outcome.ticket.ticket_id
    if ticket_id in failed:
        return Answer(ticket_id, *who, "failed", error=failed[ticket_id])
    if outcome.messages is None:
        return Answer(ticket_id, *who, "unread", error=outcome.messages_refused)
    state: State = "complete" if outcome.ticket.is_closed else "open"
    return Answer(ticket_id, *who, state, outcome.shown)
