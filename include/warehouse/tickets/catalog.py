"""Products, categories and sources as rows, and the ids of tickets that have only names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

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

SITED: Final = (cloud_osm_product, cloud_osm_product_type, cloud_osm_product_category)
Key: TypeAlias = tuple[str, ...]


@dataclass(slots=True)
class Listing:
    """The catalogue of a vendor's site. *sources* holds only those that are known beforehand."""

    products: list[Product] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    def without(self, ids: Mapping[str, set[str]]) -> Listing:
        """The same without these *ids* of products and categories, by table."""
        products, kinds = ids[cloud_osm_product.name], ids[cloud_osm_product_type.name]
        return Listing(
            [p for p in self.products if p.product_id not in products],
            [
                c
                for c in self.categories
                if c.product_id not in products and c.category_id not in kinds
            ],
            self.sources,
        )


@dataclass(frozen=True, slots=True)
class Names:
    """What a ticket says about its product and category; several tickets say the same."""

    product_id: str | None
    product_name: str | None
    category_id: str | None
    category_name: str | None


def load(warehouse: Warehouse, vendor: str, site: str) -> Listing:
    """The stored products and categories of a site, retired ones included."""
    product, kind, pair = cloud_osm_product, cloud_osm_product_type, cloud_osm_product_category
    products = sa.select(product.c.id, product.c.name).where(
        product.c.type == vendor, is_of(product, site)
    )
    same = (kind.c.type == pair.c.type) & (kind.c.id == pair.c.product_type_id)
    categories = (
        sa.select(pair.c.product_type_id, kind.c.name, pair.c.product_id)
        .select_from(pair.join(kind, same))
        .where(pair.c.type == vendor, is_of(pair, site))
    )

    def read(connection: sa.Connection) -> Listing:
        return Listing(
            [Product(*row) for row in connection.execute(products)],
            [Category(*row) for row in connection.execute(categories)],
        )

    return warehouse.transact(read)


def count_active(warehouse: Warehouse, vendor: str, site: str) -> dict[str, int]:
    """Count the rows of each catalogue table that the last complete refresh of a site showed."""

    def count(connection: sa.Connection) -> dict[str, int]:
        return {
            table.name: connection.scalar(
                sa.select(sa.func.count()).where(
                    table.c.type == vendor, table.c.active == 1, is_of(table, site)
                )
            )
            or 0
            for table in SITED
        }

    return warehouse.transact(count)


def find_clashes(
    warehouse: Warehouse, vendor: str, site: str, listing: Listing
) -> dict[str, set[str]]:
    """The ids that another site shows with another name, by table: neither may replace the other.

    One row holds an id, and tickets of both sites point at it.
    """
    shown = {
        cloud_osm_product: {p.product_id: p.name for p in listing.products},
        cloud_osm_product_type: {c.category_id: c.name for c in listing.categories},
    }

    def find(connection: sa.Connection) -> dict[str, set[str]]:
        return {
            table.name: {
                row.id
                for row in connection.execute(
                    sa.select(table.c.id, table.c.name, table.c.sites).where(table.c.type == vendor)
                )
                if row.id in names and row.name != names[row.id] and _split(row.sites) - {site}
            }
            for table, names in shown.items()
        }

    return warehouse.transact(find)


def store(
    connection: sa.Connection, vendor: str, site: str, listing: Listing, now: datetime
) -> int:
    """Write a complete listing of a site. Returns the row count.

    What no site shows any more becomes inactive; a row that no site is noted for belongs to each.
    Sources that only tickets show stay active: no listing could show them.
    """
    first = {"create_time": keep_first}
    seen = {"active": 1, "synced_at": now, "type": vendor}
    since = {"create_time": now}
    products = {
        (p.product_id,): {
            "id": p.product_id,
            "name": p.name,
            "description": p.description,
            "acronym": p.acronym,
            **since,
        }
        for p in listing.products
    }
    kinds = {
        (c.category_id,): {"id": c.category_id, "name": c.name, **since} for c in listing.categories
    }
    pairs = {
        (c.product_id, c.category_id): {
            "product_id": c.product_id,
            "product_type_id": c.category_id,
        }
        for c in listing.categories
    }
    for table, rows, rules in (
        (cloud_osm_product, products, first),
        (cloud_osm_product_type, kinds, first),
        (cloud_osm_product_category, pairs, {}),
    ):
        held = _read_sites(connection, table, vendor)
        told = [
            {**row, **seen, "sites": ",".join(sorted(held.get(key, set()) | {site}))}
            for key, row in rows.items()
        ]
        upsert(connection, table, told, rules)
        _retire(connection, table, vendor, site, held.keys() - rows.keys(), held, now)
    sources = {s.source_id: {"id": s.source_id, "name": s.name} for s in listing.sources}
    upsert(
        connection, cloud_osm_source, [{**row, **since, **seen} for row in sources.values()], first
    )
    return len(products) + len(kinds) + len(sources) + len(pairs)


def resolve_tickets(
    connection: sa.Connection,
    vendor: str,
    resolve: Callable[[Names], tuple[str | None, str | None]],
    now: datetime,
    *,
    account_ids: Collection[str] | None = None,
) -> int:
    """Give product and category ids to stored tickets that lack them. Returns how many.

    *resolve* maps names to (product id, category id); tickets that say the same share one update.
    With *account_ids*, of the tickets that these accounts read.
    """
    t = cloud_osm_list.c
    mine = sa.true() if account_ids is None else t.account_id.in_(list(account_ids))
    said = (t.product_id, t.product_name, t.product_business_id, t.category_name)
    lacking = (
        sa.select(*said)
        .distinct()
        .where(
            t.type == vendor,
            mine,
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
            .where(t.type == vendor, mine, *same)
            .values(product_id=product_id, product_business_id=category_id, synced_at=now)
        )
        changed += result.rowcount
    return changed


def _retire(
    connection: sa.Connection,
    table: sa.Table,
    vendor: str,
    site: str,
    absent: Collection[Key],
    held: Mapping[Key, set[str]],
    now: datetime,
) -> None:
    """Take *site* from the rows it no longer shows; without any site they are inactive."""
    left: dict[str, list[Key]] = {}
    for key in absent:
        if not held[key] or site in held[key]:
            left.setdefault(",".join(sorted(held[key] - {site})), []).append(key)
    for sites, keys in left.items():
        active = 1 if sites else 0
        connection.execute(
            sa.update(table)
            .where(
                table.c.type == vendor,
                sa.tuple_(*_key_of(table)).in_(keys),
                (table.c.sites != sites) | (table.c.active != active),
            )
            .values(sites=sites, active=active, synced_at=now)
        )


def _read_sites(connection: sa.Connection, table: sa.Table, vendor: str) -> dict[Key, set[str]]:
    """The sites noted for each row, which nobody else changes until this transaction ends."""
    query = sa.select(*_key_of(table), table.c.sites).where(table.c.type == vendor)
    return {
        tuple(key): _split(sites) for *key, sites in connection.execute(query.with_for_update())
    }


def _key_of(table: sa.Table) -> list[sa.Column[str]]:
    return [table.c[name] for name in table.info["key"] if name != "type"]


def _split(sites: str) -> set[str]:
    return set(filter(None, sites.split(",")))


def is_of(table: sa.FromClause, site: str) -> sa.ColumnElement[bool]:
    """Whether a row is noted for *site*, or for none, as rows of earlier releases."""
    return (sa.func.find_in_set(site, table.c.sites) > 0) | (table.c.sites == "")
