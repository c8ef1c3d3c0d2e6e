"""Times in the headers of an answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.vendors.headers import find_skew, hint_at_clock, seconds_asked

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
AT_NOON = {"Date": "Sat, 10 Jan 2026 12:00:00 GMT"}


@pytest.mark.parametrize(
    ("hint", "headers", "seconds"),
    [
        (None, {}, None),
        (3.0, {"Retry-After": "7"}, 3.0),
        (-1.0, {}, 0.0),
        (None, {"Retry-After": " 7 "}, 7.0),
        (None, {"Retry-After": "Sat, 10 Jan 2026 12:01:00 GMT", **AT_NOON}, 60.0),
        (None, {"Retry-After": "Sat, 10 Jan 2026 11:00:00 GMT", **AT_NOON}, 0.0),
        (None, {"Retry-After": "soon"}, None),
    ],
)
def test_the_vendors_hint_wins_then_seconds_then_a_date_by_its_clock(hint, headers, seconds):
    assert seconds_asked(hint, headers, NOW) == seconds


def test_a_clock_that_is_a_minute_off_is_named_as_a_reason():
    assert find_skew({}, NOW) is None
    assert find_skew(AT_NOON, NOW.replace(minute=2)) == 120
    assert hint_at_clock(None) == hint_at_clock(59) == ""
    assert "120 s ahead of the vendor's" in hint_at_clock(120)
    assert "61 s behind the vendor's" in hint_at_clock(-61)
