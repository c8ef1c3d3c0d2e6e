"""Moments and vendors' names on their way into a column and back, on real servers."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from include.vendors.registry import VENDORS
from include.warehouse.types import (
    EARLIEST,
    LATEST,
    NOW,
    Millis,
    Utc,
    VendorName,
    bind_moments,
    literal,
    stored_name,
)
from tests.builders import untyped

SHANGHAI = timezone(timedelta(hours=8))
MOMENT = datetime(2026, 1, 10, 8, 30, 5, 123_456, tzinfo=UTC)
BIGGEST = 2**63 - 1

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Utc),
    sa.Column("since", Millis),
    sa.Column("vendor", VendorName),
)
raw = untyped(things)
numbers = itertools.count(1)


@pytest.fixture
def connection(warehouse):
    with warehouse.engine.connect() as opened:
        opened.exec_driver_sql("drop temporary table if exists things")
        made = str(sa.schema.CreateTable(things).compile(opened.engine))
        opened.exec_driver_sql(made.replace("CREATE TABLE", "CREATE TEMPORARY TABLE"))
        yield opened


def kept(connection: sa.Connection, table: Any, **values: Any) -> tuple[Any, Any]:
    """What a value is in the column, and what we read of it."""
    (name,) = values
    number = next(numbers)
    connection.execute(sa.insert(table).values(number=number, **values))
    stored = connection.scalar(sa.select(raw.c[name]).where(raw.c.number == number))
    return stored, connection.scalar(sa.select(things.c[name]).where(things.c.number == number))


@pytest.mark.parametrize(
    "moment",
    [
        MOMENT,
        MOMENT.astimezone(SHANGHAI),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1000, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_a_moment_is_stored_in_utc_and_comes_back_to_the_microsecond(connection, moment):
    stored, read = kept(connection, things, at=moment)
    assert stored == moment.astimezone(UTC).replace(tzinfo=None)
    assert (read, read.tzinfo) == (moment, UTC)


@pytest.mark.parametrize(
    ("moment", "millis"),
    [
        (MOMENT, 1_768_033_805_123),
        (MOMENT.astimezone(SHANGHAI), 1_768_033_805_123),
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        (EARLIEST, -62_135_596_800_000),
        (LATEST, 253_402_300_799_999),
    ],
)
def test_a_moment_in_milliseconds_is_rounded_down_and_exact(connection, moment, millis):
    stored, read = kept(connection, things, since=moment)
    assert stored == millis
    whole = moment - timedelta(microseconds=moment.microsecond % 1000)
    assert (read, read.tzinfo) == (whole, UTC)


@pytest.mark.parametrize(
    ("millis", "read"),
    [
        (-62_135_596_800_001, EARLIEST),
        (-BIGGEST - 1, EARLIEST),
        (253_402_300_800_000, LATEST),
        (BIGGEST, LATEST),
    ],
)
def test_a_number_that_is_no_moment_is_before_or_after_all(connection, millis, read):
    assert kept(connection, raw, since=millis) == (millis, read)


@pytest.mark.parametrize("name", ["at", "since", "vendor"])
def test_nothing_stays_nothing(connection, name):
    assert kept(connection, things, **{name: None}) == (None, None)


@pytest.mark.parametrize("name", ["at", "since"])
def test_a_moment_without_a_zone_is_refused(connection, name):
    naive = MOMENT.replace(tzinfo=None)
    with pytest.raises(sa.exc.StatementError, match="without a time zone"):
        kept(connection, things, **{name: naive})
    with pytest.raises(sa.exc.StatementError, match="without a time zone"):
        connection.execute(sa.select(things).where(things.c[name] < naive))
    with pytest.raises(ValueError, match="without a time zone"):
        literal(naive)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_is_stored_in_capitals(connection, vendor):
    assert kept(connection, things, vendor=vendor) == (vendor.upper(), vendor)
    assert stored_name(vendor) == stored_name(vendor.upper()) == vendor.upper()


@pytest.mark.parametrize("value", ["", "Huawei", "华为", "ALIBABA cloud", "0", "İ"])
def test_what_is_no_vendors_name_comes_back_and_goes_in_as_it_is(connection, value):
    assert kept(connection, raw, vendor=value) == (value, value)
    assert kept(connection, things, vendor=value) == (value, value)


def test_what_is_asked_for_is_converted_like_what_is_stored(connection):
    row = {"at": MOMENT, "since": MOMENT, "vendor": "huawei"}
    later = {**row, "at": MOMENT + timedelta(days=1), "since": MOMENT + timedelta(days=1)}
    connection.execute(sa.insert(things), [{"number": 1, **row}, {"number": 2, **later}])
    c = things.c

    def found(*where):
        return list(connection.scalars(sa.select(c.number).where(*where).order_by(c.number)))

    assert found(c.since <= MOMENT, c.at >= MOMENT, c.vendor == "huawei") == [1]
    assert found(c.vendor.in_(["huawei", "tencent"])) == [1, 2]
    assert found(sa.tuple_(c.number, c.since).not_in([(1, MOMENT), (2, MOMENT)])) == [2]
    newest = sa.select(sa.func.max(c.at), sa.func.min(c.since).label("since")).subquery()
    whole = MOMENT.replace(microsecond=123_000)
    assert connection.execute(sa.select(newest)).one() == (later["at"], whole)
    assert connection.scalar(sa.select(sa.func.coalesce(sa.null(), c.at)).limit(1)) is not None


def test_the_servers_clock_is_aware(connection):
    row = connection.execute(sa.select(NOW)).scalar_one()
    assert abs(row - datetime.now(UTC)) < timedelta(minutes=1)
    stored, read = kept(connection, things, at=NOW)
    assert read == stored.replace(tzinfo=UTC)


def test_parameters_of_a_text_that_are_moments_are_bound_as_such(connection):
    query = bind_moments("select :now, cast(:built_at as datetime(6)), :day")
    given = {"now": MOMENT.astimezone(SHANGHAI), "built_at": MOMENT, "day": "2026-01-10"}
    assert connection.execute(query, given).one()[1:] == (MOMENT.replace(tzinfo=None), "2026-01-10")
    with pytest.raises(sa.exc.StatementError, match="without a time zone"):
        connection.execute(query, {**given, "now": MOMENT.replace(tzinfo=None)})


def test_a_literal_is_the_moment_that_the_column_holds(connection):
    text = literal(MOMENT.astimezone(SHANGHAI))
    assert text == "2026-01-10 08:30:05.123456"
    assert kept(connection, raw, at=text)[1] == MOMENT
