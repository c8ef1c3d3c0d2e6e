"""Every complete ticket is read again, a share a day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.errors import ContractError, PartialError
from include.pipelines.tickets.rolling import read_again
from include.settings import Settings
from include.warehouse.bookkeeping.ledger import Request
from tests.builders import DAY, a_message


@pytest.fixture
def again(warehouse, client):
    def run(day, days=5):
        client.calls, client.reads, client.glances = 0, [], []
        return read_again(
            client,
            warehouse,
            client.account,
            settings=Settings(read_all_days=days),
            now=DAY + timedelta(days=day),
            request=Request("test"),
        )

    return run


ROLLING_ONLY = Settings(read_again_hours=(0,))


def test_in_so_many_days_each_is_read_once_and_no_more_than_a_share_a_day(sync, client, again):
    for number in range(12):
        client.add(f"T{number:02}")
    client.add("O1", is_closed=False)
    sync(settings=ROLLING_ONLY)
    read = []
    for day in range(1, 6):
        again(day)
        assert len(client.glances) <= 3
        assert client.reads == []  # nothing changed: a glance each
        read += client.glances
    assert sorted(read) == [f"T{number:02}" for number in range(12)]


def test_one_whose_next_look_is_planned_in_time_is_left_to_it(sync, client, again):
    client.add("T1")
    sync(now=DAY)
    assert again(2, days=30).calls == 0
    sync(now=DAY + timedelta(days=8))  # the next: after 30 days
    assert again(10, days=30).calls == 0
    assert again(10, days=5).calls == 1


def test_a_message_that_came_after_closing_is_found(sync, client, rows, again):
    client.add("T1")
    sync()
    client.messages["T1"].append(a_message("T1", "late"))
    sync(now=DAY + timedelta(hours=2))  # an hour after our first look: read again, by itself
    assert ("late",) in rows("select message_id from cloud_osm_detail")
    sync(now=DAY + timedelta(days=34))  # the last look that was planned
    client.messages["T1"].append(a_message("T1", "later"))
    again(36)
    assert ("later",) in rows("select message_id from cloud_osm_detail")


def test_what_was_read_today_is_not_read_again(sync, client, again):
    client.add("T1")
    sync()
    assert again(0).calls == 0
    assert client.reads == []


def test_what_fails_waits_in_quarantine_and_the_run_says_so(sync, client, rows, again):
    client.add("T1")
    sync(settings=ROLLING_ONLY)
    client.errors["T1"] = ContractError("broken", vendor="huawei", action="read")
    with pytest.raises(PartialError, match="1 tickets wait in quarantine"):
        again(2)
    assert rows("select item_id from sync_quarantine") == [("T1",)]
