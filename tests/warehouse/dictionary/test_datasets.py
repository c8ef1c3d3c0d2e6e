"""Dashboards say of each column what the dictionary says."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from include.warehouse.dictionary import datasets, entries


@pytest.fixture(scope="module")
def dictionary():
    return entries.read()


def test_every_file_is_as_make_dictionary_writes_it(dictionary):
    found = dict(datasets.render_all(dictionary))
    assert len(found) >= 10
    stale = [path.name for path, text in found.items() if path.read_text("utf-8") != text]
    assert not stale, "make dictionary"


def test_a_new_column_of_a_view_needs_nothing_by_hand(dictionary):
    config: dict[str, Any] = {"table_name": "v_ticket", "sql": None, "columns": [], "metrics": []}
    made = yaml.safe_load(datasets.render(config, dictionary))
    assert [column["column_name"] for column in made["columns"]] == [
        *dictionary.relations["v_ticket"].columns
    ]
    assert {"verbose_name": "厂商 | vendor"}.items() <= made["columns"][0].items()
    moments = [column["column_name"] for column in made["columns"] if column["is_dttm"]]
    assert "local_day" in moments
    assert "created_at" in moments
    assert "product_name" not in moments


def test_a_column_that_a_statement_makes_of_several_keeps_its_own_words(dictionary):
    config: dict[str, Any] = {
        "table_name": "mine",
        "sql": "select v.vendor, concat(v.vendor, 1) as both_of_them from v_ticket as v",
        "columns": [],
        "metrics": [],
    }
    with pytest.raises(ValueError, match="both_of_them"):
        datasets.render(config, dictionary)
    config["columns"] = [{"column_name": "both_of_them", "verbose_name": "二者 | both"}]
    columns = yaml.safe_load(datasets.render(config, dictionary))["columns"]
    assert [column["verbose_name"] for column in columns] == ["厂商 | vendor", "二者 | both"]


def test_a_dataset_of_no_view_is_refused(dictionary):
    config: dict[str, Any] = {"table_name": "nothing", "sql": None, "columns": [], "metrics": []}
    with pytest.raises(ValueError, match="nothing: reads no view"):
        datasets.render(config, dictionary)
