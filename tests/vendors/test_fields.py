"""Reading vendor JSON: what converts, what is refused, and what the refusal names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.errors import ContractError, UncountedListError
from include.vendors import fields
from include.vendors.fields import Record

BEIJING = ZoneInfo("Asia/Shanghai")


def a_record(**value):
    return Record(value, "acme", "Read", "req-1")


def refusal(read, *args, **kwargs):
    with pytest.raises(ContractError) as caught:
        read(*args, **kwargs)
    return str(caught.value)


MISSING, WRONG = "missing", "wrong"
VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "0": 0,
    "7": 7,
    "9007199254740993": 9007199254740993,
    "1.5": 1.5,
    '""': "",
    '" "': " ",
    '"7"': "7",
    '"工单"': "工单",
    "[]": [],
    "{}": {},
}
# For each reader, what each value above becomes.
MATRIX: dict[Callable[..., Any], list[Any]] = {
    fields.text: [MISSING, *[WRONG] * 5, "", " ", "7", "工单", WRONG, WRONG],
    fields.optional_text: [None, *[WRONG] * 5, "", " ", "7", "工单", WRONG, WRONG],
    fields.integer: [MISSING, WRONG, 0, 7, 9007199254740993, *[WRONG] * 7],
    fields.total: [MISSING, WRONG, 0, 7, 9007199254740993, *[WRONG] * 7],
    fields.identifier: [
        *[MISSING, WRONG, "0", "7", "9007199254740993", WRONG],
        *[WRONG, WRONG, "7", "工单", WRONG, WRONG],
    ],
    fields.optional_identifier: [
        *[None, WRONG, "0", "7", "9007199254740993", WRONG],
        *[None, WRONG, "7", "工单", WRONG, WRONG],
    ],
    fields.code: [
        *[MISSING, WRONG, "0", "7", "9007199254740993", WRONG],
        *[WRONG, WRONG, "7", "工单", WRONG, WRONG],
    ],
    fields.optional_code: [
        *[None, WRONG, "0", "7", "9007199254740993", WRONG],
        *[None, WRONG, "7", "工单", WRONG, WRONG],
    ],
    fields.millis: [MISSING, *[WRONG] * 11],
    fields.records: [MISSING, *[WRONG] * 9, [], WRONG],
}
CASES = [
    pytest.param(read, value, became, id=f"{read.__name__} {name}")
    for read, row in MATRIX.items()
    for (name, value), became in zip(VALUES.items(), row, strict=True)
]


@pytest.mark.parametrize(("read", "value", "became"), CASES)
def test_only_documented_conversions_are_made(read, value, became):
    record = a_record(Data={"Field": value})
    if became is MISSING or became is WRONG:
        text = refusal(read, record, "Data", "Field")
        assert text.startswith("acme Read: field Data.Field ")
        assert text.endswith("(request req-1)")
        assert (became is MISSING) == ("is missing" in text)
    else:
        assert read(record, "Data", "Field") == became
        assert type(read(record, "Data", "Field")) is type(became)


@pytest.mark.parametrize("read", [read for read in MATRIX if "optional" not in read.__name__])
@pytest.mark.parametrize("value", [{}, {"Data": None}, {"Data": {}}])
def test_what_is_not_there_is_missing(read, value):
    assert "field Data.Field is missing" in refusal(read, a_record(**value), "Data", "Field")


def test_an_object_that_is_none_is_named():
    record = a_record(Data=[1])
    assert "field Data is not an object but a list" in refusal(record.get, "Data", "Field")
    assert "field Data is not an object but a list" in refusal(record.child, "Data")


def test_a_row_is_named_by_its_place():
    rows = fields.records(a_record(Data={"Rows": [{"Id": 1}, {}]}), "Data", "Rows")
    assert fields.identifier(rows[0], "Id") == "1"
    assert "field Data.Rows[1].Id is missing" in refusal(fields.identifier, rows[1], "Id")
    assert "field Data.Rows[1].A.Id is missing" in refusal(fields.text, rows[1], "A", "Id")


def test_a_row_that_is_no_object_is_named():
    assert "field Rows[1] is not an object but null" in refusal(
        fields.records, a_record(Rows=[{}, None]), "Rows"
    )


def test_an_optional_list_may_be_missing_but_not_something_else():
    assert fields.records(a_record(), "Rows", optional=True) == []
    assert fields.records(a_record(Rows=None), "Rows", optional=True) == []
    assert "not a list" in refusal(fields.records, a_record(Rows={}), "Rows", optional=True)


def test_no_refusal_shows_the_value():
    text = refusal(fields.millis, a_record(At="a customer's words"), "At")
    assert "customer" not in text


@pytest.mark.parametrize(
    "char", ["🙂", "𠮷", "\u202e", "e\u0301", "\x00", "\x1b[31m", "\r\n", "\\"]
)
def test_text_is_kept_as_it_is(char):
    assert fields.text(a_record(Text=f"a{char}b"), "Text") == f"a{char}b"


@pytest.mark.parametrize("value", ["7 ", " 7", "7\n", "7\u3000", "7\ufffd", "\ufffd"])
def test_an_id_that_the_tables_could_not_tell_from_another_is_refused(value):
    for read in (fields.identifier, fields.optional_identifier):
        text = refusal(read, a_record(Id=value), "Id")
        assert text.startswith("acme Read: field Id is no id: it has ")
    assert fields.unclear(value)
    assert fields.code(a_record(Id=value), "Id") == value.strip()


@pytest.mark.parametrize("value", ["7 ", " 7"])
def test_a_listed_ticket_keeps_the_blanks_of_its_id_for_its_reading_to_name_them(value):
    assert fields.ticket_id(a_record(Id=value), "Id") == value


@pytest.mark.parametrize("value", ["7", "a b", "工单", "𠮷"])
def test_any_other_id_is_clear(value):
    assert fields.identifier(a_record(Id=value), "Id") == value
    assert fields.unclear(value) == ""


@pytest.mark.parametrize("value", [None, -1, "7", True])
def test_a_total_that_cannot_be_one_is_an_error_for_later(value):
    error = fields.stated_total(a_record(Total=value), "Total")
    assert isinstance(error, UncountedListError)
    assert str(error).startswith("acme Read: field Total is ")
    assert str(error).endswith("(request req-1)")
    assert fields.stated_total(a_record(Total=7), "Total") == 7


def test_a_negative_total_is_refused():
    assert "field Total is negative" in refusal(fields.total, a_record(Total=-1), "Total")


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1623396736000, datetime(2021, 6, 11, 7, 32, 16, tzinfo=UTC)),
        ("1623396736000", datetime(2021, 6, 11, 7, 32, 16, tzinfo=UTC)),
        (1623396736123, datetime(2021, 6, 11, 7, 32, 16, 123000, tzinfo=UTC)),
        (4102444799999, datetime(2099, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
    ],
)
def test_milliseconds_are_exact(value, moment):
    assert fields.millis(a_record(At=value), "At") == moment


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(0, id="zero date"),
        pytest.param(-1, id="negative"),
        pytest.param(1623396736, id="seconds"),
        pytest.param(1623396736000000, id="microseconds"),
        pytest.param(10**30, id="huge"),
        pytest.param("9" * 400, id="huge text"),
        pytest.param(253402300800000, id="year 10000"),
        pytest.param(1623396736000.0, id="fraction"),
        pytest.param("１６２３３９６７３６０００", id="full-width digits"),
        pytest.param("2021-06-11", id="date"),
    ],
)
def test_what_is_no_millisecond_of_our_time_is_refused(value):
    refusal(fields.millis, a_record(At=value), "At")


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2020-12-25T09:24:18Z", datetime(2020, 12, 25, 9, 24, 18, tzinfo=UTC)),
        ("2020-12-25T09:24:18.123+08:00", datetime(2020, 12, 25, 1, 24, 18, 123000, tzinfo=UTC)),
        ("2026-03-01 16:30:05", datetime(2026, 3, 1, 8, 30, 5, tzinfo=UTC)),
        (" 2026-03-01 16:30:05 ", datetime(2026, 3, 1, 8, 30, 5, tzinfo=UTC)),
        (1623396736000, datetime(2021, 6, 11, 7, 32, 16, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_read_in_its_zone(value, moment):
    read = fields.local_time(a_record(At=value), "At", zone=BEIJING)
    assert read == moment
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        *["", " ", "yesterday", "0000-00-00", "0000-00-00 00:00:00", "0001-01-01T00:00:00Z"],
        *["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z"],
        *["2016-12-31T23:59:60Z", "2021-02-30 00:00:00", "9999-12-31T23:59:59-23:59"],
        *["0001-01-01T00:00:00+23:59", None, True, [], 1.5, 0],
    ],
)
def test_what_is_no_time_is_refused(value):
    text = refusal(fields.local_time, a_record(At=value), "At", zone=timezone(timedelta(hours=8)))
    assert "field At " in text


def test_a_derived_id_is_stable_and_tells_its_parts_apart():
    assert fields.derived_id("a", "b") == fields.derived_id("a", "b")
    assert fields.derived_id("a", "b").startswith("derived:")
    ids = {fields.derived_id(*parts) for parts in [("ab",), ("a", "b"), ("a\nb",), ("a", "", "b")]}
    assert len(ids) == 4
    assert max(map(len, ids)) <= 64


CREATED, NOW = datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-12 08:00:00", datetime(2026, 1, 12, tzinfo=UTC)),
        ("2026-01-10 08:00:00", CREATED),
        ("2026-01-20 08:00:00", NOW),
        ("2026-01-10 07:59:59", None),
        ("2026-01-20 08:00:01", None),
        *[(told, None) for told in (None, "", " ", "0000-00-00 00:00:00", "soon", 0, True)],
    ],
)
def test_a_time_of_closing_is_within_the_tickets_life_or_none(value, moment):
    record = a_record(at=value)
    assert fields.closing_time(record, "at", zone=BEIJING, created_at=CREATED, now=NOW) == moment
    assert fields.closing_time(record, "no", zone=BEIJING, created_at=CREATED, now=NOW) is None


@pytest.mark.parametrize("value", [None, "", " ", "0000-00-00 00:00:00", True, 1.5, [], {}])
def test_a_field_that_tells_nothing_is_no_mark(value):
    assert fields.change_mark(a_record(at=value), "at") is None
    assert fields.change_mark(a_record(), "at") is None


def test_a_mark_differs_when_the_field_does_and_fits_its_column():
    values = ["2026-01-12 08:00:00", "2026-01-12 08:00:01", 7, "工单", "工单 ", "x" * 65, "x" * 66]
    marks = [fields.change_mark(a_record(at=value), "at") for value in values]
    assert marks[:3] == ["2026-01-12 08:00:00", "2026-01-12 08:00:01", "7"]
    assert marks[3] == marks[4]
    assert len(set(marks)) == len(values) - 1
    assert all(mark and len(mark) <= 64 and mark.isascii() for mark in marks)
