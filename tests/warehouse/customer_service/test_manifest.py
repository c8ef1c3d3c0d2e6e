"""The manifest of snapshots."""

from __future__ import annotations

from datetime import timedelta

from include.warehouse.customer_service import manifest
from tests.builders import DAY, a_snapshot, a_table_of_a_snapshot

HOUR = timedelta(hours=1)


def write(warehouse, number, *tables, **changes):
    row, figures = a_snapshot(number, **changes), tables or (a_table_of_a_snapshot(),)
    warehouse.transact(lambda c: manifest.write(c, row, figures))


def test_before_the_first_snapshot_there_is_nothing(warehouse):
    assert warehouse.transact(manifest.last_snapshot) is None
    assert warehouse.transact(manifest.last_full) is None
    assert warehouse.transact(lambda c: manifest.table_rows(c, 1)) == {}


def test_the_newest_snapshot_is_of_any_state_or_of_one(warehouse):
    write(warehouse, 1)
    write(warehouse, 2, state="refused")
    newest = warehouse.transact(manifest.last_snapshot)
    complete = warehouse.transact(lambda c: manifest.last_snapshot(c, "complete"))
    assert (newest["snapshot_id"], complete["snapshot_id"]) == (2, 1)
    assert complete["snapshot_at"] == DAY + HOUR
    assert complete["stored_at"].tzinfo is not None


def test_the_last_full_reading_is_that_of_a_published_snapshot(warehouse):
    write(warehouse, 1, full_because="first snapshot")
    write(warehouse, 2)
    write(warehouse, 3, full_because="asked for", state="refused")
    assert warehouse.transact(manifest.last_full) == DAY + HOUR


def test_figures_of_a_snapshot_are_told_by_table(warehouse):
    write(warehouse, 1, a_table_of_a_snapshot("seat", present=7), a_table_of_a_snapshot("supplier"))
    found = warehouse.transact(lambda c: manifest.table_rows(c, 1))
    assert found.keys() == {"seat", "supplier"}
    assert found["seat"]["present"] == 7
