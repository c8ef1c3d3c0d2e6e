"""Tickets and messages as rows: what is known, what is stored, what waits in quarantine."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from include.errors import ContractError, VendorError
from include.models import DERIVED_ID_PREFIX, Account, Message, Ticket
from include.warehouse.bookkeeping.ledger import NOW
from include.warehouse.bookkeeping.tables import migration_leftover, sync_quarantine
from include.warehouse.mysql import Rule, Warehouse, upsert
from include.warehouse.tickets.tables import cloud_osm_detail, cloud_osm_list, cloud_osm_source

NAMESPACE: Final = uuid.UUID("5d2b1f3e-6f0a-4d0e-9d57-6c3f0c8a1b42")
IDS_AT_ONCE: Final = 1000

Conversation = tuple[Ticket, Sequence[Message] | None]
"""A ticket and its messages; None where they were not read."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the warehouse holds about a ticket."""

    is_complete: bool
    was_read: bool
    """False for a row of another system that no run of ours has read yet."""
    is_gone: bool
    account_id: str | None


def own_id(*key: str) -> str:
    """Our id of a row, made from its natural key: two runs at once make the same row."""
    return uuid.uuid5(NAMESPACE, "\n".join(key)).hex


def as_millis(moment: datetime) -> int:
    """Milliseconds since 1970 UTC, exact."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def as_moment(moment: datetime) -> datetime:
    """What a DATETIME column holds: UTC without its mark."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def known(warehouse: Warehouse, account: Account, ticket_ids: Collection[str]) -> dict[str, Known]:
    """What we hold of *ticket_ids*, by id; ids without a row are left out."""
    t = cloud_osm_list.c
    return {
        row.cloud_id: _known(row)
        for some in _chunks(sorted(ticket_ids))
        for row in warehouse.transact(
            lambda c, some=some: c.execute(  # type: ignore[misc]
                _facts().where(t.type == account.vendor.upper(), t.cloud_id.in_(some))
            ).all()
        )
    }


def incomplete(warehouse: Warehouse, account: Account) -> dict[str, Known]:
    """The tickets of this account that we hold with status 1, by id."""
    t = cloud_osm_list.c
    query = _facts().where(
        t.type == account.vendor.upper(), t.custom_id == account.account_id, t.status != 0
    )
    return {
        row.cloud_id: _known(row) for row in warehouse.transact(lambda c: c.execute(query).all())
    }


def store(
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
    upsert(connection, cloud_osm_source, _source_rows(accepted, now), {"create_time": _keep})
    _write_messages(connection, accepted, now)
    read = [ticket.ticket_id for ticket, messages in accepted if messages is not None]
    _drop_derived_twins(connection, account.vendor.upper(), read)
    stored = _stored(connection, account.vendor.upper(), read)
    _write_tickets(
        connection,
        [_ticket_row(ticket, ms, stored.get(ticket.ticket_id), now) for ticket, ms in accepted],
    )
    free(connection, account, [ticket.ticket_id for ticket, _ in accepted])
    return refused


def store_part(
    connection: sa.Connection,
    account: Account,
    ticket: Ticket,
    messages: Sequence[Message],
    now: datetime,
) -> None:
    """Write a part of a long conversation; its ticket has status 1 until ``store`` has the rest.

    Raises ContractError when the id belongs to another ticket already.
    """
    if refused := _strangers(connection, account, [ticket]):
        raise refused[ticket.ticket_id]
    _write_messages(connection, [(ticket, messages)], now)
    _write_tickets(connection, [_ticket_row(ticket, None, None, now)])


def settle(
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
    refused = {**failed, **store(connection, account, conversations, now)}
    for ticket_id, error in refused.items():
        quarantine(connection, account, ticket_id, error)
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
        .where(t.type == account.vendor.upper(), t.cloud_id.in_(ids), t.missing_since.is_(None))
        .values(missing_since=as_millis(now), synced_at=as_moment(now))
    )
    free(connection, account, ids)


def set_aside(
    connection: sa.Connection, account: Account, ticket_id: str, message_ids: Collection[str]
) -> None:
    """Move messages that the vendor does not show, whole, to migration_leftover."""
    d = cloud_osm_detail.c
    mine = (
        (d.vendor == account.vendor.upper())
        & (d.case_id == ticket_id)
        & d.message_id.in_(list(message_ids))
    )
    found = connection.execute(sa.select(cloud_osm_detail).where(mine)).mappings().all()
    for row in found:
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


def quarantined(warehouse: Warehouse, account: Account) -> set[str]:
    """The ids of this account's tickets that failed by themselves."""
    q = sync_quarantine.c
    query = sa.select(q.item_id).where(q.account_id == account.account_id)
    return set(warehouse.transact(lambda c: c.scalars(query).all()))


def quarantine(
    connection: sa.Connection, account: Account, ticket_id: str, error: VendorError
) -> None:
    """Put a ticket aside, with the reason; the first time stays, the attempts count up."""
    row = {
        "account_id": account.account_id,
        "item_id": ticket_id,
        "error_class": type(error).__name__,
        "error_text": str(error)[:2000],
        "request_id": error.request_id[:128],
        "attempts": 1,
    }
    q = sync_quarantine.c
    mine = (q.account_id == account.account_id) & (q.item_id == ticket_id)
    again = {**row, "attempts": q.attempts + 1, "last_at": NOW}
    if not connection.execute(sa.update(sync_quarantine).where(mine).values(again)).rowcount:
        connection.execute(sa.insert(sync_quarantine).values(**row, first_at=NOW, last_at=NOW))


def free(connection: sa.Connection, account: Account, ids: Collection[str]) -> None:
    """Take tickets out of quarantine."""
    q = sync_quarantine.c
    if ids:
        connection.execute(
            sa.delete(sync_quarantine).where(
                q.account_id == account.account_id, q.item_id.in_(list(ids))
            )
        )


def _facts() -> sa.Select[Any]:
    t = cloud_osm_list.c
    return sa.select(t.cloud_id, t.status, t.synced_at, t.missing_since, t.custom_id)


def _known(row: sa.Row[Any]) -> Known:
    return Known(
        is_complete=row.status == 0,
        was_read=row.synced_at is not None,
        is_gone=row.missing_since is not None,
        account_id=row.custom_id,
    )


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[i : i + IDS_AT_ONCE] for i in range(0, len(ids), IDS_AT_ONCE))


