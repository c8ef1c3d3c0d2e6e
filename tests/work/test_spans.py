"""What span of creation may be asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.errors import ConfigError
from include.values import EARLIEST
from include.work.spans import check_span

NOW = datetime(2026, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (None, NOW, "`until` needs `since`"),
        (NOW - DAY, NOW - 2 * DAY, "must lie before `until`"),
        (NOW + DAY, None, "in the past"),
        (datetime(1, 1, 1, tzinfo=UTC), None, "must not lie before 2000-01-01"),
        (EARLIEST - timedelta(seconds=1), NOW, "must not lie before 2000-01-01"),
    ],
)
def test_a_span_that_makes_no_sense_is_refused_in_words(since, until, words):
    with pytest.raises(ConfigError, match=words):
        check_span(since, until, now=NOW)


@pytest.mark.parametrize(
    ("since", "until"), [(None, None), (EARLIEST, None), (NOW - DAY, NOW), (NOW - DAY, NOW + DAY)]
)
def test_any_other_span_is_fine(since, until):
    check_span(since, until, now=NOW)
