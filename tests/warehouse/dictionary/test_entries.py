"""Every table, view and column is described, in both languages, and nothing else is."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from include.vendors.registry import VENDORS
from include.warehouse.dictionary import entries
from include.warehouse.tables import metadata
from include.warehouse.types import Millis, Utc

CODES = {
    *(
        "assign_strategy",
        "service_status",
        "session_state",
        "status",
    ),  # the source's and the user's
    *("checksum", "closed_by", "horizon", "row_key", "timeline", "token"),
    *("hour", "month", "position", "priority", "quarter", "weekday", "year"),
}
"""Numbers that neither count nor measure, beside ids and versions."""


@pytest.fixture(scope="module")
def dictionary():
    return entries.read()


def test_all_is_described_and_nothing_that_is_not_there(dictionary):
    assert dictionary.problems == []


def test_it_has_every_table_view_and_column_of_a_migrated_database(dictionary, warehouse_url):
    """As the server tells them, in its order."""
    query = (
        "select table_name, column_name from information_schema.columns where table_schema ="
        " database() and table_name <> 'alembic_version' order by table_name, ordinal_position"
    )
    with sa.create_engine(warehouse_url, poolclass=sa.NullPool).connect() as connection:
        there = [tuple(row) for row in connection.exec_driver_sql(query)]
    described = sorted(dictionary.relations)
    assert described == sorted({relation for relation, _ in there})
    for relation in described:
        columns = [entry.column for entry in dictionary.columns_of(relation)]
        assert columns == [column for name, column in there if name == relation], relation


def test_every_number_says_what_it_counts_and_every_moment_its_zone(dictionary, warehouse_url):
    query = (
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = database() and table_name <> 'alembic_version'"
    )
    with sa.create_engine(warehouse_url, poolclass=sa.NullPool).connect() as connection:
        rows = connection.exec_driver_sql(query).all()
    lacking = []
    for relation, column, kind in rows:
        words = dictionary.entries[f"{relation}.{column}"].words
        is_number = kind.endswith("int") or kind in ("decimal", "double")
        is_plain = column in CODES or column.endswith(("id", "_version"))
        if (is_number and not is_plain and not words.unit) or (
            kind.startswith("date") and not words.zone
        ):
            lacking.append(f"{relation}.{column}: {words.text}")
    assert lacking == []


def test_a_measure_is_that_of_the_name_and_the_type(dictionary):
    by_name = (
        (r".*_s", "s", ""),
        (r".*_share", "share", ""),
        (r"(is|has|was)_.*", "0/1", ""),
        (r"(?!local_).*_at", "", "UTC"),
        (r"local_.*", "", "local"),
    )
    for place, entry in dictionary.entries.items():
        for pattern, unit, zone in by_name:
            if re.fullmatch(pattern, entry.column):
                assert (entry.words.unit, entry.words.zone) == (unit, zone), place
    for table in metadata.tables.values():
        for column in table.columns:
            words = dictionary.entries[f"{table.name}.{column.name}"].words
            if isinstance(column.type, Utc | Millis):
                unit = "ms" if isinstance(column.type, Millis) else ""
                assert (words.unit, words.zone) == (unit, "UTC"), column


def test_every_table_and_view_states_its_grain(dictionary):
    for relation in dictionary.relations:
        text = dictionary.entries[relation].words.text
        assert "每行" in text or "只有一行" in text, relation
        assert "one row" in text, relation


def test_a_way_leads_from_a_vendors_field_to_the_view(dictionary):
    way = dictionary.entries["v_ticket.created_at"].origin.split(" ← ")
    assert way[:3] == [
        "rpt_ticket.created_at",
        "stg_ticket.created_at",
        "cloud_osm_list.create_time",
    ]
    assert all(f"{vendor.upper()} " in way[3] for vendor in VENDORS)
    seat = dictionary.entries["v_seat_load.max_user"].origin
    assert seat.endswith("cs_seat_history.max_user ← PostgreSQL seat.max_user")


def test_every_column_comes_from_somewhere_and_every_place_on_the_way_exists(dictionary):
    for place, entry in dictionary.entries.items():
        assert entry.origin, place
        for relation, column in re.findall(
            r"\b((?:v|dim|rpt|cs|stg|cloud|sync)_\w+)\.(\w+)", entry.origin
        ):
            assert f"{relation}.{column}" in dictionary.entries or column == "sql", entry.origin


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_says_which_fields_fill_a_ticket_and_a_message(vendor):
    said = entries.read_vendor(vendor)
    assert {"cloud_id", "name", "create_time", "vendor_status"} <= said["cloud_osm_list"].keys()
    assert {"message_id", "content", "type", "create_time"} <= said["cloud_osm_detail"].keys()


@pytest.fixture
def words_of(monkeypatch, tmp_path):
    """A copy of sql/dictionary in which one file may say something else."""

    def change(name, text):
        for path in entries.WORDS.glob("*.toml"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
        monkeypatch.setattr(entries, "WORDS", tmp_path)
        return entries.read()

    return change


def test_what_is_wrong_is_named_with_its_file_and_the_rest_is_still_there(words_of):
    made = words_of(
        "rpt_holiday",
        'relation = "节假日 | holidays"\norigin = "people"\n[columns]\n'
        'local_day = "rpt_nothing.x"\nold = "旧 | old"\n',
    )
    start = "sql/dictionary/rpt_holiday.toml: "
    assert {problem.removeprefix(start).split(" ")[0] for problem in made.problems} == {
        "local_day",  # takes the words of a column that is not there
        "name",  # has none
        "is_workday",  # has none
        "columns:",  # says some of a column that is not there
    }
    assert all(problem.startswith(start) for problem in made.problems)
    assert "rpt_holiday" in made.entries
    assert "rpt_holiday.name" not in made.entries


def test_a_file_of_no_table_and_words_that_go_round_in_a_circle_are_named(words_of):
    made = words_of("v_gone", 'relation = "无 | none"\n')
    assert made.problems == ["sql/dictionary/v_gone.toml: there is no such table or view"]
    made = words_of(
        "rpt_holiday",
        'relation = "节假日 | holidays"\norigin = "people"\n[columns]\n'
        'local_day = "rpt_holiday.name"\nname = "rpt_holiday.local_day"\n',
    )
    assert any("goes round in a circle" in problem for problem in made.problems)
