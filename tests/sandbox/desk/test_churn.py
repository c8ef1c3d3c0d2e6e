"""What happens between two snapshots of the sample source, on a real PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.sandbox.desk import sample
from include.sandbox.desk.churn import Changes, churn
from include.sandbox.desk.mover import Mover

NOW = datetime(2026, 1, 10, 4, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
KEYS = dict.fromkeys(sample.NUMBERED, "id") | dict.fromkeys(
    ("session_mapping", "queue_mapping"), "session_id"
)
Rows = dict[str, dict[object, str]]


@pytest.fixture(scope="module")
def filled(source_server):
    """The sample at 1/500, to be copied."""
    url = source_server.create()
    sample.create(url, seed=7, now=NOW, scale=0.002, queue=True)
    yield sa.make_url(url).database
    source_server.drop(url)


@pytest.fixture
def filled_url(source_server, filled):
    name = f"{filled}_copy"
    source_server.run(f"create database {name} template {filled}")
    url = sa.make_url(source_server.url).set(database=name).render_as_string(False)
    yield url
    source_server.drop(url)


def rows_of(url: str) -> Rows:
    """Every row as text, by table and key."""
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        there = sa.inspect(connection).get_table_names()
        return {
            table: dict(connection.exec_driver_sql(f"select {key}, t::text from {table} t").all())
            for table, key in KEYS.items()
            if table in there
        }


def differences(before: Rows, after: Rows) -> dict[str, Changes]:
    found = {}
    for table, old in before.items():
        new = after[table]
        found[table] = Changes(
            inserted=len(new.keys() - old.keys()),
            updated=sum(old[key] != new[key] for key in old.keys() & new.keys()),
            deleted=len(old.keys() - new.keys()),
        )
    return found


def scalar(url: str, query: str) -> Any:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return connection.exec_driver_sql(query).scalar_one()


@pytest.mark.parametrize("share", [0.001, 0.01, 0.2])
def test_churn_does_what_it_says(filled_url, share):
    before = rows_of(filled_url)
    for seed in (1, 2):
        told = churn(filled_url, seed=seed, share=share, now=LATER)
        after = rows_of(filled_url)
        assert differences(before, after) == told
        before = after


def test_every_table_has_rows_that_come_change_and_go(filled_url):
    told = churn(filled_url, seed=1, now=LATER)
    assert set(told) == set(KEYS)
    for changes in told.values():
        assert min(changes.inserted, changes.updated, changes.deleted) >= 1


def test_about_the_share_asked_for_changes(filled_url):
    before = rows_of(filled_url)
    told = churn(filled_url, seed=1, now=LATER, share=0.1)
    for table, changes in told.items():
        touched = changes.inserted + changes.updated + changes.deleted
        assert 0.05 < touched / len(before[table]) < 0.3, table


def test_the_same_seed_changes_the_same_rows(filled_url, source_server, filled):
    churn(filled_url, seed=5, now=LATER)
    first = rows_of(filled_url)
    source_server.drop(filled_url)
    source_server.run(f"create database {filled}_copy template {filled}")
    churn(filled_url, seed=5, now=LATER)
    assert rows_of(filled_url) == first


def test_some_updates_leave_no_trace_in_the_update_time(filled_url):
    told = churn(filled_url, seed=1, now=LATER, share=0.1)
    for table in ("seat", "supplier", "busi_supplier_mapping", "busi_seat_mapping"):
        marked = scalar(
            filled_url,
            f"select count(*) from {table} where last_update_time = '{LATER.isoformat()}'"
            " and create_time <> last_update_time",
        )
        assert marked < told[table].updated


def test_an_edited_seat_gets_its_lines_anew(filled_url):
    lines = (
        "select array_agg(distinct (m.seat_id, m.busi_id)::text) from busi_seat_mapping m"
        " join seat s on s.id = m.seat_id where s.last_update_time"
    )
    before = rows_of(filled_url)["busi_seat_mapping"].keys()
    churn(filled_url, seed=1, now=LATER, share=0.1)
    edited = f"= '{LATER.isoformat()}' and s.create_time <> s.last_update_time"
    assert scalar(filled_url, f"{lines} {edited}")
    with sa.create_engine(filled_url, poolclass=sa.NullPool).connect() as connection:
        ids = set(
            connection.exec_driver_sql(
                "select m.id from busi_seat_mapping m join seat s on s.id = m.seat_id"
                f" where s.last_update_time {edited}"
            ).scalars()
        )
    assert ids
    assert not ids & before


def test_a_conversation_that_ends_moves_to_the_archive_unchanged(filled_url):
    live = rows_of(filled_url)["queue_mapping"].keys()
    columns = "customer_name, seat_id, status, inqueue_time::text, last_ack_time::text"
    with sa.create_engine(filled_url, poolclass=sa.NullPool).connect() as connection:
        query = f"select session_id, {columns} from queue_mapping"
        before = {row[0]: tuple(row) for row in connection.exec_driver_sql(query)}
    churn(filled_url, seed=1, now=LATER, share=0.5)
    with sa.create_engine(filled_url, poolclass=sa.NullPool).connect() as connection:
        query = f"select session_id, {columns} from session_mapping"
        moved = [tuple(row) for row in connection.exec_driver_sql(query) if row[0] in live]
    assert moved
    assert all(before[row[0]] == row for row in moved)


def test_a_source_without_a_live_table_is_changed_too(filled_url, source_server):
    source_server.run("drop table queue_mapping", url=filled_url)
    before = rows_of(filled_url)
    told = churn(filled_url, seed=1, now=LATER)
    assert "queue_mapping" not in told
    assert differences(before, rows_of(filled_url)) == told


def test_the_mover_keeps_every_conversation_in_exactly_one_table(filled_url):
    union = (
        "select session_id, count(*) from (select session_id from queue_mapping union all"
        " select session_id from session_mapping) t group by 1"
    )
    before = set(rows_of(filled_url)["session_mapping"])
    engine = sa.create_engine(filled_url, poolclass=sa.NullPool)
    with Mover(filled_url, rate=200) as mover, engine.connect() as connection:
        for _ in range(20):
            known = mover.known()
            found: dict[str, int] = dict(connection.exec_driver_sql(union).all())
            connection.rollback()
            assert set(found.values()) == {1}
            assert known <= found.keys()
            threading.Event().wait(0.05)
    moved = set(rows_of(filled_url)["session_mapping"]) - before
    assert len(moved) == mover.moved > 0
    assert mover.known() == {
        *rows_of(filled_url)["session_mapping"],
        *rows_of(filled_url)["queue_mapping"],
    }


def test_a_mover_that_fails_says_so(filled_url, source_server):
    def lose_the_table() -> None:
        with Mover(filled_url, rate=50):
            source_server.run("drop table queue_mapping", url=filled_url)
            threading.Event().wait(0.5)

    with pytest.raises(sa.exc.ProgrammingError, match="queue_mapping"):
        lose_the_table()
