from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from include.errors import CheckError, PartialError, UnavailableError
from include.models import Source
from include.pipelines import catalog
from include.pipelines.catalog import Catalog
from include.secrets import KeyRing, new_key
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.tickets.accounts import add_account
from include.warehouse.tickets.catalog import Listing, Names
from tests.builders import DAY, a_category, a_product, an_account
from tests.fakes import FakeClient


@pytest.fixture
def refresh(warehouse, client):
    def run(**options):
        return catalog.refresh(
            client,
            warehouse,
            request=Request("test"),
            **{"now": DAY, **options},
        )

    return run


@pytest.fixture
def filled(client):
    client.products = [a_product(f"P{i}", name=f"product {i}") for i in range(10)]
    client.categories = [a_category(f"C{i}", f"P{i}") for i in range(10)]
    client.categories.append(a_category("C0", "P1"))
    client.sources = [Source("1", "website")]
    return client


def active(rows, table):
    return rows(f"select count(*) from {table} where active = 1 and type = 'HUAWEI'")[0][0]


def test_a_refresh_stores_products_categories_their_pairs_and_sources(refresh, filled, rows):
    refresh()
    tables = ("product", "product_type", "product_category", "source")
    assert [active(rows, f"cloud_osm_{name}") for name in tables] == [10, 10, 11, 1]


def test_a_second_refresh_changes_no_row(refresh, filled, rows):
    refresh()
    look = "checksum table cloud_osm_product, cloud_osm_product_type, cloud_osm_product_category"
    before = rows(look)
    refresh(now=DAY + timedelta(days=1))
    assert rows(look) == before


def test_what_vanished_stays_inactive_and_comes_back(refresh, filled, rows):
    refresh()
    gone = filled.products.pop()
    filled.categories = [c for c in filled.categories if c.product_id != gone.product_id]
    refresh(now=DAY + timedelta(days=1))
    assert active(rows, "cloud_osm_product") == 9
    assert rows("select active, create_time from cloud_osm_product where id = 'P9'") == [
        (0, int(DAY.timestamp() * 1000))
    ]
    filled.products.append(gone)
    refresh(now=DAY + timedelta(days=2))
    assert active(rows, "cloud_osm_product") == 10


@pytest.mark.parametrize("left", [0, 4])
def test_a_vendor_that_shows_nothing_or_lost_more_than_half_is_refused(refresh, filled, rows, left):
    refresh()
    filled.products = filled.products[:left]
    with pytest.raises(CheckError, match="cloud_osm_product holds 10"):
        refresh(now=DAY + timedelta(days=1))
    assert active(rows, "cloud_osm_product") == 10
    refresh(now=DAY + timedelta(days=1), accept_vanished=True)
    assert active(rows, "cloud_osm_product") == left


def test_an_empty_first_refresh_is_loud(refresh, client, rows):
    with pytest.raises(CheckError):
        refresh()
    assert rows("select outcome, error_class from sync_run") == [("failed", "CheckError")]


def test_a_refresh_that_breaks_off_stores_nothing(refresh, filled, rows, monkeypatch):
    def broken():
        yield filled.categories[:3]
        raise UnavailableError("502")

    monkeypatch.setattr(filled, "list_categories", broken)
    with pytest.raises(UnavailableError):
        refresh()
    assert active(rows, "cloud_osm_product") == 0


def test_tickets_synced_before_the_refresh_get_their_ids_from_it(sync, refresh, filled, rows):
    filled.add("T1", product_name="Product 3", category_name="category C3")
    filled.add("T2", category_id="C4")
    filled.add("T3", category_id="C0")
    filled.add("T4", product_name="unheard of")
    sync()
    refresh()
    assert rows(
        "select cloud_id, product_id, product_business_id from cloud_osm_list order by 1"
    ) == [("T1", "P3", "C3"), ("T2", "P4", "C4"), ("T3", None, "C0"), ("T4", None, None)]


def test_tickets_synced_after_the_refresh_get_their_ids_at_once(sync, refresh, filled, rows):
    refresh()
    filled.add("T1", product_name="PRODUCT  3")
    sync()
    assert rows("select product_id, product_name from cloud_osm_list") == [("P3", "PRODUCT  3")]


