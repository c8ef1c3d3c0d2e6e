"""Tickets and messages as rows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from include.errors import ContractError
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.messages import Conversation
from include.warehouse.tickets.store import mark_gone, store_outcomes, store_part
from tests.builders import DAY, a_message, a_ticket, an_account

ACCOUNT = an_account()
LATER = DAY + timedelta(hours=1)


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


def test_what_a_vendor_said_besides_stays_until_it_says_otherwise(store, rows):
    besides = (
        "select severity, satisfaction, satisfaction_text, requester_id, requester_name"
        " from cloud_osm_list"
    )
    store((a_ticket(severity="一般", requester_id="u1", requester_name="小王"), []))
    assert rows(besides) == [("一般", None, None, "u1", "小王")]
    rated = a_ticket(satisfaction=Decimal("4.33"), satisfaction_text="不错 🙂")
    store((rated, []), now=LATER)
    assert rows(besides) == [("一般", Decimal("4.33"), "不错 🙂", "u1", "小王")]
    store((a_ticket(severity="紧急"), []), now=LATER + timedelta(hours=1))
    assert rows(besides) == [("紧急", Decimal("4.33"), "不错 🙂", "u1", "小王")]


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
