"""Forms as the application reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from include.errors import ConfigError
from include.vendors.registry import VENDORS


def forms():
    from include.runtime import forms

    return forms


def test_all_vendors_together_are_none_in_particular():
    read = forms().read_choice
    assert read({"vendors": list(VENDORS), "accounts": None}).vendors == ()
    assert read({"vendors": ["huawei"], "accounts": ["a"]}).vendors == ("huawei",)
    assert read({"vendors": list(VENDORS), "accounts": ["a"]}).account_ids == ("a",)


def test_a_time_becomes_utc_and_nonsense_is_refused_in_words():
    read = forms().read_moment
    assert read("2026-01-31T08:00:00+08:00") == datetime(2026, 1, 31, tzinfo=UTC)
    assert read("2026-01-31T08:00:00") == datetime(2026, 1, 31, tzinfo=UTC)
    assert read("") is read(None) is None
    with pytest.raises(ConfigError, match="'soon' is not a time like"):
        read("soon")


def test_a_time_without_an_offset_is_one_of_the_zone_that_is_set(monkeypatch):
    monkeypatch.setenv("BUSINESS_ZONE", "Asia/Tokyo")
    assert forms().read_moment("2026-01-31T09:00:00") == datetime(2026, 1, 31, tzinfo=UTC)


def test_a_day_is_a_day():
    assert forms().read_day("2026-01-31") == date(2026, 1, 31)
    assert forms().read_day(None) is None


def test_the_person_who_triggered_a_run_is_named():
    who = forms().who
    assert who(SimpleNamespace(run_id="r", triggering_user_name="eve")) == "airflow r by eve"
    assert who(SimpleNamespace(run_id="r")) == "airflow r"


def test_an_unknown_field_is_named_without_what_could_break_a_log():
    with pytest.raises(ConfigError, match="unknown in the form: a b; known: x, y"):
        forms().check_form({}, {"a\nb": 1}, ["y", "x"])
