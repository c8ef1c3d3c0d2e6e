"""When a snapshot is refused: too much vanished, and nobody and nothing has confirmed it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.pipelines.snapshots.plan import SnapshotOptions
from include.pipelines.snapshots.refusal import is_over_limit, why_refused
from include.warehouse.customer_service.manifest import Refusal
from tests.builders import DAY, a_table_of_a_snapshot


def over(name, vanished, present=100):
    return a_table_of_a_snapshot(name, vanished=vanished, present=present, over_limit=True)


def refusal(minutes, *tables):
    age = timedelta(minutes=minutes)
    return Refusal(DAY, age, {row.figures.table_name: row for row in tables})


def within(name, vanished=10):
    return a_table_of_a_snapshot(name, vanished=vanished, present=100)


# Vanished, rows before, rows after, limit: is it too much?
LOSSES = [
    (0, 0, 0, 0.2, False),
    (0, 0, 5, 0.2, False),
    (20, 100, 80, 0.2, False),
    (21, 100, 79, 0.2, True),
    (21, 100, 200, 0.2, True),
    (1, 100, 99, 0.0, True),
    (99, 100, 1, 1.0, False),
    (1, 1, 0, 1.0, True),
    (100, 100, 0, 1.0, True),
]


@pytest.mark.parametrize(("vanished", "before", "after", "limit", "expected"), LOSSES)
def test_more_than_the_limit_or_everything_is_too_much(vanished, before, after, limit, expected):
    figures = {"vanished": vanished, "before": before, "after": after, "vanish_limit": limit}
    assert is_over_limit(is_volatile=False, **figures) is expected
    assert not is_over_limit(is_volatile=True, **figures)


# The tables, the accepted number, those that were refused before: is it refused?
CASES = [
    ([], 0, [], False),
    ([within("seat")], 0, [], False),
    ([over("seat", 21)], 0, [], True),
    ([over("seat", 21)], 20, [], True),
    ([over("seat", 21)], 21, [], False),
    ([over("seat", 21), over("session", 30)], 50, [], True),
    ([over("seat", 21), over("session", 30)], 51, [], False),
    ([over("seat", 21), within("session", 30)], 21, [], False),
    ([over("seat", 21)], 0, [over("seat", 21)], False),
    ([over("seat", 21)], 0, [over("seat", 50)], False),
    ([over("seat", 50)], 0, [over("seat", 21)], True),
    ([over("seat", 21)], 0, [within("seat")], True),
    ([over("seat", 21)], 0, [over("session", 30)], True),
    ([over("seat", 21), over("session", 30)], 0, [over("seat", 21), within("session")], True),
    ([over("seat", 21), within("session")], 0, [over("seat", 21), over("session", 30)], False),
]


@pytest.mark.parametrize(("tables", "accepted", "before", "refused"), CASES)
def test_a_person_or_a_second_look_confirms_what_vanished(tables, accepted, before, refused):
    earlier = [refusal(30, *before)] if before else []
    reason = why_refused(tables, SnapshotOptions(accept_vanished=accepted), earlier)
    assert (reason is not None) == refused


# Minutes ago and rows gone of the refused snapshots, newest first; rows gone now: is it refused?
LOOKS = [
    ([(29, 30)], 30, True),
    ([(30, 30)], 30, False),
    ([(30, 30)], 106, True),
    ([(10, 106), (40, 30)], 106, True),
    ([(10, 30), (40, 106)], 106, True),
    ([(10, 106), (40, 106)], 106, False),
    ([(10, 106), (40, 106)], 30, False),
    ([(10, 106), (25, 106)], 106, True),
]


@pytest.mark.parametrize(("before", "gone", "refused"), LOOKS)
def test_only_what_was_gone_all_the_time_is_confirmed(before, gone, refused):
    refusals = [refusal(minutes, over("supplier", vanished)) for minutes, vanished in before]
    reason = why_refused([over("supplier", gone)], SnapshotOptions(), refusals)
    assert (reason is not None) == refused


def test_a_second_refusal_in_a_row_is_told_as_such():
    reason = why_refused(
        [over("supplier", 106, 0)], SnapshotOptions(), [refusal(61, over("supplier", 30, 76))]
    )
    assert reason is not None
    assert "supplier lost 106 of 106 rows" in reason
    assert "refusal 2 in a row, the one before, 61 min ago, for 30 of supplier" in reason
    assert "accept_vanished 106" in reason


def test_a_refusal_names_tables_shares_and_the_number_to_accept():
    tables = [over("seat", 21, 79), within("supplier"), over("session", 30, 0)]
    assert why_refused(tables, SnapshotOptions(), []) == (
        "seat lost 21 of 100 rows, session lost 30 of 30 rows, more than the limit of 20%: nothing"
        " was published. Look at the source; if it is right, accept the number (accept_vanished"
        " 51), or let a snapshot confirm it that finds no more than that gone, 30 minutes from now"
        " or later"
    )
