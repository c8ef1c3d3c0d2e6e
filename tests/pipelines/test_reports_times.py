"""Times of conversations: which count, which cannot be, and that filters on them use a key."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from tests.histories import Past, local, naive
from tests.pipelines.desk import first_snapshot

FAR = naive("9999-12-31 23:59:59.999999")
NEVER = naive("1970-01-01")


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, (5, 60, 1, 1)),
        ({"distributed_time": FAR}, (None, None, 0, 1)),
        ({"distributed_time": naive("1988-07-01 03:00")}, (None, None, 0, 1)),  # not queued again
        ({"distributed_time": local("2026-03-02 10:00")}, (0, 65, 1, 1)),
        ({"distributed_time": local("2026-03-03 10:00:00.000001")}, (None, None, 1, 1)),
        ({"last_ack_time": FAR}, (5, None, 1, 0)),
        ({"last_ack_time": NEVER}, (5, None, 1, 0)),
    ],
)
def test_nothing_is_measured_from_a_time_that_cannot_be(rows, past, build, times, expected):
    """Beyond a day after it was read, before the desk was there, or a wait of over 24 hours."""

    def odd(p: Past) -> None:
        p.snapshot(1, "2026-03-10 12:00")
        p.conversation("odd", "2026-03-02 10:00", wait=5, seat=11, minutes=1, **times)

    past(odd)
    build()
    assert rows(
        "select wait_s, handling_s, distributed_at is not null, last_ack_at is not null"
        " from v_conversation"
    ) == [expected]
    assert rows("select outcome, is_requeued from v_conversation") == [("served", 0)]


def test_a_conversation_that_cannot_have_begun_then_is_undated(rows, past, build):
    def odd(p: Past) -> None:
        p.snapshot(1, "2026-03-10 12:00")
        for name, moment in (
            ("as the day begins", local("2010-01-01 00:00")),
            ("before", local("2009-12-31 23:59:59.999999")),
            ("a day after it was read", local("2026-03-11 12:00")),
            ("later", local("2026-03-11 12:00:00.000001")),
            ("none", NEVER),
        ):
            p.conversation(name, "2026-03-02 10:00", wait=5, seat=11, inqueue_time=moment)

    past(odd)
    build()
    dated = "select session_id, local_day from v_conversation order by 2"
    assert rows(dated) == [
        ("as the day begins", date(2010, 1, 1)),
        ("a day after it was read", date(2026, 3, 11)),
    ]
    assert rows("select undated, desk_since from rpt_build") == [(3, date(2010, 1, 1))]
    undated = "select session_id, outcome from v_conversation_undated order by 1"
    assert rows(undated) == [(name, "served") for name in ("before", "later", "none")]
    assert rows("select sum(offered) from v_volume") == [(2,)]
    past(lambda p: p.snapshot(2, "2026-03-20 12:00"))  # nothing becomes possible by waiting
    build()
    assert [name for name, _ in rows(dated)] == ["as the day begins", "a day after it was read"]


def test_another_beginning_of_the_desk_rebuilds_everything(rows, past, build):
    past(first_snapshot)
    build()
    assert build(desk_since=date(2026, 3, 2))["rpt_conversation"] == 4
    assert rows("select session_id from v_conversation_undated") == [("c01",)]
    assert "rpt_conversation" not in build(desk_since=date(2026, 3, 2))


@pytest.mark.parametrize(
    ("zone", "midnight", "slot", "hour"),
    [
        ("UTC", "2026-03-04 00:00", "2026-03-03 22:00", "2026-03-03 22:00"),
        ("Asia/Kathmandu", "2026-03-03 18:15", "2026-03-04 03:45", "2026-03-03 21:15"),
        ("Asia/Shanghai", "2026-03-03 16:00", "2026-03-04 06:00", "2026-03-03 22:00"),
    ],
)
def test_another_zone_counts_everything_by_its_own_days(
    rows, past, build, zone, midnight, slot, hour
):
    def early(p: Past) -> None:
        first_snapshot(p)
        p.conversation("early", "2026-03-04 06:10", wait=5, seat=11)

    past(early)
    build(zone=ZoneInfo("Asia/Tokyo"))
    assert build(zone=ZoneInfo(zone))["rpt_conversation"] == 5
    assert rows("select zone from rpt_build order by 1") == sorted([("Asia/Tokyo",), (zone,)])
    starts = "select start_at from dim_day where local_day = '2026-03-04'"
    assert rows(starts) == [(naive(midnight),)]
    began = "select local_day, local_slot from v_conversation where session_id = 'early'"
    assert rows(began) == [(naive(slot).date(), naive(slot))]
    hours = (naive(slot).replace(minute=0), naive(hour))
    assert rows("select local_start, start_at from v_volume_hour where offered > 0")[2] == hours
    assert "rpt_conversation" not in build(zone=ZoneInfo(zone))


def test_a_filter_on_a_time_and_a_join_on_an_id_use_a_key(warehouse, rows, past, build):
    """Which the server may use; which of them it does depends on the rows that are there."""
    past(first_snapshot)
    build()
    moments = [
        name
        for (name,) in rows(
            "select column_name from information_schema.columns where table_schema = database()"
            " and table_name = 'v_conversation' and data_type in ('date', 'datetime')"
        )
    ]
    assert len(moments) == 12

    def keys(query: str) -> dict[str, str]:
        with warehouse.engine.connect() as connection:
            plan = connection.execute(sa.text(f"explain format=traditional {query}"))
            return {row.table: row.possible_keys or "" for row in plan}

    for name in moments:
        found = keys(f"select * from v_conversation where {name} >= '2026-03-02'")
        assert name in found["f"] or (name == "local_day" and "PRIMARY" in found["f"]), name
    for view, on in (
        ("cs_session_mapping", "o.session_id = v.session_id"),
        ("cs_seat", "o.id = v.seat_id"),
        ("cs_supplier", "o.id = v.supplier_id"),
        ("dim_seat", "o.seat_id = v.seat_id"),
        ("dim_supplier", "o.supplier_id = v.supplier_id"),
        ("dim_line", "o.busi_id = v.busi_id"),
    ):
        found = keys(f"select * from v_conversation as v inner join {view} as o on {on}")
        assert [table for table, possible in found.items() if not possible] in ([], ["cs_snapshot"])
