from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from include.errors import AlreadyRunningError, AuthError, PartialError, SupersededError
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request, hold
from include.warehouse.bookkeeping.tables import sync_run, sync_state
from include.warehouse.mysql import Warehouse
from tests.builders import DAY

ONE = timedelta(days=1)
REQUEST = Request("a test", {"why": "to see"})


def take(warehouse, account_id="a-1"):
    return hold(warehouse, account_id, "tickets", vendor="HUAWEI", request=REQUEST)


def outcomes(warehouse):
    query = sa.select(sync_run.c.outcome).order_by(sync_run.c.started_at)
    return warehouse.transact(lambda c: list(c.scalars(query)))


def test_two_runs_cannot_hold_one_account_and_the_second_leaves_no_trace(warehouse, warehouse_url):
    other = Warehouse.open(warehouse_url)
    with take(warehouse), pytest.raises(AlreadyRunningError), take(other):
        pass
    other.close()
    assert outcomes(warehouse) == ["done"]


def test_runs_of_other_accounts_do_not_wait(warehouse, warehouse_url):
    other = Warehouse.open(warehouse_url)
    with take(warehouse, "a-1"), take(other, "a-2"):
        pass
    other.close()
    assert outcomes(warehouse) == ["done", "done"]


def test_a_killed_run_blocks_nobody_and_its_row_says_stopped(warehouse, warehouse_url):
    held = (
        "import os, signal\n"
        "from include.warehouse.bookkeeping.ledger import Request, hold\n"
        "from include.warehouse.mysql import Warehouse\n"
        f"warehouse = Warehouse.open({warehouse_url!r})\n"
        "with hold(warehouse, 'a-1', 'tickets', vendor='HUAWEI', request=Request('x')):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", held], check=False).returncode == -9
    with take(warehouse):
        pass
    assert outcomes(warehouse) == ["stopped", "done"]


def test_a_frozen_run_that_was_overtaken_writes_nothing(warehouse, warehouse_url, monkeypatch):
    frozen = Warehouse.open(warehouse_url)
    with take(frozen) as old:
        monkeypatch.setattr(ledger, "STALE_SECONDS", -1)
        with take(warehouse) as new:
            new.write(lambda connection: None, watermark_at=DAY)
            with pytest.raises(SupersededError):
                old.write(lambda connection: connection.execute(sa.delete(sync_state)))
    frozen.close()
    query = sa.select(sync_state.c.watermark_at)
    assert warehouse.transact(lambda c: c.scalar(query)) == DAY
    assert sorted(outcomes(warehouse)) == ["done", "stopped"]


def test_a_thread_that_outlives_its_run_writes_nothing(warehouse):
    with take(warehouse) as run:
        pass
    with pytest.raises(SupersededError):
        run.write(lambda connection: connection.execute(sa.delete(sync_state)))
    assert warehouse.transact(lambda c: c.scalar(sa.select(sa.func.count(sync_state.c.token)))) == 1


def test_threads_of_a_run_write_one_after_the_other(warehouse):
    at_once, most = [], []

    def work(connection):
        at_once.append(1)
        most.append(len(at_once))
        connection.execute(sa.text("select sleep(0.01)"))
        at_once.pop()

    with take(warehouse) as run, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: run.write(work), range(16)))
    assert most == [1] * 16


def test_a_run_whose_lock_connection_is_lost_goes_on_under_its_token(warehouse, monkeypatch):
    monkeypatch.setattr(ledger, "HEARTBEAT_SECONDS", 0)
    with take(warehouse) as run:
        holder = run._connection.scalar(sa.text("select connection_id()"))
        warehouse.transact(lambda c: c.execute(sa.text(f"kill connection {holder}")))
        run.counts.calls = 7
        for _ in range(3):
            run.beat()
        run.write(lambda connection: None, watermark_at=DAY)
    row = warehouse.transact(lambda c: c.execute(sa.select(sync_run)).one())
    assert (row.outcome, row.calls) == ("done", 7)


