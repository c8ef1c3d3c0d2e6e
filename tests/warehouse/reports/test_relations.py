"""What may be exported."""

from __future__ import annotations

from include.warehouse.reports.relations import (
    ExportColumn,
    Selection,
    list_relations,
    read_blocks,
    read_columns,
)


def test_reports_and_customer_service_are_listed_and_nothing_else(warehouse):
    with warehouse.engine.begin() as connection:
        found = list_relations(connection)
    assert {"v_ticket", "rpt_build", "cs_seat", "cs_seat_history"} <= set(found)
    assert {name.split("_")[0] for name in found} == {"v", "dim", "rpt", "cs"}
    assert found == sorted(found)


def test_columns_are_told_in_their_order_with_what_their_numbers_hold(warehouse):
    with warehouse.engine.begin() as connection:
        found = read_columns(connection, "cs_snapshot_table")
        horizon = {c.name: c for c in read_columns(connection, "cs_snapshot")}["horizon"]
        assert read_columns(connection, "cs_no_such_table") == []
    assert [column.name for column in found[:2]] == ["snapshot_id", "table_name"]
    checksum = next(column for column in found if column.name == "checksum")
    assert checksum == ExportColumn("checksum", "decimal", False, 38, 0)
    assert (horizon.kind, horizon.is_unsigned) == ("bigint", True)


def test_rows_come_in_blocks(warehouse):
    with warehouse.engine.begin() as connection:
        for number in range(5):
            connection.exec_driver_sql(
                f"insert into rpt_holiday (local_day, name) values ('2026-01-0{number + 1}', 'n')"
            )
        chosen = Selection(("local_day", "name"))
        with read_blocks(connection, "rpt_holiday", chosen, at_once=2) as found:
            blocks = [len(rows) for rows in found]
    assert blocks == [2, 2, 1]
