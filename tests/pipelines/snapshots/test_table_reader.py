"""A table whose key has several columns, NULL among them."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.customer_service import Column, Kind, SourceTable
from include.pipelines.snapshots.plan import SnapshotPlan
from include.pipelines.snapshots.table_reader import TableReader
from include.source import postgres
from include.source.postgres import SourceDatabase
from include.warehouse.customer_service.bulk import Writer
from include.warehouse.customer_service.manifest import TableFigures
from include.warehouse.customer_service.tables import history_table
from include.warehouse.mysql import Warehouse

PAIR = SourceTable(
    "pair",
    "pairs",
    ("line", "name"),
    (
        Column("line", Kind.INTEGER, "first half of the key"),
        Column("name", Kind.TEXT, "second half of the key", 20),
        Column("note", Kind.TEXT, "content", 20),
    ),
)


@pytest.fixture
def publish(source: SourceDatabase, warehouse: Warehouse, execute: Any) -> Any:
    """``publish(number)``: one snapshot of the table alone."""
    execute("create table pair (line integer, name varchar(20), note varchar(20))")
    with warehouse.engine.begin() as connection:
        history_table(PAIR, sa.MetaData()).create(connection)

    def run(number: int) -> TableFigures:
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        plan = SnapshotPlan(number, moment, "a test", None)
        with source.snapshot() as snapshot, warehouse.bulk() as connection:
            with snapshot._connection.cursor() as cursor:
                snapshot.found = {"pair": postgres._found(cursor, PAIR)}
            beside = nullcontext(Writer(connection, connection.commit))
            reader = TableReader(
                connection, snapshot, plan, {}, 1.0, lambda rows: None, lambda: beside
            )
            (read,) = reader.read_tables([PAIR])
            if read.staging:
                read.staging.publish(number, moment)
            connection.commit()
        return read.row.figures

    return run


def test_null_is_a_key_like_any_other(execute, publish, rows):
    execute(
        "insert into pair values (1, 'a', 'x'), (1, null, 'x'), (null, 'a', 'x'),"
        " (null, null, 'x'), (1, '', 'x'), (11, 'a', 'x'), (1, '~', 'x'), (1, '1:a', 'x')"
    )
    assert publish(1).present == 8
    execute("update pair set note = 'y' where line is null and name is null")
    assert (publish(2).opened, publish(3).opened) == (1, 0)
    assert rows(
        "select note, closed_by from cs_pair_history where line is null and name is null"
        " order by snapshot_id"
    ) == [("x", 2), ("y", 0)]


def test_a_key_whose_null_becomes_a_value_is_another_row(execute, publish, rows):
    execute("insert into pair values (1, null, 'x')")
    publish(1)
    execute("update pair set name = 'a'")
    figures = publish(2)
    assert (figures.opened, figures.vanished, figures.closed) == (1, 1, 1)
    assert rows("select name from cs_pair_history where closed_by = 0") == [("a",)]


def test_of_equal_keys_the_text_that_sorts_last_wins_every_time(execute, publish, rows):
    execute("insert into pair values (null, 'a', 'x'), (null, 'a', 'z'), (null, 'a', 'y')")
    figures = publish(1)
    assert (figures.present, figures.duplicates) == (1, 2)
    execute("update pair set line = line")
    assert publish(2).opened == 0
    assert rows("select note from cs_pair_history") == [("z",)]
