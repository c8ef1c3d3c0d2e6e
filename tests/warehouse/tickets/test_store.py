"""Tickets and messages as rows."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from include.errors import ContractError
from include.models import DERIVED_ID_PREFIX
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.messages import Conversation, own_id, set_messages_aside
from include.warehouse.tickets.store import mark_gone, store_outcomes, store_part
from tests.builders import DAY, a_message, a_ticket, an_account

ACCOUNT = an_account()
LATER = DAY + timedelta(hours=1)


def test_ids_are_those_that_rows_have_had_since_the_first_release():
    assert own_id("ticket", "huawei", "T1") == own_id("ticket", "HUAWEI", "T1")
    assert own_id("ticket", "huawei", "T1") == "3ec1aefdb7ca5e1896b50c2748d8619a"


@pytest.mark.parametrize(
    ("is_closed", "messages", "status"),
    [(True, [], 0), (True, None, 1), (False, None, 1), (False, [], 1)],
)
def test_only_a_closed_ticket_with_its_messages_is_complete(
    store, rows, is_closed, messages, status
):
    store((a_ticket(is_closed=is_closed), messages))
    assert rows("select type, status from cloud_osm_list") == [("HUAWEI", status)]


@pytest.mark.parametrize("is_resolved", [True, False, None])
def test_a_ticket_is_resolved_as_the_vendor_says_until_it_is_reopened(store, rows, is_resolved):
    resolved = "select resolved from cloud_osm_list"
    store((a_ticket(is_resolved=is_resolved), []))
    assert rows(resolved) == [(is_resolved,)]
    store((a_ticket(is_closed=False), None), now=LATER)
    assert rows(resolved) == [(None,)]
    store((a_ticket(is_resolved=is_resolved), []), now=LATER)
    assert rows(resolved) == [(is_resolved,)]


def test_a_ticket_of_another_account_is_the_same_when_it_was_created_at_the_same_millisecond(
    warehouse, store
):
    created_at = DAY.replace(microsecond=123_456)
    store((a_ticket(created_at=created_at), []))
    other = an_account(account_id="huawei-2")
    assert store((a_ticket(created_at=created_at), []), account=other) == {}
    earlier = created_at - timedelta(milliseconds=1)
    refused = store(
        (a_ticket(created_at=earlier), []),
        (a_ticket("T2", created_at=earlier), []),
        account=other,
    )
    assert list(refused) == ["T1"]
    assert "another creation time (account huawei-1)" in str(refused["T1"])
    part = a_ticket(created_at=earlier)
    with pytest.raises(ContractError, match="another creation time"):
        warehouse.transact(lambda c: store_part(c, Look(other, DAY), part, []))


def test_what_the_vendor_does_not_say_overwrites_nothing(store, rows):
    text = "您好"
    store((a_ticket(email="a@example.com"), [a_message(content=text, author_name="王")]))
    store((a_ticket(), [a_message(content="")]), now=LATER)
    assert rows("select email from cloud_osm_list") == [("a@example.com",)]
    assert rows("select content, replier_name from cloud_osm_detail") == [(text, "王")]


def test_the_first_closing_stays_until_a_ticket_is_reopened(store, rows):
    closed = "select close_time_max div 1000 from cloud_osm_list"
    for now in (DAY, LATER):
        store((a_ticket(), []), now=now)
        assert rows(closed) == [(int(DAY.timestamp()),)]
    store((a_ticket(is_closed=False), None), now=LATER)
    assert rows(closed) == [(None,)]


def test_an_older_reading_changes_nothing_whoever_comes_last(store, rows):
    look = "select status, message_count, read_at from cloud_osm_list"
    store((a_ticket(), [a_message(), a_message(message_id="M2")]), now=LATER)
    newest = rows(look)
    store((a_ticket(is_closed=False, title="old"), [a_message(content="old")]), now=DAY)
    assert rows(look) == newest
    assert rows("select count(*) from cloud_osm_detail where content = 'old'") == [(0,)]
    assert rows("select count(*) from cloud_osm_list where name = 'old'") == [(0,)]


def test_a_source_that_shows_with_a_ticket_is_kept(store, rows):
    for now in (DAY, LATER):
        store((a_ticket(source_id="7", source_name="电话"), []), now=now)
    found = rows("select id, type, name, create_time div 1000 from cloud_osm_source")
    assert found == [("7", "HUAWEI", "电话", int(DAY.timestamp()))]


def test_messages_are_counted_as_they_are_stored(warehouse, store, rows):
    ticket, newest = a_ticket(), DAY - timedelta(hours=3)
    warehouse.transact(lambda c: store_part(c, Look(ACCOUNT, DAY), ticket, [a_message()]))
    assert rows("select status, message_count from cloud_osm_list") == [(1, None)]
    store((ticket, [a_message(message_id="M2", created_at=newest)]))
    look = "select status, message_count, last_message_time div 1000 from cloud_osm_list"
    assert rows(look) == [(0, 2, int(newest.timestamp()))]


def test_a_message_gets_the_id_that_the_vendor_begins_to_give(store, rows):
    store((a_ticket(), [a_message(message_id=f"{DERIVED_ID_PREFIX}1", content="您好")]))
    store((a_ticket(), [a_message(content="您好"), a_message(message_id="M2", content="x")]))
    assert rows("select message_id from cloud_osm_detail order by 1") == [("M1",), ("M2",)]


def test_a_message_that_is_set_aside_is_kept_as_its_columns_held_it(warehouse, store, rows):
    moment = DAY.replace(microsecond=5_000)
    store((a_ticket(), [a_message(created_at=moment, author_id="k")]), now=moment)
    warehouse.transact(lambda c: set_messages_aside(c, ACCOUNT, "T1", ["M1", "M9"]))
    assert rows("select count(*) from cloud_osm_detail") == [(0,)]
    [(row_id, value)] = rows("select row_id, value from migration_leftover")
    assert json.loads(value) == {
        "id": row_id,
        "case_id": "T1",
        "message_id": "M1",
        "type": "0",
        "replier": "k",
        "replier_name": None,
        "content": "text of T1/M1",
        "create_time": int(DAY.timestamp()) * 1000 + 5,
        "vendor": "HUAWEI",
        "synced_at": "2026-01-10 00:00:00.005000",
    }


def test_a_ticket_that_is_gone_keeps_its_row_and_the_first_time(warehouse, store, rows):
    store((a_ticket(is_closed=False), None))
    for now in (DAY, LATER):
        warehouse.transact(lambda c, now=now: mark_gone(c, ACCOUNT, ["T1"], now))
    assert rows("select missing_since div 1000 from cloud_osm_list") == [(int(DAY.timestamp()),)]
    store((a_ticket(is_closed=False), None), now=LATER)
    assert rows("select missing_since from cloud_osm_list") == [(None,)]


def test_what_became_of_a_batch_is_written_together(warehouse, store, rows):
    store((a_ticket("T3", is_closed=False), None))
    failed = {"T2": ContractError("a field is missing")}
    conversations: list[Conversation] = [(a_ticket("T1"), [])]
    refused = warehouse.transact(
        lambda c: store_outcomes(c, Look(ACCOUNT, DAY), conversations, failed, ["T3"])
    )
    assert refused == failed
    assert rows("select item_id from sync_quarantine") == [("T2",)]
    gone = rows("select cloud_id, missing_since is not null from cloud_osm_list order by 1")
    assert gone == [("T1", 0), ("T3", 1)]


@pytest.mark.parametrize("ticket_id", ["T1 ", "T1  "])
def test_a_ticket_whose_id_ends_in_a_blank_is_refused_by_name_and_leaves_the_other_alone(
    store, rows, ticket_id
):
    """To the server it is the other's key."""
    store((a_ticket("T1"), [a_message("T1")]))
    before = rows("select * from cloud_osm_list")
    with pytest.raises(ContractError, match=rf"'cloud_id' '{ticket_id}' ends in a blank"):
        store((a_ticket(ticket_id, title="other"), []))
    assert rows("select * from cloud_osm_list") == before


def test_a_message_whose_id_ends_in_a_blank_is_refused_by_name_and_replaces_none(store, rows):
    store((a_ticket(), [a_message(content="first")]))
    with pytest.raises(ContractError, match="'message_id' 'M1 ' ends in a blank"):
        store((a_ticket(), [a_message(content="first"), a_message(message_id="M1 ")]))
    assert rows("select message_id, content from cloud_osm_detail") == [("M1", "first")]
