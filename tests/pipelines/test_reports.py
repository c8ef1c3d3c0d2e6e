"""Building reports: only what changed, everything or nothing, the same from any starting point."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from include.errors import SupersededError
from include.warehouse.mysql import Warehouse
from include.warehouse.reports import build as statements_of_a_build
from include.warehouse.tables import metadata
from tests.histories import Past, local, naive
from tests.pipelines.desk import first_snapshot

BUILT = [table for name, table in metadata.tables.items() if name.startswith("rpt_")]
DAYS = "select cast(local_day as date), sum(offered) as offered from v_volume group by 1 order by 1"


def everything(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """What the reports hold, the log of builds excepted, without where it was calculated from."""
    found = {}
    with warehouse.engine.connect() as connection:
        for table in BUILT:
            if table.name != "rpt_build":
                names = [c for c in table.c if c.name not in ("snapshot_id", "snapshot_at")]
                query = sa.select(*names).order_by(*table.primary_key)
                found[table.name] = [tuple(row) for row in connection.execute(query)]
    return found


def test_building_twice_equals_building_once(warehouse, past, build):
    past(first_snapshot)
    build()
    once = everything(warehouse)
    assert build(since=date(2026, 3, 1))["rpt_conversation"] == 4
    assert everything(warehouse) == once


def test_no_snapshot_yet_leaves_conversations_out(warehouse, rows, build):
    assert build()["rpt_build"] == 1
    assert rows("select snapshot_id, days from rpt_build") == [(None, 0)]
    assert rows("select count(*) from v_queue_now") == [(0,)]


def test_a_snapshot_that_was_refused_is_not_built_from(rows, past, build):
    past(first_snapshot)
    past(lambda p: p.snapshot(2, "2026-03-10 13:00", state="refused"))
    build()
    assert rows("select snapshot_id from rpt_build") == [(1,)]


def test_a_late_archive_row_of_an_old_day_updates_that_day(rows, past, build):
    past(first_snapshot)
    build()

    def late(p: Past) -> None:
        p.snapshot(2, "2026-03-10 13:00")
        p.conversation("late", "2026-03-02 11:00", wait=60, seat=11, opened=2)

    past(late)
    assert build()["rpt_conversation"] < 4  # the young ones and the late one
    assert rows(DAYS) == [
        (date(2026, 3, 1), 1),
        (date(2026, 3, 2), 2),
        (date(2026, 3, 5), 1),
        (date(2026, 3, 10), 1),
    ]
    query = "select snapshot_id, wait_n, wait_p90_s from rpt_cohort where scope = 'all' and {}"
    assert rows(query.format("local_start = '2026-03-02' and grain = 'day'")) == [(2, 2, 60)]
    assert rows(query.format("local_start = '2026-03-01' and grain = 'day'")) == [(1, 1, 5)]
    assert rows(query.format("grain = 'month'")) == [(2, 5, 60)]


def test_a_conversation_that_moved_to_another_day_leaves_no_trace_in_the_old_one(
    warehouse, rows, past, build
):
    past(first_snapshot)
    past(lambda p: p.conversation("m", "2026-03-03 10:00", live=True, status=1))
    build()
    assert (date(2026, 3, 3), 1) in rows(DAYS)

    def again(p: Past) -> None:
        p.snapshot(2, "2026-03-10 13:00")
        p.close("queue_mapping", "m", 2)
        p.conversation("m", "2026-03-10 12:30", wait=9, seat=11, live=True, opened=2, status=2)

    past(again)
    build()
    assert rows(DAYS)[1:] == [(date(2026, 3, day), n) for day, n in ((2, 1), (5, 1), (10, 2))]
    assert rows(
        "select count(*) from rpt_cohort where local_start >= '2026-03-03'"
        " and local_start < '2026-03-05'"
    ) == [(0,)]
    kept = everything(warehouse)
    build(since=date(2026, 1, 1))
    assert everything(warehouse) == kept


def test_an_old_day_becomes_final_although_nothing_changed_in_it(rows, past, build):
    past(first_snapshot)
    build()
    query = "select cast(local_day as date), provisional from v_volume order by 1 desc limit 2"
    assert rows(query) == [(date(2026, 3, 10), 1), (date(2026, 3, 5), 0)]
    past(lambda p: p.snapshot(2, "2026-03-13 00:00"))
    build()
    assert rows(query)[0] == (date(2026, 3, 10), 1)  # not a microsecond over 48 h yet
    past(lambda p: p.snapshot(3, "2026-03-13 00:00:00.000001"))
    build()
    assert rows(query)[0] == (date(2026, 3, 10), 0)
    assert rows("select distinct provisional from v_handling where grain = 'month'") == [(1,)]


def test_what_a_supplier_was_at_that_time_counts_not_what_it_is_today(rows, past, build):
    past(first_snapshot)

    def change(p: Past) -> None:
        p.snapshot(2, "2026-03-11 00:00")
        p.close("supplier", 1, 2)
        p.version("supplier", 1, ext_flag=0, opened=2)
        p.close("busi_supplier_mapping", 1, 2)
        p.version("busi_supplier_mapping", 2, supplier_id=1, busi_id=8, status=1, opened=2)
        p.snapshot(3, "2026-03-11 12:00")
        p.conversation("new", "2026-03-11 10:00", wait=5, seat=11, opened=3)

    past(change)
    build()
    query = "select session_id, is_capped, busi_id from v_conversation order by 1"
    assert rows(query)[-2:] == [("c10", 1, 7), ("new", 0, 8)]


def test_without_a_live_queue_losses_and_waits_are_null(rows, past, build):
    def no_queue(p: Past) -> None:
        p.snapshot(1, "2026-03-10 00:00", queue=False)
        p.snapshot(2, "2026-03-10 12:00", queue=False)
        p.conversation("a", "2026-03-10 10:00", wait=5, seat=11)

    past(no_queue)
    build()
    query = "select offered, waiting, lost, from_robot from v_volume_hour"
    assert set(rows(query)) == {(1, None, None, None)}
    assert set(rows("select strict_service_level from v_service_level")) == {(None,)}
    assert set(rows("select lost_share, period_s from v_lost_wait")) == {(None, None)}


def test_without_a_live_queue_the_older_routers_sessions_stand_in(rows, past, build):
    def sessions(p: Past) -> None:
        p.snapshot(1, "2026-03-10 12:00", queue=False)
        p.version("supplier", 1, ext_flag=1)
        p.version("seat", 11, supplier_id=1, status=1, qunar_name="Anna", max_user=4)
        p.version("seat", 12, supplier_id=2, status=1, qunar_name="anna", max_user=4)
        for key, state, updated, seat in (
            (1, 3, "2026-03-10 11:50", "anna@h"),
            (2, 3, "2026-03-09 11:50", "anna@h"),
            (3, 4, "2026-03-10 11:00", "ANNA@h"),
            (4, 4, "2026-03-09 11:00", "anna@h"),
        ):
            p.version(
                "session",
                key,
                session_id=str(key),
                shop_name="shop_1",
                seat_name=seat,
                session_state=state,
                update_time=local(updated),
                created_time=local(updated),
            )

    past(sessions)
    build()
    query = (
        "select scope_id, headline_in_scope, waiting_in_scope, first_time_in_scope,"
        " again_in_scope, longest_s, source"
    )
    assert rows(f"{query} from v_queue_now where scope = 'supplier'") == [
        (1, 1, 1, None, None, 600, "session")
    ]
    assert rows("select seat_id, conversations, source from v_seat_load order by 1") == [
        (11, 1, "session"),
        (12, 0, "session"),
    ]


def test_the_older_router_s_hand_overs_are_inferred(rows, past, build):
    def sessions(p: Past) -> None:
        p.snapshot(1, "2026-03-10 12:00")
        for key, user, created, state, robot, seat in (
            (1, "u", "2026-03-05 23:50", 5, 1, "shop_robot@h"),
            (2, "u", "2026-03-06 00:10", 4, 0, "anna@h"),
            (3, "v", "2026-03-05 10:00", 5, 0, "shop_robot@h"),  # the flag is wrong
            (4, "v", "2026-03-06 10:00:01", 4, 0, "anna@h"),  # too late
            (5, "w", "2026-03-05 10:00", 4, 1, "shop_robot@h"),  # not transferred
            (6, "w", "2026-03-05 10:01", 4, 0, "anna@h"),
            (7, None, "2026-03-05 10:00", 5, 1, "x"),
            (8, None, "2026-03-05 10:01", 4, 0, "anna@h"),
        ):
            moment = local(created)
            p.version(
                "session",
                key,
                session_id=str(key),
                user_name=user,
                shop_name="shop_3",
                seat_name=seat,
                session_state=state,
                isrobot_seat=robot,
                created_time=moment,
                update_time=moment,
            )

    past(sessions)
    build()
    query = "select local_day, supplier_id, sessions, robot, handed_over, handed_over_share"
    assert rows(f"{query} from v_session_robot order by 1") == [
        (date(2026, 3, 5), 3, 6, 4, 1, Decimal("0.25")),
        (date(2026, 3, 6), 3, 2, 0, 0, None),
    ]


def test_a_wait_is_lost_only_to_a_snapshot_that_read_the_queue(rows, past, build):
    past(first_snapshot)
    past(lambda p: p.conversation("w", "2026-03-10 11:00", live=True, status=1))

    def no_queue(p: Past) -> None:
        p.snapshot(2, "2026-03-10 13:00", queue=False)
        p.close("queue_mapping", "w", 2)

    past(no_queue)
    build()
    assert rows("select count(*) from v_conversation where outcome = 'lost'") == [(0,)]


def test_a_lost_wait_that_turns_up_in_the_archive_was_not_lost(rows, past, build):
    past(first_snapshot)
    past(lambda p: p.conversation("w", "2026-03-10 11:00", live=True, status=1))

    def gone(p: Past) -> None:
        p.snapshot(2, "2026-03-10 13:00")
        p.close("queue_mapping", "w", 2)

    def found(p: Past) -> None:
        p.snapshot(3, "2026-03-10 14:00")
        p.conversation("w", "2026-03-10 11:00", wait=7000, seat=11, opened=3)

    past(gone)
    build()
    outcome = "select outcome from v_conversation where session_id = 'w'"
    assert rows(outcome) == [("lost",)]
    past(found)
    build()
    assert rows(outcome) == [("served",)]


def test_a_conversation_without_a_usable_time_is_counted_beside_the_days(rows, past, build):
    def odd(p: Past) -> None:
        p.conversation("never", "2026-03-10 11:00", wait=1, seat=11, inqueue_time=None)
        p.conversation("always", "9999-12-31 11:00", seat=11)
        p.conversation(
            "far",
            "2026-03-10 11:00",
            wait=1,
            seat=11,
            distributed_time=naive("9999-12-31 23:59:59.999999"),
            last_ack_time=naive("9999-12-31 23:59:59.999999"),
        )

    past(first_snapshot)
    past(odd)
    build()
    assert rows("select undated from rpt_build") == [(2,)]
    assert rows("select count(*) from v_conversation_undated") == [(2,)]
    assert rows(f"select sum(offered) from ({DAYS}) as d") == [(5,)]


def test_names_that_differ_only_by_a_trailing_blank_are_two_conversations(rows, past, build):
    def alike(p: Past) -> None:
        for name in ("x", "X", "x "):
            p.conversation(name, "2026-03-10 11:00", wait=1, seat=11)

    past(first_snapshot)
    past(alike)
    build()
    assert rows("select count(*) from v_conversation") == [(7,)]


def test_a_repeat_is_seen_on_the_later_day_when_the_earlier_one_comes_late(rows, past, build):
    past(first_snapshot)
    build()
    query = "select cast(local_day as date), repeat_24h, repeat_7d from v_contact order by 1"
    seen = [(1, 0, 0), (2, 1, 1), (5, 0, 1), (10, 0, 1)]
    assert rows(query) == [(date(2026, 3, day), *n) for day, *n in seen]

    def late(p: Past) -> None:
        p.snapshot(2, "2026-03-14 13:00")
        p.conversation("late", "2026-03-04 11:00", wait=60, seat=11, opened=2, customer="ONE@h/x")

    past(late)
    build()
    seen = [(1, 0, 0), (2, 1, 1), (4, 0, 1), (5, 1, 1), (10, 0, 1)]
    assert rows(query) == [(date(2026, 3, day), *n) for day, *n in seen]


def test_seats_count_where_and_while_they_were_valid(rows, past, build):
    past(first_snapshot)

    def seats(p: Past) -> None:
        p.snapshot(2, "2026-03-11 12:00")
        p.version("seat", 12, supplier_id=1, status=1, opened=2)  # new
        p.close("seat", 11, 2)
        p.version("seat", 11, supplier_id=1, status=0, opened=2)  # deleted
        p.snapshot(3, "2026-03-12 12:00")
        for day in ("11", "12"):
            p.conversation(f"d{day}", f"2026-03-{day} 10:00", wait=1, seat=12, opened=3)

    past(seats)
    build()
    query = (
        "select cast(local_start as date), active_seats_in_span, valid_seats_in_span"
        " from v_seat_work"
        " where grain = 'day' and scope = 'line' and scope_id = 7 order by 1 desc limit 3"
    )
    assert rows(query) == [
        (date(2026, 3, 12), 1, 1),
        (date(2026, 3, 11), 1, 1),
        (date(2026, 3, 10), 1, 1),
    ]


def test_another_service_level_rebuilds_everything(rows, past, build):
    past(first_snapshot)
    build()
    query = "select distinct service_level_s, service_level from v_wait where n_in_span > 0"
    assert rows(query) == [(20, 1)]
    assert build(service_level_seconds=4)["rpt_conversation"] == 4
    assert rows(query) == [(4, 0)]


def test_an_unchanged_snapshot_leaves_conversations_alone(past, build):
    past(first_snapshot)
    build()
    assert "rpt_conversation" not in build()


def test_a_snapshot_published_meanwhile_is_left_to_the_next_build(rows, past, build):
    """Histories are read as of the snapshot that the build began with."""
    past(first_snapshot)

    def newer(p: Past) -> None:
        p.snapshot(2, "2026-03-10 13:00")
        p.close("session_mapping", "c01", 2)
        p.conversation("c01", "2026-03-01 10:00", wait=99, seat=11, opened=2)
        p.conversation("c99", "2026-03-10 12:30", wait=99, seat=11, opened=2)
        p.close("seat", 11, 2)

    def publish(text: str) -> None:
        if "built anew" in text:
            past(newer)

    build(progress=publish)
    assert rows("select max(wait_s), count(*) from v_conversation") == [(5, 4)]
    assert rows("select count(*) from v_seat_load") == [(1,)]
    build()
    assert rows("select max(wait_s), count(*) from v_conversation") == [(99, 5)]
    assert rows("select count(*) from v_seat_load") == [(0,)]


def test_readers_see_the_old_numbers_until_all_the_new_ones_are_there(rows, past, build):
    past(first_snapshot)
    build()
    before = rows(DAYS)

    def more(p: Past) -> None:
        p.snapshot(2, "2026-03-10 13:00")
        p.conversation("n", "2026-03-10 12:30", wait=99, seat=11, opened=2)

    past(more)
    seen = []
    build(progress=lambda text: seen.append(rows(DAYS)) if "changed" in text else None)
    assert seen
    assert all(one == before for one in seen)
    assert rows(DAYS) != before


def test_a_build_that_was_overtaken_writes_nothing(warehouse, rows, past, build):
    past(first_snapshot)

    def overtake(text: str) -> None:
        if "days of conversations" in text:
            with warehouse.engine.begin() as connection:
                connection.execute(sa.text("update sync_state set token = token + 1"))

    with pytest.raises(SupersededError):
        build(progress=overtake)
    assert rows("select count(*) from rpt_conversation") == [(0,)]
    assert rows("select count(*) from rpt_build") == [(0,)]


def test_a_build_is_in_the_ledger(rows, past, build):
    past(first_snapshot)
    written = build()
    query = "select account_id, entity, vendor, outcome, written, triggered_by from sync_run"
    assert rows(query) == [("reports", "build", "REPORTS", "done", sum(written.values()), "test")]
    assert written["rpt_conversation"] == 4
    assert written["rpt_seat"] == 1


def test_what_is_built_after_changes_is_what_is_built_anew(warehouse, past, build):
    past(first_snapshot)
    for number, day in enumerate(("2026-01-30", "2026-02-02", "2026-02-27", "2026-03-01")):
        for hour in ("09", "10", "23"):
            name = f"{day} {hour}"
            past(
                lambda p, name=name, at=f"{day} {hour}:10", number=number: p.conversation(
                    name, at, wait=number + 0.5, shop=1 + number % 2, seat=11, customer="two@h"
                )
            )
    build()

    def change(p: Past) -> None:
        p.snapshot(2, "2026-03-10 13:00")
        p.close("session_mapping", "2026-02-02 10", 2)
        p.close("session_mapping", "2026-02-27 09", 2)
        p.conversation("2026-02-27 09", "2026-02-27 09:10", wait=99, shop=2, seat=11, opened=2)
        p.conversation("late", "2026-01-30 10:20", wait=7, seat=11, opened=2, customer="two@h")

    past(change)
    build()
    changed = everything(warehouse)
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql("delete from rpt_build")
    build()
    assert everything(warehouse) == changed


def test_facts_put_in_order_a_portion_at_a_time_are_the_same(warehouse, past, build, monkeypatch):
    past(first_snapshot)
    past(lambda p: p.conversation("never", "2026-03-10 11:00", seat=11, inqueue_time=None))
    past(lambda p: p.conversation("before", "2026-02-10 11:00", wait=1, seat=11))
    assert build()["rpt_conversation"] == 6
    at_once = everything(warehouse)
    monkeypatch.setattr(statements_of_a_build, "PORTION_ROWS", 2)
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql("delete from rpt_build")
    assert build()["rpt_conversation"] == 6
    assert everything(warehouse) == at_once


def test_numbers_that_no_change_touches_are_left_alone(rows, past, build):
    past(first_snapshot)
    build()

    def late(p: Past) -> None:
        p.snapshot(2, "2026-03-10 13:00")
        p.conversation("late", "2026-03-01 11:00", wait=60, shop=2, seat=11, opened=2)

    past(late)
    build()
    query = (
        "select scope_id, hour(local_start), snapshot_id from rpt_cohort where grain = 'hour'"
        " and scope = 'supplier' and local_start < '2026-03-02' order by 1"
    )
    assert rows(query) == [(1, 10, 1), (2, 11, 2)]


def test_a_span_becomes_final_although_nothing_happened_on_its_last_days(rows, past, build):
    past(first_snapshot)
    past(lambda p: p.conversation("m", "2026-03-09 10:00", wait=1, shop=2, seat=11))  # a Monday
    build()
    query = "select provisional from rpt_cohort where grain = 'week' and scope = 'supplier'"
    query += " and scope_id = 2"
    assert rows(query) == [(1,)]

    def weeks_later(p: Past) -> None:
        p.snapshot(2, "2026-03-19 12:00")
        p.conversation("n", "2026-03-19 10:00", wait=1, shop=1, seat=11, opened=2)

    past(weeks_later)
    build()
    assert rows(query) == [(0,)]


def test_a_last_message_after_a_week_is_no_sign_of_presence_whatever_is_rebuilt(rows, past, build):
    past(first_snapshot)
    past(lambda p: p.conversation("l", "2026-02-20 10:00", seat=12, minutes=9 * 24 * 60))
    build()
    query = (
        "select sum(acknowledging_seats) from rpt_seat_work"
        " where grain = 'day' and scope = 'all' and local_start = '2026-03-01'"
    )
    assert rows(query) == [(1,)]
    build(since=date(2026, 3, 1))
    assert rows(query) == [(1,)]
