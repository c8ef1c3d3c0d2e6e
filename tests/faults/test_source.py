"""Faults of the customer-service source (G): right or loud, and healed by the next snapshot.

Whatever happens, what is published is the state before or the state after, never a mixture.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg2  # type: ignore[import-untyped]
import pytest
import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.errors import CheckError, ConfigError, RejectedError, UnavailableError
from include.sandbox.desk import churn, sample
from include.sandbox.desk.mover import Mover
from include.source.postgres import SourceDatabase
from include.warehouse.mysql import Warehouse
from tests.benchmarks.bench_snapshot import command
from tests.faults.kit.children import children
from tests.faults.kit.desk_scene import Desk, judge
from tests.faults.kit.invariants import RIGHT
from tests.faults.kit.own_server import until, waiting
from tests.source.conftest import execute

__all__ = ["execute", "judge"]  # fixtures

ROOT: Final = Path(__file__).resolve().parents[2]
NOW: Final = datetime(2026, 1, 10, 8, tzinfo=UTC)
ROWS: Final = {"supplier": 60, "seat": 120, "session": 150, "session_mapping": 150}
FULL: Final = bool(os.environ.get("FULL"))
OURS: Final = (
    "from pg_stat_activity where application_name = 'customer-service snapshot'"
    " and datname = current_database()"
)
READER: Final = "osm_faults_reader"
LOCK: Final = "lock table seat in access exclusive mode"


@pytest.fixture
def changed(source_url: str, warehouse_url: str) -> Iterator[Desk]:
    sample.create(source_url, seed=7, now=NOW, rows=ROWS, queue=True, odd="none")
    made = Desk(source_url, Warehouse.open(warehouse_url))
    made.take()
    churn.churn(source_url, seed=8, now=NOW, share=0.05)
    yield made
    made.warehouse.close()


@contextmanager
def held(url: str, statement: str) -> Iterator[None]:
    """Another session has done *statement* and not said yet whether it stays."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
        yield


@contextmanager
def undone(execute: Any, there: str, back: str) -> Iterator[None]:
    execute(there)
    yield
    execute(back)


def once(act: Any) -> Any:
    """A listener of the progress that acts after the first table."""
    done: list[Any] = []

    def say(_: str) -> None:
        if not done:
            done.append(act())

    return say


def as_reader(execute: Any, url: str) -> str:
    """The URL of a role that may read the tables, and no more."""
    if not execute(f"select 1 from pg_roles where rolname = '{READER}'"):
        execute(f"create role {READER} login password 'reader'")
    execute(f"grant select on all tables in schema public to {READER}")
    parsed = sa.make_url(url).set(username=READER, password="reader")
    return parsed.render_as_string(hide_password=False)


def test_g1_a_statement_that_takes_too_long_is_loud(changed, judge):
    locked = held(changed.url, LOCK)
    judge(locked, UnavailableError, "SOURCE_TIMEOUT_SECONDS", timeout_seconds=1)


def test_g1_a_snapshot_that_a_person_cancels_is_loud(changed, execute, judge):
    cancel = threading.Timer(0.5, execute, [f"select pg_cancel_backend(pid) {OURS}"])

    @contextmanager
    def cancelled() -> Iterator[None]:
        with held(changed.url, LOCK):
            cancel.start()
            yield
        cancel.join()

    judge(cancelled(), UnavailableError, "cancelled by a person")


def test_g1_a_shorter_limit_of_the_database_itself_is_overruled(execute, judge):
    name = execute("select current_database()")
    execute(
        f"alter database {name} set statement_timeout = '300ms'",
        f"alter database {name} set idle_in_transaction_session_timeout = '20ms'",
    )
    judge(passing=True, progress=once(lambda: threading.Event().wait(0.4)))


def test_g3_a_connection_lost_between_two_tables_is_right(execute, judge):
    kill = once(lambda: execute(f"select pg_terminate_backend(pid) {OURS}"))
    judge(passing=True, progress=kill)


def test_g3_too_many_connections_are_loud(changed, execute, judge):
    url = as_reader(execute, changed.url)
    limited = undone(
        execute,
        f"alter role {READER} connection limit 0",
        f"alter role {READER} connection limit -1",
    )
    judge(limited, UnavailableError, "too many connections", url=url)


