"""What the warehouse holds, in our words."""

from __future__ import annotations

from datetime import timedelta

from include.models import HOME_SITE, SyncWindow
from include.warehouse.tickets import catalog
from include.warehouse.tickets.catalog import Listing
from include.warehouse.tickets.stored import (
    Fingerprint,
    list_owned_ids,
    read_catalog_keys,
    read_messages,
    read_tickets,
)
from include.warehouse.types import LATEST
from tests.builders import DAY, a_category, a_message, a_product, a_ticket, an_account

ACCOUNT = an_account()
HOUR = timedelta(hours=1)


def test_a_ticket_is_told_with_the_messages_that_are_really_there(warehouse, store, rows):
    store((a_ticket(category_id="C1"), [a_message(), a_message(message_id="M2")]))
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql("delete from cloud_osm_detail where message_id = 'M2'")
    found = read_tickets(warehouse, "huawei", ["T1", "T2"])["T1"]
    assert (found.is_complete, found.is_gone, found.was_read) == (True, False, True)
    assert (found.title, found.category_id) == ("title of T1", "C1")
    assert (found.message_count, found.messages_held) == (2, 1)
    assert found.created_at == DAY - timedelta(days=5)
    assert read_tickets(warehouse, "tencent", ["T1"]) == {}


def test_a_time_that_is_none_is_told_as_another_than_any_real_one(warehouse, store):
    store((a_ticket(), []))
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(f"update cloud_osm_list set create_time = {2**63 - 1}")
    assert read_tickets(warehouse, "huawei", ["T1"])["T1"].created_at == LATEST


def test_texts_are_compared_by_length_and_hash(warehouse, store):
    store((a_ticket(), [a_message(content="您好 😀", author_id="k"), a_message(message_id="M2")]))
    found = read_messages(warehouse, "huawei", ["T1", "T2"])
    assert found["T2"] == {}
    message = found["T1"]["M1"]
    assert message.content == Fingerprint.of("您好 😀")
    assert (message.from_customer, message.author_id) == (True, "k")
    assert message.created_at == DAY - timedelta(days=4)


def test_tickets_of_a_window_are_listed_and_those_without_a_time(warehouse, store):
    for name, created_at in (("T1", DAY - HOUR), ("T2", DAY), ("T3", DAY + HOUR), ("T4", DAY)):
        store((a_ticket(name, created_at=created_at), []))
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(
            "update cloud_osm_list set create_time = null where cloud_id = 'T4'"
        )
    window = SyncWindow(DAY - HOUR, DAY + HOUR)
    assert list(list_owned_ids(warehouse, ACCOUNT, window)) == [["T1", "T2", "T4"]]


def test_only_active_rows_of_the_catalogue_count(warehouse):
    for products in ([a_product("P1"), a_product("P2")], [a_product("P1")]):
        listing = Listing(products, [a_category("C1", "P1")])
        warehouse.transact(
            lambda c, given=listing: catalog.store(c, "huawei", HOME_SITE, given, DAY)
        )
    assert read_catalog_keys(warehouse, "huawei", HOME_SITE) == {
        "products": {("P1",)},
        "categories": {("C1",)},
        "pairs": {("P1", "C1")},
        "sources": set(),
    }
