"""Rows of the manifest come back as they were written, and say what a new snapshot must know."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta

from include.warehouse.customer_service import manifest
from tests.builders import DAY, a_snapshot, a_table_of_a_snapshot

TABLES = [
    a_table_of_a_snapshot("seat", checksum=10**30, over_limit=True, relation="7:1,2"),
    a_table_of_a_snapshot("session"),
]


def test_rows_come_back_as_they_were_written(warehouse):
    moment = DAY + timedelta(microseconds=1)
    written = a_snapshot(5, snapshot_at=moment, horizon=2**64 - 1, notes="n", full_because="b")
    with warehouse.engine.begin() as connection:
        manifest.write(connection, written, TABLES)
        stored = manifest.last_snapshot(connection)
        assert stored is not None
        assert asdict(stored) == asdict(written) | {"stored_at": stored.stored_at}
        assert stored.stored_at.tzinfo is not None
        assert list(manifest.table_rows(connection, 5).values()) == TABLES
        assert manifest.table_rows(connection, 4) == {}


def test_nothing_is_known_before_the_first_snapshot(warehouse):
    with warehouse.engine.connect() as connection:
        nothing = manifest.SnapshotHistory(None, None, {}, (), None)
        assert manifest.read_history(connection) == nothing


def test_the_history_tells_the_published_from_the_refused(warehouse):
    with warehouse.engine.begin() as connection:
        manifest.write(connection, a_snapshot(1, full_because="first snapshot"), TABLES)
        manifest.write(connection, a_snapshot(2), TABLES[:1])
        history = manifest.read_history(connection)
        assert history.newest == history.published
        assert history.published is not None
        assert history.published.snapshot_id == 2
        assert history.published_tables == {"seat": TABLES[0]}
        assert history.refusals == ()
        assert history.full_at == DAY + timedelta(hours=1)
        refused = a_snapshot(3, state="refused", full_because="asked for")
        manifest.write(connection, refused, TABLES[1:])
        later = manifest.read_history(connection)
    assert later == replace(history, newest=later.newest, refusals=later.refusals)
    assert [dict(refusal.tables) for refusal in later.refusals] == [{"session": TABLES[1]}]
    assert timedelta(0) <= later.refusals[0].age < timedelta(minutes=1)
    assert later.newest is not None
    assert later.newest.snapshot_id == 3
