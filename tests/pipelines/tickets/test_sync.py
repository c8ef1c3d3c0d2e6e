from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from include.errors import (
    AuthError,
    ContractError,
    MovingListError,
    PartialError,
    RateLimitError,
    UnavailableError,
    UncountedListError,
)
from include.models import DERIVED_ID_PREFIX
from include.settings import Settings
from tests.builders import DAY, a_message, an_account
from tests.contents import contents
from tests.fakes import FakeClient

LATER = DAY + timedelta(minutes=15)
STATUS = "select cloud_id, status from cloud_osm_list order by cloud_id"
TABLES = ("cloud_osm_list", "cloud_osm_detail", "cloud_osm_source")


def test_a_closed_ticket_is_stored_with_all_its_messages(sync, client, rows):
    client.add("T1", messages=3)
    counts = sync()
    assert rows(STATUS) == [("T1", 0)]
    assert rows("select message_count from cloud_osm_list") == [(3,)]
    assert rows("select count(*), min(type), min(vendor) from cloud_osm_detail") == [
        (3, "0", "HUAWEI")
    ]
    assert (counts.written, counts.messages, counts.listed) == (1, 3, 1)


def test_an_open_ticket_is_stored_at_once_and_its_messages_when_it_closes(sync, client, rows):
    client.add("T1", is_closed=False)
    sync()
    assert rows(STATUS) == [("T1", 1)]
    assert rows("select count(*) from cloud_osm_detail") == [(0,)]
    client.change("T1", is_closed=True)
    sync(now=LATER)
    assert rows(STATUS) == [("T1", 0)]
    assert rows("select count(*) from cloud_osm_detail") == [(2,)]
    after = "close_time div 60000, close_time_max div 60000, close_time_min div 60000"
    minute = int(LATER.timestamp()) // 60
    opened = int(DAY.timestamp()) // 60
    assert rows(f"select {after} from cloud_osm_list") == [(minute, minute, opened)]


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_zero_of_another_program_is_read_by_the_next_run(
    sync, client, rows, warehouse, is_closed
):
    client.add("T1", is_closed=False)
    sync()
    client.change("T1", is_closed=is_closed)
    client.reads.clear()
    zero = sa.text("update cloud_osm_list set status = 0")
    warehouse.transact(lambda connection: connection.execute(zero))
    sync(now=LATER)
    assert client.reads == ["T1"]
    assert rows("select status, complete from cloud_osm_list") == [(0, 1) if is_closed else (1, 0)]
    client.reads.clear()
    sync(now=LATER + timedelta(minutes=15))
    assert client.reads == []


def test_a_conversation_too_long_to_hold_is_stored_part_by_part(sync, client, rows):
    client.part = 2
    client.add("T1", messages=5)
    counts = sync()
    assert rows("select status, message_count from cloud_osm_list") == [(0, 5)]
    assert rows("select count(*) from cloud_osm_detail") == [(5,)]
    assert (counts.written, counts.messages) == (1, 5)


def test_the_history_tells_of_a_conversation_stored_part_by_part_what_it_tells_of_others(
    sync, client, rows
):
    client.part = 2
    client.add("T1", messages=5, is_closed=False)
    client.add("T2", messages=5)
    sync()
    client.change("T1", is_closed=True)
    sync(now=LATER)
    query = "select cloud_id, is_closed from cloud_osm_history order by cloud_id, seen_at"
    assert rows(query) == [("T1", 0), ("T1", 1), ("T2", 1)]


class CutOffClient(FakeClient):
    """Fails behind the first part of a conversation."""

    def read_ticket(self, ticket_id, *, open_messages=False, store_part=None):
        ticket, messages = super().read_ticket(ticket_id, open_messages=open_messages)
        store_part(ticket, (messages or [])[:2])
        raise ContractError("cut off", vendor="huawei", action="read")


@pytest.mark.parametrize("was_complete", [False, True])
def test_a_ticket_of_which_only_parts_are_stored_is_incomplete_until_the_rest_is(
    sync, client, rows, was_complete
):
    client.part = 2
    client.add("T1", messages=5)
    backfill = {"since": DAY - timedelta(days=30)}
    if was_complete:
        sync()
    closed_at = rows("select close_time from cloud_osm_list")
    cut_off = CutOffClient(client.account, client.tickets, client.messages)
    with pytest.raises(PartialError, match="1 tickets wait in quarantine"):
        sync(vendor=cut_off, **backfill)
    assert rows(STATUS) == [("T1", 1)]
    assert rows("select count(*) from cloud_osm_detail") == [(5 if was_complete else 2,)]
    sync(now=LATER)
    assert rows("select status, message_count from cloud_osm_list") == [(0, 5)]
    assert rows("select count(*) from cloud_osm_detail") == [(5,)]
    assert rows("select item_id from sync_quarantine") == []
    if was_complete:
        assert rows("select close_time from cloud_osm_list") == closed_at


