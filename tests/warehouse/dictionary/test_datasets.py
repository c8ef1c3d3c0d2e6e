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


def test_a_column_that_is_calculated_stays_as_the_file_has_it(dictionary):
    own = {"column_name": "vendor_label", "verbose_name": "标签 | label", "expression": "vendor"}
    gone = {"column_name": "no_longer_there", "verbose_name": "旧 | old"}
    config = {"table_name": "v_ticket", "sql": None, "columns": [gone, own], "metrics": []}
    columns = yaml.safe_load(datasets.render(config, dictionary))["columns"]
    assert columns[-1] == own
    assert gone not in columns


def test_a_dataset_of_no_view_is_refused(dictionary):
    with pytest.raises(ValueError, match="knows no view nothing"):
        datasets.render({"table_name": "nothing", "columns": []}, dictionary)
