"""Walking a vendor's pages without losing a row (the stop rule is DECISIONS.md, entry 9).

A list ends at an **empty** page, or at a **short** page once the distinct rows seen reach the
stated total. Neither the total alone nor a short page alone ends it: totals drift and vendors cut
pages. A total that changes between two pages means that rows moved under us; then the list is read
again from the start, and the readings are united by whoever collects them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Final, TypeVar

from include.errors import MovingListError

Row = TypeVar("Row")
Fetch = Callable[[int, int], tuple[list[Row], int]]
"""``fetch(position, size)`` gives one page and the stated total."""

READINGS: Final = 4  # the first one and three more
MAX_PAGES: Final = 20_000  # a vendor that never ends a list must not keep us for ever


def by_number(fetch: Fetch[Row], size: int, key: Callable[[Row], Hashable]) -> Iterator[list[Row]]:
    """Yield the pages of a list that is asked for by page number, from 1."""
    return _readings(fetch, size, key, first=1, step=lambda rows: 1)


def by_offset(fetch: Fetch[Row], size: int, key: Callable[[Row], Hashable]) -> Iterator[list[Row]]:
    """Yield the pages of a list that is asked for by offset; it counts rows received, not asked."""
    return _readings(fetch, size, key, first=0, step=len)


def _readings(
    fetch: Fetch[Row],
    size: int,
    key: Callable[[Row], Hashable],
    *,
    first: int,
    step: Callable[[list[Row]], int],
) -> Iterator[list[Row]]:
    """Read the list until one reading was undisturbed; rows may come twice.

    Raises MovingListError, after everything seen was yielded, when no reading was.
    """
    united: set[Hashable] = set()
    for _ in range(READINGS):
        seen: set[Hashable] = set()
        position, totals = first, set[int]()
        for _ in range(MAX_PAGES):
            rows, total = fetch(position, size)
            totals.add(total)
            fresh = {key(row) for row in rows} - seen
            seen |= fresh
            if rows:
                yield rows
            # A page of rows we already had: the vendor ignores the position, or rows moved.
            if not fresh or (len(rows) < size and len(seen) >= total):
                break
            position += step(rows)
        united |= seen
        if len(totals) == 1 and len(united) >= total:
            return
    raise MovingListError(
        f"{len(united)} rows seen where the vendor states {total}, after {READINGS} readings"
    )