def test_parts_of_a_ticket_with_anothers_id_are_refused(sync, client, rows):
    client.part = 1
    client.add("T1")
    sync()
    other = FakeClient(an_account(account_id="huawei-2"), part=1)
    other.add("T1", created_at=DAY - timedelta(hours=9), messages=4)
    before = contents(rows, *TABLES)
    with pytest.raises(PartialError, match="another creation time"):
        sync(vendor=other)
    assert contents(rows, *TABLES) == before


def test_with_open_messages_an_open_ticket_has_its_messages_and_stays_incomplete(
    sync, client, rows
):
    client.add("T1", is_closed=False)
    sync(open_messages=True)
    assert rows(STATUS) == [("T1", 1)]
    client.messages["T1"].append(a_message("T1", "M9"))
    sync(now=LATER, settings=Settings(open_messages=True))
    assert rows("select count(*) from cloud_osm_detail") == [(3,)]


def test_running_twice_equals_running_once_and_reads_no_closed_ticket(sync, client, rows):
    for i in range(5):
        client.add(f"T{i}", is_closed=i > 0)
    sync()
    before = contents(rows, *TABLES)
    sync(now=LATER)
    assert client.reads == []
    assert contents(rows, *TABLES) == before


def test_a_reopened_ticket_becomes_incomplete_again(sync, client, rows):
    client.add("T1", created_at=DAY - timedelta(days=300))
    client.add("T2")
    sync()
    client.change("T1", is_closed=False, vendor_status="1")
    sync(now=LATER)
    assert client.reads == ["T1"]
    assert rows(STATUS) == [("T1", 1), ("T2", 0)]
    assert rows("select close_time from cloud_osm_list where cloud_id = 'T1'") == [(None,)]
    client.messages["T1"].append(a_message("T1", "M9"))
    client.change("T1", is_closed=True)
    sync(now=LATER + timedelta(minutes=15))
    assert rows(STATUS) == [("T1", 0), ("T2", 0)]
    assert rows("select count(*) from cloud_osm_detail where case_id = 'T1'") == [(3,)]


def test_a_ticket_deleted_at_the_vendor_stays_and_is_noted_and_the_run_is_green(sync, client, rows):
    client.add("T1", is_closed=False)
    client.add("T2", is_closed=False)
    sync()
    del client.tickets["T1"]
    assert sync(now=LATER).gone == 1
    assert rows(
        "select cloud_id, status, missing_since is null from cloud_osm_list order by 1"
    ) == [
        ("T1", 1, 0),
        ("T2", 1, 1),
    ]
    sync(now=LATER + timedelta(minutes=15))
    assert client.reads == []
    sync(now=LATER + timedelta(days=2))
    assert client.reads == ["T1"]


def test_a_ticket_that_comes_back_is_no_longer_missing(sync, client, rows):
    ticket = client.add("T1", is_closed=False)
    sync()
    del client.tickets["T1"]
    sync(now=LATER)
    client.tickets["T1"] = ticket
    sync(now=LATER + timedelta(minutes=15))
    assert rows("select missing_since from cloud_osm_list") == [(None,)]


def test_a_listed_ticket_that_cannot_be_read_waits_in_quarantine_and_later_ones_arrive(
    sync, client, rows
):
    client.add("T1")
    client.add("T2")
    client.errors["T1"] = ContractError("field Status is missing", vendor="huawei", action="read")
    with pytest.raises(PartialError, match="T1: huawei read: field Status is missing"):
        sync()
    assert rows(STATUS) == [("T2", 0)]
    client.add("T3", created_at=DAY + timedelta(minutes=1))
    with pytest.raises(PartialError):
        sync(now=LATER)
    assert rows(STATUS) == [("T2", 0), ("T3", 0)]
    assert rows("select item_id, error_class, attempts from sync_quarantine") == [
        ("T1", "ContractError", 2)
    ]
    del client.errors["T1"]
    sync(now=LATER + timedelta(days=40))
    assert rows(STATUS) == [("T1", 0), ("T2", 0), ("T3", 0)]
    assert rows("select * from sync_quarantine") == []


