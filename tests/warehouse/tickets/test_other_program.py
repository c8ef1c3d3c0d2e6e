"""What docs/connecting.md says of another program holds, on a strict server and on any other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.warehouse.tickets.adoption import bring_over
from tests.builders import DAY, a_message, a_ticket

PAGE = Path(__file__).resolve().parents[3] / "docs/connecting.md"
LINE = re.compile(r"^\| `([A-Z][^`]+)` \| (yes|no|not strict) \|", re.M)
STATEMENTS = LINE.findall(PAGE.read_text(encoding="utf-8"))
TABLES = ("cloud_osm_list", "cloud_osm_detail", "cloud_osm_product", "cloud_osm_product_type")


@pytest.fixture
def program(warehouse_url):
    """The other program's own connection; ``program(mode)``."""
    opened = []

    def connect(mode):
        engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql(f"set session sql_mode = '{mode}'")
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


def test_the_table_names_every_kind_of_statement():
    verbs = {" ".join(statement.split()[:3]).lower() for statement, _ in STATEMENTS}
    assert {f"insert into {table}" for table in TABLES} <= verbs
    assert {works for _, works in STATEMENTS} == {"yes", "no", "not strict"}


@pytest.mark.parametrize("mode", ["STRICT_ALL_TABLES", ""], ids=["strict", "lax"])
def test_every_statement_of_the_table_does_what_it_says(warehouse, store, rows, program, mode):
    connection = program(mode)
    connection.exec_driver_sql(
        "insert into cloud_user (id, secret_id, secret_key_secret, region_id, type, create_time)"
        " values ('u1', 'key', 'secret', 'cn-north-4', 'HUAWEI', 1767225600)"
    )
    for statement, works in STATEMENTS:
        if "'a5'" in statement:  # once a run has brought the first over
            bring_over(warehouse, DAY)
        is_allowed = works == "yes" or (works == "not strict" and not mode)
        refusal = None
        try:
            connection.exec_driver_sql(statement)
        except sa.exc.DBAPIError as error:
            refusal = error
        assert (refusal is None) == is_allowed, (statement, refusal)
    bring_over(warehouse, DAY)
    held = rows("select id, type, cloud_id from cloud_osm_list where id in ('a1', 'a2', 'a3')")
    assert sorted(held) == [("a1", "HUAWEI", "T1"), ("a2", "HUAWEI", "T2"), ("a3", "HUAWEI", "T3")]
    store((a_ticket("T1"), [a_message("T1", content="text, and more")]))
    assert rows("select id, complete from cloud_osm_list where cloud_id = 'T1'") == [("a1", 1)]
    assert rows("select id, content from cloud_osm_detail") == [("b1", "text, and more")]


def test_a_time_that_was_cut_is_corrected_by_the_first_reading(store, rows, program):
    program("").exec_driver_sql(
        "insert into cloud_osm_list (id, cloud_id, type, create_time)"
        " values ('a1', 'T1', 'HUAWEI', '2026-01-01 08:00:00')"
    )
    assert rows("select create_time from cloud_osm_list") == [(2026,)]
    store((a_ticket("T1"), []))
    created = int(a_ticket().created_at.timestamp()) * 1000
    assert rows("select id, create_time from cloud_osm_list") == [("a1", created)]
