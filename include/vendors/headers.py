"""What the headers of an answer tell of time: a wait that is asked for, and the vendor's clock."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

SKEW_SECONDS: Final = 60.0  # a smaller difference of clocks explains no refusal


def seconds_asked(hint: float | None, headers: Mapping[str, str], now: datetime) -> float | None:
    """The wait that was asked for: the vendor's hint, else Retry-After, seconds or a date."""
    if hint is None:
        value = headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            hint = float(value)
        elif moment := _date(value):
            hint = (moment - (_date(headers.get("Date", "")) or now)).total_seconds()
    return None if hint is None else max(hint, 0.0)


def find_skew(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that *now* is ahead of the vendor's clock; None when the answer does not tell."""
    theirs = _date(headers.get("Date", ""))
    return (now - theirs).total_seconds() if theirs else None


def hint_at_clock(skew: float | None) -> str:
    """What to add to a refused signature when our clock and the vendor's differ."""
    if skew is None or abs(skew) < SKEW_SECONDS:
        return ""
    side = "ahead of" if skew > 0 else "behind"
    return f"; this machine's clock is {abs(skew):.0f} s {side} the vendor's: set it right"


def _date(value: str) -> datetime | None:
    """The moment that a header tells, None when it tells none."""
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