def test_an_open_ticket_in_quarantine_is_tried_again_by_every_run(sync, client, rows):
    client.add("T1", is_closed=False)
    sync()
    client.errors["T1"] = ContractError("odd", vendor="huawei")
    with pytest.raises(PartialError):
        sync(now=LATER, open_messages=True)
    del client.errors["T1"]
    sync(now=LATER + timedelta(minutes=15))
    assert client.reads == ["T1"]
    assert rows("select * from sync_quarantine") == []


def test_the_ledger_says_what_happened(sync, client, rows):
    client.add("T1")
    sync()
    client.errors["list"] = AuthError(
        "bad key", vendor="huawei", code="APIGW.0301", request_id="r1"
    )
    with pytest.raises(AuthError):
        sync(now=LATER)
    outcomes = rows(
        "select outcome, written, messages, error_class, request_id, ended_at is not null"
        " from sync_run order by started_at"
    )
    assert outcomes == [
        ("done", 1, 2, None, None, 1),
        ("failed", 0, 0, "AuthError", "r1", 1),
    ]


def test_the_watermark_moves_to_the_start_of_the_run_and_not_when_the_list_fails(
    sync, client, rows
):
    client.add("T1")
    sync()
    mark = "select watermark_at from sync_state where entity = 'tickets'"
    assert rows(mark) == [(DAY.replace(tzinfo=None),)]
    client.errors["list"] = UnavailableError("502")
    with pytest.raises(UnavailableError):
        sync(now=LATER)
    assert rows(mark) == [(DAY.replace(tzinfo=None),)]


def test_a_list_that_keeps_moving_gives_what_was_seen_and_holds_the_watermark(sync, client, rows):
    client.add("T1")
    client.errors["list"] = MovingListError("moving")
    with pytest.raises(PartialError, match="kept moving"):
        sync()
    assert rows(STATUS) == [("T1", 0)]
    assert rows("select watermark_at from sync_state where entity = 'tickets'") == [(None,)]


def test_a_list_without_a_total_gives_its_tickets_holds_the_watermark_and_is_quoted(
    sync, client, rows
):
    client.add("T1")
    client.errors["list"] = UncountedListError("field total_count is negative")
    with pytest.raises(PartialError, match=r"too little.*total_count is negative"):
        sync()
    assert rows(STATUS) == [("T1", 0)]
    assert rows("select watermark_at from sync_state where entity = 'tickets'") == [(None,)]


def test_a_ticket_without_a_title_is_stored_without_and_keeps_the_one_it_had(sync, client, rows):
    client.add("T1", title=None)
    client.add("T2", is_closed=False)
    sync()
    client.change("T2", title=None, is_closed=True, is_resolved=True)
    sync(now=LATER)
    assert rows("select cloud_id, status, name from cloud_osm_list order by cloud_id") == [
        ("T1", 0, None),
        ("T2", 0, "title of T2"),
    ]


def test_a_ticket_whose_id_ends_in_a_blank_waits_by_that_name_beside_its_neighbour(
    sync, client, rows
):
    client.add("T1")
    client.add("T1 ")
    with pytest.raises(PartialError, match="'T1 ' ends in a blank"):
        sync()
    assert rows(STATUS) == [("T1", 0)]
    assert rows("select item_id from sync_quarantine") == [("T1 ",)]


def test_a_vendor_that_fails_three_times_in_a_row_is_away_and_the_watermark_waits(
    sync, client, rows
):
    for i in range(30):
        client.add(f"T{i:02}")
        if i >= 10:
            client.errors[f"T{i:02}"] = UnavailableError("503")
    with pytest.raises(UnavailableError):
        sync()
    assert len(rows(STATUS)) == 10
    [(mark,)] = rows("select watermark_at from sync_state where entity = 'tickets'")
    assert mark.replace(tzinfo=UTC) <= client.tickets["T10"].created_at
    client.errors.clear()
    sync(now=LATER)
    assert len(rows(STATUS)) == 30


def test_one_forbidden_ticket_waits_and_the_rest_is_read(sync, client, rows):
    for i in range(6):
        client.add(f"T{i}")
    client.errors["T3"] = AuthError("no right to this ticket", vendor="huawei")
    with pytest.raises(PartialError):
        sync()
    assert len(rows(STATUS)) == 5


