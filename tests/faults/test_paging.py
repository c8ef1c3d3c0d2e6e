"""Faults of a moving vendor that take more than one run, or that a single run cannot tell (P)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from include.errors import CheckError, ContractError, PartialError
from include.vendors.registry import VENDORS
from tests.faults.kit.first_accounts import faithful, run_first, verdict_of
from tests.faults.kit.invariants import LOUD, RIGHT, SILENT
from tests.faults.kit.scene import BEFORE, NOW
from tests.faults.lines.paging import HOUR, SAME_ID, new_closed, one_detail, paged

WEEK = timedelta(days=7)


@pytest.fixture
def run(scene):
    """``run(now)``: sync the first account of each vendor; returns the errors."""
    return partial(run_first, scene)


@pytest.fixture
def judge(scene, record_property):
    """``judge(errors, expected)``: right or loud, and never green beside other rows."""

    def say(errors, *expected):
        verdict = verdict_of(scene, errors)
        record_property("fault", f"paging 0 {verdict}")
        assert verdict in expected, errors

    return say


def clear(errors):
    return not any(errors.values())


def test_tickets_of_the_second_in_which_a_run_begins_come_with_the_next(scene, run, judge):
    for vendor in VENDORS:
        for state in ("open", "closed"):
            scene.store.add_ticket(vendor, created_at=NOW, state=state)
    assert clear(run())
    later = NOW + HOUR / 4
    scene.store.freeze(later)
    judge(run(later, overlap_hours=0), RIGHT)


def test_pages_in_another_order_every_time_lose_nothing_silently(scene, run, judge):
    with paged(("any_order", dict.fromkeys(VENDORS, 1), {}))(scene):
        errors = run()
    judge(errors, RIGHT, LOUD)
    assert {type(error) for error in errors.values()} <= {type(None), PartialError}
    scene.sandbox.faults.clear()
    assert clear(run())
    assert faithful(scene)


@pytest.mark.parametrize("left", [0, 1])
def test_a_catalogue_that_shrinks_below_half_is_refused_until_accepted(
    scene, left, record_property
):
    tables = ("cloud_osm_product", "cloud_osm_product_type", "cloud_osm_product_category")
    before = scene.rows(tables)
    for vendor in VENDORS:
        shelf = scene.store.shelves[vendor]
        whole = dict(shelf.products)
        for product_id in list(whole)[left:]:
            del shelf.products[product_id]
        assert isinstance(scene.refresh(vendor).error, CheckError)
        assert scene.rows(tables) == before
        assert scene.refresh(vendor, accept_vanished=True).error is None
        active = "select count(*) from cloud_osm_product where active = 1 and type = :type"
        assert scene.look(active, type=vendor.upper()) == [(left,)]
        assert len(scene.rows(tables)["cloud_osm_product"]) == len(before["cloud_osm_product"])
        shelf.products.update(whole)
        assert scene.refresh(vendor).error is None
        assert scene.rows(tables) == before
    record_property("fault", f"paging 0 {LOUD}")


def test_a_ticket_that_always_fails_waits_while_later_ones_arrive(scene, run, judge):
    one_detail("poison_detail")(scene)
    errors = run()
    judge(errors, LOUD)
    assert {type(error) for error in errors.values()} == {PartialError}
    poisoned = {vendor: new_closed(scene, vendor) for vendor in VENDORS}
    scene.store.freeze(NOW + WEEK)
    later = {v: scene.store.add_ticket(v, created_at=NOW + WEEK - HOUR) for v in VENDORS}
    assert {type(error) for error in run(NOW + WEEK).values()} == {PartialError}
    for vendor in VENDORS:
        assert scene.look(
            "select item_id, attempts, watermark_at from sync_quarantine as q"
            " join sync_state as s on s.account_id = q.account_id and s.entity = 'tickets'"
            " where q.account_id = :account",
            account=f"{vendor}-1",
        ) == [(poisoned[vendor], 2, (NOW + WEEK).replace(tzinfo=None))]
        stored = "select count(*) from cloud_osm_list where cloud_id = :id"
        assert scene.look(stored, id=later[vendor]) == [(1,)]
    scene.sandbox.faults.clear()
    assert clear(run(NOW + WEEK))
    assert faithful(scene)


@pytest.mark.parametrize("open_messages", [False, True])
def test_a_ticket_that_is_answered_and_closed_behind_its_state_stays_incomplete(
    scene, run, record_property, open_messages
):
    tickets = {vendor: scene.store.add_ticket(vendor, created_at=NOW - HOUR) for vendor in VENDORS}
    for vendor, ticket_id in tickets.items():
        spec = {"ticket": ticket_id, "close": True}
        scene.faults("speak_while_reading", "detail", (vendor,), **spec)
    assert clear(run(open_messages=open_messages))
    status = "select status from cloud_osm_list where cloud_id = :id"
    held = {vendor: scene.look(status, id=ticket_id)[0][0] for vendor, ticket_id in tickets.items()}
    rereads = {"tencent": 0} if open_messages else {}  # pages are asked for until nothing moves
    assert held == dict.fromkeys(VENDORS, 1) | rereads
    assert clear(run())
    record_property("fault", f"paging 0 {RIGHT if faithful(scene) else SILENT}")
    assert faithful(scene)


def test_a_ticket_reopened_after_forty_days_is_found_with_its_messages(scene, run, judge):
    assert clear(run())
    closed = {vendor: new_closed(scene, vendor) for vendor in VENDORS}
    later = NOW + timedelta(days=40)
    scene.store.freeze(later)
    for ticket_id in closed.values():
        scene.store.reopen(ticket_id)
        scene.store.add_message(ticket_id, "again")
    assert clear(run(later))
    status = "select status from cloud_osm_list where cloud_id = :id"
    assert {scene.look(status, id=ticket_id)[0] for ticket_id in closed.values()} == {(1,)}
    for ticket_id in closed.values():
        scene.store.close(ticket_id)
    judge(run(later), RIGHT)


def test_rows_of_deleted_tickets_stay_and_say_since_when(scene, run, judge):
    gone = {}
    for vendor in VENDORS:
        old = [t for t in scene.store.tickets(vendor, 0, None, BEFORE) if t.updated_at < NOW]
        gone[next(case.ticket_id for case in old if not case.is_closed)] = (1, True)
        closed = next(case.ticket_id for case in old if case.is_closed)
        due = "select read_again_at <= :now from cloud_osm_list where cloud_id = :id"
        is_due = scene.look(due, id=closed, now=NOW.replace(tzinfo=None)) == [(1,)]
        gone[closed] = (0, is_due)  # noticed when it is looked at again
    for ticket_id in gone:
        scene.store.delete(ticket_id)
    judge(run(), RIGHT)
    query = "select status, missing_since is not null from cloud_osm_list where cloud_id = :id"
    assert {ticket_id: scene.look(query, id=ticket_id)[0] for ticket_id in gone} == gone
    assert scene.look("select * from sync_quarantine") == []


def test_creation_times_ahead_and_long_ago_move_no_watermark_beyond_the_run(scene, run, judge):
    long_ago = datetime(1999, 12, 31, tzinfo=UTC)
    for vendor in VENDORS:
        scene.store.add_ticket(vendor, created_at=NOW + timedelta(days=3), state="closed")
        scene.store.add_ticket(vendor, created_at=long_ago)
    assert clear(run(sync_since=datetime(1990, 1, 1, tzinfo=UTC)))
    marks = "select distinct watermark_at from sync_state where entity = 'tickets'"
    marks += " and account_id like '%-1'"
    assert scene.look(marks) == [(NOW.replace(tzinfo=None),)]
    scene.store.freeze(NOW + timedelta(days=4))
    judge(run(NOW + timedelta(days=4)), RIGHT)


def test_a_first_reading_of_many_spans_loses_nothing_at_their_borders(scene, run, judge):
    since = datetime(2026, 1, 1, tzinfo=UTC)
    for vendor, days in (("alibaba", 30), ("tencent", 90)):
        for border in (since, since + timedelta(days=days), since + timedelta(days=days) * 2):
            for seconds in (0, 0, -1, 1):
                moment = max(since, border + timedelta(seconds=seconds))
                scene.store.add_ticket(vendor, created_at=min(moment, NOW - HOUR), state="closed")
    scene.execute("delete from sync_state where account_id in ('alibaba-1', 'tencent-1')")
    judge(run(overlap_hours=0), RIGHT)


def test_the_id_of_another_ticket_of_the_vendor_is_refused_and_the_first_row_stays(
    scene, record_property
):
    for vendor in VENDORS:
        for index in (0, 1):
            moment = NOW - HOUR * (index + 1)
            kept = {"created_at": moment, "state": "closed", "ticket_id": SAME_ID + vendor[0]}
            if vendor == "tencent":
                kept["ticket_id"] = SAME_ID
            scene.store.add_ticket(vendor, index, title=f"of {index}", **kept)
    ended = scene.run()
    loud = {account_id: type(one.error) for account_id, one in ended.items() if one.error}
    assert loud == {f"{vendor}-2": PartialError for vendor in VENDORS}
    rows = "select custom_id, name from cloud_osm_list where cloud_id like :id order by 1"
    owners = [(f"{vendor}-1", "of 0") for vendor in VENDORS]
    assert scene.look(rows, id=f"{SAME_ID}%") == owners
    assert scene.look("select distinct error_class from sync_quarantine") == [
        (ContractError.__name__,)
    ]
    record_property("fault", f"paging 0 {LOUD}")


def test_the_last_text_of_a_message_wins_and_it_stays_one_row(scene, run, judge):
    tickets = {vendor: new_closed(scene, vendor) for vendor in VENDORS}
    scene.settings["read_again_hours"] = (0,)  # earlier tickets keep the ids that we made
    rich = ("tencent_rich", {"vendors": ("tencent",)})  # messages with ids
    scene.faults(rich[0], **rich[1])
    assert clear(run())
    for ticket_id in tickets.values():
        talks = scene.store.ticket(ticket_id).talks
        scene.store.reopen(ticket_id)
        scene.store.edit_message(ticket_id, talks[-1].number, "edited")
    assert clear(run())
    for ticket_id in tickets.values():
        scene.store.close(ticket_id)
    judge(run(), RIGHT)
    query = "select count(*) from cloud_osm_detail where case_id = :id and content = 'edited'"
    assert {scene.look(query, id=ticket_id)[0] for ticket_id in tickets.values()} == {(1,)}


def test_a_message_told_twice_in_one_answer_is_one_row_with_the_later_text(scene, run):
    scene.settings["read_again_hours"] = (0,)  # earlier tickets keep the ids that we made
    scene.faults("tencent_rich", vendors=("tencent",))
    tickets = {vendor: new_closed(scene, vendor) for vendor in VENDORS}
    for ticket_id in tickets.values():
        talks = scene.store.ticket(ticket_id).talks
        talks.append(replace(talks[-1], content="later"))
    assert clear(run())
    for vendor, ticket_id in tickets.items():
        stored = scene.look(
            "select count(*), count(distinct message_id), sum(content = 'later')"
            " from cloud_osm_detail where case_id = :id and vendor = :vendor",
            id=ticket_id,
            vendor=vendor.upper(),
        )
        said = scene.store.truth()[vendor]["accounts"][0]["stored_messages"][ticket_id] - 1
        assert stored == [(said, said, 1)]


def test_reading_again_messages_without_ids_adds_none(scene, run, judge):
    scene.faults(
        "set_field", "detail", ("huawei",), field="message_list.message_id", drop=True, times=None
    )
    ticket_id = new_closed(scene, "huawei")
    talks = scene.store.ticket(ticket_id).talks
    talks[2] = replace(talks[1], number=talks[2].number)
    judge(run(), RIGHT)
    count = "select count(*) from cloud_osm_detail"
    before = scene.look(count)
    scene.store.reopen(ticket_id)
    assert clear(run())
    scene.store.close(ticket_id)
    assert clear(run())
    assert scene.look(count) == before
