"""The one form in which everything is described."""

from __future__ import annotations

import pytest

from include.warehouse.dictionary.words import parse


def test_names_meanings_and_measure_are_told_apart():
    words = parse("等待时长：从入队到分配 | wait: from one: to the other [s]")
    assert (words.name_zh, words.meaning_zh) == ("等待时长", "从入队到分配")
    assert (words.name_en, words.meaning_en) == ("wait", "from one: to the other")
    assert (words.unit, words.zone) == ("s", "")


def test_a_name_that_says_all_is_the_meaning_too():
    words = parse("店铺名称 | shop name")
    assert (words.meaning_zh, words.meaning_en) == ("店铺名称", "shop name")
    assert (words.unit, words.zone) == ("", "")


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("UTC", ("", "UTC")),
        ("local", ("", "local")),
        ("ms UTC", ("ms", "UTC")),
        ("share", ("share", "")),
        ("0/1", ("0/1", "")),
    ],
)
def test_a_measure_is_a_unit_a_zone_or_both(measure, expected):
    words = parse(f"值 | value [{measure}]")
    assert (words.unit, words.zone) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not of the form"),
        ("等待时长", "not of the form"),
        ("wait | wait", "no Chinese"),
        ("等待 | 等待", "no English"),
        ("等待 | wait [seconds]", "has the unit 'seconds'; known are"),
    ],
)
def test_what_is_not_said_in_both_languages_or_has_no_known_unit_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse(text)
