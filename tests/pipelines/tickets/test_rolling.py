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
        client.calls, client.reads = 0, []
        return read_again(
            client,
            warehouse,
            client.account,
            settings=Settings(read_all_days=days),
            now=DAY + timedelta(days=day),
            request=Request("test"),
        )

    return run


def test_in_so_many_days_each_is_read_once_and_no_more_than_a_share_a_day(sync, client, again):
    for number in range(12):
        client.add(f"T{number:02}")
    client.add("O1", is_closed=False)
    sync()
    read = []
    for day in range(1, 6):
        again(day)
        assert len(client.reads) <= 3
        read += client.reads
    assert set(read) == {f"T{number:02}" for number in range(12)}


def test_a_message_that_came_after_closing_is_found(sync, client, rows, again):
    client.add("T1")
    sync()
    client.messages["T1"].append(a_message("T1", "late"))
    sync(now=DAY + timedelta(hours=2))  # an hour after our first look: read again, by itself
    assert ("late",) in rows("select message_id from cloud_osm_detail")
    client.messages["T1"].append(a_message("T1", "later"))
    again(3)
    assert ("later",) in rows("select message_id from cloud_osm_detail")


def test_what_was_read_today_is_not_read_again(sync, client, again):
    client.add("T1")
    sync()
    assert again(0).calls == 0
    assert client.reads == []


def test_what_fails_waits_in_quarantine_and_the_run_says_so(sync, client, rows, again):
    client.add("T1")
    sync()
    client.errors["T1"] = ContractError("broken", vendor="huawei", action="read")
    with pytest.raises(PartialError, match="1 tickets wait in quarantine"):
        again(2)
    assert rows("select item_id from sync_quarantine") == [("T1",)]
