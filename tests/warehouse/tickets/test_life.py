"""What one look after another tells of a ticket."""

from __future__ import annotations

from datetime import timedelta

from include.models import TicketRef
from include.warehouse.tickets.life import AFTER_CLOSING, Look, plan_next_look
from include.warehouse.tickets.store import store_listed, store_tickets
from tests.builders import DAY, a_message, a_ticket, an_account

HOUR = timedelta(hours=1)
SPAN = (
    "select close_time div 1000, close_time_min div 1000, close_time_max div 1000"
    " from cloud_osm_list"
)
HISTORY = (
    "select is_closed, vendor_status, product_name, account_id, after_at, seen_at"
    " from cloud_osm_history order by seen_at"
)


def seconds(moment):
    return None if moment is None else int(moment.timestamp())


def naive(moment):
    return None if moment is None else moment.replace(tzinfo=None)


def test_a_ticket_first_seen_closed_closed_at_no_known_time(store, rows):
    newest = DAY - timedelta(days=3)
    store((a_ticket(), [a_message(), a_message(message_id="M2", created_at=newest)]))
    assert rows(SPAN) == [(None, seconds(newest), seconds(DAY))]


def test_a_ticket_seen_open_closed_between_two_looks(warehouse, store, rows):
    store((a_ticket(is_closed=False), None))
    look = Look(an_account(), DAY + 2 * HOUR, listed_at=DAY + HOUR)
    warehouse.transact(lambda c: store_tickets(c, look, [(a_ticket(), [])]))
    closed = seconds(DAY + 2 * HOUR)
    assert rows(SPAN) == [(closed, seconds(DAY + HOUR), closed)]


def test_what_the_vendor_says_of_closing_is_believed_and_kept(store, rows):
    said = DAY - timedelta(days=2)
    store((a_ticket(closed_at=said), []))
    assert rows(SPAN) == [(seconds(said), None, seconds(DAY))]
    store((a_ticket(), []), now=DAY + HOUR)  # read again: the vendor is not asked for it
    assert rows(SPAN) == [(seconds(said), None, seconds(DAY))]


def test_a_reopened_ticket_has_no_closing_and_then_a_new_one(store, rows):
    store((a_ticket(), []))
    store((a_ticket(is_closed=False), None), now=DAY + HOUR)
    assert rows(SPAN) == [(None, None, None)]
    store((a_ticket(), []), now=DAY + 3 * HOUR)
    closed = seconds(DAY + 3 * HOUR)
    assert rows(SPAN) == [(closed, seconds(DAY + HOUR), closed)]


def test_looks_grow_rarer_and_end(store, rows):
    looks, now = [], DAY
    while (moment := plan_next_look("T1", DAY, now, AFTER_CLOSING)) is not None:
        looks.append(moment - DAY)
        now = moment
    assert len(looks) == len(AFTER_CLOSING)
    for look, distance in zip(looks, AFTER_CLOSING, strict=True):
        assert distance <= look <= 1.1 * distance
    other = plan_next_look("T2", DAY, DAY, AFTER_CLOSING)
    assert other != DAY + looks[0]  # those that closed together do not meet
    assert plan_next_look("T1", DAY, DAY, ()) is None


def test_a_ticket_that_closed_long_ago_is_not_planned(store, rows):
    store((a_ticket(closed_at=DAY - timedelta(days=60), created_at=DAY - timedelta(days=70)), []))
    assert rows("select read_again_at from cloud_osm_list") == [(None,)]


def test_each_change_that_a_look_shows_is_a_row(warehouse, store, rows):
    store((a_ticket(is_closed=False, vendor_status="1", product_name="ECS"), None))
    store((a_ticket(is_closed=False, vendor_status="1", product_name="ECS"), None), now=DAY + HOUR)
    store((a_ticket(vendor_status="3"), []), now=DAY + 2 * HOUR)
    store((a_ticket(vendor_status="3", product_name="OBS"), []), now=DAY + 3 * HOUR)
    me = "huawei-1"
    assert rows(HISTORY) == [
        (0, "1", "ECS", me, None, naive(DAY)),
        (1, "3", "ECS", me, naive(DAY + HOUR), naive(DAY + 2 * HOUR)),
        (1, "3", "OBS", me, naive(DAY + 2 * HOUR), naive(DAY + 3 * HOUR)),
    ]


def test_an_open_ticket_follows_a_list_without_a_reading(warehouse, store, rows):
    store((a_ticket(is_closed=False, vendor_status="1"), None))
    look = Look(an_account(), DAY + 2 * HOUR, listed_at=DAY + HOUR)
    ref = TicketRef("T1", False, "2", "mark")
    warehouse.transact(lambda c: store_listed(c, look, [ref]))
    found = "select vendor_status, change_mark, synced_at from cloud_osm_list"
    assert rows(found) == [("2", "mark", naive(DAY + 2 * HOUR))]
    assert rows(HISTORY)[-1] == (
        0,
        "2",
        None,
        "huawei-1",
        naive(DAY + HOUR),
        naive(DAY + 2 * HOUR),
    )
    older = Look(an_account(), DAY - HOUR)
    warehouse.transact(lambda c: store_listed(c, older, [TicketRef("T1", False, "0")]))
    assert rows("select vendor_status from cloud_osm_list") == [("2",)]


def test_an_account_that_is_not_enabled_is_taken_over_and_custom_id_stays(warehouse, store, rows):
    store((a_ticket(is_closed=False), None))
    other = an_account(account_id="huawei-2")
    reader = "select custom_id, account_id from cloud_osm_list"
    ticket = a_ticket(is_closed=False, account_id="huawei-2")
    for readers, by in (({"huawei-1", "huawei-2"}, "huawei-1"), ({"huawei-2"}, "huawei-2")):
        look = Look(other, DAY + HOUR, readers=frozenset(readers))
        warehouse.transact(lambda c, look=look: store_tickets(c, look, [(ticket, None)]))
        assert rows(reader) == [("huawei-1", by)]