def test_an_account_without_the_right_to_messages_has_its_tickets_and_says_what_is_missing(
    sync, client, rows
):
    for i in range(6):
        refused = AuthError("not allowed", vendor="huawei", action="list messages")
        refused.ticket = client.add(f"T{i}")
        client.errors[f"T{i}"] = refused
    with pytest.raises(AuthError, match="list messages"):
        sync()
    assert set(rows("select status, message_count from cloud_osm_list")) == {(1, None)}
    assert rows("select outcome, error_class, written from sync_run") == [
        ("failed", "AuthError", 6)
    ]
    client.errors.clear()
    sync(now=LATER)
    assert set(rows("select status, message_count from cloud_osm_list")) == {(0, 2)}


def test_too_many_calls_end_the_run_and_what_was_read_is_stored(sync, client, rows):
    client.add("T1")
    client.add("T2")
    client.errors["T2"] = RateLimitError("slow down")
    with pytest.raises(RateLimitError):
        sync()
    client.errors.clear()
    sync(now=LATER)
    assert rows(STATUS) == [("T1", 0), ("T2", 0)]


def test_empty_lists_while_tickets_are_open_are_loud(sync, client):
    client.add("T1", is_closed=False)
    sync()

    class Outage(FakeClient):
        def list_tickets(self, window, *, only_open=False):
            yield []

    away = Outage(tickets=client.tickets, messages=client.messages)
    with pytest.raises(UnavailableError, match="the lists are empty"):
        sync(now=LATER, vendor=away)


def test_tickets_at_the_border_of_two_windows_are_neither_lost_nor_doubled(sync, client, rows):
    settings = Settings(sync_since=datetime(2020, 1, 1, tzinfo=UTC))
    border = settings.sync_since + timedelta(days=30)
    for i in range(5):
        client.add(f"T{i}", created_at=border)
    assert sync(settings=settings).written == 5
    assert len(rows(STATUS)) == 5


def test_a_ticket_created_in_the_future_is_stored_once_its_time_has_come(sync, client, rows):
    client.add("T1", created_at=DAY + timedelta(days=3))
    sync()
    assert rows(STATUS) == []
    sync(now=DAY + timedelta(days=4))
    assert rows(STATUS) == [("T1", 0)]


def test_one_ticket_seen_through_two_accounts_is_one_row_of_the_first(sync, client, rows):
    client.add("T1")
    sync()
    second = FakeClient(account=an_account(account_id="huawei-2"))
    second.add("T1")
    sync(vendor=second)
    assert rows("select custom_id, count(*) from cloud_osm_list group by 1") == [("huawei-1", 1)]


def test_one_id_with_two_creation_times_is_refused_and_the_stored_row_stays(sync, client, rows):
    client.add("T1")
    sync()
    second = FakeClient(account=an_account(account_id="huawei-2"))
    second.add("T1", created_at=DAY - timedelta(days=1), title="another")
    with pytest.raises(PartialError, match="another creation time"):
        sync(vendor=second)
    assert rows("select name, custom_id from cloud_osm_list") == [("title of T1", "huawei-1")]
    assert rows("select account_id, item_id from sync_quarantine") == [("huawei-2", "T1")]


def test_the_same_id_at_two_vendors_is_two_tickets(sync, client, rows):
    client.add("T1")
    sync()
    other = FakeClient(account=an_account(vendor="tencent"))
    other.add("T1")
    sync(vendor=other)
    assert rows("select type, cloud_id from cloud_osm_list order by 1") == [
        ("HUAWEI", "T1"),
        ("TENCENT", "T1"),
    ]


def test_a_row_of_the_ticket_system_is_completed_and_keeps_its_id(sync, client, rows, warehouse):
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into cloud_osm_list (id, cloud_id, type, status, email, create_time)"
            " values ('theirs', 'T1', 'HUAWEI', 1, 'a@b.c', 12)"
        )
    client.add("T1")
    sync()
    assert rows("select id, status, email, custom_id, name from cloud_osm_list") == [
        ("theirs", 0, "a@b.c", "huawei-1", "title of T1")
    ]


def test_a_row_another_system_calls_complete_is_read_before_we_believe_it(
    sync, client, rows, warehouse
):
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into cloud_osm_list (id, cloud_id, type, status)"
            " values ('x', 'T1', 'HUAWEI', 0)"
        )
    client.add("T1")
    sync()
    assert rows("select count(*) from cloud_osm_detail") == [(2,)]


def test_what_the_vendor_no_longer_says_is_not_forgotten(sync, client, rows):
    client.add("T1", is_closed=False, email="a@b.c", product_name="ECS")
    sync()
    client.change("T1", email=None, product_name=None, is_closed=True)
    sync(now=LATER)
    assert rows("select email, product_name from cloud_osm_list") == [("a@b.c", "ECS")]


