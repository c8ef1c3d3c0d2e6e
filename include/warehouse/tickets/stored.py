"""What the warehouse holds, in our words: read for comparison, never written here."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Self

import sqlalchemy as sa

from include.models import Account, Message, SyncWindow
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.catalog import is_of
from include.warehouse.tickets.tables import (
    cloud_osm_detail,
    cloud_osm_list,
    cloud_osm_product,
    cloud_osm_product_category,
    cloud_osm_product_type,
    cloud_osm_source,
)


class Fingerprint(NamedTuple):
    """What is compared of a text: its length in characters, and the SHA-256 of its UTF-8."""

    length: int
    sha256: str

    @classmethod
    def of(cls, text: str) -> Self:
        """The fingerprint of a text that is at hand."""
        return cls(len(text), hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class StoredTicket:
    """A row of ``cloud_osm_list``. The fields that ``Ticket`` has too have its names."""

    ticket_id: str
    is_complete: bool
    """Whether its status says so, which another program may have written."""
    is_proved: bool
    """Whether a run of ours read it closed, and stored its messages."""
    is_gone: bool
    was_read: bool
    """False for a row of another system that no run of ours has read yet."""
    is_in_parts: bool
    """Whether a part of a conversation newer than the last whole reading is stored."""
    title: str | None
    email: str | None
    vendor_status: str | None
    created_at: datetime | None
    product_id: str | None
    product_name: str | None
    category_id: str | None
    category_name: str | None
    source_id: str | None
    source_name: str | None
    severity: str | None
    satisfaction: Decimal | None
    satisfaction_text: str | None
    requester_id: str | None
    requester_name: str | None
    message_count: int | None
    """What the row says; None when no run of ours has read the messages."""
    messages_held: int
    """How many rows ``cloud_osm_detail`` really has."""


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """A message here or at the vendor, with the names of ``Message``; its text as fingerprint."""

    message_id: str
    from_customer: bool | None
    content: Fingerprint | None
    created_at: datetime | None
    author_id: str | None
    author_name: str | None

    @classmethod
    def of(cls, message: Message) -> Self:
        """The facts of a message that a vendor shows."""
        return cls(
            message_id=message.message_id,
            from_customer=message.from_customer,
            content=Fingerprint.of(message.content),
            created_at=message.created_at,
            author_id=message.author_id,
            author_name=message.author_name,
        )


def read_tickets(
    warehouse: Warehouse, vendor: str, ids: Collection[str]
) -> dict[str, StoredTicket]:
    """Read the rows of these tickets, whichever account showed them first, by id."""
    t, d = cloud_osm_list.c, cloud_osm_detail.c
    held = (
        sa.select(sa.func.count())
        .where(d.vendor == t.type, d.case_id == t.cloud_id)
        .scalar_subquery()
    )
    query = sa.select(cloud_osm_list, held.label("held")).where(
        t.type == vendor, t.cloud_id.in_(list(ids))
    )
    return {
        row["cloud_id"]: StoredTicket(
            ticket_id=row["cloud_id"],
            is_complete=row["status"] == 0,
            is_proved=bool(row["complete"]),
            is_gone=row["missing_since"] is not None,
            was_read=row["synced_at"] is not None,
            is_in_parts=row["synced_at"] is not None
            and (row["read_at"] is None or row["read_at"] < row["synced_at"]),
            title=row["name"],
            email=row["email"],
            vendor_status=row["vendor_status"],
            created_at=row["create_time"],
            product_id=row["product_id"],
            product_name=row["product_name"],
            category_id=row["product_business_id"],
            category_name=row["category_name"],
            source_id=row["osm_id"],
            source_name=row["source_name"],
            severity=row["severity"],
            satisfaction=row["satisfaction"],
            satisfaction_text=row["satisfaction_text"],
            requester_id=row["requester_id"],
            requester_name=row["requester_name"],
            message_count=row["message_count"],
            messages_held=row["held"],
        )
        for row in warehouse.transact(lambda c: c.execute(query).mappings().all())
    }


def read_messages(
    warehouse: Warehouse, vendor: str, ids: Collection[str]
) -> dict[str, dict[str, MessageFacts]]:
    """Read the messages of these tickets, by the ids of both; no text leaves the server."""
    d = cloud_osm_detail.c
    query = sa.select(
        *(column for column in d if column.name != "content"),
        sa.func.char_length(d.content).label("length"),
        sa.func.sha2(d.content, 256).label("sha256"),
    ).where(d.vendor == vendor, d.case_id.in_(list(ids)))
    found: dict[str, dict[str, MessageFacts]] = {ticket_id: {} for ticket_id in ids}
    for row in warehouse.transact(lambda c: c.execute(query).mappings().all()):
        found[row["case_id"]][row["message_id"]] = MessageFacts(
            message_id=row["message_id"],
            from_customer={"0": True, "1": False}.get(row["type"] or ""),
            content=None if row["sha256"] is None else Fingerprint(row["length"], row["sha256"]),
            created_at=row["create_time"],
            author_id=row["replier"],
            author_name=row["replier_name"],
        )
    return found


def list_owned_ids(
    warehouse: Warehouse, account: Account, window: SyncWindow
) -> Iterator[list[str]]:
    """List the ids of the account's tickets created in *window* or at an unknown time, in pages."""
    t = cloud_osm_list.c
    base = (
        sa.select(t.cloud_id)
        .where(
            t.type == account.vendor,
            sa.func.coalesce(t.account_id, t.custom_id) == account.account_id,
            t.create_time.is_(None)
            | ((t.create_time >= window.since) & (t.create_time < window.until)),
        )
        .order_by(t.cloud_id)
        .limit(1000)
    )
    last = ""
    while True:
        query = base.where(t.cloud_id > last)
        page = list(warehouse.transact(lambda c, query=query: c.scalars(query).all()))  # type: ignore[misc]
        if not page:
            return
        yield page
        last = page[-1]


def read_catalog_keys(
    warehouse: Warehouse, vendor: str, site: str
) -> dict[str, set[tuple[str, ...]]]:
    """Read the keys of the active rows of a site's catalogue, by entity."""
    pair = cloud_osm_product_category.c
    columns: dict[str, tuple[sa.Column[Any], ...]] = {
        "products": (cloud_osm_product.c.id,),
        "categories": (cloud_osm_product_type.c.id,),
        "pairs": (pair.product_id, pair.product_type_id),
        "sources": (cloud_osm_source.c.id,),
    }

    def shown(of: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        active = [of.c.type == vendor, of.c.active == 1]
        return [*active, is_of(of, site)] if "sites" in of.c else active

    def read(connection: sa.Connection) -> dict[str, set[tuple[str, ...]]]:
        return {
            entity: {
                tuple(row)
                for row in connection.execute(sa.select(*key).where(*shown(key[0].table)))
            }
            for entity, key in columns.items()
        }

    return warehouse.transact(read)