def test_the_watermark_and_the_rows_move_together_or_not_at_all(warehouse):
    def fail(connection):
        connection.execute(sa.delete(sync_run))
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"), take(warehouse) as run:
        run.write(fail, watermark_at=DAY)
    with take(warehouse) as run:
        assert run.watermark is None
    assert outcomes(warehouse) == ["failed", "done"]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (PartialError("2 tickets wait"), "partial"),
        (AuthError("bad key", vendor="huawei", request_id="r9"), "failed"),
        (KeyboardInterrupt(), "stopped"),
        (RuntimeError("password=hunter2"), "failed"),
    ],
)
def test_the_ledger_keeps_how_a_run_ended(warehouse, error, outcome):
    with pytest.raises(type(error)), take(warehouse):
        raise error
    row = warehouse.transact(lambda c: c.execute(sa.select(sync_run)).one())
    assert (row.outcome, row.error_class) == (outcome, type(error).__name__)
    assert row.ended_at is not None
    assert "hunter2" not in str(row)
    assert row.request_id == (getattr(error, "request_id", None) or None)
    assert (row.triggered_by, row.parameters) == ("a test", '{"why": "to see"}')


@pytest.mark.parametrize(
    ("commit", "is_sent", "outcome"),
    [(1, True, "stopped"), (2, False, "stopped"), (2, True, "done")],
    ids=["as it begins", "as it ends", "when it has ended"],
)
def test_a_run_that_is_told_to_stop_while_its_row_is_written_says_so(
    warehouse, commit, is_sent, outcome
):
    commits = itertools.count(1)

    def strike(connection):
        if next(commits) == commit:
            if is_sent:
                connection.connection.dbapi_connection.commit()
            raise KeyboardInterrupt

    sa.event.listen(warehouse.engine, "commit", strike)
    with pytest.raises(KeyboardInterrupt), take(warehouse):
        pass
    assert outcomes(warehouse) == [outcome]


def test_a_run_says_that_it_was_stopped_though_the_interrupt_cost_it_a_connection(warehouse):
    lost = []

    def work():
        with take(warehouse):
            lost.append(warehouse.engine.connect())  # of two; the lock has the other one
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        work()
    assert time.monotonic() - began < 5
    assert outcomes(warehouse) == ["stopped"]
    lost[0].close()


def test_a_run_says_that_it_was_stopped_though_a_thread_of_it_cannot_end_its_write(warehouse):
    began, writes, may_end = time.monotonic(), threading.Event(), threading.Event()

    def write(connection):
        writes.set()
        return may_end.wait(30)

    def work(pool):
        with take(warehouse) as run:
            pool.submit(run.write, write)
            writes.wait(10)
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(KeyboardInterrupt):
            work(pool)
        assert time.monotonic() - began < 5
        assert outcomes(warehouse) == ["stopped"]
        may_end.set()


def test_whoever_is_told_to_end_closes_the_rows_of_all_runs_over_its_warehouse(
    warehouse, warehouse_url
):
    """What their threads wait for may take minutes: a call, or a row that another has locked."""
    all_there, may_end = threading.Barrier(3, timeout=10), threading.Event()
    mine = Warehouse.open(warehouse_url, accounts_at_once=2)
    rows = sa.select(sync_state.c.account_id).where(sync_state.c.account_id == "a-9")

    def read(account_id, work):
        with take(mine, account_id) as run:
            all_there.wait()
            work(run)

    def call(run):
        may_end.wait(10)
        run.write(lambda connection: None, watermark_at=DAY)

    def write(run):
        run.write(lambda connection: connection.execute(rows.with_for_update()).all())

    other = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with other.begin() as locked, ThreadPoolExecutor(2) as pool, take(warehouse, "b-1"):
        locked.execute(sa.insert(sync_state).values(account_id="a-9", entity="tickets"))
        under_way = [pool.submit(read, *one) for one in (("a-1", call), ("a-2", write))]
        all_there.wait()
        began = time.monotonic()
        ledger.stop_runs(mine, KeyboardInterrupt())
        assert time.monotonic() - began < 5
        assert outcomes(mine) == ["running", "stopped", "stopped"]
        may_end.set()
        for one in under_way:
            assert isinstance(one.exception(10), KeyboardInterrupt)
    assert outcomes(warehouse) == ["done", "stopped", "stopped"]
    marks = sa.select(sync_state.c.watermark_at).distinct()
    assert warehouse.transact(lambda c: list(c.scalars(marks))) == [None]
    mine.close()
    for account_id in ("a-1", "a-2"):
        with take(warehouse, account_id):  # nobody holds it still
            pass


