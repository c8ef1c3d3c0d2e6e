"""Views: one statement a file, applied with the schema, columns as in the source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.warehouse.customer_service.tables import HISTORIES
from include.warehouse.reports.customer_service_tables import rpt_cohort
from include.warehouse.reports.tables import rpt_holiday
from include.warehouse.schema import migrations, views
from tests.builders import untyped
from tests.histories import LOCAL, Past, naive

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


def a_supplier(
    name: str, since: str, until: str | None = None, opened_by: int = 1, closed_by: int = 0
) -> Any:
    return {
        "row_key": 1,
        "closed_by": closed_by,
        "id": 1,
        "name": name,
        "row_hash": name.encode().ljust(16),
        "valid_from_at": since,
        "valid_to_at": until,
        "snapshot_id": opened_by,
    }


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-01 09:59:59.999999", []),
        ("2026-01-01 10:00:00", ["old"]),
        ("2026-01-01 10:59:59.999999", ["old"]),
        ("2026-01-01 11:00:00", ["new"]),
        ("2026-01-01 12:00:00", []),  # beyond the newest complete snapshot
    ],
)
def test_as_of_a_moment_shows_the_version_of_then(
    engine: sa.Engine, moment: str, expected: list[str]
) -> None:
    text = views.statements()["cs_supplier"].partition("create ")[0].replace("--", "")
    recipe = text.partition("where ")[2]
    with engine.begin() as connection:
        for row in (
            a_supplier("old", "2026-01-01 10:00:00", "2026-01-01 11:00:00", closed_by=2),
            a_supplier(
                "new", "2026-01-01 11:00:00", "2026-01-01 12:00:00", opened_by=2, closed_by=3
            ),
            a_supplier("coming", "2026-01-01 12:00:00", opened_by=3),
        ):
            connection.execute(sa.insert(untyped(HISTORIES["supplier"])).values(row))
        past = Past(connection)
        for number, state in ((1, "complete"), (2, "complete"), (3, "loading")):
            past.snapshot(number, f"2026-01-01 {number + 17}:00", state=state)
        query = sa.text(f"select name from cs_supplier_history where {recipe}")
        assert connection.execute(query, {"t": moment}).scalars().all() == expected
        present = connection.execute(sa.text("select name from cs_supplier")).scalars().all()
        assert present == ["new"]


def test_an_edit_of_a_seat_without_a_change_shows_no_change(engine: sa.Engine) -> None:
    """The source deletes a seat's lines and inserts them anew, with new ids."""
    with engine.begin() as connection:
        past = Past(connection)
        for number, hour in ((1, 10), (2, 11), (3, 12), (4, 13)):
            past.snapshot(number, f"2026-01-01 {hour}:00")
        lines = (
            (1, 7, 1, 2, 1),  # edited at 11:00
            (2, 7, 2, 0, 1),
            (3, 7, 1, 3, 1),  # the same pair twice, for a while
            (4, 8, 1, 2, 1),  # taken away at 11:00, given back at 13:00
            (5, 8, 4, 0, 1),
            (6, 9, 1, 0, 0),  # never valid
        )
        for key, line, opened, closed, status in lines:
            values = {"seat_id": 1, "busi_id": line, "status": status}
            past.version("busi_seat_mapping", key, opened=opened, closed=closed, **values)
        query = sa.text("select busi_id, since_at, until_at from v_seat_line order by 1, 2")
        assert [tuple(row) for row in connection.execute(query)] == [
            (7, past.moments[1], None),
            (8, past.moments[1], past.moments[2]),
            (8, past.moments[4], None),
        ]


def test_rows_that_were_made_twice_at_once_are_one_span(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        past = Past(connection)
        for number, hour in ((1, 10), (2, 11)):
            past.snapshot(number, f"2026-01-01 {hour}:00")
        for key in range(300):  # three equal rows a seat, in an order of their own
            values = {"seat_id": key * 7 % 100, "busi_id": 1, "status": 1}
            past.version("busi_seat_mapping", key, closed=2 * (key % 2 == 0), **values)
        query = "select seat_id, count(*) from v_seat_line group by seat_id having count(*) > 1"
        assert connection.exec_driver_sql(query).all() == []


def hours(engine: sa.Engine, counts: dict[str, int]) -> None:
    """Cohorts of hours, and of their days."""
    rows: dict[tuple[str, datetime], int] = {}
    for text, offered in counts.items():
        moment = naive(text)
        rows["hour", moment] = offered
        day = ("day", moment.replace(hour=0))
        rows[day] = rows.get(day, 0) + offered
    with engine.begin() as connection:
        for (grain, moment), offered in rows.items():
            fixed = {
                column.name: 0
                for column in rpt_cohort.c
                if not column.nullable and isinstance(column.type, sa.Integer | sa.Numeric)
            }
            own = {"grain": grain, "scope": "all", "local_start": moment, "offered": offered}
            when = {"start_at": moment - LOCAL, "snapshot_at": naive("2026-03-01")}
            connection.execute(sa.insert(untyped(rpt_cohort)).values({**fixed, **own, **when}))


def test_an_hour_is_compared_with_the_week_before_it(engine: sa.Engine) -> None:
    counts = {f"2026-01-{day:02} 10:00": day for day in (1, 2, 3, 4, 6, 8, 9)}
    hours(engine, counts)
    with engine.begin() as connection:
        values = {"local_day": naive("2026-01-09"), "name": "节日"}
        connection.execute(sa.insert(untyped(rpt_holiday)).values(values))
        query = sa.text(
            "select day(local_start), offered, offered_last_week, median_7d, holiday"
            " from v_hour_trend order by 1"
        )
        found = [tuple(row) for row in connection.execute(query)]
    assert found[-3:] == [
        (6, 6, None, None, None),
        (8, 8, 1, 2, None),  # of 0 0 1 2 3 4 6
        (9, 9, 2, 3, "节日"),  # of 0 0 2 3 4 6 8
    ]


def test_the_profile_of_a_week_leaves_holidays_out(engine: sa.Engine) -> None:
    hours(engine, {"2026-01-05 10:00": 4, "2026-01-12 10:00": 6, "2026-01-12 11:00": 1})
    hours(engine, {"2026-01-19 10:00": 100, "2026-01-20 09:00": 3})
    with engine.begin() as connection:
        values = {"local_day": naive("2026-01-19"), "name": "节日"}
        connection.execute(sa.insert(untyped(rpt_holiday)).values(values))
        query = sa.text(
            "select weekday, hour, days, mean_offered from v_hour_profile order by 1, 2"
        )
        assert [tuple(row) for row in connection.execute(query)] == [
            (1, 10, 2, 5),
            (1, 11, 2, 0.5),
            (2, 9, 1, 3),
        ]


def test_a_view_this_code_no_longer_has_is_named_and_kept(engine: sa.Engine) -> None:
    said: list[str] = []
    with engine.begin() as connection:
        connection.exec_driver_sql("create view v_old_report as select 1 as n")
        connection.exec_driver_sql("create view theirs as select 1 as n")
    migrations.upgrade(engine, progress=said.append)
    assert [text.split(":")[0] for text in said] == ["v_old_report"]
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select n from v_old_report").scalar() == 1


def test_a_view_that_somebody_changed_is_put_right(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("create or replace view cs_seat as select 1 as n")
    migrations.upgrade(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select count(host) from cs_seat").scalar() == 0
