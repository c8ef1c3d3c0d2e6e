"""Tickets and messages as rows: written as a run reads them, never deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from include.errors import ContractError, VendorError
from include.models import Account, Message, Ticket, TicketRef
from include.warehouse.mysql import (
    Rule,
    keep_first,
    overwrite,
    refuse_blank_ends,
    upsert,
)
from include.warehouse.tickets.life import (
    Look,
    find_close_span,
    is_history,
    last_look,
    plan_next_look,
    reader_of,
)
from include.warehouse.tickets.messages import (
    Conversation,
    count_messages,
    merge_derived,
    own_id,
    write_messages,
)
from include.warehouse.tickets.openings import drop_doubled_openings
from include.warehouse.tickets.quarantine import put_into_quarantine, release_from_quarantine
from include.warehouse.tickets.tables import (
    cloud_osm_history,
    cloud_osm_list,
    cloud_osm_source,
)
from include.warehouse.types import to_millisecond

NO_ROW: Final = SimpleNamespace(**dict.fromkeys(cloud_osm_list.c.keys()))
"""What is known of a ticket that has no row yet."""


def store_tickets(
    connection: sa.Connection, look: Look, conversations: Sequence[Conversation]
) -> dict[str, ContractError]:
    """Write tickets with their messages; status 0 only for a closed one whose messages are here.

    A reading older than the stored one changes nothing, whoever comes last. Returns the tickets
    that were refused because the id belongs to another ticket already.
    """
    if not conversations:
        return {}
    before = _lock_rows(connection, look, [ticket for ticket, _ in conversations])
    refused = _strangers(before, look, [ticket for ticket, _ in conversations])
    accepted = [
        (ticket, messages)
        for ticket, messages in conversations
        if ticket.ticket_id not in refused and not is_older(before, ticket, look)
    ]
    vendor, now = look.account.vendor, look.at
    upsert(connection, cloud_osm_source, _source_rows(accepted, now), {"create_time": keep_first})
    write_messages(connection, accepted, now)
    read = [ticket.ticket_id for ticket, messages in accepted if messages is not None]
    stored = count_messages(connection, vendor, read)
    # First: to the other, an opening text of ours is a message whose vendor gave an id.
    openings = [ticket_id for ticket_id, of in stored.items() if of.openings]
    changed = drop_doubled_openings(connection, vendor, openings)
    derived = [ticket_id for ticket_id, of in stored.items() if of.derived]
    if changed + merge_derived(connection, vendor, derived):
        stored = count_messages(connection, vendor, read)
    _write_tickets(
        connection,
        [
            _ticket_row(
                ticket,
                messages is not None,
                stored.get(ticket.ticket_id),
                before[ticket.ticket_id],
                look,
            )
            for ticket, messages in accepted
        ],
    )
    _write_history(connection, [ticket for ticket, _ in accepted], before, look)
    ids = [ticket.ticket_id for ticket, _ in conversations if ticket.ticket_id not in refused]
    release_from_quarantine(connection, look.account, ids)
    return refused


def store_part(
    connection: sa.Connection, look: Look, ticket: Ticket, messages: Sequence[Message]
) -> None:
    """Write a part of a long conversation; its ticket has status 1 until the rest is stored.

    Raises ContractError when the id belongs to another ticket already.
    """
    before = _lock_rows(connection, look, [ticket])
    if refused := _strangers(before, look, [ticket]):
        raise refused[ticket.ticket_id]
    if is_older(before, ticket, look):
        return
    write_messages(connection, [(ticket, messages)], look.at)
    row = _ticket_row(ticket, False, None, before[ticket.ticket_id], look)
    # Written after its last whole reading: by that, `verify` sees that the rest is to come.
    _write_tickets(connection, [{**row, "read_at": None, "synced_at": row["read_at"]}])
    _write_history(connection, [ticket], before, look)


def store_outcomes(
    connection: sa.Connection,
    look: Look,
    conversations: Sequence[Conversation],
    failed: Mapping[str, VendorError],
    gone: Collection[str],
    same: Mapping[str, datetime] = MappingProxyType({}),
) -> dict[str, VendorError]:
    """Write what became of a batch of tickets: stored, put aside, gone, or the same as before.

    Those that are *same* come with the moment of the look. Returns all that failed, those that
    storing refused included.
    """
    refused = {**failed, **store_tickets(connection, look, conversations)}
    for ticket_id, error in refused.items():
        put_into_quarantine(connection, look.account, ticket_id, error)
    mark_gone(connection, look.account, gone, look.at)
    note_same(connection, look, same)
    return refused


def note_same(connection: sa.Connection, look: Look, same: Mapping[str, datetime]) -> None:
    """Note of complete tickets that they had not changed at a moment, and plan the next look."""
    if not same:
        return
    t = cloud_osm_list.c
    query = sa.select(t.id, t.cloud_id, t.close_time, t.close_time_max, t.read_at).where(
        t.type == look.account.vendor, t.cloud_id.in_(sorted(same)), t.complete == 1
    )
    rows = []
    for row in connection.execute(query.order_by(t.cloud_id).with_for_update()):
        at, closed_at = same[row.cloud_id], row.close_time or row.close_time_max
        if row.read_at is None or row.read_at < at:
            again = plan_next_look(row.cloud_id, closed_at, at, look.after_closing)
            key = {"id": row.id, "type": look.account.vendor, "cloud_id": row.cloud_id}
            rows.append({**key, "read_at": at, "read_again_at": again})
    if rows:  # in one statement; each row is there
        noted = insert(cloud_osm_list)
        told = {name: noted.inserted[name] for name in ("read_at", "read_again_at")}
        connection.execute(noted.on_duplicate_key_update(told), rows)
    release_from_quarantine(connection, look.account, list(same))


def store_listed(connection: sa.Connection, look: Look, refs: Sequence[TicketRef]) -> None:
    """Let open tickets follow what a list says of their state, without a reading."""
    t = cloud_osm_list.c
    ids = [ref.ticket_id for ref in refs]
    rows = {
        row.cloud_id: row
        for row in connection.execute(
            sa.select(cloud_osm_list)
            .where(t.type == look.account.vendor, t.cloud_id.in_(ids))
            .order_by(t.cloud_id)
            .with_for_update()
        )
    }
    for ref in refs:
        row = rows.get(ref.ticket_id)
        if row is None or row.close_time_max is not None or (row.read_at and row.read_at > look.at):
            continue
        said = {"vendor_status": ref.vendor_status or row.vendor_status}
        said["change_mark"] = ref.change_mark or row.change_mark
        stamp = {} if said["vendor_status"] == row.vendor_status else {"synced_at": look.at}
        connection.execute(sa.update(cloud_osm_list).where(t.id == row.id).values(**said, **stamp))
        if stamp:
            _insert_history(
                connection,
                [
                    {
                        "type": row.type,
                        "cloud_id": row.cloud_id,
                        "seen_at": look.at,
                        "after_at": max(filter(None, (row.read_at, look.listed_at)), default=None),
                        "is_closed": 0,
                        "vendor_status": ref.vendor_status,
                        "product_id": row.product_id,
                        "product_name": row.product_name,
                        "category_id": row.product_business_id,
                        "category_name": row.category_name,
                        "account_id": row.account_id,
                        "run_id": look.run_id,
                    }
                ],
            )


def mark_gone(
    connection: sa.Connection, account: Account, ids: Collection[str], now: datetime
) -> None:
    """Note that the vendor no longer knows these tickets; their rows stay.

    Not of one that another account read: that this one does not know it says nothing.
    """
    if not ids:
        return
    t = cloud_osm_list.c
    mine = (
        (t.type == account.vendor)
        & t.cloud_id.in_(ids)
        & (t.account_id.is_(None) | (t.account_id == account.account_id))
    )
    connection.execute(sa.update(cloud_osm_list).where(mine).values(read_again_at=None))
    connection.execute(
        sa.update(cloud_osm_list)
        .where(mine, t.missing_since.is_(None))
        .values(missing_since=now, synced_at=sa.func.if_(t.synced_at.is_(None), None, now))
    )
    release_from_quarantine(connection, account, ids)


def is_older(before: Mapping[str, sa.Row[Any]], ticket: Ticket, look: Look) -> bool:
    """Whether a newer reading of *ticket* is stored already."""
    stored_at = before[ticket.ticket_id].read_at
    return stored_at is not None and stored_at > look.moment_of(ticket)


def _lock_rows(
    connection: sa.Connection, look: Look, tickets: Sequence[Ticket]
) -> dict[str, sa.Row[Any]]:
    """The rows of *tickets* as they are, by id, held until the end of the transaction.

    One that is not there is made: whoever reads the same ticket waits for us, and then sees it.
    """
    t, vendor = cloud_osm_list.c, look.account.vendor
    ids = sorted({ticket.ticket_id for ticket in tickets})
    refuse_blank_ends(cloud_osm_list, [{"type": vendor, "cloud_id": i} for i in ids])
    query = (
        sa.select(cloud_osm_list)
        .where(t.type == look.account.vendor, t.cloud_id.in_(ids))
        .order_by(t.cloud_id)
        .with_for_update()
    )
    rows = {row.cloud_id: row for row in connection.execute(query)}
    if new := [ticket_id for ticket_id in ids if ticket_id not in rows]:
        made = [
            {"id": own_id("ticket", vendor, ticket_id), "cloud_id": ticket_id, "type": vendor}
            for ticket_id in new
        ]
        result = connection.execute(insert(cloud_osm_list).on_duplicate_key_update(id=t.id), made)
        if result.rowcount == len(new):
            rows |= dict.fromkeys(new, cast("sa.Row[Any]", NO_ROW))
        else:  # another made one of them a moment ago
            rows = {row.cloud_id: row for row in connection.execute(query)}
    return rows


def _strangers(
    before: Mapping[str, sa.Row[Any]], look: Look, tickets: Sequence[Ticket]
) -> dict[str, ContractError]:
    """Tickets whose id another account showed with another creation time: not the same ticket.

    Within an account the vendor's ids are its own: there the row was changed, by hand.
    """
    return {
        ticket.ticket_id: ContractError(
            f"the id is held with another creation time (account {row.account_id}):"
            " compare both at the vendor",
            vendor=look.account.vendor,
            action="store",
        )
        for ticket in tickets
        if (row := before[ticket.ticket_id]).synced_at is not None
        and row.account_id not in (None, look.account.account_id)
        and row.create_time is not None
        and row.create_time != to_millisecond(ticket.created_at)
    }


def _write_tickets(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    overwritten = ("close_time", "close_time_min", "close_time_max", "read_again_at")
    rules: dict[str, Rule] = {
        "custom_id": keep_first,
        **dict.fromkeys((*overwritten, "missing_since", "status", "resolved"), overwrite),
    }
    upsert(connection, cloud_osm_list, rows, rules, silent=("read_at", "read_again_at"))


def _write_history(
    connection: sa.Connection,
    tickets: Sequence[Ticket],
    before: Mapping[str, sa.Row[Any]],
    look: Look,
) -> None:
    rows = []
    for ticket in tickets:
        row = before[ticket.ticket_id]
        reader = reader_of(row, look)
        if is_history(row, ticket, reader):
            rows.append(
                {
                    "type": ticket.vendor,
                    "cloud_id": ticket.ticket_id,
                    "seen_at": look.moment_of(ticket),
                    "after_at": last_look(row, look),
                    "is_closed": int(ticket.is_closed),
                    "vendor_status": ticket.vendor_status,
                    "product_id": ticket.product_id or row.product_id,
                    "product_name": ticket.product_name or row.product_name,
                    "category_id": ticket.category_id or row.product_business_id,
                    "category_name": ticket.category_name or row.category_name,
                    "account_id": reader,
                    "run_id": look.run_id,
                }
            )
    _insert_history(connection, rows)


def _insert_history(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        statement = insert(cloud_osm_history)
        connection.execute(
            statement.on_duplicate_key_update(after_at=cloud_osm_history.c.after_at), rows
        )


def _ticket_row(
    ticket: Ticket,
    is_read: bool,
    stored: sa.Row[Any] | None,
    before: sa.Row[Any],
    look: Look,
) -> dict[str, Any]:
    """A ticket's row; *stored*: its messages here, of which *is_read* says that they are all."""
    newest = stored.newest if stored else None
    span = find_close_span(before, ticket, newest or before.last_message_time, look)
    is_complete = ticket.is_closed and is_read
    read_at = look.moment_of(ticket)
    again = None
    if is_complete and span.by:
        again = plan_next_look(ticket.ticket_id, span.at or span.by, read_at, look.after_closing)
    return {
        "id": own_id("ticket", ticket.vendor, ticket.ticket_id),
        "cloud_id": ticket.ticket_id,
        "status": 0 if is_complete else 1,
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
        "close_time": span.at,
        "last_message_time": newest,
        "message_count": stored.count if stored else (0 if is_read else None),
        "missing_since": None,
        "synced_at": look.at,
        "resolved": ticket.is_resolved,
        "account_id": reader_of(before, look),
        "read_at": read_at,
        "read_again_at": again,
        "close_time_min": span.after,
        "close_time_max": span.by,
        "change_mark": look.marks.get(ticket.ticket_id),
        "severity": ticket.severity,
        "satisfaction": ticket.satisfaction,
        "satisfaction_text": ticket.satisfaction_text,
        "requester_id": ticket.requester_id,
        "requester_name": ticket.requester_name,
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
