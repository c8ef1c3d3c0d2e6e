"""Many small values in few rows: lists that the server makes, of which the driver reads a text.

Rows cost it ten times as much.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from include.errors import ContractError


def read_lists(
    connection: sa.Connection,
    statement: sa.TextClause,
    fields: int,
    name: str,
    **values: Any,
) -> list[str]:
    """The texts of all lists that *statement* finds, *fields* for each item, one after the other.

    Its rows tell ``items``, their number, and ``fields``, each with a comma behind it. Raises
    ContractError, which calls the list *name*, where the server cut one.
    """
    found = connection.execute(statement, values).all()
    texts = "".join(row.fields or "" for row in found).split(",")
    if len(texts) != fields * sum(row.items for row in found) + 1 or texts.pop():
        raise ContractError(
            f"the server cut the list of {name}: raise max_allowed_packet", vendor="warehouse"
        )
    return texts
