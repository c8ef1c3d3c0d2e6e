"""Turns, waits, business time, states, targets and backlog of tickets, with exact values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from include.models import StatusName
from include.warehouse.mysql import Warehouse
from include.warehouse.reports.calendar import BusinessHours
from include.warehouse.reports.tables import rpt_holiday
from include.warehouse.reports.ticket_tables import rpt_sla_target
from include.warehouse.tickets.tables import (
    cloud_osm_history,
    cloud_osm_list,
    cloud_osm_product,
    cloud_user,
)
from tests.builders import untyped
from tests.histories import local, naive
from tests.sql.ticket_desk import CUSTOMER, NOW, STAFF, Desk, millis


@pytest.fixture
def desk(warehouse_url: str) -> Iterator[Desk]:
    opened = Warehouse.open(warehouse_url)
    yield Desk(opened)
    opened.close()


def put(desk: Desk, table: sa.Table, *rows: dict[str, Any]) -> None:
    with desk.warehouse.engine.begin() as connection:
        for row in rows:
            connection.execute(sa.insert(untyped(table)).values(row))


def looked(desk: Desk, seen: str, *, after: str | None, closed: int, **values: Any) -> None:
    """A look that showed another state of ticket 1, at local times."""
    put(
        desk,
        cloud_osm_history,
        {
            "type": "HUAWEI",
            "cloud_id": "1",
            "seen_at": local(seen),
            "after_at": local(after) if after else None,
            "is_closed": closed,
            "vendor_status": "3" if closed else "1",
            "product_id": "ecs",
            "account_id": "acc",
            **values,
        },
    )


def hours(desk: Desk, *columns: str) -> list[Any]:
    """Columns of seconds of v_ticket as hours, of its one row."""
    names = ", ".join(f"{column} / 3600" for column in columns)
    [row] = desk.look(f"select {names} from v_ticket")
    return [None if value is None else float(value) for value in row]


MONDAY = "2026-03-02"


def test_the_waits_of_both_sides_add_up_to_the_life_of_a_ticket(desk: Desk) -> None:
    talk = ((0, CUSTOMER), (1, CUSTOMER), (2, STAFF), (2.5, STAFF), (6, CUSTOMER), (9, STAFF))
    desk.ticket("1", f"{MONDAY} 10:00", closed_after=20, state="3", messages=talk)
    desk.build()
    waits = ("first_reply_s", "reply_wait_s", "next_reply_mean_s", "requester_wait_s")
    assert hours(desk, *waits, "agent_wait_s", "close_s") == [2, 5, 3, 5, 15, 20]
    turns = "select reply_turns, staff_messages, is_multi_touch from v_ticket"
    assert desk.look(turns) == [(2, 3, 1)]


def test_a_question_without_an_answer_waits_until_the_ticket_closes(desk: Desk) -> None:
    talk = ((0, CUSTOMER), (2, STAFF), (5, CUSTOMER))
    desk.ticket("1", f"{MONDAY} 10:00", closed_after=20, state="3", messages=talk)
    desk.build()
    assert hours(desk, "reply_wait_s", "requester_wait_s", "agent_wait_s") == [2, 17, 3]
    assert hours(desk, "next_reply_mean_s") == [None]


def test_support_that_speaks_first_answers_the_creation(desk: Desk) -> None:
    talk = ((3, STAFF), (4, CUSTOMER), (6, STAFF))
    desk.ticket("1", f"{MONDAY} 10:00", closed_after=10, state="3", messages=talk)
    desk.build()
    assert hours(desk, "reply_wait_s", "requester_wait_s", "agent_wait_s") == [5, 5, 5]


def test_what_is_said_after_closing_waits_for_nobody(desk: Desk) -> None:
    talk = ((0, CUSTOMER), (2, STAFF), (12, CUSTOMER), (15, STAFF))
    desk.ticket("1", f"{MONDAY} 10:00", closed_after=10, state="3", messages=talk)
    desk.build()
    assert hours(desk, "reply_wait_s", "requester_wait_s", "agent_wait_s") == [2, 2, 8]


def test_business_time_leaves_out_nights_weekends_and_holidays(desk: Desk) -> None:
    put(
        desk,
        rpt_holiday,
        {"local_day": "2026-03-09", "name": "a day off", "is_workday": 0},
        {"local_day": "2026-03-08", "name": "a day off", "is_workday": 1},  # a Sunday
    )
    # Friday 17:00; answered Sunday 10:00, which is a working day; closed Tuesday 09:30.
    talk = ((0, CUSTOMER), (41, STAFF))
    desk.ticket("1", "2026-03-06 17:00", closed_after=88.5, state="3", messages=talk)
    desk.build()
    business = ("first_reply_business_s", "reply_wait_business_s", "close_business_s")
    assert hours(desk, *business) == [2, 2, 10.5]  # 1 + 1; 1 + 9 + 0.5
    desk.build(hours=BusinessHours(0, 86_400))
    assert hours(desk, "close_business_s") == [7 + 24 + 9.5]


def test_another_holiday_counts_all_tickets_anew(desk: Desk) -> None:
    desk.ticket("1", f"{MONDAY} 10:00", closed_after=24, messages=((0, CUSTOMER),))
    assert desk.build()["rpt_ticket"] == 1
    assert desk.build(NOW + timedelta(days=30))["rpt_ticket"] == 0
    assert hours(desk, "close_business_s") == [9]
    put(desk, rpt_holiday, {"local_day": MONDAY, "name": "a day off"})
    desk.build(NOW + timedelta(days=30))
    assert hours(desk, "close_business_s") == [1]


def test_a_new_year_brings_days_and_counts_no_ticket_anew(desk: Desk) -> None:
    desk.ticket("1", f"{MONDAY} 10:00", closed_after=24, messages=((0, CUSTOMER),))
    desk.build()
    days = "select max(year) from dim_day"
    assert desk.look(days) == [(2027,)]
    assert desk.build(datetime(2027, 1, 15, tzinfo=UTC))["rpt_ticket"] == 0
    assert desk.look(days) == [(2028,)]


def test_handoffs_count_changes_between_people_of_support(desk: Desk) -> None:
    talk = ((0, CUSTOMER), (1, STAFF), (2, STAFF), (3, CUSTOMER), (4, STAFF))
    desk.ticket("1", f"{MONDAY} 10:00", closed_after=5, messages=talk)
    with desk.warehouse.engine.begin() as connection:
        connection.exec_driver_sql(
            "update cloud_osm_detail"
            " set replier = elt(message_id + 1, 'me', 'ann', 'bob', 'me', 'ann')"
        )
    desk.build()
    assert desk.look("select staff_people, handoffs from v_ticket") == [(2, 2)]


def test_who_wrote_is_not_counted_where_the_vendor_does_not_say(desk: Desk) -> None:
    desk.ticket("1", f"{MONDAY} 10:00", closed_after=5, messages=((0, CUSTOMER), (1, STAFF)))
    desk.ticket("2", f"{MONDAY} 10:00", closed_after=5, messages=((0, CUSTOMER),))
    desk.build()
    people = "select ticket_id, staff_people, handoffs from v_ticket order by 1"
    assert desk.look(people) == [("1", None, None), ("2", 0, 0)]


def test_an_open_ticket_tells_who_has_to_act_once_its_messages_are_read(desk: Desk) -> None:
    for number, (talk, count) in enumerate(
        [
            ((), None),
            ((), 0),
            (((0, CUSTOMER),), 1),
            (((0, CUSTOMER), (1, STAFF)), 2),
            (((0, CUSTOMER), (1, STAFF), (2, CUSTOMER), (3, CUSTOMER)), 4),
        ]
    ):
        desk.ticket(str(number), f"{MONDAY} 10:00", messages=talk, message_count=count)
    desk.build()
    asked = local(f"{MONDAY} 10:00")
    assert desk.look("select waits_for, waits_since_at from v_ticket order by ticket_id") == [
        (None, None),
        ("vendor", asked),
        ("vendor", asked),
        ("customer", asked + timedelta(hours=1)),
        ("vendor", asked + timedelta(hours=2)),
    ]


def test_a_ticket_names_what_it_is_about_and_its_state_in_both_languages(desk: Desk) -> None:
    said: dict[str, Any] = {
        "product_name": "their word",
        "category_name": "网络",
        "source_name": "API",
    }
    desk.ticket("1", f"{MONDAY} 10:00", **said)
    put(desk, cloud_osm_product, {"type": "HUAWEI", "id": "ecs", "name": "Servers"})
    put(
        desk,
        cloud_user,
        {"id": "acc", "secret_id": "x", "type": "HUAWEI", "name": "Shop", "region_id": "cn-1"},
    )
    desk.build(statuses={"huawei": {"1": StatusName("处理中", "in progress")}})
    assert desk.look(
        "select product_name, category_name, source_name, account_name, region_id, status_zh,"
        " status_en, local_created_at, created_at from v_ticket"
    ) == [
        (
            *("Servers", "网络", "API", "Shop", "cn-1", "处理中", "in progress"),
            naive("2026-03-02 10:00"),
            naive("2026-03-02 02:00"),
        )
    ]


def test_a_ticket_tells_its_severity_and_rating_and_not_who_asked(desk: Desk) -> None:
    told = "select severity, satisfaction from v_ticket"
    desk.ticket("1", f"{MONDAY} 10:00", closed_after=2, severity="紧急", requester_name="小王")
    desk.build()
    assert desk.look(told) == [("紧急", None)]
    rated = sa.update(cloud_osm_list).values(satisfaction=Decimal("4.5"), synced_at=NOW)
    with desk.warehouse.engine.begin() as connection:
        connection.execute(rated)
    desk.build()
    assert desk.look(told) == [("紧急", Decimal("4.50"))]
    [row] = desk.look("select * from v_ticket")
    assert "小王" not in row


def test_a_state_that_has_no_name_keeps_the_vendors_word(desk: Desk) -> None:
    desk.ticket("1", f"{MONDAY} 10:00", state="99")
    desk.build()
    assert desk.look("select status_zh, status_en from v_ticket") == [("99", "99")]


def test_a_new_name_of_a_product_reaches_its_tickets(desk: Desk) -> None:
    desk.ticket("1", f"{MONDAY} 10:00", product_name="Servers")
    desk.build()
    put(desk, cloud_osm_product, {"type": "HUAWEI", "id": "ecs", "name": "Elastic servers"})
    desk.build(NOW + timedelta(days=30))
    assert desk.look("select product_name from v_ticket") == [("Elastic servers",)]


def test_the_states_of_a_ticket_follow_one_another_without_gaps(desk: Desk) -> None:
    desk.ticket("1", f"{MONDAY} 10:00", closed_after=98, state="3")
    looked(desk, "2026-03-02 10:10", after=None, closed=0)
    looked(desk, "2026-03-03 12:15", after="2026-03-03 12:00", closed=1)
    looked(desk, "2026-03-04 09:00", after="2026-03-03 12:30", closed=0)
    looked(desk, "2026-03-06 12:10", after="2026-03-06 11:55", closed=1)
    desk.build()
    spans = desk.look(
        "select is_closed, is_reopened, from_after_at + interval 8 hour,"
        " from_at + interval 8 hour, until_at + interval 8 hour"
        " from v_ticket_state order by position"
    )

    def day(number: int, time: str) -> datetime:
        return naive(f"2026-03-{number:02} {time}")

    assert spans == [
        (0, 0, None, day(2, "10:00"), day(2, "10:10")),
        (0, 0, None, day(2, "10:10"), day(3, "12:15")),
        (1, 0, day(3, "12:00"), day(3, "12:15"), day(4, "09:00")),
        (0, 1, day(3, "12:30"), day(4, "09:00"), day(6, "12:00")),
        (1, 0, None, day(6, "12:00"), None),  # the moment that the ticket's row knows
    ]
    assert desk.look("select reopens, first_closed_at + interval 8 hour from v_ticket") == [
        (1, day(3, "12:15"))
    ]


def test_a_ticket_that_no_look_showed_open_closed_somewhere_between(desk: Desk) -> None:
    closed: dict[str, Any] = {"status": 0, "resolved": 1, "message_count": 2}
    desk.ticket(
        "1",
        f"{MONDAY} 10:00",
        **closed,
        last_message_time=millis("2026-03-03 10:00"),
        close_time_max=millis("2026-03-20 10:00"),
    )
    looked(desk, "2026-03-20 10:00", after=None, closed=1)
    desk.build()
    assert desk.look(
        "select is_closed, from_at, until_at from v_ticket_state order by position"
    ) == [
        (0, local("2026-03-02 10:00"), local("2026-03-03 10:00")),
        (None, local("2026-03-03 10:00"), local("2026-03-20 10:00")),
        (1, local("2026-03-20 10:00"), None),
    ]
    backlog = "select open_at_end, maybe_open_at_end from v_ticket_backlog where local_day = "
    assert desk.look(backlog + "'2026-03-02'") == [(1, 0)]
    assert desk.look(backlog + "'2026-03-03'") == [(0, 1)]
    assert desk.look(backlog + "'2026-03-19'") == [(0, 1)]
    assert desk.look(backlog + "'2026-03-20'") == []


def test_the_backlog_of_any_day_counts_who_was_open_at_its_end(desk: Desk) -> None:
    for number, day in enumerate(("31 12:00", "31 00:00", "29 00:00", "28 23:59", "01 00:00")):
        desk.ticket(str(number), f"2026-03-{day}")
    desk.ticket("gone", "2026-03-01 00:00", missing_since=millis("2026-03-04 12:00"))
    desk.ticket("future", "2026-04-02 00:00")
    desk.ticket("closed", "2026-03-01 00:00", closed_after=25, state="3")
    desk.build()
    ages = "open_to_1d, open_to_3d, open_to_7d, open_to_14d, open_to_30d, open_over_30d"
    query = f"select open_at_end, {ages}, oldest_at from v_ticket_backlog"
    first = local("2026-03-01 00:00")
    assert desk.look(f"{query} where is_newest") == [(5, 2, 1, 1, 0, 0, 1, first)]
    assert desk.look(f"{query} where local_day = '2026-03-01'") == [(3, 3, 0, 0, 0, 0, 0, first)]
    assert desk.look(f"{query} where local_day = '2026-03-04'")[0][0] == 1  # gone at its end
    desk.build(NOW + timedelta(hours=1))
    today = f"{query} where local_day = '2026-04-01'"
    assert desk.look(today) == [(5, 1, 1, 2, 0, 0, 1, first)]
    assert desk.look(today.replace("04-01", "03-31")) == [(5, 2, 1, 1, 0, 0, 1, first)]


@pytest.mark.parametrize(
    "change",
    [
        {"closed_after": 30.0},
        {"product_id": "oss"},
        {"vendor_status": "2"},
        {"custom_id": "other"},
        {"missing_since": millis("2026-03-06 00:00")},
    ],
    ids=str,
)
def test_a_backlog_that_follows_changes_equals_one_built_anew(
    desk: Desk, change: dict[str, Any]
) -> None:
    for number in range(1, 29):
        closed_after = number * 5.0 if number % 3 else None
        desk.ticket(str(number), f"2026-03-{number:02} 12:00", closed_after=closed_after)
    desk.build()
    desk.ticket("3", "2026-03-03 12:00", **change)
    desk.ticket("99", "2026-03-09 12:00")
    desk.build(NOW + timedelta(hours=1))
    queries = (
        "select * from rpt_ticket_state order by 1, 2, 3",
        "select local_day, vendor, account_id, product_id, category_id, open_at_end, open_to_30d,"
        " open_over_30d, maybe_open_at_end, oldest_at from rpt_ticket_backlog_day"
        " order by 1, 2, 3, 4, 5",
    )
    followed = [desk.look(query) for query in queries]
    with desk.warehouse.engine.begin() as connection:
        connection.exec_driver_sql("update rpt_build set definition_version = 0")
    desk.build(NOW + timedelta(hours=1))
    assert followed == [desk.look(query) for query in queries]


def test_the_most_particular_target_holds(desk: Desk) -> None:
    rows = [("", "", 60, 0), ("HUAWEI", "", 120, 0), ("", "ecs", 180, 0), ("HUAWEI", "ecs", 240, 0)]
    for vendor, product, minutes, business in rows:
        put(
            desk,
            rpt_sla_target,
            {
                "metric": "first_reply",
                "vendor": vendor,
                "product_id": product,
                "minutes": minutes,
                "in_business_hours": business,
            },
        )
    desk.ticket("1", f"{MONDAY} 10:00")
    desk.ticket("2", f"{MONDAY} 10:00", product_id=None)
    desk.ticket("3", f"{MONDAY} 10:00", vendor="ALIBABA")
    desk.ticket("4", f"{MONDAY} 10:00", vendor="ALIBABA", product_id="oss")
    desk.build()
    query = "select ticket_id, target_s / 60 from v_ticket_sla order by ticket_id"
    assert desk.look(query) == [("1", 240), ("2", 120), ("3", 180), ("4", 60)]


def test_a_target_in_business_hours_is_due_in_business_hours(desk: Desk) -> None:
    target = {"metric": "close", "minutes": 120, "in_business_hours": 1}
    put(desk, rpt_sla_target, {"vendor": "", "product_id": "", **target})
    due = {
        "2026-03-02 10:00": "2026-03-02 12:00",
        "2026-03-02 16:00": "2026-03-02 18:00",
        "2026-03-02 17:00": "2026-03-03 10:00",
        "2026-03-02 03:00": "2026-03-02 11:00",
        "2026-03-06 17:30": "2026-03-09 10:30",  # over a weekend
        "2026-03-07 12:00": "2026-03-09 11:00",
    }
    for number, created in enumerate(due):
        desk.ticket(str(number), created)
    desk.build()
    query = "select due_at + interval 8 hour from v_ticket_sla order by ticket_id"
    assert [f"{moment:%Y-%m-%d %H:%M}" for (moment,) in desk.look(query)] == [*due.values()]


def test_a_target_is_met_missed_or_not_known(desk: Desk) -> None:
    for metric, minutes in (("first_reply", 60), ("close", 600)):
        target = {"metric": metric, "minutes": minutes, "in_business_hours": 0}
        put(desk, rpt_sla_target, {"vendor": "", "product_id": "", **target})
    desk.ticket("met", f"{MONDAY} 10:00", closed_after=9, messages=((0, CUSTOMER), (0.5, STAFF)))
    desk.ticket("missed", f"{MONDAY} 10:00", closed_after=11, messages=((0, CUSTOMER), (2, STAFF)))
    desk.ticket("unread", f"{MONDAY} 10:00")
    desk.build()
    query = (
        "select ticket_id, metric, is_breached, is_met, elapsed_s / 3600 from v_ticket_sla"
        " order by 1, 2"
    )
    assert [(*row[:4], None if row[4] is None else float(row[4])) for row in desk.look(query)] == [
        ("met", "close", 0, 1, 9),
        ("met", "first_reply", 0, 1, 0.5),
        ("missed", "close", 1, 0, 11),
        ("missed", "first_reply", 1, 0, 2),
        ("unread", "close", 1, 0, None),  # open, and due long ago
        ("unread", "first_reply", None, None, None),
    ]
    with desk.warehouse.engine.begin() as connection:
        connection.exec_driver_sql(
            "update rpt_ticket_sla set due_at = utc_timestamp + interval 1 day"
        )
    assert desk.look(
        "select is_breached, is_met from v_ticket_sla where ticket_id = 'unread'"
        " and metric = 'close'"
    ) == [(0, None)]


def test_every_day_has_a_row_whatever_happened_on_it(desk: Desk) -> None:
    desk.build()
    [(days, first, last)] = desk.look(
        "select count(*), min(local_day), max(local_day) from dim_day"
    )
    assert (str(first), str(last)) == ("2000-01-01", "2027-12-31")
    assert days == (last - first).days + 1
    week = (
        "select weekday, is_workday, business_s / 3600, start_at from dim_day"
        " where week_start = '2026-03-02' order by local_day"
    )
    found = desk.look(week)
    assert [row[:2] for row in found] == [(n, int(n < 6)) for n in range(1, 8)]
    assert [row[2] for row in found] == [9] * 5 + [0] * 2
    assert found[0][3].replace(tzinfo=UTC) == datetime(2026, 3, 1, 16, tzinfo=UTC)


def test_a_row_tells_when_it_was_built_and_how_far_its_account_is_read(desk: Desk) -> None:
    desk.ticket("1", f"{MONDAY} 10:00")
    with desk.warehouse.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into sync_state (account_id, entity, watermark_at)"
            " values ('acc', 'tickets', '2026-03-30 12:00:00')"
        )
    desk.build()
    desk.build(NOW + timedelta(days=30))
    assert desk.look("select updated_at, synced_until_at from v_ticket") == [
        (NOW.replace(tzinfo=None), naive("2026-03-30 12:00"))
    ]


def test_what_another_program_closed_and_nobody_read_is_perhaps_still_open(desk: Desk) -> None:
    desk.ticket("1", f"{MONDAY} 10:00", status=0, synced_at=None)
    desk.build()
    assert desk.look("select is_closed, until_at from v_ticket_state") == [(None, None)]
    with desk.warehouse.engine.begin() as connection:
        connection.execute(sa.delete(cloud_osm_list))
    desk.build(NOW + timedelta(days=1))
    for table in ("rpt_ticket_state", "rpt_ticket_sla", "rpt_ticket_backlog_day"):
        assert desk.look(f"select count(*) from {table}") == [(0,)]
