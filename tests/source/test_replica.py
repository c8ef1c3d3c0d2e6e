"""From when a replica's data are: a pure function of how far it has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.errors import ConfigError, UnavailableError
from include.source.replica import FRESH, Replay, judge

NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
IDLE = Replay(NOW, NOW - HOUR, False, True, "0/5", True)


@pytest.mark.parametrize(
    ("after", "is_complete"),
    [
        (IDLE, True),
        (replace(IDLE, is_paused=True), True),  # and nothing came that it could have replayed
        (replace(IDLE, received="0/6"), False),  # it may be catching up
        (replace(IDLE, has_all=False), False),
        (replace(IDLE, is_connected=False), False),
    ],
    ids=["idle", "paused", "receiving", "behind", "cut off"],
)
def test_data_are_of_now_where_nothing_is_outstanding(after: Replay, is_complete: bool) -> None:
    assert after.is_complete_since(IDLE) == is_complete
    assert not IDLE.is_complete_since(replace(after, is_connected=False))


def test_a_young_commit_is_the_moment_and_needs_no_word() -> None:
    young = replace(IDLE, committed_at=NOW - FRESH, has_all=False)
    assert judge(young, timedelta()).moment == NOW - FRESH
    assert judge(young, timedelta()).behind == ""


def test_a_commit_by_a_clock_that_is_ahead_is_not_in_the_future() -> None:
    assert judge(replace(IDLE, committed_at=NOW + HOUR), HOUR).moment == NOW


@pytest.mark.parametrize(
    ("replay", "error", "why", "step"),
    [
        (replace(IDLE, has_all=False), UnavailableError, "behind its primary", "read the primary"),
        (replace(IDLE, is_connected=False), UnavailableError, "whose news cannot be told", "log"),
        (replace(IDLE, is_paused=True), ConfigError, "replay is paused", "pg_wal_replay_resume()"),
    ],
    ids=["behind", "cut off", "paused"],
)
def test_older_data_bear_their_moment_and_over_the_limit_they_are_refused(
    replay: Replay, error: type[Exception], why: str, step: str
) -> None:
    found = judge(replay, HOUR)
    assert found.moment == NOW - HOUR
    assert why in found.behind
    assert "of 2026-01-10 07:00:00 UTC, 60 min old" in found.behind
    with pytest.raises(error) as caught:
        judge(replay, HOUR - timedelta(seconds=1))
    for words in (found.behind, "SOURCE_LAG_MINUTES (59.9833)", step):
        assert words in str(caught.value)


def test_data_of_which_no_moment_is_known_are_refused() -> None:
    with pytest.raises(UnavailableError, match="cannot be told"):
        judge(replace(IDLE, committed_at=None), HOUR)