def test_g3_a_server_that_is_away_is_loud(changed, judge):
    judge(None, UnavailableError, url=sa.make_url(changed.url).set(port=1).render_as_string(False))


def test_g4_rows_that_move_while_they_are_read_are_in_one_table_of_every_snapshot(changed, judge):
    names = ("cs_queue_mapping", "cs_session_mapping")
    with Mover(changed.url, rate=50) as mover:
        for _ in range(20 if FULL else 3):
            before = mover.known()
            changed.take(vanish_limit=1.0)
            with changed.warehouse.engine.connect() as connection:
                live, archive = (
                    set(connection.exec_driver_sql(f"select session_id from {name}").scalars())
                    for name in names
                )
            assert not live & archive
            assert before <= live | archive <= mover.known()
    assert mover.moved
    judge(passing=True, vanish_limit=1.0)


def test_g5_a_new_column_is_read_over_and_told_once(execute, judge):
    execute("alter table supplier add column colour text default 'red'")
    taken = judge()
    assert [note for note in taken.notes if "colour" in note] == [
        "supplier has columns we do not read: colour"
    ]


def test_g5_a_column_added_during_the_read_waits_for_it(execute, judge):
    alter = threading.Thread(target=execute, args=("alter table seat add column colour text",))
    judge(passing=True, progress=once(alter.start))
    alter.join()


@pytest.mark.parametrize(
    ("there", "back", "words"),
    [
        (
            "alter table seat drop column max_user",
            "alter table seat add column max_user smallint default 7",
            "column seat.max_user is missing",
        ),
        (
            "alter table session rename column seat_name to seat",
            "alter table session rename column seat to seat_name",
            "column session.seat_name is missing",
        ),
        (
            "alter table seat alter status type integer",
            "alter table seat alter status type smallint",
            "column seat.status is int4",
        ),
        (
            "alter table supplier rename to away",
            "alter table away rename to supplier",
            "no table supplier",
        ),
    ],
    ids=["dropped", "renamed", "type", "table"],
)
def test_g6_a_source_of_another_shape_is_refused_by_table_and_column(
    execute, judge, there, back, words
):
    judge(undone(execute, there, back), ConfigError, words)


def test_g6_a_revoked_right_is_refused_by_its_table(changed, execute, judge):
    url = as_reader(execute, changed.url)
    revoked = undone(
        execute, f"revoke select on seat from {READER}", f"grant select on seat to {READER}"
    )
    judge(revoked, ConfigError, f"GRANT SELECT ON seat TO {READER}", url=url)


def test_g7_values_that_mysql_cannot_hold_stand_in_unfit_by_name(changed, execute, judge):
    odd = {
        "create_time": ("infinity", "-infinity", "12026-01-01 00:00:00+00", "0044-03-15 BC"),
        "priority": ("NaN", "Infinity"),
        "web_name": ("長" * 41,),
    }
    execute("alter table seat alter web_name type text")
    for column, values in odd.items():
        for value in values:
            execute(f"insert into seat ({column}) values ('{value}')")
    execute("insert into seat (priority) values ('1e40')")
    taken = judge()
    assert sum(table.unfit for table in taken.tables) == sum(map(len, odd.values()))
    with changed.warehouse.engine.connect() as connection:
        unfit = connection.exec_driver_sql(
            "select unfit from cs_seat_history where unfit is not null and closed_by = 0"
        ).scalars()
        named = [item for text in unfit for item in json.loads(text).items()]
        [huge] = connection.exec_driver_sql(
            "select priority from cs_seat where priority > 1e39"
        ).scalars()
    assert {name for name, _ in named} == set(odd)
    assert huge == 1e40


@pytest.mark.parametrize(("share", "is_loud"), [(19, False), (21, True), (100, True)])
def test_g8_a_table_that_lost_too_much_is_refused_until_the_number_is_accepted(
    changed, execute, judge, share, is_loud
):
    execute("delete from seat", "insert into seat (id) select generate_series(1, 100)")
    changed.take(vanish_limit=1.0, accept_vanished=1000)
    execute(f"delete from seat where id <= {share}")
    refused = (CheckError, f"seat lost {share} of 100 rows") if is_loud else ()
    judge(None, *refused, accept=share)


