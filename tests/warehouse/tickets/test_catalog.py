"""Products, categories and sources as rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from include.errors import ContractError
from include.models import HOME_SITE, Source
from include.warehouse.tickets import catalog
from include.warehouse.tickets.catalog import Listing, Names
from tests.builders import DAY, a_category, a_product, a_ticket

LATER = DAY + timedelta(days=1)


def keep(warehouse, *listings, site=HOME_SITE):
    for number, listing in enumerate(listings):
        now = DAY + number * timedelta(days=1)
        warehouse.transact(
            lambda c, listing=listing, now=now: catalog.store(c, "huawei", site, listing, now)
        )


def test_what_is_no_longer_listed_becomes_inactive_and_known_sources_stay(warehouse, rows):
    first = Listing(
        [a_product("P1"), a_product("P2")],
        [a_category("C1", "P1"), a_category("C1", "P2")],
        [Source("1", "API")],
    )
    keep(warehouse, first, Listing([a_product("P1")], [a_category("C1", "P1")]))
    look = "select id, type, active, create_time div 1000 from cloud_osm_product order by 1"
    seen = int(DAY.timestamp())
    assert rows(look) == [("P1", "HUAWEI", 1, seen), ("P2", "HUAWEI", 0, seen)]
    pairs = "select product_id, active from cloud_osm_product_category order by 1"
    assert rows(pairs) == [("P1", 1), ("P2", 0)]
    assert rows("select id, active from cloud_osm_source") == [("1", 1)]
    assert catalog.count_active(warehouse, "huawei", HOME_SITE) == {
        "cloud_osm_product": 1,
        "cloud_osm_product_type": 1,
        "cloud_osm_product_category": 1,
    }
    assert set(catalog.count_active(warehouse, "tencent", HOME_SITE).values()) == {0}


def test_retired_rows_are_loaded_too_because_old_tickets_name_them(warehouse):
    keep(warehouse, Listing([a_product("P1"), a_product("P2")], []), Listing([a_product("P1")], []))
    assert {p.product_id for p in catalog.load(warehouse, "huawei", HOME_SITE).products} == {
        "P1",
        "P2",
    }
    assert catalog.load(warehouse, "tencent", HOME_SITE) == Listing()


def test_tickets_that_say_the_same_get_their_ids_together(warehouse, store, rows):
    for name, product in (("T1", "云服务器"), ("T2", "云服务器"), ("T3", "other")):
        store((a_ticket(name, product_name=product), []))
    asked = []

    def resolve(names: Names) -> tuple[str | None, str | None]:
        asked.append(names.product_name)
        return ("ecs" if names.product_name == "云服务器" else None), None

    def work(connection):
        return catalog.resolve_tickets(connection, "huawei", resolve, LATER)

    assert warehouse.transact(work) == 2
    assert sorted(map(str, asked)) == ["other", "云服务器"]
    found = rows("select product_id, date(synced_at) from cloud_osm_list order by cloud_id")
    assert [(product, str(day)) for product, day in found] == [
        ("ecs", "2026-01-11"),
        ("ecs", "2026-01-11"),
        (None, "2026-01-10"),
    ]


def test_ids_that_differ_by_a_blank_at_the_end_are_refused_by_name(warehouse, rows):
    """To the server they are one key: one would replace the other without a word."""
    for listing, named in (
        (Listing(products=[a_product("P"), a_product("P ")]), "'id' 'P '"),
        (Listing(categories=[a_category("C"), a_category("C ")]), "'id' 'C '"),
        (Listing(sources=[Source("S ", "name")]), "'id' 'S '"),
    ):
        with pytest.raises(ContractError, match=f"{named} ends in a blank"):
            keep(warehouse, listing)
    assert rows("select count(*) from cloud_osm_product") == [(0,)]


ABROAD = "ap-southeast-3"
SITES = "select id, sites, active from cloud_osm_product order by id"


def test_what_another_site_shows_is_not_retired_and_what_none_shows_is(warehouse, rows):
    keep(warehouse, Listing([a_product("P1"), a_product("P2")], [a_category("C1", "P1")]))
    keep(
        warehouse,
        Listing([a_product("P2"), a_product("P3")], [a_category("C1", "P2")]),
        site=ABROAD,
    )
    both = f"{ABROAD},home"
    assert rows(SITES) == [("P1", "home", 1), ("P2", both, 1), ("P3", ABROAD, 1)]
    pairs = "select product_id, sites, active from cloud_osm_product_category order by 1"
    assert rows(pairs) == [("P1", "home", 1), ("P2", ABROAD, 1)]
    keep(warehouse, Listing([a_product("P1")]))
    assert rows(SITES) == [("P1", "home", 1), ("P2", ABROAD, 1), ("P3", ABROAD, 1)]
    keep(warehouse, Listing([a_product("P3")]), site=ABROAD)
    assert rows(SITES) == [("P1", "home", 1), ("P2", "", 0), ("P3", ABROAD, 1)]
    assert rows(pairs) == [("P1", "", 0), ("P2", "", 0)]
    assert rows("select id, active from cloud_osm_product_type") == [("C1", 0)]


def test_each_site_counts_and_loads_what_it_shows_and_what_nobody_does(warehouse, rows):
    keep(warehouse, Listing([a_product("P1"), a_product("P2"), a_product("P4")]))
    keep(warehouse, Listing([a_product("P1"), a_product("P2")]))
    keep(warehouse, Listing([a_product("P2"), a_product("P3")]), site=ABROAD)
    known = {
        site: {p.product_id for p in catalog.load(warehouse, "huawei", site).products}
        for site in (HOME_SITE, ABROAD)
    }
    assert known == {HOME_SITE: {"P1", "P2", "P4"}, ABROAD: {"P2", "P3", "P4"}}
    assert catalog.count_active(warehouse, "huawei", ABROAD)["cloud_osm_product"] == 2


def test_rows_of_an_earlier_release_belong_to_each_site_until_a_refresh(warehouse, rows):
    keep(warehouse, Listing([a_product("P1"), a_product("P2")]))
    warehouse.transact(lambda c: c.execute(sa.text("update cloud_osm_product set sites = ''")))
    assert catalog.count_active(warehouse, "huawei", ABROAD)["cloud_osm_product"] == 2
    keep(warehouse, Listing([a_product("P1")]))
    assert rows(SITES) == [("P1", "home", 1), ("P2", "", 0)]


def test_an_id_that_another_site_calls_otherwise_is_found(warehouse):
    keep(warehouse, Listing([a_product("P1", name="A")], [a_category("C1", "P1", name="c")]))
    shown = Listing(
        [a_product("P1", name="B"), a_product("P2")],
        [a_category("C1", "P2", name="c"), a_category("C2", "P1")],
    )
    clashes = catalog.find_clashes(warehouse, "huawei", ABROAD, shown)
    assert clashes == {"cloud_osm_product": {"P1"}, "cloud_osm_product_type": set()}
    clear = shown.without(clashes)
    assert [p.product_id for p in clear.products] == ["P2"]
    assert [(c.category_id, c.product_id) for c in clear.categories] == [("C1", "P2")]
    renamed = catalog.find_clashes(warehouse, "huawei", HOME_SITE, shown)
    assert renamed == {"cloud_osm_product": set(), "cloud_osm_product_type": set()}
