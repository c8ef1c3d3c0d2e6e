"""A closed ticket is looked at again with one call, and read only where something changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from include.errors import AuthError, RejectedError
from include.models import OPENING_ID
from tests.builders import DAY, a_message

DUE = DAY + timedelta(hours=2)
"""After the first look: an hour after the closing."""


@pytest.fixture
def look(sync, client):
    """Runs when T1, closed and complete, is due; which tickets were glanced at, and which read."""

    def run():
        client.glances = []
        sync(now=DUE)
        return client.glances, client.reads

    return run


@pytest.fixture
def change(warehouse):
    """Lets another program change the tables."""

    def run(statement):
        warehouse.transact(lambda c: c.execute(sa.text(statement)))

    return run


def test_what_did_not_change_costs_one_call_and_its_next_look_is_planned(sync, client, rows, look):
    client.add("T1")
    sync()
    before = rows("select synced_at, close_time_max, message_count from cloud_osm_list")
    assert look() == (["T1"], [])
    assert rows("select synced_at, close_time_max, message_count from cloud_osm_list") == before
    days = "timestampdiff(hour, read_at, read_again_at) between 21 and 27, read_at >= :due"
    assert rows(f"select {days} from cloud_osm_list", due=DUE.replace(tzinfo=None)) == [(1, 1)]


@pytest.mark.parametrize("shows_ticket", [True, False])
@pytest.mark.parametrize(
    "what",
    [
        *("a new message", "an edited message", "reopened"),
        *("another title", "another state", "a rating", "another rating"),
    ],
)
def test_what_changed_at_the_vendor_is_read(sync, client, rows, look, what, shows_ticket):
    client.shows_ticket = shows_ticket
    client.add("T1", title="before", satisfaction=Decimal(2) if what == "another rating" else None)
    sync()
    if what == "a new message":
        client.messages["T1"].append(a_message("T1", "late"))
    elif what == "an edited message":
        client.messages["T1"][1] = replace(client.messages["T1"][1], content="edited")
    elif what == "reopened":
        client.change("T1", is_closed=False)
    elif what == "another title":
        client.change("T1", title="after")
    elif what.endswith("rating"):
        client.change("T1", satisfaction=Decimal("4.50"))
    else:
        client.change("T1", vendor_status="withdrawn")
    # Where the call tells messages alone, the open list shows the reopened, a daily look the rest.
    is_seen = shows_ticket or what.endswith("message")
    glanced, read = look()
    assert (glanced, read) == (
        [] if what == "reopened" else ["T1"],
        ["T1"] if is_seen or what == "reopened" else [],
    )
    if what.endswith("rating") and is_seen:
        assert rows("select satisfaction, complete from cloud_osm_list") == [(Decimal("4.5"), 1)]


@pytest.mark.parametrize(
    "statement",
    [
        "delete from cloud_osm_detail where message_id = 'M1'",
        "update cloud_osm_detail set content = 'edited' where message_id = 'M1'",
        "update cloud_osm_detail set create_time = create_time + 1 where message_id = 'M1'",
        "update cloud_osm_detail set type = '1' where type = '0'",
        "update cloud_osm_list set name = 'edited'",
        "update cloud_osm_list set create_time = 2026",
        "update cloud_osm_list set message_count = 7",
    ],
)
def test_what_another_program_changed_is_read(sync, client, rows, look, change, statement):
    client.add("T1")
    sync()
    tables = ("name, create_time, message_count from cloud_osm_list", "* from cloud_osm_detail")
    before = [rows(f"select {table} order by 1") for table in tables]
    change(statement)
    assert look() == (["T1"], ["T1"])
    after = [rows(f"select {table} order by 1") for table in tables]
    assert [row[:8] for row in after[1]] == [row[:8] for row in before[1]]
    assert after[0] == before[0]


def test_an_opening_text_that_only_a_reading_shows_is_no_change(sync, client, look):
    client.add("T1")
    client.messages["T1"].insert(0, a_message("T1", OPENING_ID, content="the description"))
    sync()
    del client.messages["T1"][0]
    assert look() == (["T1"], [])


def test_a_ticket_that_a_glance_cannot_show_is_read_and_that_says_why(sync, client, rows, look):
    client.add("T1")
    sync()
    del client.tickets["T1"]
    assert look() == (["T1"], ["T1"])
    assert rows("select missing_since is null from cloud_osm_list") == [(0,)]


@pytest.mark.parametrize("error", [RejectedError, AuthError])
def test_a_glance_that_fails_leaves_the_ticket_complete_and_puts_it_aside(
    sync, client, rows, look, error
):
    client.add("T1")
    sync()
    client.errors["T1"] = error("no", vendor="huawei", action="glance")
    with pytest.raises(Exception, match="1 tickets wait in quarantine"):
        look()
    assert rows("select complete from cloud_osm_list") == [(1,)]
    del client.errors["T1"]
    look()
    assert rows("select item_id from sync_quarantine") == []
