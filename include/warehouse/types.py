"""How tables and their columns are declared: one metadata, a few types.

Three of the types convert, and nothing else does: moments are aware UTC in our code, vendors have
their lower-case names. ``info["key"]`` of a table names the natural key of an upsert.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData()

BIN: Final = "utf8mb4_bin"  # for ids: common collations merge distinct keys
TEXT: Final = "utf8mb4_unicode_ci"  # for texts: exists on MySQL and MariaDB
MS: Final = "milliseconds since 1970 UTC"

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LATEST: Final = datetime.max.replace(microsecond=999_000, tzinfo=UTC)
FIRST: Final = (EARLIEST - EPOCH) // MILLISECOND
LAST: Final = (LATEST - EPOCH) // MILLISECOND


class Utc(sa.types.TypeDecorator[datetime]):
    """A moment in a DATETIME(6) column, UTC: an aware datetime here, to the microsecond.

    A naive one is refused with ValueError: drivers drop an offset silently.
    """

    impl = mysql.DATETIME
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(fsp=6)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """What the column holds: UTC without its mark."""
        return None if value is None else _aware(value).astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """The moment, in UTC."""
        moment: datetime | None = value
        return None if moment is None else moment.replace(tzinfo=UTC)


class Millis(sa.types.TypeDecorator[datetime]):
    """A moment in a BIGINT column, milliseconds since 1970 UTC: an aware datetime here.

    Digits behind the millisecond are cut off; a naive datetime is refused with ValueError. A number
    outside the years 1 to 9999, which another program may have written, is read as the first or the
    last millisecond of them: no real moment, and still before or after all others.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """The milliseconds, rounded down."""
        return None if value is None else (_aware(value) - EPOCH) // MILLISECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        """The moment, in UTC."""
        if value is None:
            return None
        if FIRST <= value <= LAST:
            return EPOCH + timedelta(milliseconds=value)
        return EARLIEST if value < FIRST else LATEST


class VendorName(sa.types.TypeDecorator[str]):
    """A vendor in a VARCHAR(50) column, compared byte by byte: stored ``HUAWEI``, here ``huawei``.

    What is in neither form stays as it is, both ways: the user's rows may hold anything.
    """

    impl = mysql.VARCHAR
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(50, charset="utf8mb4", collation=BIN)

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """The name as it is stored."""
        return None if value is None else stored_name(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Our name."""
        if value is None:
            return None
        name = value.lower()
        return name if stored_name(name) == value else value


NOW: Final = sa.func.utc_timestamp(sa.text("6"), type_=Utc)
"""The server's clock: those of the workers may differ."""


def stored_name(vendor: str) -> str:
    """The name under which the tables hold a vendor, for columns that hold other owners as well."""
    name = vendor.upper()
    return name if name.lower() == vendor else vendor


def bind_moments(statement: str) -> sa.TextClause:
    """A statement of text whose parameters ``:now`` and ``:…_at`` are moments, as ``Utc`` binds."""
    text = sa.text(statement)
    names = [name for name in text.compile().params if name == "now" or name.endswith("_at")]
    return text.bindparams(*(sa.bindparam(name, type_=Utc()) for name in names))


def to_millisecond(moment: datetime) -> datetime:
    """The moment as a ``Millis`` column gives it back."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def literal(moment: datetime) -> str:
    """A moment as the text that a DATETIME(6) column takes for it, where nothing can be bound."""
    naive = _aware(moment).astimezone(UTC).replace(tzinfo=None)
    return naive.isoformat(sep=" ", timespec="microseconds")


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone: it could be any hour")
    return moment


def key(length: int) -> sa.types.TypeEngine[str]:
    """The type of an id: compared byte by byte."""
    return mysql.VARCHAR(length, charset="utf8mb4", collation=BIN)


def text(length: int) -> sa.types.TypeEngine[str]:
    """The type of a text that people read and search."""
    return mysql.VARCHAR(length, charset="utf8mb4", collation=TEXT)


def table(name: str, comment: str, key: tuple[str, ...], *items: Any) -> sa.Table:
    """Declare a table whose natural key is *key*."""
    return sa.Table(
        name,
        metadata,
        *items,
        info={"key": key},
        comment=comment,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=TEXT,
        mysql_row_format="Dynamic",
    )
