"""Every setting: its default, what it accepts, and the words with which it refuses."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from include.errors import ConfigError
from include.settings import Settings, SettingsGroup, VendorSettings, is_loopback, variables
from include.vendors.registry import DECLARED, is_switched_on, load_settings, setting_names
from include.vendors.tencent import TencentSettings

SANDBOX = {
    "ALIBABA_BASE_URL": "http://127.0.0.1:4001",
    "HUAWEI_BASE_URL": "http://localhost:4002",
    "HUAWEI_IAM_URL": "http://localhost:4002",
    "TENCENT_BASE_URL": "http://[::1]:4003",
}


def test_an_empty_environment_gives_the_defaults():
    settings = load_settings({})
    assert settings.model_copy(update={"vendors": ()}) == Settings()
    assert settings.vendors == tuple(vendor.settings() for vendor in DECLARED.values())


def test_a_blank_variable_counts_as_not_set():
    assert load_settings(dict.fromkeys(setting_names(), "  ")) == load_settings({})


def test_every_setting_is_read_from_the_variable_that_bears_its_name():
    given = {
        "WAREHOUSE_URL": "mysql+pymysql://u:p@h/d",
        "WAREHOUSE_CA": "/etc/ca.pem",
        "SOURCE_URL": "postgresql://u:p@h/d",
        "SOURCE_CA": "/etc/source.pem",
        "SOURCE_TIMEOUT_SECONDS": "600",
        "SOURCE_LAG_MINUTES": "90",
        "SNAPSHOT_VANISH_LIMIT": "0.1",
        "SNAPSHOT_FULL_HOURS": "12",
        "SNAPSHOT_CONFIRM_MINUTES": "90",
        "LEDGER_DAYS": "30",
        "SNAPSHOT_DETAIL_DAYS": "31",
        "BUSINESS_HOURS": "08:30-17:30",
        "DESK_SINCE": "2015-03-01",
        "BUSINESS_ZONE": "Asia/Tokyo",
        "HISTORY_DAYS": "800",
        "SERVICE_LEVEL_SECONDS": "30",
        "ALIBABA_BASE_URL": "https://alibaba.example",
        "HUAWEI_BASE_URL": "https://huawei.example",
        "HUAWEI_IAM_URL": "https://iam.example",
        "TENCENT_BASE_URL": "https://tencent.example",
        "SANDBOX": "1",
        "ALIBABA_ENABLED": "0",
        "HUAWEI_ENABLED": "1",
        "TENCENT_ENABLED": "yes",
        "TENCENT_CLOSED_IDS": "3, 7",
        "TENCENT_ZONE": "UTC",
        "ALIBABA_STATUS_FILTER": "numbers",
        "REDACT_TEXTS": "write",
        "SECRET_KEYS": "file:/keys",
        "ALLOW_PLAIN_SECRETS": "off",
        "SYNC_SINCE": "2024-05-01T09:00:00",
        "OVERLAP_HOURS": "6",
        "OPEN_MESSAGES": "true",
        "LEAVE_NEW_SECONDS": "90",
        "READ_AGAIN_HOURS": "24, 168",
        "READ_ALL_DAYS": "45",
        "CALLS_PER_SECOND": "2.5",
        "CALLS_AT_ONCE": "8",
        "ACCOUNTS_AT_ONCE": "1",
        "RUN_MINUTES": "7.5",
        "VENDOR_PROXY": "http://proxy.example:3128",
        "LATE_AFTER": "tickets=1h/3h, checks=3d",
        "ALERT_URLS": "file:/urls",
        "ALERT_AFTER_MINUTES": "0",
        "ALERT_SEVERITY": "error",
        "ALERT_LANGUAGE": "zh",
        "ALERT_QUIET_HOURS": "22:00-08:00",
        "ALERT_DIGEST_AT": "never",
        "ALERT_PING_URL": "https://ping.example/uuid",
        "ALERT_FILE": "/var/lib/alerts.json",
        "MAINTAINER": "Data platform <data@shop.example>",
        "RUNBOOK_URL": "https://wiki.example/runbook",
        "DAG_OWNER": "somebody",
    }
    assert set(given) == setting_names()
    settings = load_settings(given)
    unread = [
        name
        for group in (settings, *settings.vendors)
        for name, field in variables(type(group)).items()
        if getattr(group, field) == getattr(type(group)(), field)
    ]
    assert unread == []
    assert settings.of(TencentSettings).closed_ids == {3, 7}
    assert settings.of(TencentSettings).zone == ZoneInfo("UTC")
    assert settings.sync_since == datetime(2024, 5, 1, tzinfo=UTC)
    assert (settings.overlap_hours, settings.calls_at_once) == (6, 8)


def test_every_setting_says_which_variable_it_is():
    kinds: list[type[SettingsGroup]] = [Settings]
    for kind in kinds + [vendor.settings for vendor in DECLARED.values()]:
        for name, field in variables(kind).items():
            where, told = kind, name
            if field in VendorSettings.model_fields:
                where, told = VendorSettings, f"<VENDOR>_{field.upper()}"
            assert f'"""``{told}``: ' in Path(inspect.getfile(where)).read_text()


def test_vendors_on_loopback_make_it_the_sandbox_with_tencent_switched_on():
    settings = load_settings(SANDBOX)
    assert settings.sandbox
    assert is_switched_on("tencent", settings)
    assert not is_switched_on("tencent", load_settings({**SANDBOX, "TENCENT_ENABLED": "0"}))


def test_in_production_tencent_is_off_and_can_be_switched_on():
    assert not is_switched_on("tencent", load_settings({}))
    assert not load_settings({"ALIBABA_BASE_URL": "https://a.example"}).sandbox
    assert is_switched_on("tencent", load_settings({"TENCENT_ENABLED": "1"}))


@pytest.mark.parametrize(
    "environ",
    [
        {**SANDBOX, "SANDBOX": "0"},
        {**SANDBOX, "HUAWEI_BASE_URL": "https://huawei.example"},
    ],
)
def test_loopback_hosts_are_refused_outside_the_sandbox(environ):
    with pytest.raises(ConfigError, match="is on loopback, which only the sandbox is"):
        load_settings(environ)


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


SECRETS = {
    "WAREHOUSE_URL": "mysql://u:canary@h/d",
    "SOURCE_URL": "postgresql://u:canary@h/d",
    "SECRET_KEYS": "k1:canary",
    "ALERT_URLS": "jsons://u:canary@h/d",
    "ALERT_PING_URL": "https://h/canary",
}


def test_settings_show_no_password():
    settings = load_settings(SECRETS)
    assert "canary" in settings.warehouse_url.get_secret_value()
    for shown in (repr(settings), str(settings), str(settings.model_dump())):
        assert "canary" not in shown


def test_an_error_shows_no_secret():
    with pytest.raises(ConfigError) as caught:
        load_settings({**SECRETS, "CALLS_AT_ONCE": "many"})
    error: BaseException | None = caught.value
    while error is not None:
        assert "canary" not in repr(error)
        error = error.__cause__ or error.__context__


def test_settings_made_by_hand_take_nothing_from_the_environment(monkeypatch):
    monkeypatch.setenv("CALLS_AT_ONCE", "9")
    assert Settings().calls_at_once == 4
