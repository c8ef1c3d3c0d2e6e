"""Many rows into a table, by either way."""

from __future__ import annotations

from functools import partial

import pytest

from include.errors import ContractError, SupersededError, UnavailableError
from include.warehouse.customer_service import bulk
from tests.warehouse.customer_service.conftest import Rows

NAMES = ["id", "text", "unfit", "row_key", "row_hash"]
FIXED: dict[str, int | str] = {"snapshot_id": 1, "valid_from_at": "2026-01-10 00:00:00"}


@pytest.fixture(params=["streamed", "inserted"])
def load(request, warehouse, history, monkeypatch):
    if request.param == "inserted":
        monkeypatch.setattr(bulk, "_is_allowed", lambda connection: False)

    def run(feed, between=None):
        with warehouse.bulk() as connection:
            mine = bulk.Writer(connection, between or connection.commit)
            target = bulk.Target(history.name, NAMES, {"row_hash"}, FIXED, "true")
            sent, is_proven = bulk.load(iter([mine]), target, feed)
            assert is_proven == (request.param == "streamed")
            connection.commit()
        return sent

    return run


def test_rows_arrive_as_they_were_sent(load, warehouse):
    texts = ["您好 😀", 'a "quoted", one', "back\\slash", "two\nlines"]
    feed = Rows(*enumerate(texts, 1))
    assert load(feed) == 4
    query = "select id, text, unfit, lower(hex(row_hash)), snapshot_id from cs_note_history"
    with warehouse.engine.connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(f"{query} order by id")]
    assert found == [(n, text, None, digest, 1) for n, text, _, _, digest in feed.rows]


@pytest.mark.parametrize("rows", [1, 9, 10])
def test_rows_go_in_pieces_and_none_is_cut(load, warehouse, monkeypatch, rows):
    monkeypatch.setattr(bulk, "PIECE_BYTES", 190)
    monkeypatch.setattr(bulk, "PIECE_ROWS", 3)
    commits = []
    assert (
        load(Rows(*((n, 'a "line"\nor two') for n in range(rows))), lambda: commits.append(1))
        == rows
    )
    with warehouse.engine.connect() as connection:
        query = "select count(*), count(distinct id), min(text) from cs_note_history"
        assert connection.exec_driver_sql(query).one() == (rows, rows, 'a "line"\nor two')
    assert len(commits) == (rows - 1) // 3


def test_pieces_go_side_by_side_by_all_who_may_write(warehouse, history, monkeypatch):
    monkeypatch.setattr(bulk, "PIECE_BYTES", 190)
    wrote = []
    target = bulk.Target(history.name, NAMES, {"row_hash"}, FIXED, "true")
    with warehouse.bulk() as one, warehouse.bulk() as other:

        def between(connection):
            connection.commit()
            wrote.append(connection)

        writers = [bulk.Writer(mine, partial(between, mine)) for mine in (one, other)]
        assert bulk.load(iter(writers), target, Rows(*((n, "a") for n in range(50)))) == (50, True)
        one.commit()
    assert set(wrote) == {one, other}
    with warehouse.engine.connect() as connection:
        query = "select count(*), count(distinct id) from cs_note_history"
        assert connection.exec_driver_sql(query).one() == (50, 50)


def test_a_row_that_its_proof_does_not_hold_for_is_refused(warehouse, history):
    target = bulk.Target(history.name, NAMES, {"row_hash"}, FIXED, "text <> 'b'")
    with warehouse.bulk() as connection:
        writers = iter([bulk.Writer(connection, connection.commit)])
        with pytest.raises(ContractError, match="cs_note_history: a row did not land as it was"):
            bulk.load(writers, target, Rows((1, "a"), (2, "b")))


def test_a_source_that_fails_between_two_pieces_ends_the_load(load, monkeypatch):
    monkeypatch.setattr(bulk, "PIECE_BYTES", 1)
    monkeypatch.setattr(bulk, "PIECE_ROWS", 1)

    class Broken(Rows):
        def copy(self, sink):
            super().copy(sink)
            raise UnavailableError("the source went away")

        def batches(self):
            yield from super().batches()
            raise UnavailableError("the source went away")

    with pytest.raises(UnavailableError, match="went away"):
        load(Broken((1, "a"), (2, "b")))


def test_a_commit_that_fails_between_two_pieces_ends_the_load(load, monkeypatch):
    monkeypatch.setattr(bulk, "PIECE_BYTES", 1)
    monkeypatch.setattr(bulk, "PIECE_ROWS", 1)

    def superseded():
        raise SupersededError("another run took over")

    with pytest.raises(SupersededError):
        load(Rows((1, "a"), (2, "b"), (3, "c")), superseded)


def test_a_value_that_does_not_fit_is_refused_by_its_column_and_nothing_stays(load, warehouse):
    with pytest.raises(ContractError, match="text") as caught:
        load(Rows((1, "fits"), (2, "secret" * 10)))
    assert "secret" not in str(caught.value)
    with warehouse.engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from cs_note_history").scalar() == 0
