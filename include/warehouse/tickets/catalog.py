"""Products, categories and sources as rows, and the ids of tickets that have only names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from include.models import Category, Product, Source
from include.warehouse.mysql import Warehouse, keep_first, upsert
from include.warehouse.tickets.tables import (
    cloud_osm_list,
    cloud_osm_product,
    cloud_osm_product_category,
    cloud_osm_product_type,
    cloud_osm_source,
)

TABLES = (
    cloud_osm_product,
    cloud_osm_product_type,
    cloud_osm_product_category,
    cloud_osm_source,
)


@dataclass(slots=True)
class Listing:
    """One vendor's catalogue. *sources* holds only those that are known beforehand."""

    products: list[Product] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Names:
    """What a ticket says about its product and category; several tickets say the same."""

    product_id: str | None
    product_name: str | None
    category_id: str | None
    category_name: str | None


def load(warehouse: Warehouse, vendor: str) -> Listing:
    """The stored products and categories of a vendor, retired ones included."""
    product, kind, pair = cloud_osm_product, cloud_osm_product_type, cloud_osm_product_category
    products = sa.select(product.c.id, product.c.name).where(product.c.type == vendor)
    same = (kind.c.type == pair.c.type) & (kind.c.id == pair.c.product_type_id)
    categories = (
        sa.select(pair.c.product_type_id, kind.c.name, pair.c.product_id)
        .select_from(pair.join(kind, same))
        .where(pair.c.type == vendor)
    )

    def read(connection: sa.Connection) -> Listing:
        return Listing(
            [Product(*row) for row in connection.execute(products)],
            [Category(*row) for row in connection.execute(categories)],
        )

    return warehouse.transact(read)


def count_active(warehouse: Warehouse, vendor: str) -> dict[str, int]:
    """Count the rows of each catalogue table the last complete refresh showed."""

    def count(connection: sa.Connection) -> dict[str, int]:
        return {
            table.name: connection.scalar(
                sa.select(sa.func.count()).where(table.c.type == vendor, table.c.active == 1)
            )
            or 0
            for table in TABLES
        }

    return warehouse.transact(count)


def store(connection: sa.Connection, vendor: str, listing: Listing, now: datetime) -> int:
    """Write a complete listing; what it no longer shows becomes inactive. Returns the row count.

    Sources that only tickets show stay active: no listing could show them.
    """
    first = {"create_time": keep_first}
    seen = {"active": 1, "synced_at": now, "type": vendor}
    since = {"create_time": now}
    products = {
        p.product_id: {
            "id": p.product_id,
            "name": p.name,
            "description": p.description,
            "acronym": p.acronym,
        }
        for p in listing.products
    }
    kinds = {c.category_id: {"id": c.category_id, "name": c.name} for c in listing.categories}
    sources = {s.source_id: {"id": s.source_id, "name": s.name} for s in listing.sources}
    pairs = {
        (c.product_id, c.category_id): {
            "product_id": c.product_id,
            "product_type_id": c.category_id,
        }
        for c in listing.categories
    }
    written = 0
    for table, rows in (
        (cloud_osm_product, products),
        (cloud_osm_product_type, kinds),
        (cloud_osm_source, sources),
    ):
        upsert(connection, table, [{**row, **since, **seen} for row in rows.values()], first)
        written += len(rows)
        if table is not cloud_osm_source:
            _retire(connection, table, vendor, table.c.id.not_in(rows), now)
    upsert(connection, cloud_osm_product_category, [{**row, **seen} for row in pairs.values()])
    pair = cloud_osm_product_category.c
    absent = sa.tuple_(pair.product_id, pair.product_type_id).not_in(list(pairs))
    _retire(connection, cloud_osm_product_category, vendor, absent, now)
    return written + len(pairs)


def resolve_tickets(
    connection: sa.Connection,
    vendor: str,
    resolve: Callable[[Names], tuple[str | None, str | None]],
    now: datetime,
) -> int:
    """Give product and category ids to stored tickets that lack them. Returns how many.

    *resolve* maps names to (product id, category id); tickets that say the same share one update.
    """
    t = cloud_osm_list.c
    said = (t.product_id, t.product_name, t.product_business_id, t.category_name)
    lacking = (
        sa.select(*said)
        .distinct()
        .where(
            t.type == vendor,
            t.product_id.is_(None) | t.product_business_id.is_(None),
            sa.or_(*(column.is_not(None) for column in said)),
        )
    )
    changed = 0
    for names in [Names(*row) for row in connection.execute(lacking)]:
        product_id, category_id = resolve(names)
        if (product_id, category_id) == (names.product_id, names.category_id):
            continue
        values = (names.product_id, names.product_name, names.category_id, names.category_name)
        same = (column.op("<=>")(value) for column, value in zip(said, values, strict=True))
        result = connection.execute(
            sa.update(cloud_osm_list)
            .where(t.type == vendor, *same)
            .values(product_id=product_id, product_business_id=category_id, synced_at=now)
        )
        changed += result.rowcount
    return changed


def _retire(
    connection: sa.Connection,
    table: sa.Table,
    vendor: str,
    absent: sa.ColumnElement[bool],
    now: datetime,
) -> None:
    connection.execute(
        sa.update(table)
        .where(table.c.type == vendor, table.c.active == 1, absent)
        .values(active=0, synced_at=now)
    )
