"""A run whose time is spent stops where the next one goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.pipelines.clock import TimeBudget
from include.pipelines.tickets.sync import sync_tickets
from include.settings import Settings
from include.warehouse.bookkeeping.ledger import Request
from tests.builders import DAY

STATE = "select outcome, written, error_text from sync_run order by started_at, run_id"


class Countdown(TimeBudget):
    """Spent after so many looks at it."""

    def __init__(self, looks):
        super().__init__(1)
        self.looks = looks

    @property
    def is_spent(self):
        self.looks -= 1
        return self.looks < 0


@pytest.fixture
def run(warehouse, client):
    def sync(budget, now=DAY):
        client.reads = []
        return sync_tickets(
            client,
            warehouse,
            client.account,
            settings=Settings(sync_since=DAY - timedelta(days=100), calls_at_once=2),
            now=now,
            request=Request("test"),
            budget=budget,
        )

    return sync


def test_whenever_the_time_ends_nothing_is_lost_and_each_ticket_is_read_once(client, rows, run):
    """Ninety days in spans of thirty, cut off after every number of looks at the clock."""
    for number in range(30):
        client.add(f"T{number:02}", created_at=DAY - timedelta(days=3 * number, hours=1))
    reads, looks, runs = [], 0, 0
    while True:
        counts = run(Countdown(looks), now=DAY + timedelta(seconds=runs))
        reads += client.reads
        looks, runs = looks + 3, runs + 1
        stored = {row[0] for row in rows("select cloud_id from cloud_osm_list")}
        assert stored == {*reads}
        if not counts.more:
            break
    assert runs > 3
    assert sorted(reads) == [f"T{number:02}" for number in range(30)]
    assert {row[0] for row in rows("select outcome from sync_run")} == {"more", "done"}


def test_what_a_run_without_time_has_read_is_stored_and_its_watermark_stays(client, rows, run):
    for number in range(90):
        client.add(f"T{number:02}")
    counts = run(Countdown(75))
    assert counts.more == 1
    assert 0 < counts.written < 90
    assert rows("select count(*) from cloud_osm_list") == [(counts.written,)]
    watermark = rows("select watermark_at from sync_state")[0][0]
    assert watermark is None or watermark < DAY.replace(tzinfo=None) - timedelta(days=9)
    assert run(TimeBudget(), now=DAY + timedelta(minutes=15)).more == 0
    assert rows("select count(*) from cloud_osm_list") == [(90,)]


def test_a_budget_that_is_spent_at_once_reads_nothing_and_says_so(client, rows, run):
    client.add("T1")
    assert run(Countdown(0)).more == 1
    assert rows("select outcome from sync_run") == [("more",)]
    assert client.reads == []
