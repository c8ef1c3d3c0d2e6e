"""Every setting: its default, what it accepts, and the words with which it refuses."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from include.errors import ConfigError
from include.settings import Settings, is_loopback, parse_moment

SANDBOX = {
    "ALIBABA_BASE_URL": "http://127.0.0.1:4001",
    "HUAWEI_BASE_URL": "http://localhost:4002",
    "HUAWEI_IAM_URL": "http://localhost:4002",
    "TENCENT_BASE_URL": "http://[::1]:4003",
}


def test_an_empty_environment_gives_the_defaults():
    assert Settings.load({}) == Settings()


def test_a_blank_variable_counts_as_not_set():
    assert Settings.load({field.name.upper(): "  " for field in fields(Settings)}) == Settings()


def test_every_setting_is_read_from_the_variable_that_bears_its_name():
    given = {
        "WAREHOUSE_URL": "mysql+pymysql://u:p@h/d",
        "WAREHOUSE_CA": "/etc/ca.pem",
        "SOURCE_URL": "postgresql://u:p@h/d",
        "SOURCE_CA": "/etc/source.pem",
        "SOURCE_TIMEOUT_SECONDS": "600",
        "SNAPSHOT_VANISH_LIMIT": "0.1",
        "SNAPSHOT_FULL_HOURS": "12",
        "SERVICE_LEVEL_SECONDS": "30",
        "ALIBABA_BASE_URL": "https://alibaba.example",
        "HUAWEI_BASE_URL": "https://huawei.example",
        "HUAWEI_IAM_URL": "https://iam.example",
        "TENCENT_BASE_URL": "https://tencent.example",
        "SANDBOX": "1",
        "TENCENT_ENABLED": "yes",
        "TENCENT_CLOSED_IDS": "3, 7",
        "TENCENT_ZONE": "UTC",
        "ALIBABA_STATUS_FILTER": "numbers",
        "REDACT_TEXTS": "write",
        "SECRET_KEYS": "file:/keys",
        "ALLOW_PLAIN_SECRETS": "off",
        "SYNC_SINCE": "2024-05-01T08:00:00+08:00",
        "OVERLAP_HOURS": "6",
        "OPEN_MESSAGES": "true",
        "CALLS_PER_SECOND": "2.5",
        "CALLS_AT_ONCE": "8",
        "VENDOR_PROXY": "http://proxy.example:3128",
    }
    assert set(given) == {field.name.upper() for field in fields(Settings)}
    settings = Settings.load(given)
    default = Settings()
    unread = [
        f.name for f in fields(Settings) if getattr(settings, f.name) == getattr(default, f.name)
    ]
    assert unread == []
    assert settings.tencent_closed_ids == {3, 7}
    assert settings.tencent_zone == ZoneInfo("UTC")
    assert settings.sync_since == datetime(2024, 5, 1, tzinfo=UTC)
    assert (settings.overlap_hours, settings.calls_at_once) == (6, 8)


def test_every_setting_says_which_variable_it_is():
    text = Path(inspect.getfile(Settings)).read_text()
    for field in fields(Settings):
        assert f'"""``{field.name.upper()}``: ' in text


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SANDBOX", "maybe", "SANDBOX must be 1 or 0, not 'maybe'"),
        ("OPEN_MESSAGES", "2", "OPEN_MESSAGES must be 1 or 0, not '2'"),
        ("ALIBABA_BASE_URL", "alibaba.example", "ALIBABA_BASE_URL must be a URL with http://"),
        ("ALIBABA_BASE_URL", "ftp://alibaba.example", "ALIBABA_BASE_URL must be a URL"),
        ("VENDOR_PROXY", "http://", "VENDOR_PROXY must be a URL"),
        ("HUAWEI_BASE_URL", "http://huawei.example", "HUAWEI_BASE_URL must begin with https://"),
        ("HUAWEI_IAM_URL", "http://10.0.0.7", "HUAWEI_IAM_URL must begin with https://"),
        ("ALIBABA_STATUS_FILTER", "both", "must be one of names, numbers, not 'both'"),
        ("TENCENT_CLOSED_IDS", "3,x", "TENCENT_CLOSED_IDS must be numbers and commas"),
        ("TENCENT_ZONE", "Asia/Peking", "TENCENT_ZONE must be a zone like Asia/Shanghai"),
        ("SYNC_SINCE", "last year", "SYNC_SINCE"),
        ("CALLS_PER_SECOND", "fast", "CALLS_PER_SECOND must be a number, not 'fast'"),
        ("CALLS_PER_SECOND", "0", "CALLS_PER_SECOND must lie between 0.1 and 999, not 0"),
        ("CALLS_PER_SECOND", "nan", "CALLS_PER_SECOND"),
        ("OVERLAP_HOURS", "-1", "OVERLAP_HOURS must lie between 0 and 2160"),
        ("SNAPSHOT_VANISH_LIMIT", "20", "SNAPSHOT_VANISH_LIMIT must lie between 0 and 1, not 20"),
        ("SNAPSHOT_VANISH_LIMIT", "20%", "SNAPSHOT_VANISH_LIMIT must be a number, not '20%'"),
        ("SNAPSHOT_FULL_HOURS", "-1", "SNAPSHOT_FULL_HOURS must lie between 0 and 744"),
        ("SOURCE_TIMEOUT_SECONDS", "1", "SOURCE_TIMEOUT_SECONDS must lie between 10 and 86400"),
        ("SERVICE_LEVEL_SECONDS", "0", "SERVICE_LEVEL_SECONDS must lie between 1 and 3600"),
        ("CALLS_AT_ONCE", "33", "CALLS_AT_ONCE must lie between 1 and 32"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(variable, value, expected):
    with pytest.raises(ConfigError, match=re.escape(expected)):
        Settings.load({variable: value})


def test_vendors_on_loopback_make_it_the_sandbox_with_tencent_switched_on():
    settings = Settings.load(SANDBOX)
    assert settings.sandbox
    assert settings.tencent_enabled
    assert not Settings.load({**SANDBOX, "TENCENT_ENABLED": "0"}).tencent_enabled


def test_in_production_tencent_is_off_and_can_be_switched_on():
    assert not Settings.load({}).tencent_enabled
    assert not Settings.load({"ALIBABA_BASE_URL": "https://a.example"}).sandbox
    assert Settings.load({"TENCENT_ENABLED": "1"}).tencent_enabled


@pytest.mark.parametrize(
    "environ",
    [
        {**SANDBOX, "SANDBOX": "0"},
        {**SANDBOX, "HUAWEI_BASE_URL": "https://huawei.example"},
    ],
)
def test_loopback_hosts_are_refused_outside_the_sandbox(environ):
    with pytest.raises(ConfigError, match="is on loopback, which only the sandbox is"):
        Settings.load(environ)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:1", True),
        ("https://LOCALHOST/x", True),
        ("http://[::1]:3", True),
        ("http://127.0.0.1.example", False),
        ("http://user@10.0.0.1", False),
        ("http://localhost@evil.example", False),
    ],
)
def test_loopback_is_told_by_the_host_alone(url, expected):
    assert is_loopback(url) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        (" 2026-01-31T08:00:00+08:00 ", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T00:00:00Z", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_moment_without_an_offset_is_utc(text, expected):
    assert parse_moment(text) == expected


def test_settings_show_no_password():
    settings = Settings(
        warehouse_url="mysql://u:canary@h/d",
        source_url="postgresql://u:canary@h/d",
        secret_keys="k1:canary",
    )
    assert "canary" not in repr(settings)
