"""What tables hold, to compare before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def contents(ask: Callable[[str], Any], *tables: str) -> dict[str, list[str]]:
    """Every row of *tables* as text, in the order of the text; *ask* runs a query.

    CHECKSUM TABLE will not do: MariaDB 10.11 gave two sums for the same rows of ``cloud_osm_list``,
    which has a generated column: one before, and one after, somebody selected all its columns.
    """
    return {table: sorted(str(row) for row in ask(f"select * from {table}")) for table in tables}
