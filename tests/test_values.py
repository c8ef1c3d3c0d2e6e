"""How a text becomes a value, or is refused by the name of its variable."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from include.errors import ConfigError
from include.values import LATE_AFTER, SHANGHAI, parse_moment
from include.vendors.registry import load_settings


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SANDBOX", "maybe", "SANDBOX must be 1 or 0, not 'maybe'"),
        ("OPEN_MESSAGES", "2", "OPEN_MESSAGES must be 1 or 0, not '2'"),
        ("ALIBABA_BASE_URL", "alibaba.example", "ALIBABA_BASE_URL must be a URL with http://"),
        ("ALIBABA_BASE_URL", "ftp://alibaba.example", "ALIBABA_BASE_URL must be a URL"),
        (
            "ALIBABA_BASE_URL",
            "https://alibaba.example:99999",
            "ALIBABA_BASE_URL must be a URL whose",
        ),
        ("VENDOR_PROXY", "http://user:word", "VENDOR_PROXY must be a URL whose port"),
        ("VENDOR_PROXY", "http://", "VENDOR_PROXY must be a URL"),
        ("HUAWEI_BASE_URL", "http://huawei.example", "HUAWEI_BASE_URL must begin with https://"),
        ("HUAWEI_IAM_URL", "http://10.0.0.7", "HUAWEI_IAM_URL must begin with https://"),
        ("ALIBABA_STATUS_FILTER", "both", "must be one of names, numbers, not 'both'"),
        ("TENCENT_CLOSED_IDS", "3,x", "TENCENT_CLOSED_IDS must be numbers and commas"),
        ("TENCENT_ZONE", "Asia/Peking", "TENCENT_ZONE must be a zone like Asia/Shanghai"),
        ("BUSINESS_ZONE", "Beijing", "BUSINESS_ZONE must be a zone like Asia/Shanghai"),
        ("BUSINESS_ZONE", "../etc/hosts", "BUSINESS_ZONE must be a zone like Asia/Shanghai"),
        ("BUSINESS_ZONE", "Europe/Berlin", "Europe/Berlin changed them since 2000 or will"),
        ("SYNC_SINCE", "last year", "SYNC_SINCE"),
        ("SYNC_SINCE", "1000-01-01", "SYNC_SINCE must not lie before 2000-01-01"),
        ("DESK_SINCE", "2010", "DESK_SINCE must be a day like 2010-01-31, not '2010'"),
        ("DESK_SINCE", "1970-01-02", "DESK_SINCE must not lie before 1970-01-03"),
        ("CALLS_PER_SECOND", "fast", "CALLS_PER_SECOND must be a number, not 'fast'"),
        ("CALLS_PER_SECOND", "0", "CALLS_PER_SECOND must lie between 0.1 and 999, not 0"),
        ("CALLS_PER_SECOND", "nan", "CALLS_PER_SECOND"),
        ("OVERLAP_HOURS", "-1", "OVERLAP_HOURS must lie between 0 and 2160"),
        ("SNAPSHOT_VANISH_LIMIT", "20", "SNAPSHOT_VANISH_LIMIT must lie between 0 and 1, not 20"),
        ("SNAPSHOT_VANISH_LIMIT", "20%", "SNAPSHOT_VANISH_LIMIT must be a number, not '20%'"),
        ("SNAPSHOT_FULL_HOURS", "-1", "SNAPSHOT_FULL_HOURS must lie between 0 and 744"),
        ("SOURCE_TIMEOUT_SECONDS", "1", "SOURCE_TIMEOUT_SECONDS must lie between 10 and 86400"),
        ("SERVICE_LEVEL_SECONDS", "0", "SERVICE_LEVEL_SECONDS must lie between 1 and 3600"),
        ("ACCOUNTS_AT_ONCE", "0", "ACCOUNTS_AT_ONCE must lie between 1 and 32"),
        ("LATE_AFTER", "tickets", "LATE_AFTER says 'tickets': write it like tickets=30m/2h"),
        ("LATE_AFTER", "tickets=soon", "LATE_AFTER says 'tickets=soon': write it like"),
        ("LATE_AFTER", "tickets=0m", "LATE_AFTER says 'tickets=0m': write it like"),
        ("LATE_AFTER", "rows=1h", "LATE_AFTER says 'rows=1h': the kinds are tickets, catalog,"),
        ("LATE_AFTER", "build=2h/1h", "says 'build=2h/1h': an error cannot come before its warn"),
        ("MAINTAINER", "x" * 101, "MAINTAINER must be one line of at most 100 characters"),
        ("MAINTAINER", "a\nb", "MAINTAINER must be one line"),
        ("CALLS_AT_ONCE", "33", "CALLS_AT_ONCE must lie between 1 and 32"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(variable, value, expected):
    with pytest.raises(ConfigError, match=re.escape(expected)):
        load_settings({variable: value})


def test_limits_of_lateness_are_given_for_some_kinds_and_the_error_may_follow():
    late_after = load_settings({"LATE_AFTER": "tickets=45m, snapshot = 3h / 5h"}).late_after
    assert late_after == {**LATE_AFTER, "tickets": (2700, 10_800), "snapshot": (10_800, 18_000)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 30, 16, tzinfo=UTC)),
        ("2026-01-31T08:00:00", datetime(2026, 1, 31, tzinfo=UTC)),
        (" 2026-01-31T08:00:00+08:00 ", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T00:00:00Z", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_moment_without_an_offset_is_of_the_zone_that_is_meant(text, expected):
    assert parse_moment(text, SHANGHAI) == expected