def test_g9_rows_with_the_same_key_are_told_and_the_same_one_wins(
    changed, execute, record_property
):
    key = execute("select session_id from session_mapping limit 1")
    names = ", ".join(
        c.name
        for table in SOURCE_TABLES
        if table.name == "session_mapping"
        for c in table.columns
        if c.name not in ("id", "seat_id")
    )
    execute(
        "alter table session_mapping drop constraint session_mapping_pkey",
        f"insert into session_mapping ({names}, seat_id) select {names}, seat_id + 1"
        f" from session_mapping where session_id = '{key}'",
    )
    winner = f"select seat_id from cs_session_mapping where session_id = '{key}'"
    winners = []
    for _ in range(2):
        taken = changed.take(full=True)
        with changed.warehouse.engine.connect() as connection:
            winners.append(connection.exec_driver_sql(winner).all())
        execute("update session_mapping set seat_id = seat_id")  # other places on the disk
    assert sum(table.duplicates for table in taken.tables) == 1
    assert "session_mapping has no unique index on session_id" in taken.notes
    assert winners[0] == winners[1]
    assert len(winners[0]) == 1
    record_property("fault", f"source 0 {RIGHT}")


def test_g10_a_huge_table_is_read_in_constant_memory(changed, execute, warehouse_url, judge):
    peaks = []
    for rows in (1_000, 1_000_000 if FULL else 60_000):
        execute(
            "insert into seat (web_name, nickname, priority) select 'seat ' || n,"
            f" repeat('x', 40), n from generate_series(1, {rows}) n"
        )
        peaks.append(command(WAREHOUSE_URL=warehouse_url, SOURCE_URL=changed.url)["peak"])
    assert peaks[1] - peaks[0] < 16_000  # KB; the rows themselves are more than that
    judge()


def test_g11_a_snapshot_killed_while_it_publishes_shows_the_old_state_or_the_new(
    changed, warehouse_url, judge
):
    before = changed.published()
    with children() as process:
        for k in (120, 150):
            process.ask("snapshot", warehouse_url, source=changed.url, k=k, full=True)
            assert process.answer() == {"ended": -signal.SIGKILL}
            assert changed.published() == before
    judge()


def test_g12_a_source_that_we_might_write_is_not_written(changed, execute, judge):
    assert execute("select rolsuper from pg_roles where rolname = current_user")
    source = SourceDatabase.open(changed.url)
    with source.snapshot() as snapshot, pytest.raises(RejectedError, match="read-only"):
        snapshot.all("insert into seat (id) values (1) returning id")
    with (
        source.connect() as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.ReadOnlySqlTransaction),
    ):
        cursor.execute("delete from seat")
    written = "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables"
    before = execute(written)
    judge()
    assert execute(written) == before


@pytest.mark.parametrize("moment", ["a call", "a write"])
def test_r2_a_snapshot_that_is_told_to_end_is_gone_soon_and_says_stopped(
    changed, warehouse_url, judge, moment
):
    before = changed.published()
    environ = os.environ | {"WAREHOUSE_URL": warehouse_url, "SOURCE_URL": changed.url}
    with ExitStack() as stack:
        if moment == "a call":
            stack.enter_context(held(changed.url, LOCK))
        else:
            engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
            holder = stack.enter_context(engine.connect())
            holder.exec_driver_sql("select row_key from cs_seat_history for update").all()
        running = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "include", "snapshot"],
                cwd=ROOT,
                env=environ,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(running.kill)
        if moment == "a call":
            until(lambda: waits_for_a_lock(changed.url), 30)
        else:
            until(lambda: waiting(warehouse_url), 30)
        running.send_signal(signal.SIGTERM)
        # The driver's own wait is longer: it ends when the source cancels it after ten seconds.
        _, said = running.communicate(timeout=8)
        assert running.returncode == 130, said
    assert changed.newest_run() == ("stopped", "KeyboardInterrupt")
    assert changed.published() == before
    judge(passing=True)


def waits_for_a_lock(url: str) -> bool:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"select 1 {OURS} and wait_event_type = 'Lock'")
        return bool(found.all())
