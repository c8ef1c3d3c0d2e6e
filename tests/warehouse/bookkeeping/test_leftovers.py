"""Values that await a person."""

from __future__ import annotations

import sqlalchemy as sa

from include.warehouse.bookkeeping.leftovers import Leftover, read_leftovers
from include.warehouse.bookkeeping.tables import migration_leftover
from tests.builders import DAY


def test_the_first_are_read_by_table_and_row_and_all_are_counted(warehouse):
    places = [("b", "type", "1"), ("a", "type", "2"), ("a", "type", "1"), ("a", "", "9")]
    rows = [
        {
            "id": str(number),
            "table_name": table,
            "column_name": column,
            "row_id": row_id,
            "value": None if column else "{}",
            "reason": "r",
            "found_at": DAY,
        }
        for number, (table, column, row_id) in enumerate(places)
    ]
    warehouse.transact(lambda c: c.execute(sa.insert(migration_leftover), rows))
    assert warehouse.transact(lambda c: read_leftovers(c, 3)) == (
        4,
        (
            Leftover("a", "", "9", "{}", "r"),
            Leftover("a", "type", "1", None, "r"),
            Leftover("a", "type", "2", None, "r"),
        ),
    )


def test_an_empty_table_is_nothing_to_tell(warehouse):
    assert warehouse.transact(lambda c: read_leftovers(c, 3)) == (0, ())
