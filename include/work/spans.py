"""What span of creation may be asked for, by a backfill or a comparison."""

from __future__ import annotations

from datetime import datetime

from include.errors import ConfigError
from include.values import EARLIEST


def check_span(since: datetime | None, until: datetime | None, *, now: datetime) -> None:
    """Refuse a span of creation that makes no sense. Raises ConfigError that says what is wrong."""
    if until and not since:
        raise ConfigError("`until` needs `since`: a backfill has a beginning")
    if since and since < EARLIEST:
        raise ConfigError(f"`since` must not lie before {EARLIEST:%Y-%m-%d}: nothing is so old")
    if since and since >= (until or now):
        raise ConfigError("`since` must lie before `until`, and in the past")
