"""What a value of the user's tables becomes: the pure rules, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from sql.migrations.frozen.adoption import (
    Owner,
    adopt_message,
    adopt_ticket,
    millis,
    vendor_of,
)

MAY_FIRST = 1682906400000  # 2023-05-01 10:00 in Shanghai, 02:00 UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1682906400", MAY_FIRST),
        ("1682906400123", MAY_FIRST + 123),
        ("  1682906400\n", MAY_FIRST),
        ("\u30001682906400\u3000", MAY_FIRST),
        ("2023-05-01 10:00:00", MAY_FIRST),
        ("2023-05-01 10:00:00.5", MAY_FIRST + 500),
        ("2023-05-01T10:00:00,123456789", MAY_FIRST + 123),
        ("2023-5-1 10:00", MAY_FIRST),
        ("2023/05/01 10:00", MAY_FIRST),
        ("2023/05/01", MAY_FIRST - 10 * 3_600_000),
        ("2023-05-01", MAY_FIRST - 10 * 3_600_000),
        ("2023-05-01T02:00:00Z", MAY_FIRST),
        ("2023-05-01t02:00:00.000z", MAY_FIRST),
        ("2023-05-01T10:00:00+08:00", MAY_FIRST),
        ("2023-05-01 10:00:00 +0800", MAY_FIRST),
        ("2023-04-30T20:30:00-05:30", MAY_FIRST),
        ("2023-05-01T10+08", None),
        ("1000000000", 10**12),
        ("9999999999", 9_999_999_999_000),
        ("9999999999999", 9_999_999_999_999),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_a_time_becomes_milliseconds(text: str | None, expected: int | None) -> None:
    if text and text.strip() and expected is None:
        with pytest.raises(ValueError, match="neither"):
            millis(text)
    else:
        assert millis(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("unknown", "0", "-1682906400", "168290640", "16829064000", "20230501", "20230501100000"),
        *("2023-02-30", "2023-13-01", "2023-05/01", "2023-05-01 24:00:00", "2023-05-01 10:00:60"),
        *("2023-05-01T10:00:00+25:00", "1970-01-01", "2001-09-08", "2286-11-22", "0999999999"),
        *(
            "1682906400.5",
            "1.6829064e9",
            "１６８２９０６４００",
            "2023-05-01Z",
            "05/01/2023",
            "昨天",
        ),
    ],
)
def test_a_time_that_is_not_certain_is_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        millis(text)


@pytest.mark.parametrize("text", ["1000000000", "2001-09-09 10:00", "2286-11-20", "1682906400"])
def test_its_own_result_stays_as_it_is(text: str) -> None:
    once = millis(text)
    assert millis(str(once)) == once


@pytest.mark.parametrize(
    ("text", "vendor"),
    [
        ("0", "ALIBABA"),
        ("Ali", "ALIBABA"),
        ("aliYun", "ALIBABA"),
        ("阿里云", "ALIBABA"),
        ("1", "HUAWEI"),
        (" huawei\t", "HUAWEI"),
        ("华为", "HUAWEI"),
        ("TENCENT", "TENCENT"),
        ("2", None),
        ("AWS", None),
        ("", None),
        (None, None),
    ],
)
def test_a_vendor_has_many_spellings(text: str | None, vendor: str | None) -> None:
    assert vendor_of(text) == vendor


def a_row(**given: Any) -> dict[str, Any]:
    row = {"id": "m1", "case_id": "T1", "message_id": "n1", "type": "0", "create_time": None}
    return {**row, "vendor": None, "custom_id": None, "status": 0} | given


def test_the_account_tells_the_vendor_only_where_none_is_named() -> None:
    accounts = {"a": "HUAWEI", "b": None}
    said = [("ALIBABA", "a"), (None, "a"), ("", "b"), ("AWS", "a")]
    rows = [a_row(type=type_, custom_id=account) for type_, account in said]
    assert [adopt_ticket(row, accounts).changes["type"] for row in rows] == [
        *("ALIBABA", "HUAWEI", "", "AWS")
    ]


@pytest.mark.parametrize("code", ["0", "1"])
def test_a_digit_in_a_message_is_a_direction_not_a_vendor(code: str) -> None:
    outcome = adopt_message(a_row(type=code), [Owner("T1", "TENCENT")], None)
    assert (outcome.changes["type"], outcome.changes["vendor"]) == (code, "TENCENT")
    assert outcome.reopen is None


def test_a_vendors_id_wins_over_our_own_that_looks_the_same() -> None:
    outcome = adopt_message(a_row(), [Owner("T1", "HUAWEI")], Owner("T9", "ALIBABA"))
    assert outcome.changes["case_id"] == "T1"
    assert outcome.changes["vendor"] == "HUAWEI"


def test_our_own_id_of_another_vendors_ticket_is_not_followed() -> None:
    outcome = adopt_message(a_row(type="HUAWEI"), [], Owner("T9", "ALIBABA"))
    assert outcome.changes["case_id"] == "T1"
    assert outcome.reopen == ("HUAWEI", "T1")


def test_a_message_that_was_brought_over_stays_as_it_is() -> None:
    row = a_row(type="HUAWEI", message_id=None)
    outcome = adopt_message(row, [], None)
    again = adopt_message({**row, **outcome.changes}, [Owner("T1", "ALIBABA")], None)
    assert again.changes == outcome.changes
    assert again.left == ()
    assert again.reopen is None
