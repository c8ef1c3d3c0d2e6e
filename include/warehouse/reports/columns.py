"""Columns that tables of reports share.

``start_at`` is UTC, ``local_*`` the wall clock of ``BUSINESS_ZONE``.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.warehouse.types import TEXT, Utc

LONG: Final = mysql.LONGTEXT(charset="utf8mb4", collation=TEXT)


def count(name: str, comment: str, *, nullable: bool = False) -> sa.Column[Any]:
    """So many."""
    return sa.Column(name, sa.Integer, nullable=nullable, comment=comment)


def flag(
    name: str, comment: str, *, nullable: bool = False, server_default: str | None = None
) -> sa.Column[Any]:
    """A small number: 0 and 1 mostly."""
    return sa.Column(
        name, sa.SmallInteger, nullable=nullable, server_default=server_default, comment=comment
    )


def number(name: str, comment: str, *, key: bool = False) -> sa.Column[Any]:
    """A whole number that is always there."""
    return sa.Column(
        name, sa.Integer, primary_key=key, nullable=False, autoincrement=False, comment=comment
    )


def seconds(name: str, comment: str, *, nullable: bool = True) -> sa.Column[Any]:
    """Seconds with their microseconds, exactly."""
    return sa.Column(name, sa.Numeric(24, 6), nullable=nullable, comment=f"{comment}, seconds")


def exact(name: str, comment: str) -> sa.Column[Any]:
    """Seconds with their microseconds in a double: a million of them are ranked at once."""
    return sa.Column(name, mysql.DOUBLE(), comment=f"{comment}, seconds")


def local(name: str, comment: str, **options: Any) -> sa.Column[Any]:
    """The begin of a span by the wall clock of the business's zone."""
    return sa.Column(name, mysql.DATETIME(), comment=f"{comment}, local", **options)


def wall(name: str, comment: str) -> sa.Column[Any]:
    """A moment by the wall clock of the business's zone."""
    return sa.Column(name, mysql.DATETIME(fsp=6), comment=f"本地时间：{comment}, local time")


def updated() -> sa.Column[Any]:
    """When the row was built."""
    return sa.Column("updated_at", Utc, comment="本行生成时间, UTC | when this row was built, UTC")
