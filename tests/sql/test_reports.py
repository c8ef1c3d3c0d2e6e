"""Every number about conversations, from a handful of rows, with the exact value expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from include.pipelines import reports
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.dictionary import entries
from include.warehouse.mysql import Warehouse
from include.warehouse.reports.basis import DEFINITION_VERSION
from tests.histories import Past, local, naive
from tests.sql.monday import NOW, a_monday

Look = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def look(warehouse_server: Any) -> Iterator[Look]:
    """The reports of that Monday, built once; read only."""
    url = warehouse_server.create_migrated()
    warehouse = Warehouse.open(url)
    with warehouse.engine.begin() as connection:
        a_monday(Past(connection))
    reports.build(warehouse, now=NOW, request=Request("test"))

    def ask(query: str) -> list[tuple[Any, ...]]:
        with warehouse.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]

    yield ask
    warehouse.close()
    warehouse_server.drop(url)


def seconds(*values: str | None) -> tuple[Decimal | None, ...]:
    return tuple(None if value is None else Decimal(value) for value in values)


def test_an_outcome_of_each_conversation(look: Look) -> None:
    found = {row[0]: row[1] for row in look("select session_id, outcome from v_conversation")}
    assert found == {
        **dict.fromkeys(("a1", "a2", "a3", "a4", "a5", "q1", "s1"), "served"),
        "r1": "robot",
        "u1": "untimed",
        "l1": "lost",
        "w1": "waiting",
        "w2": "waiting",
    }


def test_the_archive_wins_over_the_live_queue(look: Look) -> None:
    assert look("select is_live, status from v_conversation where session_id = 'a1'") == [(0, 5)]


def test_a_lost_wait_lies_between_the_snapshot_that_saw_it_and_the_next(look: Look) -> None:
    query = "select lost_after_at, lost_before_at, is_live from v_conversation where outcome='lost'"
    assert look(query) == [(local("2026-03-02 12:00"), local("2026-03-02 13:00"), 0)]


def test_volume_adds_up(look: Look) -> None:
    counts = ("offered", "served", "robot", "waiting", "lost", "untimed", "requeued", "from_robot")
    total = ", ".join(f"sum({name})" for name in counts)
    for view in ("v_volume", "v_volume_hour", "v_volume_quarter"):
        assert look(f"select {total} from {view}") == [(12, 7, 1, 2, 1, 1, 2, 1)]
        wrong = "offered <> served + robot + waiting + lost + untimed"
        assert look(f"select * from {view} where {wrong}") == []
    query = "select local_day, supplier_name, offered, robot_share from v_volume"
    day = naive("2026-03-02")
    assert look(f"{query} where supplier_id = 1") == [(day, "shop 1", 5, Decimal("0.2"))]
    assert look("select count(*) from v_conversation") == [(12,)]


def test_every_view_of_additive_numbers_has_one_row_a_key(look: Look) -> None:
    """As the dictionary says, which shows their keys: so that a join with one doubles nothing."""
    for name, relation in entries.read().relations.items():
        if relation.kind == "view" and relation.key:
            columns = ", ".join(relation.key)
            query = f"select {columns} from {name} group by {columns} having count(*) > 1"
            assert look(query) == [], name


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("all", (6, *seconds("73.9166668333", "2", "400", "0.6667"))),
        ("queued", (4, *seconds("110.5", "10", "400", "0.5"))),
        ("capped", (3, *seconds("4.166667", "2", "10", "1"))),
    ],
)
def test_waits_of_a_day(look: Look, variant: str, expected: tuple[Any, ...]) -> None:
    query = (
        "select n_in_span, mean_s, p50_s, p90_s, service_level, service_level_s, local_start,"
        " start_at"
        f" from v_wait where grain = 'day' and scope = 'all' and variant = '{variant}'"
    )
    day = (20, naive("2026-03-02"), local("2026-03-02 00:00"))
    assert look(query) == [(*expected, *day)]


@pytest.mark.parametrize(
    ("grain", "expected"),
    [
        ("15min", [("10:00", 3, "10"), ("10:15", 1, "400"), ("10:30", 1, "1"), ("12:30", 1, "2")]),
        ("30min", [("10:00", 4, "10"), ("10:30", 1, "1"), ("12:30", 1, "2")]),
        ("hour", [("10:00", 5, "10"), ("12:00", 1, "2")]),
        ("week", [("00:00", 6, "2")]),
    ],
)
def test_percentiles_are_counted_anew_at_each_grain(
    look: Look, grain: str, expected: list[tuple[str, int, str]]
) -> None:
    query = (
        "select local_start, n_in_span, p50_s from v_wait"
        f" where grain = '{grain}' and scope = 'all' and variant = 'all' and n_in_span > 0"
        " order by local_start"
    )
    day = "2026-03-02 "
    assert look(query) == [(naive(day + time), n, Decimal(p50)) for time, n, p50 in expected]


def test_a_month_begins_on_its_first_in_shanghai(look: Look) -> None:
    query = "select local_start, start_at from v_handling where grain = 'month' and scope = 'all'"
    assert look(query) == [(naive("2026-03-01"), local("2026-03-01 00:00"))]


def test_nothing_waited_for_is_null_not_zero(look: Look) -> None:
    query = (
        "select n_in_span, mean_s, p50_s, p90_s, service_level from v_wait"
        " where grain = 'day' and scope = 'supplier' and scope_id = 4"
    )
    assert look(query) == [(0, None, None, None, None)] * 3


def test_waits_spread_over_ranges(look: Look) -> None:
    query = "select from_s, to_s, sum(n) from v_wait_distribution group by 1, 2 order by 1"
    assert look(query) == [
        (0, 1, 2),
        (1, 15, 2),
        (15, 30, 1),
        (30, 60, 0),
        (60, 180, 0),
        (180, 360, 0),
        (360, None, 1),
    ]


def test_the_strict_service_level_counts_who_was_lost_or_waits_still(look: Look) -> None:
    query = (
        "select wait_in_time, wait_n, waiting, lost, service_level, strict_service_level"
        " from v_service_level where supplier_id = 2"
    )
    assert look(query) == [(0, 2, 1, 1, Decimal(0), Decimal(0))]
    query = "select sum(wait_in_time), sum(wait_n), sum(wait_n + waiting + lost), sum(wait_sum_s)"
    assert look(f"{query} from v_service_level") == [(4, 6, 9, Decimal("443.500001"))]


def test_losses_say_how_closely_was_looked(look: Look) -> None:
    query = "select lost, served, lost_share, period_s from v_lost_wait where supplier_id = 2"
    assert look(query) == [(1, 2, Decimal("0.3333"), Decimal(12 * 3600))]


def test_what_was_not_watched_from_its_beginning_is_told(look: Look) -> None:
    query = (
        "select grain, is_watched from rpt_cohort where scope = 'all' and grain in ('week',"
        " 'month') order by 1"
    )
    assert look(query) == [("month", 0), ("week", 1)]


def test_contacts(look: Look) -> None:
    query = (
        "select sum(archived), sum(unanswered), sum(asked_again), sum(named), sum(repeat_24h),"
        " sum(repeat_7d), sum(handling_n), sum(handling_sum_s) from v_contact"
    )
    # Handled: a1 60, a2 120, a3 180, a5 240, s1 0; q1's last message came 50 min after its
    # assignment; a4's more than 24 h after. w1 comes from a1's customer.
    assert look(query) == [(8, 2, 1, 11, 1, 1, 6, 3600)]
    query = (
        "select handling_n_in_span, handling_mean_s, handling_p50_s, handling_p90_s"
        " from v_handling where grain = 'day' and scope = 'all'"
    )
    assert look(query) == [(6, *seconds("600", "120", "3000"))]


def test_a_supplier_counts_in_one_line_only(look: Look) -> None:
    query = "select busi_id, line_name, sum(offered) from v_volume_quarter group by 1, 2 order by 1"
    assert look(query) == [(0, "无", 1), (2, "机票", 2), (3, "酒店", 4), (5, "门票", 5)]


def test_grouped_totals_equal_the_ungrouped_total(look: Look) -> None:
    counts = ("offered", "served", "robot", "waiting", "lost", "untimed", "requeued", "wait_n")
    total = ", ".join(f"sum({name})" for name in counts)
    for grain in ("hour", "day", "week", "month"):
        sums = look(
            f"select distinct {total} from rpt_cohort where grain = '{grain}' group by scope"
        )
        assert len(sums) == 1, grain


def test_who_waits_now(look: Look) -> None:
    query = (
        "select scope, scope_id, headline_in_scope, waiting_in_scope, first_time_in_scope,"
        " again_in_scope, to_1min_in_scope, to_5min_in_scope, to_30min_in_scope,"
        " over_30min_in_scope, longest_s, p50_s, source from v_queue_now order by scope, scope_id"
    )
    queue = "queue_mapping"
    assert look(query) == [
        ("all", 0, 1, 2, 1, 1, 0, 1, 0, 1, *seconds("300", "300"), queue),
        ("line", 3, 0, 1, 0, 1, 0, 0, 0, 1, *seconds(None, None), queue),
        ("line", 5, 1, 1, 1, 0, 0, 1, 0, 0, *seconds("300", "300"), queue),
        ("supplier", 1, 1, 1, 1, 0, 0, 1, 0, 0, *seconds("300", "300"), queue),
        ("supplier", 2, 0, 1, 0, 1, 0, 0, 0, 1, *seconds(None, None), queue),
    ]


def test_seats_by_class_load_and_line(look: Look) -> None:
    query = (
        "select seat_id, busi_id, seat_class, max_user, conversations, seat_load, is_full"
        " from v_seat_load order by seat_id"
    )
    zero = Decimal(0)
    assert look(query) == [
        (11, 5, "presence_dependent", 1, 1, Decimal(1), 1),
        (12, 3, "always_assignable", 0, 0, None, 1),
        (13, 0, "always_assignable", 10, 0, zero, 0),
        (21, 0, "do_not_disturb", 5, 0, zero, 0),
        (31, 0, "unknown", 5, 0, zero, 0),
        (41, 0, "presence_dependent", 5, 0, zero, 0),
        (42, 0, "disabled", 5, 0, zero, 0),
        (43, 0, "disabled", 5, 0, zero, 0),
    ]


def test_classes_add_up_to_all_seats(look: Look) -> None:
    query = (
        "select supplier_id, seats, disabled, do_not_disturb, always_assignable,"
        " presence_dependent, unknown_mode, online_at_least, online_at_most"
        " from v_seat_class order by supplier_id"
    )
    assert look(query) == [
        (0, 1, 0, 0, 0, 1, 0, 0, 1),
        (1, 3, 0, 0, 2, 1, 0, 2, 3),
        (2, 1, 0, 1, 0, 0, 0, 0, 0),
        (3, 1, 0, 0, 0, 0, 1, 0, 0),
        (4, 2, 2, 0, 0, 0, 0, 0, 0),
    ]


def test_load_by_supplier_and_line(look: Look) -> None:
    query = "select supplier_id, seats, conversations, capacity, seat_load, full_seats from v_"
    load = Decimal("0.0909")
    assert look(f"{query}supplier_load where supplier_id = 1") == [(1, 3, 1, 11, load, 2)]
    lines = query.replace("supplier_id", "busi_id") + "line_load order by 1"
    zero = Decimal(0)
    assert look(lines) == [
        (0, 4, 0, 25, zero, 0),
        (3, 1, 0, None, None, 1),
        (5, 1, 1, 1, Decimal(1), 1),
    ]


def test_a_seat_counts_once_in_every_line_it_takes_part_in(look: Look) -> None:
    query = "select busi_id, seats, conversations from v_line_load_participating order by 1"
    assert look(query) == [(3, 2, 1), (5, 1, 1)]


def test_conversations_a_seat(look: Look) -> None:
    query = (
        "select scope_id, conversations_in_span, active_seats_in_span, p50, p90,"
        " valid_seats_in_span, mean_over_valid, acknowledging_seats_in_span from v_seat_work"
        " where local_start = '2026-03-02' and grain = 'day' and scope = '{}' order by 1"
    )
    # Seat 11: a1 a2 s1; 21: a3 a4; 31: a5; 43: q1. Seats 42 and 43 are deleted.
    assert look(query.format("all")) == [(0, 7, 4, 1, 3, 6, Decimal("1.1667"), 4)]
    assert look(query.format("supplier")) == [
        (0, 0, 0, None, None, 1, Decimal(0), 0),
        (1, 3, 1, 3, 3, 3, Decimal(1), 1),
        (2, 2, 1, 2, 2, 1, Decimal(2), 1),
        (3, 1, 1, 1, 1, 1, Decimal(1), 1),
        (4, 1, 1, 1, 1, 0, None, 1),
    ]


def test_numbers_say_where_they_come_from(look: Look) -> None:
    query = "select distinct snapshot_id, snapshot_at, definition_version, provisional from {}"
    for table in ("v_volume", "v_wait", "v_seat_work"):
        assert look(query.format(table)) == [(3, local("2026-03-02 13:00"), DEFINITION_VERSION, 1)]


def test_names_stand_beside_ids(look: Look) -> None:
    query = (
        "select supplier_name, line_name, seat_name, nickname, local_inqueue_at,"
        " local_distributed_at, local_last_ack_at from v_conversation where session_id = '{}'"
    )
    day = "2026-03-02 "
    times = [naive(day + time) for time in ("10:10", "10:10:30", "10:13:30")]
    assert look(query.format("a3")) == [("shop 2", "酒店", "客服21", None, *times)]
    assert look(query.format("r1"))[0][:4] == ("shop 1", "门票", None, None)
    query = "select seat_name, is_active, supplier_name, line_name from dim_seat where seat_id = {}"
    assert look(query.format(42)) == [("客服42", 0, "shop 4", "无")]
    query = "select supplier_name, is_active, is_capped, line_name from dim_supplier"
    assert look(f"{query} where supplier_id = 1") == [("shop 1", 1, 1, "门票")]
    query = "select scope_name from v_wait where grain = 'day' and scope = '{}' and scope_id = 3"
    assert set(look(query.format("line"))) == {("酒店",)}
    assert set(look(query.format("supplier"))) == {("shop 3",)}


def test_customers_are_not_shown(look: Look) -> None:
    shown = look(
        "select distinct column_name from information_schema.columns"
        " where table_schema = database() and table_name like 'v\\_%'"
    )
    assert not {"customer_name", "customer_key", "user_name", "qunar_name"} & {r[0] for r in shown}
