"""Messages as rows: written with their ticket, merged where two are one, never lost."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa

from include.models import DERIVED_ID_PREFIX, Account, Message, Ticket
from include.warehouse.bookkeeping.leftovers import leave_rows
from include.warehouse.mysql import overwrite_unless_empty, upsert
from include.warehouse.tickets.openings import is_opening
from include.warehouse.tickets.tables import cloud_osm_detail
from include.warehouse.types import stored_name

CUT_AT: Final = 50
"""Characters of a text in the user's DDL; a server that is not strict cut it there."""
FIRST_TIME: Final = 10**9
"""Milliseconds below which a number is no moment of a message, but what was cut from a text."""
ROWS_AT_ONCE: Final = 1000
NAMESPACE: Final = uuid.UUID("5d2b1f3e-6f0a-4d0e-9d57-6c3f0c8a1b42")

Conversation = tuple[Ticket, Sequence[Message] | None]
"""A ticket and its messages; None where they were not read."""


def own_id(kind: str, vendor: str, *key: str) -> str:
    """Our id of a row, made from its natural key: two runs at once make the same row."""
    return uuid.uuid5(NAMESPACE, "\n".join((kind, stored_name(vendor), *key))).hex


def write_messages(
    connection: sa.Connection, conversations: Sequence[Conversation], now: datetime
) -> None:
    """Write the messages of *conversations*; an empty text replaces none that is there."""
    rows = (
        _message_row(ticket, message, now) for ticket, ms in conversations for message in ms or ()
    )
    # A row and what the driver makes of it are larger than a short message.
    while some := list(islice(rows, ROWS_AT_ONCE)):
        upsert(connection, cloud_osm_detail, some, {"content": overwrite_unless_empty})


def merge_derived(connection: sa.Connection, vendor: str, ids: Collection[str]) -> int:
    """Where a message with a made-up id is one that a run has read, leave one row.

    That one has the vendor's id; where a vendor gives none, its id is made up too, and the other is
    a row that no run has read.

    It is when time, direction and text are equal, or the text is its beginning, cut at the user's
    50 characters. Times are equal to the second where one has no milliseconds; one that is missing,
    or was cut (the year of a date text alone), equals that of a message of which the other program
    has no row. The row that was there first stays, under its ``id``, and takes over what the vendor
    says. Returns how many rows were taken over.
    """
    old, new = cloud_osm_detail.alias("old"), cloud_osm_detail.alias("new")
    made = f"{DERIVED_ID_PREFIX}%"
    if not ids:
        return 0
    old_ms, new_ms = (sa.type_coerce(side.c.create_time, sa.BigInteger) for side in (old, new))
    same_time = (old_ms == new_ms) | ((old_ms % 1000 == 0) & (old_ms == new_ms - new_ms % 1000))
    read = new.c.message_id.not_like(made) | (
        old.c.synced_at.is_(None) & new.c.synced_at.is_not(None)
    )
    no_time = old_ms.is_(None) | (old_ms < FIRST_TIME)
    text, whole = sa.func.binary(old.c.content), new.c.content
    cut = sa.func.char_length(old.c.content) == CUT_AT
    same_text = (text == sa.func.binary(whole)) | (
        cut & (text == sa.func.binary(sa.func.left(whole, CUT_AT)))
    )
    pairs = connection.execute(
        sa.select(
            old.c.id.label("old"),
            new.c.id.label("new"),
            new.c.case_id,
            new.c.message_id,
            no_time.label("no_time"),
        )
        .where(
            old.c.vendor == vendor,
            old.c.case_id.in_(list(ids)),
            old.c.message_id.like(made),
            new.c.vendor == vendor,
            new.c.case_id == old.c.case_id,
            read,
            same_time | no_time,
            old.c.type.is_(None) | (old.c.type == new.c.type),
            same_text,
        )
        .order_by(no_time, new.c.message_id, old.c.id)
    ).all()
    merged: set[str] = set()
    for pair in pairs:
        ours = own_id("message", vendor, pair.case_id, pair.message_id)
        is_claimed = pair.no_time and pair.new != ours  # the other program has its row of it
        if not is_claimed and not merged & {pair.old, pair.new}:
            merged |= {pair.old, pair.new}
            take_over(connection, cloud_osm_detail, kept=pair.old, dropped=pair.new)
    return len(merged)


def take_over(connection: sa.Connection, table: sa.Table, *, kept: str, dropped: str) -> None:
    """Leave one row of two: the id of *kept*, and all that *dropped* says."""
    row = connection.execute(sa.select(table).where(table.c.id == dropped)).mappings().one()
    values = {
        name: value
        for name, value in row.items()
        if value is not None and name != "id" and table.c[name].computed is None
    }
    connection.execute(sa.delete(table).where(table.c.id == dropped))
    connection.execute(sa.update(table).where(table.c.id == kept).values(**values))


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
    leave_rows(
        connection,
        cloud_osm_detail,
        mine,
        "set aside by a repair: the vendor does not show this message",
    )


def count_messages(
    connection: sa.Connection, vendor: str, ids: Sequence[str]
) -> dict[str, sa.Row[Any]]:
    """Number and newest time of the messages now stored, by ticket.

    And how many of them are *openings* of ours, or have *derived* ids.
    """
    d = cloud_osm_detail.c
    query = (
        sa.select(
            d.case_id,
            sa.func.count().label("count"),
            sa.func.max(d.create_time).label("newest"),
            sa.func.sum(is_opening(cloud_osm_detail)).label("openings"),
            sa.func.sum(d.message_id.like(f"{DERIVED_ID_PREFIX}%")).label("derived"),
        )
        .where(d.vendor == vendor, d.case_id.in_(ids))
        .group_by(d.case_id)
    )
    return {row.case_id: row for row in connection.execute(query)} if ids else {}


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
