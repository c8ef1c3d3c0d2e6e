"""Walking a vendor's pages without losing a row (the stop rule is DECISIONS.md, entry 9).

A list ends at an **empty** page, or at a **short** page once the distinct rows seen reach the
stated total. Neither the total alone nor a short page alone ends it: totals drift and vendors cut
pages. A total that changes between two pages means that rows moved under us; then the list is read
again from the start, and the readings are united by whoever collects them. A total that cannot be
one is said after the rows: then a list ends where a page brings nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator
from typing import Final, TypeVar

from include.errors import ContractError, MovingListError, UncountedListError

Row = TypeVar("Row")
Fetch = Callable[[int, int], tuple[list[Row], int | UncountedListError]]
"""``fetch(position, size)`` gives one page and the stated total, or why that cannot be one."""

READINGS: Final = 4  # the first one and three more
MAX_PAGES: Final = 20_000  # a vendor that never ends a list must not keep us for ever


def by_number(fetch: Fetch[Row], size: int, key: Callable[[Row], Hashable]) -> Iterator[list[Row]]:
    """Yield the pages of a list that is asked for by page number, from 1."""
    return _until_undisturbed(lambda: _reading(fetch, size, key, 1, lambda rows: 1))


def by_offset(fetch: Fetch[Row], size: int, key: Callable[[Row], Hashable]) -> Iterator[list[Row]]:
    """Yield the pages of a list that is asked for by offset; it counts rows received, not asked."""
    return _until_undisturbed(lambda: _reading(fetch, size, key, 0, len))


_Reading = Generator[list[Row], None, tuple[set[Hashable], set[int]]]


def _until_undisturbed(read: Callable[[], _Reading[Row]]) -> Iterator[list[Row]]:
    """Read the list until one total held throughout and as many rows were seen; rows may repeat.

    Raises MovingListError, after everything seen was yielded, when that never happens, and
    UncountedListError, then too, when no total could be one.
    """
    seen, totals = set[Hashable](), set[int]()
    for _ in range(READINGS):
        now_seen, now_totals = yield from read()
        if now_totals != totals:  # another list than last time: what is gone must not fill a gap
            seen, totals = set(), now_totals
        seen |= now_seen
        if len(totals) == 1 and len(seen) >= max(totals):
            return
    stated = " or ".join(str(total) for total in sorted(totals))
    raise MovingListError(
        f"{len(seen)} rows seen where the vendor states {stated}, after {READINGS} readings"
    )


def _reading(
    fetch: Fetch[Row],
    size: int,
    key: Callable[[Row], Hashable],
    position: int,
    step: Callable[[list[Row]], int],
) -> _Reading[Row]:
    """Yield the pages once; return the keys seen and every total that was stated."""
    seen, totals = set[Hashable](), set[int]()
    uncounted: UncountedListError | None = None
    for page in range(MAX_PAGES):
        rows, total = fetch(position, size)
        if rows:
            yield rows
        if rows or not page:  # beyond the end, a total says nothing about the rows we have
            if isinstance(total, int):
                totals.add(total)
            else:
                uncounted = uncounted or total
        fresh = {key(row) for row in rows} - seen
        seen |= fresh
        ends = isinstance(total, int) and len(rows) < size and len(seen) >= total
        # A page of rows we already had: the vendor ignores the position, or rows moved.
        if not fresh or (ends and not uncounted):
            if uncounted:
                raise uncounted
            return seen, totals
        position += step(rows)
    raise ContractError(f"a list without an end: {len(seen)} rows on {MAX_PAGES} pages")
