"""What the SQL of a reading gives: rows since a horizon, ranges of keys, keys that are gone."""

from __future__ import annotations

import io

import psycopg2  # type: ignore[import-untyped]

from include.customer_service import SOURCE_TABLES
from include.source.postgres import Snapshot
from include.source.rendering import RANGE_KEYS, Reading

SEAT = next(table for table in SOURCE_TABLES if table.name == "seat")


def read(snapshot: Snapshot, query: str) -> str:
    sink = io.BytesIO()
    snapshot.copy(query, sink)
    return sink.getvalue().decode()


def test_row_versions_since_a_horizon_are_all_that_changed(source, source_server, execute):
    execute("insert into seat (id, web_name) select n, 'x' from generate_series(1, 100) n")
    source_server.settle()
    with source.snapshot() as snapshot:
        horizon = snapshot.position.horizon
    execute("update seat set max_user = 3 where id = 7", "delete from seat where id = 8")
    with source.snapshot() as snapshot:
        changed = read(snapshot, snapshot.found["seat"].reading.rows(horizon))
        assert [line.split(",")[0] for line in changed.splitlines()] == ["7"]


def test_a_transaction_that_was_open_at_the_horizon_is_not_missed(source_url, source, execute):
    late = psycopg2.connect(**source._arguments)
    late.cursor().execute("insert into seat (id, web_name) values (1, 'late')")
    execute("insert into seat (id, web_name) values (2, 'early')")
    with source.snapshot() as snapshot:
        horizon = snapshot.position.horizon
    late.commit()
    late.close()
    with source.snapshot() as snapshot:
        changed = read(snapshot, snapshot.found["seat"].reading.rows(horizon))
        assert {line.split(",")[0] for line in changed.splitlines()} == {"1", "2"}


def test_ranges_count_every_key_once(source, execute):
    execute(
        "insert into seat (id, web_name)"
        f" select n, 'x' from generate_series(-{RANGE_KEYS}, {RANGE_KEYS}) n"
    )
    with source.snapshot() as snapshot:
        ranges = {row[0]: row[1:] for row in snapshot.all(Reading(SEAT).ranges())}
        assert ranges == {-1: (1, -RANGE_KEYS), 0: (2 * RANGE_KEYS - 1, 0), 1: (1, RANGE_KEYS)}


def test_keys_that_no_row_has_are_told_by_their_place(source, execute):
    execute("insert into seat (id, web_name) values (1, 'a'), (3, 'c')")
    with source.snapshot() as snapshot:
        assert snapshot.all(Reading(SEAT).missing(), [[1, 2, 3, 4]]) == [(2,), (4,)]


def test_a_hashed_key_falls_in_the_range_of_its_first_digits(source, execute):
    execute(
        "insert into session_mapping (session_id, customer_name, shop_id, seat_id, seat_name)"
        " select n::text, 'c', 1, 5, 's' from generate_series(1, 20) n"
    )
    with source.snapshot() as snapshot:
        reading = snapshot.found["session_mapping"].reading
        keys = [line.split(",")[-2] for line in read(snapshot, reading.rows()).splitlines()]
        expected: dict[int, tuple[int, int]] = {}
        for key in keys:
            rows, total = expected.get(int(key[:3], 16), (0, 0))
            expected[int(key[:3], 16)] = (rows + 1, total + int(key[3:11], 16))
        assert len(keys) == 20
        assert keys == sorted(keys)
        assert {row[0]: row[1:] for row in snapshot.all(reading.ranges())} == expected


def test_rows_left_out_as_duplicates_are_counted_and_the_text_that_sorts_last_stays(
    source, execute
):
    execute(
        "alter table seat drop constraint seat_pkey",
        "insert into seat (id, web_name) values (1, 'a'), (1, 'b'), (2, 'c')",
    )
    with source.snapshot() as snapshot:
        reading = snapshot.found["seat"].reading
        assert snapshot.one(reading.duplicates()) == (1,)
        rows = read(snapshot, reading.rows()).splitlines()
        assert [line.split(",")[2] for line in rows] == ["b", "c"]
        assert snapshot.one(reading.total())[0] == 2
