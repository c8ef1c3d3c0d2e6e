"""How a text from the environment becomes a value, or is refused in words that say what it must be.

Each raises ValueError, which the reader of settings puts behind the variable's name.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, SecretStr, ValidationInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Vendors are asked for creation span by span: from the year 1 on that would never end."""
EARLIEST_DESK: Final = date(1970, 1, 3)


class Limits(NamedTuple):
    """After how many seconds data is late: a warning from *warn_s* on, an error from *error_s*."""

    warn_s: int
    error_s: int


LATE_AFTER: Final = {
    "tickets": Limits(1_800, 7_200),
    "catalog": Limits(172_800, 691_200),
    "snapshot": Limits(7_200, 28_800),
    "build": Limits(7_200, 28_800),
    "checks": Limits(172_800, 691_200),
}
"""Two and eight intervals of what keeps each kind fresh (``include/work/schedules.py``)."""
_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _url(value: str) -> str:
    value, parts = value.rstrip("/"), urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("must be a URL with http:// or https:// and a host")
    try:
        _ = parts.port
    except ValueError:  # it would quote what stands there, which may be a password
        raise ValueError("must be a URL whose port, if any, is a number up to 65535") from None
    return value


def _flag(value: str | bool) -> bool:
    if isinstance(value, bool):
        return value
    word = value.lower()
    if word not in _ON + _OFF:
        raise ValueError(f"must be 1 or 0, not {word!r}")
    return word in _ON


def _number(value: str | float, low: float, high: float) -> float:
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"must be a number, not {value!r}") from None
    if not low <= number <= high:
        raise ValueError(f"must lie between {low:g} and {high:g}, not {value}")
    return number


def _whole(value: str | float, low: float, high: float) -> int:
    return int(_number(value, low, high))


def read_zone(value: str | ZoneInfo) -> ZoneInfo:
    """The zone of that name. Raises ValueError."""
    try:
        return value if isinstance(value, ZoneInfo) else ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"must be a zone like Asia/Shanghai, not {value!r}") from None


def _steady_zone(value: str | ZoneInfo) -> ZoneInfo:
    zone = read_zone(value)
    months = (datetime(2000 + n // 12, n % 12 + 1, 1, tzinfo=zone) for n in range(12 * 38))
    if len({month.utcoffset() for month in months}) > 1:
        raise ValueError(
            f"must be a zone whose clocks are never changed, and {zone.key} changed them since 2000"
            " or will: days of 23 and 25 hours are nothing that reports can compare"
        )
    return zone


def _moment(value: str | datetime, info: ValidationInfo) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        moment = parse_moment(value, info.data.get("business_zone", SHANGHAI))
    except ValueError:
        raise ValueError(f"must be a date like 2024-01-31, not {value!r}") from None
    if moment < EARLIEST:
        raise ValueError(f"must not lie before {EARLIEST:%Y-%m-%d}: nothing is so old")
    return moment


def _day(value: str | date) -> date:
    if isinstance(value, date):
        return value
    try:
        day = date.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"must be a day like 2010-01-31, not {value!r}") from None
    if day < EARLIEST_DESK:
        raise ValueError(f"must not lie before {EARLIEST_DESK}: 1970-01-01 means no time at all")
    return day


def _hours(value: str | tuple[float, ...]) -> tuple[float, ...]:
    if isinstance(value, str):
        return tuple(_number(word, 0, 24 * 3650) for word in value.split(","))
    return value


def _day_span(value: str | tuple[int, int]) -> tuple[int, int]:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", value)
    if found:
        opens, opens_min, closes, closes_min = map(int, found.groups())
        span = (opens * 3600 + opens_min * 60, closes * 3600 + closes_min * 60)
        if opens_min < 60 and closes_min < 60 and span[0] < span[1] <= 24 * 3600:
            return span
    raise ValueError(f"must be a span of one day like 09:00-18:00, not {value!r}")


def _quiet_hours(value: str | tuple[int, int] | None) -> tuple[int, int] | None:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d{1,2}:\d\d)-(\d{1,2}:\d\d)", value)
    if not found or found[1] == found[2]:
        raise ValueError(f"must be a span like 22:00-08:00, not {value!r}")
    return _clock(found[1]), _clock(found[2])