def _strangers(
    connection: sa.Connection, account: Account, tickets: Sequence[Ticket]
) -> dict[str, ContractError]:
    """Tickets whose id another account showed with another creation time: not the same ticket.

    Within an account the vendor's ids are its own: there the row was changed, by hand.
    """
    t = cloud_osm_list.c
    created = {ticket.ticket_id: as_millis(ticket.created_at) for ticket in tickets}
    rows = connection.execute(
        sa.select(t.cloud_id, t.create_time, t.custom_id).where(
            t.type == account.vendor.upper(),
            t.cloud_id.in_(created),
            t.synced_at.is_not(None),
            t.custom_id.is_distinct_from(account.account_id),
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
        if row.create_time is not None and row.create_time != created[row.cloud_id]
    }


def _write_messages(
    connection: sa.Connection, conversations: Sequence[Conversation], now: datetime
) -> None:
    rows = [
        _message_row(ticket, message, now) for ticket, ms in conversations for message in ms or ()
    ]
    upsert(connection, cloud_osm_detail, rows, {"content": _keep_text})


def _write_tickets(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    rules: dict[str, Rule] = {
        "custom_id": _keep,
        "close_time": lambda old, new: sa.case((new.is_(None), sa.null()), else_=_keep(old, new)),
        "missing_since": lambda old, new: new,
        "status": lambda old, new: new,
    }
    upsert(connection, cloud_osm_list, rows, rules)


def _ticket_row(
    ticket: Ticket, messages: Sequence[Message] | None, stored: sa.Row[Any] | None, now: datetime
) -> dict[str, Any]:
    vendor = ticket.vendor.upper()
    return {
        "id": own_id("ticket", vendor, ticket.ticket_id),
        "cloud_id": ticket.ticket_id,
        "status": 0 if ticket.is_closed and messages is not None else 1,
        "name": ticket.title,
        "email": ticket.email,
        "type": vendor,
        "product_id": ticket.product_id,
        "product_business_id": ticket.category_id,
        "osm_id": ticket.source_id,
        "custom_id": ticket.account_id,
        "create_time": as_millis(ticket.created_at),
        "vendor_status": ticket.vendor_status,
        "product_name": ticket.product_name,
        "category_name": ticket.category_name,
        "source_name": ticket.source_name,
        "close_time": as_millis(now) if ticket.is_closed else None,
        "last_message_time": stored.newest if stored else None,
        "message_count": stored.count if stored else (None if messages is None else 0),
        "missing_since": None,
        "synced_at": as_moment(now),
    }


def _message_row(ticket: Ticket, message: Message, now: datetime) -> dict[str, Any]:
    vendor = ticket.vendor.upper()
    return {
        "id": own_id("message", vendor, message.ticket_id, message.message_id),
        "case_id": message.ticket_id,
        "message_id": message.message_id,
        "type": "0" if message.from_customer else "1",
        "replier": message.author_id,
        "replier_name": message.author_name,
        "content": message.content,
        "create_time": as_millis(message.created_at),
        "vendor": vendor,
        "synced_at": as_moment(now),
    }


def _source_rows(conversations: Sequence[Conversation], now: datetime) -> list[dict[str, Any]]:
    """Sources that show only in tickets, because no vendor lists them all."""
    named = {
        (t.vendor.upper(), t.source_id): t.source_name
        for t, _ in conversations
        if t.source_id and t.source_name
    }
    return [
        {
            "id": source_id,
            "type": vendor,
            "name": name,
            "create_time": as_millis(now),
            "synced_at": as_moment(now),
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


def _stored(connection: sa.Connection, vendor: str, ids: Sequence[str]) -> dict[str, sa.Row[Any]]:
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


def _keep(old: sa.ColumnElement[Any], new: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """What was said first stays."""
    return sa.func.coalesce(old, new)


def _keep_text(old: sa.ColumnElement[Any], new: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """An empty text does not overwrite one."""
    # By length: in common collations a control character equals the empty text. And without
    # parameters, which the driver does not allow behind the values of a multi-row insert.
    empty = new.is_(None) | (sa.func.char_length(new) == sa.literal_column("0"))
    return sa.case((empty, sa.func.coalesce(old, new)), else_=new)
