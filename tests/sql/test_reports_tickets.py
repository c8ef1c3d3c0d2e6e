"""Every number about vendor tickets, from a handful of rows, with the exact value expected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from include.warehouse.bookkeeping.ledger import Request, hold
from include.warehouse.bookkeeping.tables import sync_run
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.tables import cloud_osm_list, cloud_osm_product, cloud_user
from tests.builders import untyped
from tests.sql.ticket_desk import CUSTOMER, NOW, STAFF, Desk, millis


@pytest.fixture
def desk(warehouse_url: str) -> Iterator[Desk]:
    opened = Warehouse.open(warehouse_url)
    yield Desk(opened)
    opened.close()


def a_month(desk: Desk) -> None:
    say = desk.ticket
    say(
        "1",
        "2026-03-02 10:00",
        closed_after=10,
        state="3",
        messages=((0, CUSTOMER), (2, STAFF), (3, CUSTOMER), (4, STAFF)),
    )
    say("2", "2026-03-02 11:00", closed_after=20, state="3", messages=((0, CUSTOMER), (1, STAFF)))
    say("3", "2026-03-02 23:59:59", closed_after=1, resolved=0, messages=((0, CUSTOMER),))
    say("4", "2026-03-02 00:00", product_id=None)
    say("5", "2026-03-20 12:00", vendor="ALIBABA", product_id="oss", custom_id="ali")
    say(
        "1",
        "2026-03-30 12:00",
        vendor="ALIBABA",
        closed_after=30,
        state="6",
        custom_id="ali",
        messages=((0, CUSTOMER), (6, STAFF)),
    )


def test_tickets_of_a_day(desk: Desk) -> None:
    a_month(desk)
    desk.build()
    query = (
        "select tickets_in_span, open_in_span, closed_in_span, resolved_in_span, complete_in_span,"
        " staff_messages_in_span, customer_messages_in_span, no_reply_in_span, one_touch_in_span,"
        " provisional from v_ticket_cohort"
        " where grain = 'day' and scope = 'all' and local_start = '2026-03-02'"
    )
    assert desk.look(query) == [(4, 1, 3, 2, 3, 3, 4, 1, 1, 1)]


def test_times_to_the_first_reply_and_to_close(desk: Desk) -> None:
    a_month(desk)
    desk.build()
    query = (
        "select first_reply_n_in_span, first_reply_mean_s / 3600, first_reply_p50_s / 3600,"
        " first_reply_p90_s / 3600, close_n_in_span, close_mean_s / 3600, close_p50_s / 3600,"
        " close_p90_s / 3600 from v_ticket_cohort where grain = 'month' and scope = 'all'"
    )
    # Replies after 1, 2, 6 h; closed with a result after 10, 20, 30 h; withdrawn ones do not count.
    assert desk.look(query) == [(3, 3, 2, 6, 3, 20, 20, 30)]


def test_nothing_replied_or_closed_is_null_not_zero(desk: Desk) -> None:
    desk.ticket("1", "2026-03-02 10:00")
    desk.build()
    query = (
        "select distinct first_reply_n_in_span, first_reply_mean_s, first_reply_p50_s,"
        " first_reply_p90_s, close_n_in_span, close_mean_s, close_p50_s, close_p90_s,"
        " staff_messages_a_ticket from v_ticket_cohort"
    )
    assert desk.look(query) == [(0, None, None, None, 0, None, None, None, None)]


def test_volume_by_vendor_product_category_and_account(desk: Desk) -> None:
    a_month(desk)
    with desk.warehouse.engine.begin() as connection:
        product = {"id": "ecs", "name": "Servers"}
        for vendor, name in (("HUAWEI", "Servers"), ("ALIBABA", "弹性计算")):
            row = {**product, "type": vendor, "name": name}
            connection.execute(sa.insert(untyped(cloud_osm_product)).values(row))
        connection.execute(
            sa.insert(cloud_user).values(id="ali", secret_id="x", type="ALIBABA", name="Shop")
        )
    desk.build()
    query = (
        "select vendor, scope_id, scope_name, tickets_in_span from v_ticket_cohort"
        " where grain = 'month' and scope = '{}' order by vendor, scope_id"
    )
    assert desk.look(query.format("vendor")) == [("ALIBABA", "", None, 2), ("HUAWEI", "", None, 4)]
    assert desk.look(query.format("product")) == [
        ("ALIBABA", "ecs", "弹性计算", 1),
        ("ALIBABA", "oss", None, 1),
        ("HUAWEI", "", None, 1),
        ("HUAWEI", "ecs", "Servers", 3),
    ]
    assert desk.look(query.format("account")) == [
        ("ALIBABA", "ali", "Shop", 2),
        ("HUAWEI", "acc", None, 4),
    ]
    assert desk.look(query.format("category")) == [
        ("ALIBABA", "", None, 2),
        ("HUAWEI", "", None, 4),
    ]


def test_grouped_totals_equal_the_ungrouped_total(desk: Desk) -> None:
    a_month(desk)
    desk.build()
    counts = ("tickets", "open", "closed", "resolved", "complete", "staff_messages", "close_n")
    total = ", ".join(f"sum({name})" for name in counts)
    for grain in ("day", "week", "month"):
        query = f"select distinct {total} from rpt_ticket_cohort where grain = '{grain}'"
        assert len(desk.look(f"{query} group by scope")) == 1


@pytest.mark.parametrize("resolved", [1, 0, None])
def test_closed_without_a_result_has_no_time_to_close(desk: Desk, resolved: int | None) -> None:
    desk.ticket("1", "2026-03-30 12:00", closed_after=1, resolved=resolved)
    desk.build()
    seconds = Decimal(3600) if resolved else None
    assert desk.look("select is_resolved, close_s from v_ticket") == [(resolved, seconds)]


def test_a_ticket_that_no_look_showed_open_has_no_time_to_close_and_is_not_counted(
    desk: Desk,
) -> None:
    closed = millis("2026-03-30 13:00")
    desk.ticket("1", "2026-03-30 12:00", closed_after=1)
    desk.ticket(
        "2", "2026-03-30 12:00", status=0, message_count=0, resolved=1, close_time_max=closed
    )
    desk.build()
    look = "select is_closed, is_complete, close_s from v_ticket order by ticket_id"
    assert desk.look(look) == [(1, 1, 3600), (1, 1, None)]
    counted = (
        "select closed_in_span, resolved_in_span, close_n_in_span, close_mean_s"
        " from v_ticket_cohort"
    )
    assert desk.look(f"{counted} where grain = 'day' and scope = 'all'") == [(2, 2, 1, 3600)]


def test_a_reopened_ticket_is_open_again_and_counts_its_last_close(desk: Desk) -> None:
    look = "select is_closed, close_s from v_ticket"
    desk.ticket("1", "2026-03-30 12:00", closed_after=1, state="3")
    desk.build()
    assert desk.look(look) == [(1, 3600)]
    desk.ticket("1", "2026-03-30 12:00", state="1")
    desk.build()
    assert desk.look(look) == [(0, None)]
    desk.ticket("1", "2026-03-30 12:00", closed_after=5, state="3")
    desk.build()
    assert desk.look(look) == [(1, 18000)]


def test_an_old_ticket_that_changed_updates_its_day_and_no_other(desk: Desk) -> None:
    a_month(desk)
    desk.build()
    later = NOW + timedelta(days=20)
    desk.ticket("4", "2026-03-02 00:00", product_id=None, closed_after=700, state="3")
    desk.build(later)
    query = (
        "select cast(local_start as date), open_in_span, built_at from v_ticket_cohort"
        " where grain = 'day' and scope = 'all' order by 1"
    )
    rows = [(str(day), n, at.replace(tzinfo=UTC)) for day, n, at in desk.look(query)]
    assert rows == [("2026-03-02", 0, later), ("2026-03-20", 1, NOW), ("2026-03-30", 0, later)]


def test_a_ticket_that_is_no_longer_stored_leaves_no_trace(desk: Desk) -> None:
    desk.ticket("1", "2026-03-02 12:00")
    desk.build()
    with desk.warehouse.engine.begin() as connection:
        connection.execute(sa.delete(cloud_osm_list))
    desk.build(NOW + timedelta(days=1))
    for table in ("rpt_ticket", "rpt_ticket_cohort", "rpt_ticket_state", "rpt_ticket_backlog_day"):
        assert desk.look(f"select count(*) from {table}") == [(0,)]


def rename(desk: Desk, ticket_id: str, synced_at: datetime | None = None) -> None:
    """Another title; with *synced_at* by a run that began then, without by another program."""
    stamp = {"synced_at": synced_at} if synced_at else {}
    t = cloud_osm_list.c
    with desk.warehouse.engine.begin() as connection:
        named = sa.update(cloud_osm_list).where(t.cloud_id == ticket_id)
        connection.execute(named.values(product_id="new", name="new", **stamp))


RENAMED = "select ticket_id from v_ticket where product_id = 'new' order by 1"


def test_a_build_looks_at_what_runs_changed_and_the_first_of_a_day_at_everything(
    desk: Desk,
) -> None:
    before, morning = NOW - timedelta(hours=2), NOW + timedelta(hours=9)
    for ticket_id in ("1", "2", "3"):
        desk.ticket(ticket_id, "2026-03-02 12:00", synced_at=before)
    desk.ticket("4", "2026-03-02 12:00", synced_at=None)
    desk.build()
    rename(desk, "1", NOW)
    rename(desk, "2")
    rename(desk, "4")  # no run of ours has read it
    assert desk.build(morning)["rpt_ticket"] == 2
    assert desk.look(RENAMED) == [("1",), ("4",)]
    assert desk.look("select ticket_id from v_ticket where title = 'new'") == [("1",)]
    desk.build(NOW + timedelta(days=1))
    assert desk.look(RENAMED) == [("1",), ("2",), ("4",)]
    assert desk.build(NOW + timedelta(days=1, hours=1))["rpt_ticket"] == 0


def test_what_a_long_run_stores_behind_a_build_is_told_by_the_next_one(
    desk: Desk, warehouse_url: str
) -> None:
    began, warehouse = NOW - timedelta(hours=30), Warehouse.open(warehouse_url)
    desk.ticket("1", "2026-03-02 12:00", synced_at=began)
    with hold(warehouse, "acc", "backfill", vendor="HUAWEI", request=Request("a test")) as run:
        moved = sa.update(sync_run).where(sync_run.c.run_id == run.run_id)
        run.write(lambda c: c.execute(moved.values(started_at=began)))
        desk.build()
        rename(desk, "1", began)
    warehouse.close()
    desk.build(NOW + timedelta(hours=3))
    assert desk.look(RENAMED) == [("1",)]


def test_another_name_in_the_catalogue_has_all_tickets_compared(desk: Desk) -> None:
    desk.ticket("1", "2026-03-02 12:00", synced_at=NOW - timedelta(hours=5))
    desk.build()
    rename(desk, "1")
    with hold(desk.warehouse, "", "catalog", vendor="HUAWEI", request=Request("a test")) as run:
        run.counts.written = 1
    named = sa.update(sync_run).where(sync_run.c.entity == "catalog")
    desk.warehouse.transact(lambda c: c.execute(named.values(started_at=NOW, ended_at=NOW)))
    desk.build(NOW + timedelta(minutes=15))
    assert desk.look(RENAMED) == [("1",)]


@pytest.mark.parametrize("moment", [None, "9999-12-31 12:00"])
def test_a_ticket_without_a_usable_creation_time_is_in_no_cohort(
    desk: Desk, moment: str | None
) -> None:
    desk.ticket("1", moment)
    desk.build()
    assert desk.look("select created_at, local_day from v_ticket") == [(None, None)]
    assert desk.look("select count(*) from v_ticket_cohort") == [(0,)]


def test_ids_that_differ_only_in_case_are_two_tickets(desk: Desk) -> None:
    desk.ticket("a", "2026-03-02 12:00")
    desk.ticket("A", "2026-03-02 12:00", id="other")
    desk.build()
    assert desk.look("select count(*) from v_ticket") == [(2,)]


def test_building_twice_equals_building_once(desk: Desk) -> None:
    a_month(desk)
    desk.build()
    tables = ("rpt_ticket", "rpt_ticket_cohort", "rpt_ticket_state", "rpt_ticket_backlog_day")
    once = [desk.look(f"select * from {table} order by 1, 2, 3, 4, 5") for table in tables]
    assert all(once)
    desk.build(since=datetime(2026, 1, 1, tzinfo=UTC).date())
    assert [desk.look(f"select * from {table} order by 1, 2, 3, 4, 5") for table in tables] == once
