"""A replica as the source (G2): it cancels whoever is in its way, and the snapshot begins anew."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg2  # type: ignore[import-untyped]
import pytest
import sqlalchemy as sa

from include.errors import ConfigError, UnavailableError
from include.pipelines.snapshots.snapshot import ATTEMPTS
from include.sandbox.desk import churn, sample
from include.sandbox.desk.mover import COLUMNS
from include.source.replica import FRESH
from include.warehouse.mysql import Warehouse
from tests.faults.kit.desk_scene import Desk, judge
from tests.faults.kit.invariants import LOUD, RIGHT, SILENT
from tests.faults.kit.own_server import until
from tests.faults.kit.replica import Pair, replicated
from tests.faults.test_source import as_reader

__all__ = ["judge"]  # a fixture

NOW: Final = datetime(2026, 1, 10, 8, tzinfo=UTC)
ROWS: Final = {"supplier": 60, "seat": 120, "session": 150, "session_mapping": 150}
FIRST: Final = "supplier"
"""The table that is read first."""
MOVE: Final = (
    "with moved as (delete from queue_mapping where session_id ="
    f" (select min(session_id) from queue_mapping) returning {COLUMNS}),"
    f" counted as (update {FIRST} set old_id = coalesce(old_id, 0) + 1 where id = 1)"
    f" insert into session_mapping ({COLUMNS}) select {COLUMNS} from moved"
)
"""Changes the table read first and both that are read last, in one transaction."""
CLEAR: Final = f"vacuum {FIRST}"
"""Removes row versions that a reader who came before MOVE must see."""


@pytest.fixture(scope="session")
def filled() -> Iterator[Pair]:
    """Two servers, and a database with the tables, filled."""
    with replicated() as servers:
        pair = servers.copy()
        sample.create(pair.primary, seed=7, now=NOW, rows=ROWS, queue=True, odd="none")
        yield pair


@pytest.fixture
def pair(filled: Pair) -> Pair:
    """A copy of that database."""
    return filled.copy()


@pytest.fixture
def changed(pair: Pair, warehouse_url: str) -> Iterator[Desk]:
    """The replica, read once; the primary has changed since."""
    made = Desk(pair.replica, Warehouse.open(warehouse_url))
    made.take()
    churn.churn(pair.primary, seed=8, now=NOW, share=0.05)
    pair.execute()
    yield made
    made.warehouse.close()


@pytest.fixture
def conflict(pair: Pair) -> Callable[[], None]:
    """Changes the source, and cancels who reads it; returns when the replica has done so."""

    def act() -> None:
        pair.execute(MOVE)
        pair.execute(CLEAR)

    return act


class Progress:
    """A listener that acts after the first table of every attempt, and hears why it is repeated."""

    def __init__(self, acts: Iterable[Callable[[], Any]]) -> None:
        self.attempts = 0
        self.repeated: list[str] = []
        self._acts = iter(acts)

    def __call__(self, text: str) -> None:
        if text.startswith(f"{FIRST}: "):
            self.attempts += 1
            next(self._acts, lambda: None)()
        elif "taken again" in text:
            self.repeated.append(text)


def was_cancelled(text: str) -> bool:
    return text.startswith("source 40001: ") and "conflict with recovery" in text


@pytest.mark.parametrize(
    ("full", "conflicts"), [(False, 1), (True, ATTEMPTS - 1)], ids=["changes", "full"]
)
def test_g2_a_snapshot_cancelled_between_two_tables_is_repeated_whole(
    conflict, judge, full, conflicts
):
    progress = Progress([conflict] * conflicts)
    judge(passing=True, full=full, progress=progress)
    assert progress.attempts == conflicts + 1
    assert len(progress.repeated) == conflicts
    assert all(map(was_cancelled, progress.repeated))


def test_g2_a_snapshot_cancelled_while_rows_stream_is_repeated_whole(pair, judge):
    index = pair.execute(
        "alter table session alter product_id set storage external",
        "insert into session (session_id, product_id) values ('long', repeat('x', 10000))",
        "select indexrelid::regclass::text from pg_index join pg_class on indrelid = reltoastrelid"
        " where pg_class.oid = 'session'::regclass",
    )
    waiting = (
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and wait_event_type = 'Lock' and query like 'copy %'"
    )
    cancelled: list[Future[None]] = []

    @contextmanager
    def held() -> Iterator[None]:
        yield
        for one in cancelled:
            one.result()

    engine = sa.create_engine(pair.primary, poolclass=sa.NullPool)
    with ThreadPoolExecutor(1) as beside, engine.connect() as holder:

        def cancel() -> None:
            until(lambda: pair.ask(waiting))
            pair.execute(CLEAR)
            holder.rollback()

        def act() -> None:
            pair.execute(MOVE)
            # Who comes to the long value needs this index, and waits, on the replica too.
            holder.exec_driver_sql(f"reindex index {index}")
            pair.execute()
            cancelled.append(beside.submit(cancel))

        progress = Progress([act])
        judge(held(), passing=True, full=True, progress=progress)
    assert progress.attempts == 2
    assert was_cancelled(progress.repeated[0])
    assert "canceling statement" in progress.repeated[0]


def test_g2_a_table_altered_on_the_primary_cancels_its_reader_who_begins_anew(pair, judge):
    alter = "alter table seat add column colour text default 'red'"
    progress = Progress([lambda: pair.execute(alter)])
    taken = judge(passing=True, progress=progress)
    assert progress.attempts == 2
    assert was_cancelled(progress.repeated[0])
    assert "seat has columns we do not read: colour" in taken.notes


def test_g2_a_snapshot_that_is_cancelled_every_time_is_loud_and_the_next_one_is_right(
    conflict, judge
):
    progress = Progress(itertools.repeat(conflict))
    words = "due to conflict with recovery; the replica cancels long reads"
    judge(None, UnavailableError, words, progress=progress)
    assert progress.attempts == ATTEMPTS == 3
    assert len(progress.repeated) == ATTEMPTS - 1
    assert all(map(was_cancelled, progress.repeated))


def test_g2_a_repeated_snapshot_is_of_one_moment_though_the_source_goes_on(
    changed, pair, conflict, record_property
):
    between: list[Any] = []

    def go_on() -> None:
        between.append(state(pair.replica))
        pair.execute(MOVE)

    progress = Progress([conflict, go_on])
    changed.take(progress=progress)
    found = state(changed.warehouse.engine.url, "cs_")
    record_property("fault", f"source 1 {RIGHT if [found] == between else SILENT}")
    assert [found] == between
    assert progress.attempts == 2
    assert found != state(pair.replica)
    changed.take()
    assert changed.is_equal(), "I8"


def state(url: Any, prefix: str = "") -> list[set[Any]]:
    """What MOVE changes."""
    queries = [
        f"select old_id from {prefix}{FIRST} where id = 1",
        f"select session_id from {prefix}session_mapping",
        f"select session_id from {prefix}queue_mapping",
    ]
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return [set(connection.exec_driver_sql(query).scalars()) for query in queries]


def test_what_changed_on_the_primary_is_found_on_the_replica_by_row_versions(changed):
    taken = changed.take()
    assert taken.full_because is None
    assert not [note for note in taken.notes if "all its rows" in note]
    for table in taken.tables:
        assert 0 < table.opened <= table.rows_read < table.present, table
    assert sum(table.vanished for table in taken.tables) > 0
    assert changed.is_equal()
    full = changed.take(full=True)
    assert [(table.opened, table.closed) for table in full.tables] == [(0, 0)] * 7


@pytest.mark.parametrize(
    "begin",
    [
        "update seat set max_user = 3 where id = 1",
        "select pg_current_xact_id()",
        # More than a snapshot of a replica lists one by one.
        "do $$ begin for n in 1..100 loop begin update seat set max_user = n where id = n;"
        " exception when others then raise; end; end loop; end $$",
    ],
    ids=["written", "numbered", "subtransactions"],
)
def test_a_transaction_that_was_open_on_the_primary_is_not_missed(changed, pair, begin):
    url = sa.make_url(pair.primary).set(drivername="postgresql")
    with closing(psycopg2.connect(url.render_as_string(hide_password=False))) as late:
        late.cursor().execute(begin)
        pair.execute("update seat set max_user = 7 where id = 110")
        changed.take()
        late.cursor().execute("update seat set max_user = 4 where id = 2")
        late.commit()
    pair.execute()
    taken = changed.take()
    assert taken.full_because is None
    assert 1 <= sum(table.opened for table in taken.tables) <= 100
    assert changed.is_equal()


OUTSTANDING: Final = "select pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()"
REPLAYED_AT: Final = "select pg_last_xact_replay_timestamp()"
CONNECTED: Final = "select count(*) from pg_stat_wal_receiver"


@contextmanager
def held_up(pair: Pair) -> Iterator[None]:
    """The replica receives and replays nothing, for so long that it is told; then it goes on."""

    def is_held_up() -> bool:
        pair.write("update seat set max_user = max_user + 1 where id = 1")
        time.sleep(0.1)
        return bool(pair.ask(OUTSTANDING))

    pair.set_up("alter system set recovery_min_apply_delay = '1h'")
    try:
        until(is_held_up, 10)
        until(lambda: datetime.now(UTC) - pair.ask(REPLAYED_AT) > FRESH, 10)
        yield
    finally:
        pair.set_up("alter system reset recovery_min_apply_delay", "select pg_wal_replay_resume()")
        until(lambda: pair.ask(CONNECTED) and not pair.ask(OUTSTANDING), 30)


def test_a_replica_bears_the_moment_of_its_data_and_over_the_limit_is_refused(
    changed, pair, record_property
):
    reader = as_reader(pair.execute, pair.replica)

    def look(why: str, error: type[Exception]) -> None:
        replayed_at, taken = pair.ask(REPLAYED_AT), changed.take()
        [note] = [note for note in taken.notes if "replica" in note]
        assert why in note
        assert replayed_at <= taken.snapshot_at < replayed_at + timedelta(milliseconds=1)
        with pytest.raises(error, match=r"SOURCE_LAG_MINUTES \(0\.05\)"):
            changed.take(lag_minutes=0.05)
        record_property("fault", f"source 0 {RIGHT}")
        record_property("fault", f"source 0 {LOUD}")

    with held_up(pair):
        look("behind its primary", UnavailableError)
        pair.set_up("select pg_wal_replay_pause()")
        look("its replay is paused", ConfigError)
        pair.set_up("select pg_wal_replay_resume()")
        pair.write("select pg_terminate_backend(pid) from pg_stat_replication")
        until(lambda: not pair.ask(CONNECTED), 10)
        look("without a connection to its primary", UnavailableError)
    # All is replayed, and its last commit is of a while ago.
    for url in (pair.replica, reader):
        begun = pair.ask("select clock_timestamp()")
        taken = changed.take(url, lag_minutes=0)
        assert begun <= taken.snapshot_at
        assert not [note for note in taken.notes if "replica" in note]
        assert changed.is_equal()
