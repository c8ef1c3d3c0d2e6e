"""What a backfill may ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from include.errors import ConfigError

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""A backfill asks vendors span by span: one from the year 1 would never end."""


def check_backfill(since: datetime | None, until: datetime | None, *, now: datetime) -> None:
    """Refuse a span of creation that makes no sense. Raises ConfigError that says what is wrong."""
    if until and not since:
        raise ConfigError("`until` needs `since`: a backfill has a beginning")
    if since and since < EARLIEST:
        raise ConfigError(f"`since` must not lie before {EARLIEST:%Y-%m-%d}: nothing is so old")
    if since and since >= (until or now):
        raise ConfigError("`since` must lie before `until`, and in the past")