def test_fifty_pairs_of_runs_at_once_never_overlap(warehouse, warehouse_url):
    inside = []

    def attempt(_):
        mine = Warehouse.open(warehouse_url)
        try:
            with take(mine) as run:
                inside.append(1)
                run.write(lambda connection: None)
                overlap = len(inside)
                inside.pop()
                return overlap
        except AlreadyRunningError:
            return 0
        finally:
            mine.close()

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(attempt, range(100)))
    assert max(results) == 1
    assert outcomes(warehouse) == ["done"] * results.count(1)


def listed(warehouse, since, until, *, outcome=None):
    """A run that listed a window, and moved the watermark to its end."""
    with take(warehouse) as run:
        run.window(since, until)
        run.write(lambda connection: None, watermark_at=until)
    if outcome:
        lost = sa.update(sync_run).where(sync_run.c.run_id == run.run_id).values(outcome=outcome)
        warehouse.transact(lambda connection: connection.execute(lost))
    return run


def put_ahead(warehouse):
    ahead = sa.update(sync_state).values(watermark_at=DAY + 90 * ONE, heartbeat_at=DAY + 80 * ONE)
    warehouse.transact(lambda connection: connection.execute(ahead))


def test_a_watermark_ahead_goes_back_to_the_end_of_the_runs_that_join_on(warehouse):
    listed(warehouse, DAY, DAY + 10 * ONE)
    listed(warehouse, DAY + 9 * ONE, DAY + 20 * ONE)
    listed(warehouse, DAY + 19 * ONE, DAY + 30 * ONE, outcome="partial")
    listed(warehouse, DAY + 40 * ONE, DAY + 50 * ONE)  # a backfill, or after a wrong watermark
    put_ahead(warehouse)
    assert ledger.watermark(warehouse, "a-1", "tickets") == DAY + 20 * ONE
    with take(warehouse) as run:
        assert run.watermark == DAY + 20 * ONE
    assert ledger.watermark(warehouse, "a-1", "tickets") == DAY + 20 * ONE
    query = sa.select(sync_run.c.error_text).where(sync_run.c.run_id == run.run_id)
    assert "lay ahead of every run" in warehouse.transact(lambda c: c.scalar(query))


def test_a_failed_run_says_both_that_it_healed_and_why_it_failed(warehouse):
    listed(warehouse, DAY, DAY + ONE)
    put_ahead(warehouse)
    with pytest.raises(PartialError), take(warehouse):
        raise PartialError("one waits")
    query = sa.select(sync_run.c.error_text).where(sync_run.c.outcome == "partial")
    text = warehouse.transact(lambda c: c.scalar(query))
    assert text.endswith("set back to 2026-01-11 00:00:00 UTC. one waits")


def test_a_watermark_of_a_run_is_believed(warehouse):
    listed(warehouse, DAY, DAY + ONE)
    with take(warehouse) as run:
        assert run.watermark == DAY + ONE
    query = sa.select(sync_run.c.error_text)
    assert warehouse.transact(lambda c: set(c.scalars(query))) == {None}
