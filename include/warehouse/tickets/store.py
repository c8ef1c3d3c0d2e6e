"""Tickets and messages as rows: written as a run reads them, never deleted."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from include.errors import ContractError, VendorError
from include.models import DERIVED_ID_PREFIX, Account, Message, Ticket
from include.warehouse.bookkeeping.tables import migration_leftover
from include.warehouse.mysql import Rule, keep_first, overwrite, overwrite_unless_empty, upsert
from include.warehouse.tickets.openings import drop_doubled_openings
from include.warehouse.tickets.quarantine import put_into_quarantine, release_from_quarantine
from include.warehouse.tickets.tables import cloud_osm_detail, cloud_osm_list, cloud_osm_source
from include.warehouse.types import NOW, stored_name

NAMESPACE: Final = uuid.UUID("5d2b1f3e-6f0a-4d0e-9d57-6c3f0c8a1b42")

Conversation = tuple[Ticket, Sequence[Message] | None]
"""A ticket and its messages; None where they were not read."""


def own_id(kind: str, vendor: str, *key: str) -> str:
    """Our id of a row, made from its natural key: two runs at once make the same row."""
    return uuid.uuid5(NAMESPACE, "\n".join((kind, stored_name(vendor), *key))).hex


def store_tickets(
    connection: sa.Connection,
    account: Account,
    conversations: Sequence[Conversation],
    now: datetime,
) -> dict[str, ContractError]:
    """Write tickets with their messages; status 0 only for a closed one whose messages are here.

    Returns the tickets that were refused because the id belongs to another ticket already.
    """
    if not conversations:
        return {}
    refused = _strangers(connection, account, [ticket for ticket, _ in conversations])
    accepted = [(t, m) for t, m in conversations if t.ticket_id not in refused]
    upsert(connection, cloud_osm_source, _source_rows(accepted, now), {"create_time": keep_first})
    _write_messages(connection, accepted, now)
    read = [ticket.ticket_id for ticket, messages in accepted if messages is not None]
    # First: to the other, an opening text of ours is a message whose vendor gave an id.
    drop_doubled_openings(connection, account.vendor, read)
    _drop_derived_twins(connection, account.vendor, read)
    stored = _count_messages(connection, account.vendor, read)
    _write_tickets(
        connection,
        [_ticket_row(ticket, ms, stored.get(ticket.ticket_id), now) for ticket, ms in accepted],
    )
    release_from_quarantine(connection, account, [ticket.ticket_id for ticket, _ in accepted])
    return refused


def store_part(
    connection: sa.Connection,
    account: Account,
    ticket: Ticket,
    messages: Sequence[Message],
    now: datetime,
) -> None:
    """Write a part of a long conversation; its ticket has status 1 until the rest is stored.

    Raises ContractError when the id belongs to another ticket already.
    """
    if refused := _strangers(connection, account, [ticket]):
        raise refused[ticket.ticket_id]
    _write_messages(connection, [(ticket, messages)], now)
    _write_tickets(connection, [_ticket_row(ticket, None, None, now)])


def store_outcomes(
    connection: sa.Connection,
    account: Account,
    conversations: Sequence[Conversation],
    failed: Mapping[str, VendorError],
    gone: Collection[str],
    now: datetime,
) -> dict[str, VendorError]:
    """Write what became of a batch of tickets: stored, put aside, or unknown to the vendor.

    Returns all that failed, those that storing refused included.
    """
    refused = {**failed, **store_tickets(connection, account, conversations, now)}
    for ticket_id, error in refused.items():
        put_into_quarantine(connection, account, ticket_id, error)
    mark_gone(connection, account, gone, now)
    return refused


def mark_gone(
    connection: sa.Connection, account: Account, ids: Collection[str], now: datetime
) -> None:
    """Note that the vendor no longer knows these tickets; their rows stay."""
    if not ids:
        return
    t = cloud_osm_list.c
    connection.execute(
        sa.update(cloud_osm_list)
        .where(t.type == account.vendor, t.cloud_id.in_(ids), t.missing_since.is_(None))
        .values(missing_since=now, synced_at=now)
    )
    release_from_quarantine(connection, account, ids)


def set_messages_aside(
    connection: sa.Connection, account: Account, ticket_id: str, message_ids: Collection[str]
) -> None:
    """Move messages that the vendor does not show, whole, to migration_leftover."""
    d = cloud_osm_detail.c
    mine = (
        (d.vendor == account.vendor)
        & (d.case_id == ticket_id)
        & d.message_id.in_(list(message_ids))
    )
    # As the columns hold it, not as our types read it.
    whole = sa.select(sa.text("*")).select_from(cloud_osm_detail).where(mine)
    for row in connection.execute(whole).mappings().all():
        connection.execute(
            sa.insert(migration_leftover).values(
                id=uuid.uuid4().hex,
                table_name=cloud_osm_detail.name,
                column_name="",
                row_id=row["id"],
                value=json.dumps(dict(row), ensure_ascii=False, default=str),
                reason="set aside by a repair: the vendor does not show this message",
                found_at=NOW,
            )
        )
    connection.execute(sa.delete(cloud_osm_detail).where(mine))


def _strangers(
    connection: sa.Connection, account: Account, tickets: Sequence[Ticket]
) -> dict[str, ContractError]:
    """Tickets whose id another account showed with another creation time: not the same ticket.

    Within an account the vendor's ids are its own: there the row was changed, by hand.
    """
    t = cloud_osm_list.c
    known = [(ticket.ticket_id, ticket.created_at) for ticket in tickets]
    rows = connection.execute(
        sa.select(t.cloud_id, t.custom_id).where(
            t.type == account.vendor,
            t.cloud_id.in_([ticket.ticket_id for ticket in tickets]),
            t.synced_at.is_not(None),
            t.custom_id.is_distinct_from(account.account_id),
            t.create_time.is_not(None),
            sa.tuple_(t.cloud_id, t.create_time).not_in(known),
        )
    )
    return {
        row.cloud_id: ContractError(
            f"the id is held with another creation time (account {row.custom_id}):"
            " compare both at the vendor",
            vendor=account.vendor,
            action="store",
        )
        for row in rows
    }


def _write_messages(
    connection: sa.Connection, conversations: Sequence[Conversation], now: datetime
) -> None:
    rows = [
        _message_row(ticket, message, now) for ticket, ms in conversations for message in ms or ()
    ]
    upsert(connection, cloud_osm_detail, rows, {"content": overwrite_unless_empty})


def _write_tickets(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    rules: dict[str, Rule] = {
        "custom_id": keep_first,
        "close_time": lambda old, new: sa.case(
            (new.is_(None), sa.null()), else_=keep_first(old, new)
        ),
        "missing_since": overwrite,
        "status": overwrite,
        "resolved": overwrite,
    }
    upsert(connection, cloud_osm_list, rows, rules)


def _ticket_row(
    ticket: Ticket, messages: Sequence[Message] | None, stored: sa.Row[Any] | None, now: datetime
) -> dict[str, Any]:
    return {
        "id": own_id("ticket", ticket.vendor, ticket.ticket_id),
        "cloud_id": ticket.ticket_id,
        "status": 0 if ticket.is_closed and messages is not None else 1,
        "name": ticket.title,
        "email": ticket.email,
        "type": ticket.vendor,
        "product_id": ticket.product_id,
        "product_business_id": ticket.category_id,
        "osm_id": ticket.source_id,
        "custom_id": ticket.account_id,
        "create_time": ticket.created_at,
        "vendor_status": ticket.vendor_status,
        "product_name": ticket.product_name,
        "category_name": ticket.category_name,
        "source_name": ticket.source_name,
        "close_time": now if ticket.is_closed else None,
        "last_message_time": stored.newest if stored else None,
        "message_count": stored.count if stored else (None if messages is None else 0),
        "missing_since": None,
        "synced_at": now,
        "resolved": ticket.is_resolved,
    }


def _message_row(ticket: Ticket, message: Message, now: datetime) -> dict[str, Any]:
    return {
        "id": own_id("message", ticket.vendor, message.ticket_id, message.message_id),
        "case_id": message.ticket_id,
        "message_id": message.message_id,
        "type": "0" if message.from_customer else "1",
        "replier": message.author_id,
        "replier_name": message.author_name,
        "content": message.content,
        "create_time": message.created_at,
        "vendor": ticket.vendor,
        "synced_at": now,
    }


def _source_rows(conversations: Sequence[Conversation], now: datetime) -> list[dict[str, Any]]:
    """Sources that show only in tickets, because no vendor lists them all."""
    named = {
        (t.vendor, t.source_id): t.source_name
        for t, _ in conversations
        if t.source_id and t.source_name
    }
    return [
        {
            "id": source_id,
            "type": vendor,
            "name": name,
            "create_time": now,
            "synced_at": now,
        }
        for (vendor, source_id), name in sorted(named.items())
    ]


def _drop_derived_twins(connection: sa.Connection, vendor: str, ids: Sequence[str]) -> None:
    """Where a vendor began to give ids, drop the rows we had made ids for.

    Only where the same text is stored under a real id: no text can be lost.
    """
    old, new = cloud_osm_detail.alias("old"), cloud_osm_detail.alias("new")
    made = f"{DERIVED_ID_PREFIX}%"
    if not ids:
        return
    twins = connection.scalars(
        sa.select(old.c.id).where(
            old.c.vendor == vendor,
            old.c.case_id.in_(ids),
            old.c.message_id.like(made),
            sa.exists().where(
                new.c.vendor == vendor,
                new.c.case_id == old.c.case_id,
                new.c.message_id.not_like(made),
                new.c.create_time == old.c.create_time,
                sa.func.binary(new.c.content) == sa.func.binary(old.c.content),
            ),
        )
    ).all()
    if twins:
        connection.execute(sa.delete(cloud_osm_detail).where(cloud_osm_detail.c.id.in_(twins)))


def _count_messages(
    connection: sa.Connection, vendor: str, ids: Sequence[str]
) -> dict[str, sa.Row[Any]]:
    """Number and newest time of the messages now stored, by ticket."""
    d = cloud_osm_detail.c
    query = (
        sa.select(
            d.case_id, sa.func.count().label("count"), sa.func.max(d.create_time).label("newest")
        )
        .where(d.vendor == vendor, d.case_id.in_(ids))
        .group_by(d.case_id)
    )
    return {row.case_id: row for row in connection.execute(query)} if ids else {}
