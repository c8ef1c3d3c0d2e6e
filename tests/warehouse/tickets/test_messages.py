"""Messages as rows: counted, merged where two are one, never lost."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from include.errors import ContractError
from include.models import DERIVED_ID_PREFIX
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.messages import own_id, set_messages_aside
from include.warehouse.tickets.store import store_part
from tests.builders import DAY, a_message, a_ticket, an_account

ACCOUNT = an_account()
LATER = DAY + timedelta(hours=1)
MADE = f"{DERIVED_ID_PREFIX}1"
LONG = "文" * 80
SECOND = DAY - timedelta(days=4)


def test_ids_are_those_that_rows_have_had_since_the_first_release():
    assert own_id("ticket", "huawei", "T1") == own_id("ticket", "HUAWEI", "T1")
    assert own_id("ticket", "huawei", "T1") == "3ec1aefdb7ca5e1896b50c2748d8619a"


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


@pytest.mark.parametrize(
    ("why", "made", "shown", "is_one"),
    [
        ("its text was cut at 50 characters", {"content": LONG[:50]}, {"content": LONG}, True),
        ("a beginning of another length", {"content": LONG[:49]}, {"content": LONG}, False),
        ("the other direction", {"from_customer": False}, {}, False),
        ("another text", {"content": "x"}, {"content": "y"}, False),
        ("capitals are another text", {"content": "x"}, {"content": "X"}, False),
        ("one is told to the second", {}, {"created_at": SECOND.replace(microsecond=7000)}, True),
        ("another second", {}, {"created_at": SECOND + timedelta(seconds=1)}, False),
    ],
)
def test_a_message_without_an_id_is_the_vendors_of_the_same_time_direction_and_text(
    store, rows, why, made, shown, is_one
):
    store((a_ticket(), [a_message(message_id=MADE, **{"content": "same", **made})]))
    [(first,)] = rows("select id from cloud_osm_detail")
    message = a_message(**{"content": "same", **shown})
    store((a_ticket(), [message]), now=LATER)
    found = dict(rows("select id, message_id from cloud_osm_detail"))
    if is_one:
        assert found == {first: "M1"}
        assert rows("select content from cloud_osm_detail") == [(message.content,)]
    else:
        assert sorted(found.values()) == sorted(["M1", MADE])


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


def test_a_message_whose_id_ends_in_a_blank_is_refused_by_name_and_replaces_none(store, rows):
    store((a_ticket(), [a_message(content="first")]))
    with pytest.raises(ContractError, match="'message_id' 'M1 ' ends in a blank"):
        store((a_ticket(), [a_message(content="first"), a_message(message_id="M1 ")]))
    assert rows("select message_id, content from cloud_osm_detail") == [("M1", "first")]
