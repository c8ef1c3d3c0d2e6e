"""An opening text is one message, whether the vendor shows it as one or we made it one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import sqlalchemy as sa

from include.models import OPENING_ID
from include.warehouse.tickets.tables import cloud_osm_detail

MOST_BLANKS: Final = 64
"""By so many characters may two texts differ in length that are equal but for blanks around."""


def drop_doubled_openings(connection: sa.Connection, vendor: str, ids: Collection[str]) -> int:
    """Drop an opening text of ours where the customer's message with that text is stored too.

    So it is once, under the vendor's id, when a vendor begins or ceases to show its first message.
    Texts are equal but for blanks around them, as for the clients: none can be lost. Returns how
    many were dropped.
    """
    if not ids:
        return 0
    ours, theirs = cloud_osm_detail.alias("ours"), cloud_osm_detail.alias("theirs")
    apart = sa.func.char_length(ours.c.content) - sa.func.char_length(theirs.c.content)
    rows = connection.execute(
        sa.select(ours.c.id, ours.c.content, theirs.c.content.label("other")).where(
            ours.c.vendor == vendor,
            ours.c.case_id.in_(list(ids)),
            is_opening(ours),
            theirs.c.vendor == vendor,
            theirs.c.case_id == ours.c.case_id,
            theirs.c.type == "0",
            ~is_opening(theirs),
            apart.between(-MOST_BLANKS, MOST_BLANKS),
        )
    )
    doubled = {row.id for row in rows if row.content.strip() == row.other.strip()}
    if doubled:
        connection.execute(sa.delete(cloud_osm_detail).where(cloud_osm_detail.c.id.in_(doubled)))
    return len(doubled)


def is_opening(row: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the message id is one of ``opening_ids``."""
    made = (row.c.message_id == OPENING_ID, row.c.message_id == row.c.case_id.concat("#0"))
    return sa.or_(*made)
