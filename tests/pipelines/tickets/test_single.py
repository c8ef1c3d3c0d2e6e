"""Tickets that are asked for by id: stored at once, with an answer for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from include.errors import AuthError, ContractError, RateLimitError
from include.pipelines.tickets.single import read_tickets
from include.settings import Settings
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from tests.builders import DAY, a_message

LATER = DAY + timedelta(minutes=15)
RUNS = "select entity, outcome, written, failed from sync_run where entity = 'ticket'"


@pytest.fixture
def ask(warehouse, client):
    """``ask("T1", owned=["T1"])``: the answers, by id."""

    def read(*ticket_ids, owned=(), now=LATER):
        answers = read_tickets(
            client,
            warehouse,
            ticket_ids,
            owned,
            settings=Settings(calls_at_once=1),
            now=now,
            request=Request("test"),
        )
        return {answer.ticket_id: answer for answer in answers}

    return read


def test_each_is_stored_with_its_messages_and_what_came_of_it_is_told(client, rows, ask):
    client.add("T1", messages=3)
    client.add("T2", messages=2, is_closed=False)
    client.errors["T3"] = ContractError("drifted", vendor="huawei", action="read")
    told = ask("T1", "T2", "T3", "T4", owned=["T3"])
    assert [(i, told[i].state, told[i].messages) for i in sorted(told)] == [
        ("T1", "complete", 3),
        ("T2", "open", 2),
        ("T3", "failed", 0),
        ("T4", "unknown", 0),
    ]
    assert isinstance(told["T3"].error, ContractError)
    held = rows("select cloud_id, complete, message_count from cloud_osm_list order by 1")
    assert held == [("T1", 1, 3), ("T2", 0, 2)]
    assert rows("select count(*) from cloud_osm_detail") == [(5,)]
    assert rows("select item_id from sync_quarantine") == [("T3",)]
    assert rows(RUNS) == [("ticket", "partial", 2, 1)]


def test_what_no_vendor_knows_leaves_no_trace_but_of_a_ticket_that_is_ours(sync, client, rows, ask):
    client.add("T1", is_closed=False)
    sync()
    del client.tickets["T1"]
    told = ask("T1", "T2", owned=["T1"])
    assert {answer.state for answer in told.values()} == {"unknown"}
    gone = "select cloud_id, missing_since is not null from cloud_osm_list"
    assert rows(gone) == [("T1", 1)]
    assert rows(RUNS) == []


def test_a_refused_key_says_that_a_strangers_ticket_is_not_ours_and_nothing_of_our_own(
    client, rows, ask
):
    for ticket_id in ("T1", "T2"):
        client.errors[ticket_id] = AuthError("refused", vendor="huawei", action="read")
    told = ask("T1", "T2", owned=["T1"])
    assert (told["T1"].state, told["T2"].state) == ("failed", "unknown")
    assert rows("select item_id from sync_quarantine") == [("T1",)]


def test_a_ticket_whose_messages_are_refused_is_stored_without_and_says_so(client, rows, ask):
    ticket = client.add("T1")
    refused = AuthError("no right to messages", vendor="huawei", action="messages")
    refused.ticket = ticket
    client.errors["T1"] = refused
    told = ask("T1")
    assert (told["T1"].state, told["T1"].error) == ("unread", refused)
    assert rows("select status, complete, message_count from cloud_osm_list") == [(1, 0, None)]


def test_after_an_error_about_more_than_one_ticket_those_left_have_failed_with_it(
    client, rows, ask
):
    client.add("T1")
    client.add("T3")
    client.errors["T2"] = RateLimitError("too many calls", vendor="huawei", action="read")
    told = ask("T1", "T2", "T3")
    assert [told[i].state for i in ("T1", "T2", "T3")] == ["complete", "failed", "failed"]
    assert told["T2"].error is told["T3"].error is client.errors["T2"]
    assert rows("select cloud_id from cloud_osm_list") == [("T1",)]
    assert rows("select count(*) from sync_quarantine") == [(0,)]  # a run reads them


def test_a_conversation_too_long_to_hold_is_stored_part_by_part(client, rows, ask):
    client.part = 2
    client.add("T1", messages=5)
    answer = ask("T1")["T1"]
    assert (answer.state, answer.messages) == ("complete", 5)
    assert rows("select complete, message_count from cloud_osm_list") == [(1, 5)]


def test_it_waits_for_no_run_and_an_older_reading_changes_nothing(
    sync, client, rows, ask, warehouse
):
    client.add("T1", is_closed=False)
    sync()
    with ledger.hold(warehouse, "huawei-1", "tickets", vendor="huawei", request=Request("a run")):
        client.change("T1", is_closed=True)
        assert ask("T1", owned=["T1"], now=LATER)["T1"].state == "complete"
    newest = rows("select complete, message_count, read_at from cloud_osm_list")
    client.change("T1", is_closed=False)
    client.messages["T1"] = [replace(a_message("T1", "M0"), content="old")]
    ask("T1", owned=["T1"], now=LATER - timedelta(minutes=5))
    assert rows("select complete, message_count, read_at from cloud_osm_list") == newest
    assert rows("select count(*) from cloud_osm_detail where content = 'old'") == [(0,)]
