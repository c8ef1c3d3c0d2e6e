"""Walking pages of lists that move, lie and repeat themselves (no row may be lost silently)."""

from __future__ import annotations

import random

import pytest

from include.errors import ContractError, MovingListError, UncountedListError
from include.vendors import paging
from include.vendors.paging import by_number, by_offset

WALKS = pytest.mark.parametrize("walk", [by_number, by_offset])


class Listing:
    """A vendor's list in memory; *before* may change it as the pages are asked for."""

    def __init__(self, rows, *, cap=1000, total=None, before=lambda listing: None):
        self.rows, self.cap, self.total, self.before = list(rows), cap, total, before
        self.calls = []

    def fetch(self, walk):
        def fetch(position, size):
            self.calls.append(position)
            self.before(self)
            size = min(size, self.cap)
            start = (position - 1) * size if walk is by_number else position
            total = len(self.rows) if self.total is None else self.total
            return self.page(start, size), total

        return fetch

    def page(self, start, size):
        return self.rows[start : start + size]


def walked(walk, listing, size=10):
    """All rows, doubles included."""
    return [row for page in walk(listing.fetch(walk), size, key=int) for row in page]


def at_call(number, change):
    def before(listing):
        if len(listing.calls) == number:
            change(listing.rows)

    return before


@WALKS
@pytest.mark.parametrize(("rows", "calls"), [(0, 1), (9, 1), (10, 2), (11, 2), (40, 5), (45, 5)])
def test_a_list_ends_at_an_empty_page_or_a_short_one_that_completes_it(walk, rows, calls):
    listing = Listing(range(rows))
    assert walked(walk, listing) == list(range(rows))
    assert len(listing.calls) == calls


@WALKS
def test_rows_that_shift_down_are_not_lost(walk):
    """P1: three new ones appear at the front after the first page."""
    listing = Listing(
        range(45), before=at_call(2, lambda rows: rows.__setitem__(slice(0, 0), [97, 98, 99]))
    )
    assert set(walked(walk, listing)) == {*range(45), 97, 98, 99}


@WALKS
def test_a_row_that_leaves_the_list_does_not_hide_another(walk):
    """P2: the number of distinct rows alone would match the total."""
    listing = Listing(range(45), before=at_call(2, lambda rows: rows.remove(3)))
    assert set(walked(walk, listing)) == set(range(45))


@WALKS
def test_a_row_that_leaves_a_full_first_page_is_noticed_at_the_empty_second(walk):
    listing = Listing(range(11), before=at_call(2, lambda rows: rows.remove(3)))
    assert set(walked(walk, listing)) == set(range(11))


@WALKS
def test_one_that_comes_does_not_make_up_for_one_that_was_skipped(walk):
    """45 distinct rows of 45, but row 10 is not among them; only the total in between tells."""

    def before(listing):
        if len(listing.calls) == 2:
            listing.rows.remove(3)
        if len(listing.calls) == 4:
            listing.rows.append(99)

    assert set(walked(walk, Listing(range(45), before=before))) == {*range(45), 99}


@WALKS
def test_a_list_that_never_rests_is_said_to_move(walk):
    def before(listing):
        listing.rows.pop(0)

    listing = Listing(range(200), before=before)
    seen: set[int] = set()
    with pytest.raises(MovingListError, match="4 readings"):
        seen.update(row for page in walk(listing.fetch(walk), 10, key=int) for row in page)
    assert len(seen) > 150  # what was seen is passed on all the same


@WALKS
def test_a_total_that_is_too_small_ends_nothing(walk):
    assert walked(walk, Listing(range(50), total=40)) == list(range(50))


@WALKS
@pytest.mark.parametrize("rows", [0, 50])
def test_a_total_that_is_too_large_is_a_moving_list(walk, rows):
    """Also of an empty list: no row beside a total is an outage, not an answer."""
    listing = Listing(range(rows), total=10_000)
    with pytest.raises(MovingListError, match=f"{rows} rows seen where the vendor states 10000"):
        walked(walk, listing)
    assert len(listing.calls) == 4 * (rows // 10 + 1)


@WALKS
@pytest.mark.parametrize("rows", [0, 7, 10, 45])
@pytest.mark.parametrize("since", [1, 2])
def test_what_is_no_total_keeps_out_no_row_and_is_said_after_them(walk, rows, since):
    """From the first page on, or from the second one where there is one."""
    said = UncountedListError("no total")

    def before(listing):
        listing.total = said if len(listing.calls) >= since else None

    listing, seen = Listing(range(rows), before=before), list[int]()
    if since == 2 and rows <= 10:
        assert walked(walk, listing) == list(range(rows))
        return
    with pytest.raises(UncountedListError) as caught:
        seen.extend(row for page in walk(listing.fetch(walk), 10, key=int) for row in page)
    assert caught.value is said
    assert seen == list(range(rows))


@WALKS
def test_a_total_beyond_the_end_says_nothing(walk):
    listing = Listing(range(40))
    listing.before = lambda one: setattr(one, "total", 0 if len(one.calls) == 5 else 40)
    assert walked(walk, listing) == list(range(40))
    assert len(listing.calls) == 5


@WALKS
def test_a_short_page_in_the_middle_ends_nothing(walk):
    """P4: the missing rows come with the next reading, or by offset with the next page."""

    class Short(Listing):
        def page(self, start, size):
            return super().page(start, size - 3 if len(self.calls) == 3 else size)

    assert set(walked(walk, Short(range(50)))) == set(range(50))


@WALKS
@pytest.mark.parametrize("rows", [17, 20, 45])
def test_a_vendor_that_gives_smaller_pages_is_followed(walk, rows):
    """P5: offsets count what was received, not what was asked for."""
    assert walked(walk, Listing(range(rows), cap=4)) == list(range(rows))


@WALKS
@pytest.mark.parametrize("seed", range(20))
def test_an_order_that_changes_is_right_or_loud(walk, seed):
    """P6."""
    shuffle = random.Random(seed).shuffle  # noqa: S311 - a test's dice
    listing = Listing(range(25), before=lambda one: shuffle(one.rows))
    seen = set()
    try:
        for page in walk(listing.fetch(walk), 10, key=int):
            seen |= set(page)
    except MovingListError:
        return
    assert seen == set(range(25))


@WALKS
def test_a_gap_is_not_filled_with_rows_that_have_gone(walk):
    """The first reading saw a row that left; the second misses another one: 44 of 44, but wrong."""

    class Gap(Listing):
        def page(self, start, size):
            rows = super().page(start, size)
            return [row for row in rows if row != 20 or len(self.calls) > 12]

    listing = Gap(range(45), before=at_call(5, lambda rows: rows.remove(3)))
    assert 20 in walked(walk, listing)


@WALKS
def test_a_vendor_that_ignores_the_position_is_noticed(walk):
    class Stuck(Listing):
        def page(self, start, size):
            return self.rows[:size]

    listing = Stuck(range(50))
    with pytest.raises(MovingListError, match="10 rows seen where the vendor states 50"):
        walked(walk, listing)
    assert len(listing.calls) == 8


@WALKS
def test_a_list_without_an_end_is_a_broken_contract(walk, monkeypatch):
    monkeypatch.setattr(paging, "MAX_PAGES", 30)
    with pytest.raises(ContractError, match="300 rows on 30 pages"):
        walked(walk, Listing(range(10_000)))
