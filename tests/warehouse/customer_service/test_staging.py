"""Versions of source rows: staged, compared, opened and closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.errors import ContractError
from include.warehouse.customer_service import bulk, manifest
from include.warehouse.customer_service.staging import Staging, take_back
from tests.builders import DAY, a_snapshot
from tests.warehouse.customer_service.conftest import NOTES, Rows

LATER = DAY + timedelta(hours=1)


@pytest.fixture
def connection(warehouse, history):
    with warehouse.bulk() as opened:
        yield opened
        opened.rollback()


def versions(connection):
    query = (
        "select id, text, snapshot_id, closed_by, valid_from_at, valid_to_at"
        " from cs_note_history order by id, valid_from_at"
    )
    return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_what_changed_came_or_vanished_becomes_versions_of_one_moment(connection):
    first = Staging(connection, NOTES)
    assert not first.has_present()
    first.load_first(Rows((1, "stays"), (2, "old"), (3, "goes")), 1, DAY)
    assert (first.rows, first.unfit) == (3, 0)

    staging = Staging(connection, NOTES)
    staging.load(Rows((1, "stays"), (2, "new"), (4, "comes")))
    change = staging.difference()
    assert (change.opened, change.changed) == (2, 1)
    staging.mark_unstaged()
    vanished, vanished_sum = staging.vanished()
    assert vanished == 1
    before = versions(connection)
    staging.publish(2, LATER)
    take_back(connection, NOTES, 2, lambda: None)
    assert versions(connection) == before
    staging.publish(2, LATER)

    then, now = DAY.replace(tzinfo=None), LATER.replace(tzinfo=None)
    assert versions(connection) == [
        (1, "stays", 1, 0, then, None),
        (2, "old", 1, 2, then, now),
        (2, "new", 2, 0, now, None),
        (3, "goes", 1, 2, then, now),
        (4, "comes", 2, 0, now, None),
    ]
    expected = first.checksum + change.opened_sum - change.changed_sum - vanished_sum
    manifest.write(connection, a_snapshot(1), [])
    manifest.write(connection, a_snapshot(2, state="loading"), [])
    assert staging.total() == (3, first.checksum), "no reader sees it yet"
    manifest.write(connection, a_snapshot(2), [])
    assert staging.total() == (3, expected)


def test_what_is_much_is_published_and_taken_back_in_pieces(connection, monkeypatch):
    monkeypatch.setattr(bulk, "PIECE_ROWS", 3)
    Staging(connection, NOTES).load_first(Rows(*((n, "old") for n in range(10))), 1, DAY)
    before, commits = versions(connection), []
    staging = Staging(connection, NOTES, lambda n: commits.append((n, len(versions(connection)))))
    staging.load(Rows(*((n, "new") for n in range(5, 15))))
    staging.difference()
    staging.mark_unstaged()
    staging.publish(2, LATER)
    assert commits == [(3, 10), (2, 10), (3, 13), (3, 16), (3, 19), (1, 20)], "5 go, 10 come"
    assert len(versions(connection)) == 20
    commits.clear()
    take_back(connection, NOTES, 2, lambda: commits.append((0, 0)))
    assert versions(connection) == before
    assert len(commits) == 8, "10 in four pieces are deleted, 10 in four opened again"


def test_keys_are_compared_by_ranges_and_the_missing_ones_marked(connection):
    staging = Staging(connection, NOTES)
    staging.load_first(Rows((-1, "a"), (1, "b"), (70, "c"), (700, "d")), 1, DAY)
    assert staging.ranges() == {0: (2, 0), 1: (1, 70), 10: (1, 700)}
    keys, (column,) = staging.keys_in([0, 1])
    assert sorted(map(int, keys)) == [-1, 1, 70]
    assert column == f"{{{','.join(keys)}}}"
    assert staging.keys_in([5]) == ([], ["{}"])
    staging.mark_vanished([70])
    staging.mark_vanished([])
    assert staging.vanished()[0] == 1


def test_a_row_that_is_not_as_the_source_had_it_is_refused(connection):
    staging = Staging(connection, NOTES)
    with pytest.raises(ContractError, match="a row did not land as it was"):
        staging.load(Rows((1, "a"), (2, "b"), broken=True))


def test_a_row_that_was_inserted_is_compared_as_well(connection, monkeypatch):
    monkeypatch.setattr(bulk, "_is_allowed", lambda connection: False)
    staging = Staging(connection, NOTES)
    with pytest.raises(ContractError, match="2 rows came, 2 landed, 2 of them not as they were"):
        staging.load(Rows((1, "a"), (2, "b"), broken=True))


def test_a_moment_without_a_zone_is_refused(connection):
    staging = Staging(connection, NOTES)
    with pytest.raises(ValueError, match="without a time zone"):
        staging.load_first(Rows((1, "a")), 1, DAY.replace(tzinfo=None))