def _daily(value: str | int | None) -> int | None:
    return _clock(value) if isinstance(value, str) and value != "never" else None


def _clock(value: str) -> int:
    found = re.fullmatch(r"(\d{1,2}):(\d\d)", value)
    if not found or not (int(found[1]) < 24 and int(found[2]) < 60):
        raise ValueError(f"must be a time of day like 09:00, not {value!r}")
    return int(found[1]) * 60 + int(found[2])


def _secret_url(value: str | SecretStr) -> SecretStr:
    return SecretStr(_url(value)) if isinstance(value, str) else value


def _limits(value: str | dict[str, Limits]) -> dict[str, Limits]:
    """``tickets=30m/2h,checks=3d`` over the defaults; the second span is else four of the first."""
    if not isinstance(value, str):
        return value
    limits = dict(LATE_AFTER)
    for part in filter(None, (word.strip() for word in value.split(","))):
        kind, _, said = (word.strip() for word in part.partition("="))
        if kind not in limits:
            raise ValueError(f"says {part!r}: the kinds are {', '.join(limits)}")
        warn, _, error = said.partition("/")
        warn_s = _seconds(warn, part)
        error_s = _seconds(error, part) if error else 4 * warn_s
        if error_s < warn_s:
            raise ValueError(f"says {part!r}: an error cannot come before its warning")
        limits[kind] = Limits(warn_s, error_s)
    return limits


def _seconds(span: str, part: str) -> int:
    found = re.fullmatch(r"\s*([1-9]\d{0,4})\s*([mhd])\s*", span)
    if not found:
        raise ValueError(f"says {part!r}: write it like tickets=30m/2h, in m, h or d")
    return int(found[1]) * {"m": 60, "h": 3_600, "d": 86_400}[found[2]]


def _line(value: str) -> str:
    if len(value) > 100 or not value.isprintable():
        raise ValueError("must be one line of at most 100 characters")
    return value


def _choice(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}, not {value!r}")
    return value


def allow_number(low: float, high: float) -> BeforeValidator:
    """A rule for a field: a number from *low* to *high*, both included."""
    return BeforeValidator(partial(_number, low=low, high=high))


def allow_whole(low: float, high: float) -> BeforeValidator:
    """A rule for a field: a whole number from *low* to *high*; a fraction is cut off."""
    return BeforeValidator(partial(_whole, low=low, high=high))


def allow_words(*choices: str) -> BeforeValidator:
    """A rule for a field: one of these words."""
    return BeforeValidator(partial(_choice, choices=choices))


Url: TypeAlias = Annotated[str, BeforeValidator(_url)]
"""Empty, or a URL without a slash at its end."""
Flag: TypeAlias = Annotated[bool, BeforeValidator(_flag)]
Moment: TypeAlias = Annotated[datetime, BeforeValidator(_moment)]
"""An aware moment, written as a date or time; without an offset it is one of ``BUSINESS_ZONE``."""
Day: TypeAlias = Annotated[date, BeforeValidator(_day)]
SteadyZone: TypeAlias = Annotated[ZoneInfo, BeforeValidator(_steady_zone)]
"""A zone whose clocks are never changed."""
Hours: TypeAlias = Annotated[tuple[float, ...], BeforeValidator(_hours)]
DaySpan: TypeAlias = Annotated[tuple[int, int], BeforeValidator(_day_span)]
"""From and to, in seconds of a day."""
QuietHours: TypeAlias = Annotated[tuple[int, int] | None, BeforeValidator(_quiet_hours)]
"""From when to when, in minutes of a day; past midnight where the end is not behind."""
Daily: TypeAlias = Annotated[int | None, BeforeValidator(_daily)]
"""A minute of a day, or never."""
SecretUrl: TypeAlias = Annotated[SecretStr, BeforeValidator(_secret_url)]
LateAfter: TypeAlias = Annotated[dict[str, Limits], BeforeValidator(_limits)]
"""By kind, over ``LATE_AFTER``."""
Line: TypeAlias = Annotated[str, BeforeValidator(_line)]


def parse_moment(value: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 date or time that a person wrote, in UTC. Raises ValueError.

    One without an offset is of *zone*.
    """
    moment = datetime.fromisoformat(value.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("it lies outside the years 1 to 9999") from None
