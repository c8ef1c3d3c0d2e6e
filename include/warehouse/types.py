"""How tables and their columns are declared: one metadata, a few types.

``info["key"]`` of a table names the natural key of an upsert.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData()

BIN: Final = "utf8mb4_bin"  # for ids: common collations merge distinct keys
TEXT: Final = "utf8mb4_unicode_ci"  # for texts: exists on MySQL and MariaDB
MS: Final = "milliseconds since 1970 UTC"


def key(length: int) -> sa.types.TypeEngine[str]:
    """The type of an id: compared byte by byte."""
    return mysql.VARCHAR(length, charset="utf8mb4", collation=BIN)


def text(length: int) -> sa.types.TypeEngine[str]:
    """The type of a text that people read and search."""
    return mysql.VARCHAR(length, charset="utf8mb4", collation=TEXT)


def moment() -> sa.types.TypeEngine[Any]:
    """The type of a moment in UTC, with microseconds."""
    return mysql.DATETIME(fsp=6)


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
