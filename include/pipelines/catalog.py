"""Products, problem categories and sources of a vendor's site; and finding ids by name."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from include.errors import CheckError, PartialError
from include.models import Ticket
from include.vendors.client import VendorClient
from include.vendors.registry import catalog_site
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Counts, Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets import catalog as rows
from include.warehouse.tickets.account_rows import find_accounts

ENTITY: Final = "catalog"
LEAST_SHARE: Final = 0.5
"""A refresh that shows less than this share of what is stored is refused."""


@dataclass(slots=True)
class Catalog:
    """Finds the ids of a vendor's names. Ambiguous or unknown is None, never a guess."""

    product_ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    category_ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    products_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    categories_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, listing: rows.Listing) -> Catalog:
        """Index a listing by name."""
        catalog = cls()
        for product in listing.products:
            catalog.product_ids[plain(product.name)].add(product.product_id)
        for category in listing.categories:
            catalog.category_ids[plain(category.name)].add(category.category_id)
            catalog.products_of[category.category_id].add(category.product_id)
            catalog.categories_of[category.product_id].add(category.category_id)
        return catalog

    def resolve(self, names: rows.Names) -> tuple[str | None, str | None]:
        """The product id and the category id of a ticket that says *names*.

        Resolving again what was resolved changes nothing.
        """
        named = self.product_ids.get(plain(names.product_name or ""), set())
        # An id beside a name was found by that name, perhaps here: it proves nothing new.
        given = None if names.category_name else names.category_id
        owners = self.products_of.get(given or "", set())
        product = names.product_id or only(owners & named or owners) or only(named)
        alike = self.category_ids.get(plain(names.category_name or ""), set())
        own = self.categories_of.get(product or "", set())
        category = names.category_id or only(alike & own or alike)
        if product is None and not names.product_name:
            product = only(self.products_of.get(category or "", set()))
        return product, category

    def complete(self, ticket: Ticket) -> Ticket:
        """The ticket with the ids its vendor did not give."""
        product, category = self.resolve(
            rows.Names(
                ticket.product_id, ticket.product_name, ticket.category_id, ticket.category_name
            )
        )
        return replace(ticket, product_id=product, category_id=category)


def load_catalog(warehouse: Warehouse, vendor: str, region: str) -> Catalog:
    """The stored catalogue that the tickets of a vendor's accounts in a region speak of."""
    return Catalog.of(rows.load(warehouse, vendor, catalog_site(vendor, region)))


def plain(name: str) -> str:
    """A name as people compare it: the vendors write one product with and without a blank."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def only(ids: set[str]) -> str | None:
    """The one id there is; None when there are none or several."""
    return next(iter(ids)) if len(ids) == 1 else None


def refresh(
    client: VendorClient,
    warehouse: Warehouse,
    *,
    now: datetime,
    request: Request,
    accept_vanished: bool = False,
    progress: Callable[[Counts], None] = lambda counts: None,
) -> Counts:
    """Read the whole catalogue of an account's site, store it, resolve the tickets of the site.

    Raises CheckError, and stores nothing, when the vendor shows nothing or less than half of what
    is stored, unless *accept_vanished*; PartialError when ids have another name at another site:
    they stay as that one calls them, and all else is stored.
    """
    vendor = client.account.vendor
    site = catalog_site(vendor, client.account.region)
    owner = ledger.owner_of(vendor, site)
    with ledger.hold(warehouse, owner, ENTITY, vendor=vendor, request=request) as run:
        listing = rows.Listing()
        for found, pages in (
            (listing.products, client.list_products()),
            (listing.categories, client.list_categories()),
            (listing.sources, client.list_sources()),
        ):
            for page in pages:
                found.extend(page)  # type: ignore[arg-type]
                run.counts.calls, run.counts.listed = client.calls, run.counts.listed + len(page)
                run.beat()
                progress(run.counts)
        run.counts.calls = client.calls
        if not accept_vanished:
            _guard(owner, listing, rows.count_active(warehouse, vendor, site))
        clashes = rows.find_clashes(warehouse, vendor, site, listing)
        clear = listing.without(clashes)
        catalog = Catalog.of(clear)
        run.counts.written = run.write(
            lambda c: rows.store(c, vendor, site, clear, now), watermark_at=now
        )
        mine = find_accounts(warehouse, vendor, site)
        run.write(lambda c: rows.resolve_tickets(c, vendor, catalog.resolve, now, account_ids=mine))
        progress(run.counts)
        _tell_clashes(owner, clashes)
        return run.counts


def _tell_clashes(owner: str, clashes: dict[str, set[str]]) -> None:
    told = [f"{table} {', '.join(sorted(ids)[:20])}" for table, ids in clashes.items() if ids]
    if told:
        raise PartialError(
            f"{owner}: ids that another site of the vendor shows with another name, and which stay"
            f" as it calls them, so that tickets of this site are not resolved to them:"
            f" {'; '.join(told)}"
        )


def _guard(owner: str, listing: rows.Listing, stored: dict[str, int]) -> None:
    shown = {
        "cloud_osm_product": len({p.product_id for p in listing.products}),
        "cloud_osm_product_type": len({c.category_id for c in listing.categories}),
    }
    for table, count in shown.items():
        if count == 0 or count < stored[table] * LEAST_SHARE:
            raise CheckError(
                f"{owner} shows {count} rows where {table} holds {stored[table]}: nothing was"
                " stored. If that is right, refresh again and accept what vanished"
            )
