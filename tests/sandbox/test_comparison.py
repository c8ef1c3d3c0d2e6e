"""The demo's table: it must be able to say that something is missing."""

from __future__ import annotations

import sqlalchemy as sa

from include.sandbox import comparison


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
