"""What a watermark lets be listed, and that one which no run can have set is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from include.errors import UnavailableError
from include.settings import Settings
from tests.builders import DAY

AFTER = DAY + timedelta(days=7)
AHEAD = {
    "still in the future": "watermark_at = utc_timestamp(6) + interval 3 day",
    "passed in a pause": "watermark_at = :mark, heartbeat_at = :day",
}
ROW = "select outcome, error_class, error_text from sync_run order by started_at desc limit 1"


@pytest.fixture
def edit(warehouse):
    def run(changes):
        values = {"mark": DAY + timedelta(days=3), "day": DAY}
        used = {name: value for name, value in values.items() if f":{name}" in changes}
        statement = sa.text(f"update sync_state set {changes} where entity = 'tickets'")
        warehouse.transact(lambda connection: connection.execute(statement, used))

    return run


@pytest.mark.parametrize("how", AHEAD)
def test_after_a_watermark_ahead_and_a_pause_all_tickets_are_there(sync, client, rows, edit, how):
    for number in range(3):
        client.add(f"T{number}")
    sync()
    edit(AHEAD[how])
    for number in range(3, 12):
        client.add(f"T{number}", created_at=DAY + timedelta(hours=5 * number))
    sync(now=AFTER)
    assert rows("select count(*) from cloud_osm_list") == [(12,)]
    [(outcome, error_class, text)] = rows(ROW)
    assert (outcome, error_class) == ("done", None)
    assert "lay ahead of every run: refused, and set back to 2026-01-10 00:00:00 UTC" in text
    assert rows("select watermark_at from sync_state") == [
        (AFTER.replace(tzinfo=None, second=5),)  # the second run of the test
    ]
    sync(now=AFTER + timedelta(minutes=15))
    assert rows(ROW)[0][2] is None


def test_without_a_proven_run_everything_is_read_from_the_beginning(
    sync, client, rows, edit, warehouse
):
    sync()
    edit(AHEAD["passed in a pause"])
    client.add("T1", created_at=DAY - timedelta(days=400))
    client.add("T2")
    lost = sa.text("update sync_run set outcome = 'partial'")
    warehouse.transact(lambda connection: connection.execute(lost))
    sync(now=AFTER)
    assert rows("select count(*) from cloud_osm_list") == [(2,)]
    assert "set back to the beginning" in rows(ROW)[0][2]


def test_a_dry_run_counts_what_the_healed_run_would_read(sync, client, edit):
    sync()
    edit(AHEAD["passed in a pause"])
    client.add("T1", created_at=DAY + timedelta(days=2))
    assert sync(now=AFTER, dry_run=True).written == 1


def test_a_worker_whose_clock_is_ahead_moves_no_watermark_beyond_the_servers(sync, client, rows):
    ahead = datetime.now(UTC) + timedelta(days=2)
    client.add("T1", created_at=ahead - timedelta(days=3))
    sync(now=ahead)
    assert rows(
        "select watermark_at <= heartbeat_at, heartbeat_at <= utc_timestamp(6) from sync_state"
    ) == [(1, 1)]
    assert rows("select s.watermark_at <= r.started_at from sync_state as s, sync_run as r") == [
        (1,)
    ]
    client.add("T2", created_at=datetime.now(UTC))
    sync(now=ahead + timedelta(minutes=15))
    assert rows("select count(*) from cloud_osm_list") == [(2,)]
    assert rows(ROW)[0][2] is None


def test_spans_without_tickets_stay_passed_when_a_later_one_fails(sync, client, rows, monkeypatch):
    settings = Settings(sync_since=DAY - timedelta(days=200))
    listing, asked, is_away = client.list_tickets, [], True

    def list_tickets(window, *, only_open=False):
        if not only_open:
            asked.append(window)
        if is_away and len(asked) == 3:
            raise UnavailableError("away")
        yield from listing(window, only_open=only_open)

    monkeypatch.setattr(client, "list_tickets", list_tickets)
    with pytest.raises(UnavailableError):
        sync(settings=settings)
    passed = asked[1].until
    assert rows("select watermark_at from sync_state") == [(passed.replace(tzinfo=None),)]
    is_away = False
    sync(settings=settings)
    assert passed - timedelta(days=3) < min(window.since for window in asked[3:]) < passed


def test_what_overlaps_and_what_is_new_is_one_list(sync, client):
    client.add("T1")
    sync()
    client.add("T2", created_at=AFTER)
    assert sync(now=AFTER + timedelta(minutes=5)).written == 1
    sync(now=AFTER + timedelta(minutes=10))
    assert (client.calls, client.reads) == (2, [])  # open now, and created lately


def test_what_another_account_showed_is_read_once_where_the_window_overlaps(
    sync, client, warehouse
):
    def run(statement):
        warehouse.transact(lambda connection: connection.execute(sa.text(statement)))

    client.add("T1", created_at=DAY - timedelta(hours=1))
    sync()
    run("insert into cloud_user (id, secret_id, type) values ('other', 'its-own-key', 'HUAWEI')")
    run("update cloud_osm_list set account_id = 'other'")
    sync(now=AFTER)
    assert (client.calls, client.reads) == (3, [])  # and what is new apart, to tell them apart
    client.add("T2", created_at=AFTER + timedelta(minutes=10))
    run(
        "insert into cloud_osm_list (id, cloud_id, type, status, account_id, synced_at)"
        " values ('a2', 'T2', 'HUAWEI', 1, 'other', '2026-01-01')"
    )
    for reads in (["T2"], []):
        sync(now=AFTER + timedelta(minutes=15))
        assert client.reads == reads
