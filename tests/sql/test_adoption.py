"""A database with the user's tables and rows is brought over in place, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from include.errors import CheckError, ConfigError
from include.warehouse.schema import migrations, revisions
from include.warehouse.tables import metadata
from tests.sql.described import described
from tests.sql.users_database import TIMES, build

Rows = dict[str, dict[str, Any]]
TICKETS, MESSAGES = "cloud_osm_list", "cloud_osm_detail"
VENDORS = {"0": "ALIBABA", "ali": "ALIBABA", "1": "HUAWEI"} | {
    name: name.upper() for name in ("alibaba", "huawei", "tencent")
}


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


@dataclass
class Adopted:
    """What was there, what is there, and the report."""

    engine: sa.Engine
    before: dict[str, Rows]
    after: dict[str, Rows]
    report: migrations.Report
    said: list[str]

    def row(self, table: str, row_id: str) -> dict[str, Any]:
        return self.after[table][row_id]

    def left(self, table: str, row_id: str) -> dict[str, str | None]:
        """By column, what is left over of a row."""
        return {
            item.column: item.value
            for item in self.report.leftovers
            if (item.table, item.row_id) == (table, row_id)
        }

    def reason(self, table: str, row_id: str, column: str) -> str:
        (reason,) = [
            item.reason
            for item in self.report.leftovers
            if (item.table, item.row_id, item.column) == (table, row_id, column)
        ]
        return reason


def read(engine: sa.Engine, *names: str) -> dict[str, Rows]:
    with engine.connect() as connection:
        return {
            name: {
                row["id"]: dict(row)
                for row in connection.execute(sa.text(f"SELECT * FROM {name}")).mappings()
            }
            for name in names
        }


@pytest.fixture(scope="module")
def adopted(warehouse_server: Any) -> Iterator[Adopted]:
    """One database for all tests that only look, or that must change nothing."""
    url = warehouse_server.create()
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    content = build(engine)
    said: list[str] = []
    report = migrations.upgrade(engine, progress=said.append)
    before = {name: {row["id"]: row for row in rows} for name, rows in content.items()}
    yield Adopted(engine, before, read(engine, *content), report, said)
    warehouse_server.drop(url)


def test_the_schema_equals_a_new_one(adopted: Adopted, warehouse_server: Any) -> None:
    url = warehouse_server.create_migrated()
    try:
        expected = described(sa.create_engine(url, poolclass=sa.NullPool))
    finally:
        warehouse_server.drop(url)
    assert described(adopted.engine) == expected


def test_no_value_is_lost(adopted: Adopted) -> None:
    lost = []
    for table, rows in adopted.before.items():
        assert len(rows) == 50
        for row_id, row in rows.items():
            left = adopted.left(table, row_id)
            now = json.loads(left[""] or "") if "" in left else adopted.row(table, row_id)
            lost += [
                (table, row_id, name, value)
                for name, value in row.items()
                if value != now[name]
                and left.get(name, "-") != (value if value is None else str(value))
                and not converted(name, value, now)
            ]
    assert lost == []


def converted(name: str, value: Any, now: dict[str, Any]) -> bool:
    """Whether a value stands there in another form that says the same or more."""
    if name == "create_time":
        moment = now[name]
        return (value, moment if moment is None else int(moment)) in TIMES
    if name == "type" and "case_id" in now:  # of a message: moved, or without its blanks
        vendor = VENDORS.get((value or "").strip().lower())
        return (vendor == now["vendor"] and now["type"] is None) or value.strip() == now["type"]
    if name == "type":
        return VENDORS.get((value or "").strip().lower()) == now[name] or not value
    # no status was there, or the messages have to be read again
    return name == "status" and (value is None or (value == 0 and now[name] == 1))


def test_a_second_migration_changes_nothing(adopted: Adopted) -> None:
    before = everything(adopted.engine)
    report = migrations.upgrade(adopted.engine)
    assert everything(adopted.engine) == before
    assert report.adopted == ()
    assert report.leftovers == adopted.report.leftovers


def test_bringing_over_again_changes_nothing(adopted: Adopted) -> None:
    before = everything(adopted.engine)
    with adopted.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    migrations.upgrade(adopted.engine)
    assert everything(adopted.engine) == before


def test_the_report_names_what_was_adopted_and_every_leftover(adopted: Adopted) -> None:
    assert set(adopted.report.adopted) == set(adopted.before)
    assert adopted.report.before is None
    assert adopted.report.leftover_count == len(adopted.report.leftovers)
    assert all(item.table and item.row_id and item.reason for item in adopted.report.leftovers)
    assert "cloud_osm_list: 50 of 50 rows brought over" in adopted.said
    assert "cloud_osm_list: 3 duplicates moved to migration_leftover" in adopted.said


def test_times_become_milliseconds(adopted: Adopted) -> None:
    for row_id, row in adopted.before["cloud_user"].items():
        now = adopted.row("cloud_user", row_id)["create_time"]
        left = adopted.left("cloud_user", row_id)
        if (expected := dict(TIMES).get(row["create_time"], "none")) == "none":
            assert now is None
            assert left == {"create_time": row["create_time"]}
        else:
            assert now == expected
            assert left == {}


def test_a_leftover_time_says_why(adopted: Adopted) -> None:
    reasons = {
        item.value: item.reason
        for item in adopted.report.leftovers
        if (item.table, item.column) == ("cloud_osm_product", "create_time")
    }
    assert reasons == {
        "unknown": "neither 10 or 13 digits nor a date: now NULL",
        "20230501": "neither 10 or 13 digits nor a date: now NULL",
        "0": "neither 10 or 13 digits nor a date: now NULL",
        "2023-02-30": "day is out of range for month: now NULL",
        "1970-01-02 00:00:00": "outside the years 2001 to 2286: now NULL",
    }


def test_a_vendor_is_known_by_name_code_or_account(adopted: Adopted) -> None:
    types = {row_id: row["type"] for row_id, row in adopted.after[TICKETS].items()}
    spelt = [types[f"own-{n}"] for n in range(8)]
    assert spelt == [
        *("ALIBABA", "HUAWEI", "ALIBABA", "ALIBABA", "HUAWEI", "TENCENT", "HUAWEI", "ALIBABA")
    ]
    assert types["own-36"] == "HUAWEI"


@pytest.mark.parametrize(("row_id", "now"), [("own-37", ""), ("own-38", ""), ("own-39", "AWS")])
def test_an_unknown_vendor_is_reported(adopted: Adopted, row_id: str, now: str) -> None:
    assert adopted.row(TICKETS, row_id)["type"] == now
    assert adopted.left(TICKETS, row_id)["type"] == (now or None)


def test_a_status_that_says_nothing_is_incomplete(adopted: Adopted) -> None:
    assert adopted.row(TICKETS, "own-40")["status"] == 1
    assert adopted.row(TICKETS, "own-41")["status"] == 1
    assert adopted.left(TICKETS, "own-41")["status"] == "7"


def test_a_ticket_that_stands_there_twice_stays_once(adopted: Adopted) -> None:
    same = [row for row in adopted.after[TICKETS].values() if row["cloud_id"] == "twice"]
    assert [row["id"] for row in same] == ["own-45"]  # the fullest
    assert adopted.reason(TICKETS, "own-44", "") == ("another version of row own-45, which stayed")
    assert json.loads(adopted.left(TICKETS, "own-46")[""] or "")["email"] == ""
    assert adopted.reason(TICKETS, "own-48", "") == "same as row own-47, which stayed"


def test_ids_that_differ_in_case_or_vendor_are_different_tickets(adopted: Adopted) -> None:
    assert {"own-42", "own-43", "own-47", "own-49"} <= set(adopted.after[TICKETS])


def test_a_message_gets_its_vendor_from_its_ticket(adopted: Adopted) -> None:
    row = adopted.row(MESSAGES, "m1")
    assert (row["vendor"], row["type"], row["case_id"]) == ("HUAWEI", "1", "T1")
    assert adopted.row(MESSAGES, "m49")["type"] == "1"
    assert adopted.row(MESSAGES, "m48")["vendor"] == "AWS"  # as its ticket's, left as it was


def test_a_vendor_in_the_direction_moves_and_the_ticket_is_read_again(adopted: Adopted) -> None:
    for row_id, vendor, ticket in (
        ("m30", "ALIBABA", "own-0"),
        ("m31", "HUAWEI", "own-1"),
        ("m34", "HUAWEI", "own-4"),
        ("m38", "HUAWEI", "own-42"),
    ):
        row = adopted.row(MESSAGES, row_id)
        assert (row["vendor"], row["type"]) == (vendor, None)
        assert adopted.row(TICKETS, ticket)["status"] == 1
    others = [f"own-{n}" for n in range(2, 40) if n != 4]
    assert {adopted.row(TICKETS, row_id)["status"] for row_id in others} == {0}
    assert adopted.row(TICKETS, "own-43")["status"] == 0  # the same id at another vendor


def test_a_vendor_that_contradicts_the_ticket_is_reported(adopted: Adopted) -> None:
    assert adopted.row(MESSAGES, "m32")["vendor"] == "TENCENT"
    assert adopted.left(MESSAGES, "m32")["type"] == "TENCENT"


@pytest.mark.parametrize(
    ("row_id", "own", "cloud"),
    [("m33", "own-3", "T3"), ("m34", "own-4", "T4"), ("m35", "own-44", "twice")],
)
def test_our_own_id_of_a_ticket_becomes_the_vendors(
    adopted: Adopted, row_id: str, own: str, cloud: str
) -> None:
    assert adopted.row(MESSAGES, row_id)["case_id"] == cloud
    assert adopted.left(MESSAGES, row_id)["case_id"] == own


@pytest.mark.parametrize("row_id", ["m36", "m37", "m47"])
def test_a_message_without_a_certain_vendor_is_reported(adopted: Adopted, row_id: str) -> None:
    assert adopted.row(MESSAGES, row_id)["vendor"] == ""
    assert adopted.left(MESSAGES, row_id)["vendor"] is None
    reason = adopted.reason(MESSAGES, row_id, "vendor")
    expected = "tickets of several vendors" if row_id == "m37" else "no vendor is known"
    assert reason.startswith(expected)


def test_a_direction_that_says_nothing_stays(adopted: Adopted) -> None:
    assert adopted.row(MESSAGES, "m41")["type"] == "客服"
    assert adopted.left(MESSAGES, "m41")["type"] == "客服"
    assert adopted.row(MESSAGES, "m42")["type"] is None


def test_a_message_without_an_id_gets_one_of_its_own(adopted: Adopted) -> None:
    ids = [adopted.row(MESSAGES, row_id)["message_id"] for row_id in ("m39", "m40")]
    assert all(len(value) == 40 and value.startswith("derived:") for value in ids)
    assert ids[0] != ids[1]


def test_a_message_that_stands_there_twice_stays_once_with_the_longest_text(
    adopted: Adopted,
) -> None:
    assert "m44" not in adopted.after[MESSAGES]
    assert "m45" not in adopted.after[MESSAGES]
    assert adopted.reason(MESSAGES, "m44", "") == "same as row m43, which stayed"
    assert adopted.row(MESSAGES, "m46")["content"] == "您好，请重启"
    assert json.loads(adopted.left(MESSAGES, "m45")[""] or "")["content"] == "您好"


def test_no_secret_is_moved_or_reported(adopted: Adopted) -> None:
    assert {item.column for item in adopted.report.leftovers if item.table == "cloud_user"} == {
        "create_time"
    }


def test_only_missing_tables_are_created(engine: sa.Engine) -> None:
    build(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE cloud_user, cloud_osm_product")
    report = migrations.upgrade(engine)
    assert report.adopted == (TICKETS, MESSAGES, "cloud_osm_product_type")
    revisions.require_current(engine)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("ALTER TABLE cloud_osm_list DROP COLUMN cloud_id", "without the column cloud_id"),
        ("ALTER TABLE cloud_osm_list DROP PRIMARY KEY", "its primary key is not id"),
    ],
)
def test_a_table_that_only_bears_the_name_is_refused(
    engine: sa.Engine, statement: str, reason: str
) -> None:
    build(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
        connection.exec_driver_sql("DROP TABLE cloud_user")
    before = described(engine)
    with pytest.raises(ConfigError, match=f"cloud_osm_list is there, but.*{reason}"):
        migrations.upgrade(engine)
    assert described(engine) == before


def test_what_the_user_added_or_made_wider_stays(engine: sa.Engine) -> None:
    build(engine)
    with engine.begin() as connection:
        for change in (
            "MODIFY content LONGTEXT",
            "ADD COLUMN 备注 varchar(20) DEFAULT '无'",
            "MODIFY replier varchar(600)",
            "ENGINE = MyISAM",
        ):
            connection.exec_driver_sql(f"ALTER TABLE cloud_osm_detail {change}")
    migrations.upgrade(engine)
    columns = {row[2]: row[3] for row in described(engine)["columns"] if row[0] == MESSAGES}
    assert (columns["备注"], columns["replier"]) == ("varchar(20)", "varchar(600)")
    row = read(engine, MESSAGES)[MESSAGES]["m1"]
    assert (row["备注"], row["create_time"]) == ("无", 1682906400123)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bigint", "1682906400"),
        ("int", "1682906400"),
        ("datetime", "2023-05-01 10:00:00"),
        ("varchar(10)", "1682906400"),
        ("longtext", "2023/05/01 10:00"),
    ],
)
def test_times_of_another_type_are_brought_over_too(
    engine: sa.Engine, kind: str, value: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE cloud_osm_product (id varchar(50) primary key, name varchar(50),"
            f" create_time {kind})"
        )
        connection.exec_driver_sql(
            f"INSERT INTO cloud_osm_product VALUES ('p1', 'ECS', '{value}'), ('p2', 'RDS', NULL)"
        )
    migrations.upgrade(engine)
    rows = read(engine, "cloud_osm_product")["cloud_osm_product"]
    assert [row["create_time"] for row in rows.values()] == [1682906400000, None]
    assert rows["p1"]["type"] == ""


def test_more_rows_than_a_batch_are_brought_over(engine: sa.Engine) -> None:
    build(engine)
    table = sa.table(TICKETS, *map(sa.column, ("id", "cloud_id", "type", "create_time")))
    rows = [
        {"id": f"x{n}", "cloud_id": f"X{n // 2}", "type": "0", "create_time": "2023-05-01"}
        for n in range(5000)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(table), rows)
    said: list[str] = []
    migrations.upgrade(engine, progress=said.append)
    assert "cloud_osm_list: 2,503 duplicates moved to migration_leftover" in said
    with engine.connect() as connection:
        query = sa.select(table.c.create_time).where(table.c.cloud_id.like("X%"))
        assert list(connection.execute(query).scalars()) == [1682870400000] * 2500


LATE = "INSERT INTO cloud_osm_product (id, type, name, create_time) VALUES ('late', '0', 'E', {})"


def write_once(engine: sa.Engine, statement: str) -> Any:
    """A progress function that lets another program write between conversion and ALTER TABLE."""
    written: list[str] = []

    def say(text: str) -> None:
        if text == "cloud_osm_product: setting types and keys" and not written:
            written.append(text)
            with engine.begin() as connection:
                connection.exec_driver_sql(statement)

    return say


def test_a_time_written_meanwhile_is_brought_over_too(engine: sa.Engine) -> None:
    build(engine)
    migrations.upgrade(engine, progress=write_once(engine, LATE.format("'1682906400'")))
    row = read(engine, "cloud_osm_product")["cloud_osm_product"]["late"]
    assert (row["create_time"], row["type"]) == (1682906400000, "ALIBABA")


def test_a_text_written_meanwhile_stops_the_migration_and_the_next_completes_it(
    engine: sa.Engine,
) -> None:
    build(engine)
    with pytest.raises(CheckError, match=r"cloud_osm_product: a row does not fit.*migrate` again"):
        migrations.upgrade(engine, progress=write_once(engine, LATE.format("'2023-05-01'")))
    migrations.upgrade(engine)
    row = read(engine, "cloud_osm_product")["cloud_osm_product"]["late"]
    assert row["create_time"] == 1682870400000


# What is there


def everything(engine: sa.Engine) -> dict[str, Any]:
    """Schema and rows; only the moment at which a leftover was found may differ."""
    content: dict[str, Any] = dict(described(engine))
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "found_at"]
            rows = connection.execute(sa.select(*columns).order_by(*table.primary_key))
            content[table.name] = [tuple(row) for row in rows]
    return content
