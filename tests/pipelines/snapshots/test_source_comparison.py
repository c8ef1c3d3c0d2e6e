"""Both sides counted and summed: equal when they hold the same rows."""

from __future__ import annotations

from include.pipelines.snapshots.snapshot import take_snapshot
from include.pipelines.snapshots.source_comparison import compare_with_source
from include.warehouse.bookkeeping.ledger import Request


def test_a_row_that_one_side_lacks_or_holds_otherwise_makes_its_table_differ(
    source, warehouse, execute
):
    execute("insert into seat (id, web_name) select n, 'seat' from generate_series(1, 3) n")
    take_snapshot(source, warehouse, request=Request("test"))

    def differing():
        compared = compare_with_source(source, warehouse)
        return {
            table.table_name: (table.source_rows, table.warehouse_rows)
            for table in compared
            if not table.equal
        }

    assert differing() == {}
    execute("update seat set web_name = 'other' where id = 1")
    assert differing() == {"seat": (3, 3)}
    execute("delete from seat where id = 1", "insert into supplier (id) values (1)")
    assert differing() == {"seat": (2, 3), "supplier": (1, 0)}


def test_a_table_that_the_source_does_not_have_is_not_compared(source, warehouse, execute):
    execute("drop table queue_mapping")
    compared = compare_with_source(source, warehouse)
    assert len(compared) == 6
    assert all(table.equal for table in compared)
