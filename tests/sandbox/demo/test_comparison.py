"""The demo's table: it must be able to say that something is missing."""

from __future__ import annotations

import sqlalchemy as sa

from include.sandbox.demo import comparison
from include.warehouse.customer_service import manifest
from include.warehouse.mysql import Warehouse
from tests.builders import a_snapshot, a_table_of_a_snapshot


def test_an_empty_warehouse_differs_wherever_the_sandbox_has_something(sandbox, warehouse_url):
    lines = comparison.compare(warehouse_url, sandbox.url("control"))
    assert [line.stored for line in lines] == [0] * len(lines)
    tickets = {line.vendor: line.true for line in lines if line.table == "cloud_osm_list"}
    assert tickets == {"alibaba": 20, "huawei": 20, "tencent": 20}
    text = comparison.table_of(lines)
    assert text.count("DIFFERS") == sum(line.true != 0 for line in lines) > 20


def test_rows_are_counted_for_their_own_vendor(sandbox, warehouse_url):
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into cloud_user (id, secret_id, type) values ('a', 'k', 'HUAWEI')"
        )
    lines = comparison.compare(warehouse_url, sandbox.url("control"))
    assert {line.vendor: line.stored for line in lines if line.table == "cloud_user"} == {
        "alibaba": 0,
        "huawei": 1,
        "tencent": 0,
    }
    assert "huawei    cloud_user                           1         1\n" in comparison.table_of(
        lines
    )


def test_a_snapshots_rows_are_counted_as_of_its_moment_and_not_believed(warehouse_url):
    warehouse = Warehouse.open(warehouse_url)

    def fill(connection):
        for number in (1, 2):
            made = [a_table_of_a_snapshot("busi_seat_mapping", rows_read=9, opened=2, closed=1)]
            manifest.write(connection, a_snapshot(number), made)
        insert = (
            "insert into cs_busi_seat_mapping_history"
            " (row_key, closed_by, id, row_hash, valid_from_at, valid_to_at, snapshot_id) values "
        )
        first, second = "'2026-01-10 01:00:00'", "'2026-01-10 02:00:00'"
        connection.exec_driver_sql(
            f"{insert} (1, 2, 1, '', {first}, {second}, 1), (2, 0, 2, '', {first}, null, 1),"
            f" (3, 0, 3, '', {second}, null, 2), (4, 0, 4, '', {second}, null, 2)"
        )

    warehouse.transact(fill)
    warehouse.close()
    assert comparison.snapshots(warehouse_url) == [1, 2]
    true = {"busi_seat_mapping": 2, "seat": 5}
    (line, seat) = comparison.compare_snapshot(warehouse_url, 1, true)
    assert (line.rows_read, line.opened, line.closed, line.present) == (9, 2, 1, 2)
    assert (seat.rows_read, seat.present, seat.true) == (0, 0, 5)
    assert comparison.snapshot_table_of([line, seat]).count("DIFFERS") == 1
    (line, _) = comparison.compare_snapshot(warehouse_url, 2, true)
    assert line.present == 3
    assert comparison.snapshot_table_of([line]).endswith("2   DIFFERS")


def test_the_sources_rows_are_counted(source_url):
    engine = sa.create_engine(source_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("insert into busi_seat_mapping (busi_id, seat_id) values (1, 1)")
    counts = comparison.source_counts(source_url)
    assert len(counts) == 7
    assert {table for table, count in counts.items() if count} == {"busi_seat_mapping"}
