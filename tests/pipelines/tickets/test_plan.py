"""Which tickets a run reads: cases, no database, no vendor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.models import SyncWindow, TicketRef
from include.pipelines.tickets.plan import (
    Readers,
    find_hidden,
    find_moved,
    has_changed,
    is_due,
    plan_changed,
    plan_new,
    split_history,
)
from include.warehouse.tickets.known import Known

ME, OTHER = "huawei-1", "huawei-2"
DAY = timedelta(days=1)
NOW = datetime(2026, 1, 10, tzinfo=UTC)


BOTH = Readers(ME, frozenset({ME, OTHER}))


def held(*, complete=False, read=True, gone=False, by=ME, status=None, mark=None):
    gone_at = NOW - DAY if gone else None
    return Known(complete, read, gone, by, status, mark, gone_at)


def listed(status="closed", *, is_closed=True, mark=None):
    return TicketRef("T1", is_closed, status, mark)


NOTHING = {"open_messages": False, "asks_for_gone": False}


@pytest.mark.parametrize(
    ("why", "known", "quarantined", "options", "is_read"),
    [
        ("unknown here", None, False, {}, True),
        ("open here too", held(), False, {}, False),
        ("its messages are wanted", held(), False, {"open_messages": True}, True),
        ("complete here: it was reopened", held(complete=True), False, {}, True),
        ("gone here: it is back", held(gone=True), False, {}, True),
        ("written by another system, never read", held(read=False), False, {}, True),
        ("failed before", held(), True, {}, True),
        ("another account's, open here too", held(by=OTHER), False, {}, False),
        ("read by an account that is switched off", held(by="huawei-3"), False, {}, True),
        ("read by nobody yet", held(by=None), False, {}, True),
    ],
)
def test_a_ticket_that_is_listed_as_open_is_read_when_we_know_less(
    why, known, quarantined, options, is_read
):
    plan = plan_changed(
        ["T1"],
        {"T1": known} if known else {},
        ["T1"] if quarantined else [],
        BOTH,
        **NOTHING | options,
    )
    assert plan.listed == ({"T1"} if is_read else set()), why
    assert plan.unlisted == set()


@pytest.mark.parametrize(
    ("why", "known", "quarantined", "options", "is_read"),
    [
        ("incomplete here: it has probably closed", held(), False, {}, True),
        ("gone, and asked for today", held(gone=True), False, {}, False),
        ("gone, and asked for yesterday", held(gone=True), False, {"asks_for_gone": True}, True),
        ("failed before, and no row of it", None, True, {}, True),
        ("gone, but failed before", held(gone=True), True, {}, True),
    ],
)
def test_a_ticket_that_no_list_shows_is_read_when_it_may_have_changed(
    why, known, quarantined, options, is_read
):
    plan = plan_changed(
        [],
        {"T1": known} if known else {},
        ["T1"] if quarantined else [],
        BOTH,
        **NOTHING | options,
    )
    assert plan.unlisted == ({"T1"} if is_read else set()), why
    assert plan.listed == set()


@pytest.mark.parametrize(
    ("why", "known", "options", "is_asked"),
    [
        ("nobody has asked for it", held(by=None, read=False), {"strays_asked_at": NOW}, True),
        ("its account is switched off", held(by="huawei-3"), {}, True),
        ("switched off, and asked since", held(by="huawei-3"), {"strays_asked_at": NOW}, False),
        ("its account reads it", held(by=OTHER), {}, False),
        (
            "unknown to another, not asked here since",
            held(by=None, gone=True, read=False),
            {"strays_asked_at": NOW - 2 * DAY},
            True,
        ),
        (
            "unknown to another, asked here since",
            held(by=None, gone=True, read=False),
            {"strays_asked_at": NOW},
            False,
        ),
        (
            "asked here since, and due again",
            held(by=None, gone=True),
            {"strays_asked_at": NOW, "asks_for_gone": True},
            True,
        ),
        ("complete: nothing is to be heard", held(by=None, complete=True), {}, False),
    ],
)
def test_what_no_account_reads_is_asked_for_once_by_each(why, known, options, is_asked):
    plan = plan_changed([], {"T1": known}, [], BOTH, **NOTHING | options)
    assert plan.strays == ({"T1"} if is_asked else set()), why


@pytest.mark.parametrize(
    ("why", "ref", "known", "is_changed"),
    [
        ("as it was read", listed(), held(complete=True, status="closed"), False),
        ("another state", listed("evaluated"), held(complete=True, status="closed"), True),
        ("open again", listed(is_closed=False), held(complete=True, status="closed"), True),
        ("another mark", listed(mark="2"), held(complete=True, status="closed", mark="1"), True),
        ("the list leaves the state out", listed(""), held(complete=True, status="x"), False),
        ("incomplete: it is read anyway", listed("evaluated"), held(status="closed"), False),
    ],
)
def test_a_list_may_betray_that_a_complete_ticket_changed(why, ref, known, is_changed):
    assert has_changed(ref, known) == is_changed, why


def test_an_open_ticket_that_is_not_read_follows_the_list():
    moved = listed("waiting", is_closed=False)
    known = {"T1": held(status="assigned")}
    assert find_moved({"T1": moved}, known, read=[]) == [moved]
    assert find_moved({"T1": moved}, known, read=["T1"]) == []
    assert find_moved({"T1": moved}, {"T1": held(status="waiting")}, read=[]) == []
    assert find_moved({"T1": moved}, {}, read=[]) == []


@pytest.mark.parametrize(
    ("why", "known", "is_overlap", "is_read"),
    [
        ("unknown here", None, False, True),
        ("unknown here, though listed before", None, True, True),
        ("read by us", held(complete=True), False, False),
        ("written by another system", held(read=False), True, True),
        ("shown by another account: is it the same?", held(by=OTHER), False, True),
        ("shown by another account, and asked already", held(by=OTHER), True, False),
    ],
)
def test_a_new_ticket_is_read_once(why, known, is_overlap, is_read):
    shown = {"T1": listed("")}
    wanted = plan_new(shown, {"T1": known} if known else {}, BOTH, is_overlap=is_overlap)
    assert wanted == ({"T1"} if is_read else set()), why


def test_history_is_listed_from_the_overlap_on_and_only_new_spans_move_the_watermark():
    mark, overlap = NOW - 3 * DAY, DAY
    spans = split_history(NOW - 90 * DAY, mark, NOW, overlap, longest=2 * DAY)
    assert [span.window for span in spans] == [
        SyncWindow(mark - DAY, mark + DAY),
        SyncWindow(mark + DAY, NOW),
    ]
    assert [span.watermark for span in spans] == [mark + DAY, NOW]
    assert [span.unlisted for span in spans] == [SyncWindow(mark, mark + DAY), None]


def test_a_span_that_was_all_listed_before_moves_no_watermark():
    spans = split_history(NOW - 90 * DAY, NOW - DAY, NOW, 3 * DAY, longest=2 * DAY)
    assert [(span.watermark, span.unlisted) for span in spans] == [
        (None, None),
        (NOW, SyncWindow(NOW - DAY, NOW)),
    ]


def test_the_first_run_lists_all_of_history():
    spans = split_history(NOW - 3 * DAY, None, NOW, DAY, longest=30 * DAY)
    assert [(s.window, s.watermark) for s in spans] == [(SyncWindow(NOW - 3 * DAY, NOW), NOW)]


def test_a_watermark_ahead_of_the_clock_counts_as_now():
    spans = split_history(NOW - 9 * DAY, NOW + DAY, NOW, DAY, longest=30 * DAY)
    assert [(s.window, s.watermark) for s in spans] == [(SyncWindow(NOW - DAY, NOW), None)]


def test_the_overlap_does_not_reach_beyond_the_beginning():
    first = NOW - DAY
    spans = split_history(first, NOW, NOW, 30 * DAY, longest=30 * DAY)
    assert [span.window for span in spans] == [SyncWindow(first, NOW)]


def test_a_ticket_that_another_list_showed_is_missed_in_its_window_only():
    window = SyncWindow(NOW - DAY, NOW)
    shown = {"before": NOW - 2 * DAY, "first": NOW - DAY, "listed": NOW - DAY, "end": NOW}
    assert find_hidden(window, ["listed"], shown) == {"first"}


def test_gone_tickets_are_asked_for_once_a_day():
    assert is_due(None, NOW)
    assert is_due(NOW - DAY, NOW)
    assert not is_due(NOW - DAY + timedelta(seconds=1), NOW)