def names(product_id=None, product=None, category_id=None, category=None):
    return Names(product_id, product, category_id, category)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (names(), (None, None)),
        (names(product="云服务器 CVM"), ("1", None)),
        (names(product="云服务器CVM"), ("1", None)),
        (names(product="ＣＶＭ"), ("2", None)),
        (names(product="twin"), (None, None)),
        (names(category_id="11"), ("1", "11")),
        (names(category_id="99", product="cvm"), ("2", "99")),
        (names(category_id="12"), (None, "12")),
        (names(category_id="12", product="cvm"), ("2", "12")),
        (names(category="login"), (None, None)),
        (names(category="login", product="cvm"), ("2", "22")),
        (names(category="bill"), (None, "12")),
        (names(category="disk"), ("1", "13")),
        (names(product="unheard of", category="disk"), (None, "13")),
        (names(product_id="7", category="login"), ("7", None)),
    ],
)
def test_names_become_ids_only_when_they_leave_no_choice(said, found):
    listing = Listing(
        [
            a_product("1", name="云服务器 CVM"),
            a_product("2", name="CVM"),
            a_product("3", name="Twin"),
            a_product("4", name="twin"),
        ],
        [
            a_category("11", "1", name="Login"),
            a_category("22", "2", name="Login"),
            a_category("12", "1", name="Bill"),
            a_category("12", "2", name="Bill"),
            a_category("13", "1", name="Disk"),
        ],
    )
    catalog = Catalog.of(listing)
    assert catalog.resolve(said) == found
    again = replace(said, product_id=found[0], category_id=found[1])
    assert catalog.resolve(again) == found


@pytest.fixture
def abroad(filled):
    """The same vendor's other site: other ids under some of the same names."""
    account = an_account("huawei", account_id="huawei-abroad", region="ap-southeast-1")
    products = [a_product(f"Q{i}", name=f"product {i}") for i in range(5)]
    categories = [a_category(f"D{i}", f"Q{i}", name=f"category C{i}") for i in range(5)]
    return FakeClient(account=account, products=products, categories=categories)


def test_each_site_finds_the_ids_of_its_own_catalogue(
    sync, refresh, abroad, client, rows, warehouse
):
    """Before the refresh and after it; two ids of one name would leave none."""
    said = {"product_name": "product 1", "category_name": "category C1"}
    add_account_rows(warehouse, client, abroad)
    for number in (1, 2):
        client.add(f"H{number}", **said, created_at=DAY - timedelta(minutes=30))
        abroad.add(f"A{number}", **said, created_at=DAY - timedelta(minutes=30))
        sync()
        sync(vendor=abroad)
        refresh()
        catalog.refresh(abroad, warehouse, now=DAY, request=Request("test"))
    assert rows(
        "select cloud_id, product_id, product_business_id from cloud_osm_list order by cloud_id"
    ) == [("A1", "Q1", "D1"), ("A2", "Q1", "D1"), ("H1", "P1", "C1"), ("H2", "P1", "C1")]
    assert active(rows, "cloud_osm_product") == 15
    assert rows("select distinct account_id from sync_run where entity = 'catalog'") == [
        ("HUAWEI",),
        ("HUAWEI ap-southeast-3",),
    ]


def test_a_site_that_lost_more_than_half_of_its_own_is_refused(refresh, abroad, warehouse):
    refresh()
    again = partial(catalog.refresh, abroad, warehouse, now=DAY, request=Request("test"))
    again()  # five where ten are stored, of another site
    abroad.products, abroad.categories = abroad.products[:2], abroad.categories[:2]
    with pytest.raises(CheckError, match=r"HUAWEI ap-southeast-3 shows 2 rows where .* holds 5"):
        again()


def test_an_id_with_another_name_at_another_site_stays_and_is_told(
    refresh, abroad, warehouse, rows
):
    abroad.products.append(a_product("P1", name="something else"))
    abroad.categories.append(a_category("D9", "P1"))
    refresh()
    with pytest.raises(PartialError, match=r"another name.*: cloud_osm_product P1\n"):
        catalog.refresh(abroad, warehouse, now=DAY, request=Request("test"))
    assert rows("select name, sites from cloud_osm_product where id = 'P1'") == [
        ("product 1", "home")
    ]
    assert active(rows, "cloud_osm_product") == 15
    assert rows("select count(*) from cloud_osm_product_type where id = 'D9'") == [(0,)]
    refresh()


def add_account_rows(warehouse, *clients):
    ring = KeyRing.parse(new_key("k1"))
    for client in clients:
        add_account(warehouse, ring, client.account, now=DAY)
