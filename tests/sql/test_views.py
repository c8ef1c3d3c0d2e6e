"""Views: one statement a file, applied with the schema, columns as in the source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.warehouse import schema, views
from include.warehouse.tables import HISTORIES

NAMES = sorted(views.statements())


@pytest.fixture
def engine(warehouse_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_states_the_grain_and_holds_the_view_of_its_name(name: str) -> None:
    text = views.statements()[name]
    assert text.startswith("-- Grain: ")
    assert f"\ncreate or replace view {name} as\n" in text
    assert ";" not in views._code(text)


def test_a_view_stands_after_those_it_reads() -> None:
    order = list(views.statements())
    assert order.index("cs_seat") >= 0
    for position, name in enumerate(order):
        later = set(order[position + 1 :])
        words = set(views._code(views.statements()[name]).replace("(", " ").split())
        assert not words & later, name


@pytest.mark.parametrize("table", SOURCE_TABLES, ids=lambda table: table.name)
def test_a_source_table_reads_on_with_its_columns_and_types(engine: sa.Engine, table: Any) -> None:
    query = sa.text(
        "select column_name, column_type, collation_name from information_schema.columns"
        " where table_schema = database() and table_name = :name"
    )
    with engine.connect() as connection:
        shown = {tuple(row) for row in connection.execute(query, {"name": f"cs_{table.name}"})}
        stored = {tuple(row) for row in connection.execute(query, {"name": table.history})}
    assert {row[0] for row in shown} == {column.name for column in table.columns}
    assert shown <= stored


def a_supplier(name: str, since: str, until: str | None = None, closed_by: int = 0) -> Any:
    return {
        "row_key": 1,
        "closed_by": closed_by,
        "id": 1,
        "name": name,
        "row_hash": name.encode().ljust(16),
        "valid_from_at": since,
        "valid_to_at": until,
        "snapshot_id": 1,
    }


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-01 09:59:59.999999", []),
        ("2026-01-01 10:00:00", ["old"]),
        ("2026-01-01 10:59:59.999999", ["old"]),
        ("2026-01-01 11:00:00", ["new"]),
    ],
)
def test_as_of_a_moment_shows_the_version_of_then(
    engine: sa.Engine, moment: str, expected: list[str]
) -> None:
    recipe = views.statements()["cs_supplier"].partition("where ")[2].partition("\n")[0]
    with engine.begin() as connection:
        for row in (
            a_supplier("old", "2026-01-01 10:00:00", "2026-01-01 11:00:00", closed_by=2),
            a_supplier("new", "2026-01-01 11:00:00"),
        ):
            connection.execute(sa.insert(HISTORIES["supplier"]).values(row))
        query = sa.text(f"select name from cs_supplier_history where {recipe}")
        assert connection.execute(query, {"t": moment}).scalars().all() == expected
        present = connection.execute(sa.text("select name from cs_supplier")).scalars().all()
        assert present == ["new"]


def test_a_view_this_code_no_longer_has_is_named_and_kept(engine: sa.Engine) -> None:
    said: list[str] = []
    with engine.begin() as connection:
        connection.exec_driver_sql("create view v_old_report as select 1 as n")
        connection.exec_driver_sql("create view theirs as select 1 as n")
    schema.upgrade(engine, progress=said.append)
    assert [text.split(":")[0] for text in said] == ["v_old_report"]
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select n from v_old_report").scalar() == 1


def test_a_view_that_somebody_changed_is_put_right(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("create or replace view cs_seat as select 1 as n")
    schema.upgrade(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select count(host) from cs_seat").scalar() == 0
