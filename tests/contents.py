"""What tables hold, to compare before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def contents(ask: Callable[[str], Any], *tables: str) -> dict[str, list[str]]:
    """Every row of *tables* as text, in the order of the text; *ask* runs a query.

    CHECKSUM TABLE will not do: MariaDB counts in what an earlier statement left in its row buffer
    when a table has a generated column, and so gives two sums for the same rows.
    """
    return {table: sorted(str(row) for row in ask(f"select * from {table}")) for table in tables}
