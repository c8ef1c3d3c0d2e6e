"""What a view shows is read from its statement."""

from __future__ import annotations

import pytest

from include.warehouse.dictionary.selection import Selected, read_relations, read_selection

KNOWN = {"fact": ["id", "made_at", "n"], "name": ["id", "label"]}


def test_a_column_that_is_shown_as_it_is_keeps_its_place_under_any_name():
    found = read_selection(
        "select f.id, n.label collate x as name from fact as f join name as n", KNOWN
    )
    assert found == [
        Selected("id", "fact.id", ("fact.id",)),
        Selected("name", "name.label", ("name.label",)),
    ]


def test_a_calculated_column_carries_nothing_and_names_what_it_is_made_from():
    (found,) = read_selection(
        "select n / nullif(max(made_at), 0, 'id, from label') as share from fact", KNOWN
    )
    assert found == Selected("share", "", ("fact.n", "fact.made_at"))


def test_the_select_behind_the_ctes_counts_and_theirs_are_no_place():
    statement = """
        with fact_of_today as (select id, n from fact where n > 1)  -- from name
        select t.id, (select max(label) from name) as newest
        from fact_of_today as t
    """
    assert read_selection(statement, KNOWN) == [Selected("id", "", ()), Selected("newest", "", ())]
    assert read_relations(statement, KNOWN) == ["fact", "name"]


def test_of_a_union_the_first_select_names_the_columns():
    statement = "select id, n as number from fact union all select id, label from name"
    assert [column.name for column in read_selection(statement, KNOWN)] == ["id", "number"]


def test_a_star_is_every_column_of_its_table():
    found = read_selection("select n.*, f.n from fact as f join name as n", KNOWN)
    assert [column.carries for column in found] == ["name.id", "name.label", "fact.n"]


def test_a_column_without_a_name_is_refused():
    with pytest.raises(ValueError, match=r"`count\(n\)` has no name"):
        read_selection("select count(n) from fact", KNOWN)