def test_an_edited_message_takes_the_last_text_and_an_emptied_one_keeps_it(sync, client, rows):
    client.add("T1", messages=2)
    sync()
    client.messages["T1"][0] = replace(client.messages["T1"][0], content="edited")
    client.messages["T1"][1] = replace(client.messages["T1"][1], content="")
    sync(since=DAY - timedelta(days=9))
    assert rows("select content from cloud_osm_detail order by message_id") == [
        ("edited",),
        ("text of T1/M1",),
    ]


@pytest.mark.parametrize(
    "text",
    ["😀𠮷é", "a\u0000b", "\u001b[31m\r\n", "<script>{{ 7 }}%s\\'\"`", "  ", "x" * 1_000_000],
    ids=["unicode", "nul", "control", "markup", "blanks", "long"],
)
def test_texts_are_stored_byte_for_byte(sync, client, rows, text):
    client.add("T1", messages=1, title=text[:2000])
    client.messages["T1"] = [a_message("T1", "M1", content=text)]
    sync()
    assert rows("select name from cloud_osm_list") == [(text[:2000],)]
    assert rows("select content from cloud_osm_detail") == [(text,)]


def test_a_title_too_long_for_its_column_is_refused_whole_and_names_the_column(sync, client, rows):
    client.add("T1", title="x" * 2001)
    client.add("T2")
    with pytest.raises(PartialError, match="'name'"):
        sync()
    assert rows(STATUS) == [("T2", 0)]
    assert rows("select item_id, error_class from sync_quarantine") == [("T1", "ContractError")]


def test_real_message_ids_replace_those_we_had_made_and_lose_no_text(sync, client, rows):
    client.add("T1", messages=0)
    made = [
        a_message("T1", f"{DERIVED_ID_PREFIX}{i}", content=text)
        for i, text in enumerate(["same", "same", "withdrawn"])
    ]
    client.messages["T1"] = made
    sync()
    client.messages["T1"] = [a_message("T1", f"{i}", content="same") for i in range(2)]
    sync(since=DAY - timedelta(days=9))
    assert rows("select message_id, content from cloud_osm_detail order by 1") == [
        ("0", "same"),
        ("1", "same"),
        (f"{DERIVED_ID_PREFIX}2", "withdrawn"),
    ]


def test_a_backfill_reads_closed_tickets_again_and_leaves_the_watermark(sync, client, rows):
    client.add("T1")
    client.add("T2", created_at=DAY - timedelta(days=300))
    sync()
    client.change("T1", title="corrected")
    sync(now=LATER, since=DAY - timedelta(days=9), until=DAY)
    assert client.reads == ["T1"]
    assert rows("select name from cloud_osm_list where cloud_id = 'T1'") == [("corrected",)]
    assert rows("select watermark_at from sync_state where entity = 'tickets'") == [
        (DAY.replace(tzinfo=None),)
    ]


def test_a_dry_run_counts_and_writes_nothing(sync, client, rows):
    for i in range(4):
        client.add(f"T{i}", is_closed=i > 0)
    assert sync(dry_run=True).written == 4
    assert client.reads == []
    assert rows("select (select count(*) from sync_run) + (select count(*) from sync_state)") == [
        (0,)
    ]
    sync()
    client.change("T0", is_closed=True)
    client.change("T1", is_closed=False)
    assert sync(now=LATER, dry_run=True).written == 2
    assert rows(STATUS)[0] == ("T0", 1)


def test_a_dry_run_that_lists_nothing_counts_its_calls(sync, client):
    class Silent(FakeClient):
        """Its lists have no page at all."""

        def list_tickets(self, window, *, only_open=False):
            self.calls += 1
            yield from ()

    silent = Silent(account=client.account)
    counts = sync(dry_run=True, vendor=silent)
    assert counts.calls == silent.calls > 0


def test_the_first_source_name_of_a_ticket_becomes_a_source(sync, client, rows):
    client.add("T1", source_id="s1", source_name="用户中心")
    sync()
    assert rows("select type, id, name, active from cloud_osm_source") == [
        ("HUAWEI", "s1", "用户中心", 1)
    ]


def test_a_reopened_ticket_is_read_though_another_program_had_called_it_incomplete(
    sync, client, rows, warehouse
):
    client.add("T1", vendor_status="closed")
    sync()
    warehouse.transact(lambda c: c.execute(sa.text("update cloud_osm_list set status = 1")))
    client.change("T1", is_closed=False, vendor_status="open again")
    sync(now=LATER)
    assert rows("select complete, vendor_status, close_time_max from cloud_osm_list") == [
        (0, "open again", None)
    ]
