"""Conversations move from live to archive while snapshots are taken and reports are read."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from include.pipelines.snapshots.snapshot import take_snapshot
from include.pipelines.snapshots.source_comparison import compare_with_source
from include.sandbox.desk import sample
from include.sandbox.desk.mover import Mover
from include.source.postgres import SourceDatabase
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse

log = logging.getLogger(__name__)
NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)
ROWS = {"supplier": 60, "seat": 120, "session": 500, "session_mapping": 500}
SNAPSHOTS = 20
FULL = {0, 7, 14}
LONGEST_WAIT = 2.0

NEWEST = "(select max(snapshot_id) from cs_snapshot where state = 'complete')"
PROMISED = (
    "(select sum(present) from cs_snapshot_table where table_name in"
    f" ('queue_mapping', 'session_mapping') and snapshot_id = {NEWEST})"
)
JOINED = (
    "select (select count(*) from cs_queue_mapping q join cs_session_mapping s"
    " on s.session_id = q.session_id), (select count(*) from cs_queue_mapping)"
    f" + (select count(*) from cs_session_mapping), {PROMISED}"
)


@dataclass
class Reader:
    """Reads reports all the time, and notes what it should never see and how long it waited."""

    url: str
    mixtures: list[object] = field(default_factory=list)
    looks: int = 0
    longest: float = 0.0
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader")

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        engine = sa.create_engine(self.url, isolation_level="REPEATABLE READ")
        try:
            while not self._stop.is_set():
                with engine.connect() as connection:
                    self._one_statement(connection)
                with engine.connect() as connection:
                    self._two_statements(connection)
                self.looks += 1
        except BaseException as failure:  # noqa: BLE001 - the test looks at it
            self.failure = failure
        finally:
            engine.dispose()

    def _one_statement(self, connection: sa.Connection) -> None:
        [(both, found, promised)] = self._read(connection, JOINED)
        if both or found != (promised or 0):
            self.mixtures.append((both, found, promised))

    def _two_statements(self, connection: sa.Connection) -> None:
        live = self._read(connection, f"select session_id, {NEWEST} from cs_queue_mapping")
        archive = self._read(connection, f"select session_id, {NEWEST} from cs_session_mapping")
        [(promised,)] = self._read(connection, f"select {PROMISED}")
        keys = {key for key, _ in live} | {key for key, _ in archive}
        if len({number for _, number in (*live, *archive)}) > 1:
            self.mixtures.append("two snapshots in one transaction")
        if not len(keys) == len(live) + len(archive) == (promised or 0):
            self.mixtures.append((len(live), len(archive), len(keys), promised))

    def _read(self, connection: sa.Connection, query: str) -> list[tuple[object, ...]]:
        began = time.monotonic()
        rows = [tuple(row) for row in connection.exec_driver_sql(query)]
        self.longest = max(self.longest, time.monotonic() - began)
        return rows


@pytest.fixture
def warehouse(warehouse_url):
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()


def keys(warehouse, table):
    with warehouse.engine.connect() as connection:
        return set(connection.exec_driver_sql(f"select session_id from {table}").scalars())


def test_a_moving_conversation_is_in_exactly_one_table_of_every_snapshot_and_readers_never_wait(
    warehouse, warehouse_url, source_url
):
    sample.create(source_url, seed=7, now=NOW, rows=ROWS, queue=True, odd="none")
    source, states = SourceDatabase.open(source_url), set()
    with Mover(source_url, rate=50) as mover, Reader(warehouse_url) as reader:
        for number in range(SNAPSHOTS):
            before = mover.known()
            taken = take_snapshot(source, warehouse, request=Request("a test"), full=number in FULL)
            assert bool(taken.full_because) == (number in FULL)
            live = keys(warehouse, "cs_queue_mapping")
            archive = keys(warehouse, "cs_session_mapping")
            assert live & archive == set()
            assert before <= live | archive <= mover.known()
            states.add(frozenset(live))
    log.info("%s looks, the longest wait: %.3f s", reader.looks, reader.longest)
    assert reader.failure is None
    assert reader.mixtures == []
    assert reader.looks >= SNAPSHOTS
    assert reader.longest < LONGEST_WAIT
    # Otherwise nothing was tried: conversations had moved by every snapshot.
    assert mover.moved >= SNAPSHOTS
    assert len(states) == SNAPSHOTS
    take_snapshot(source, warehouse, request=Request("a test"))
    assert all(table.equal for table in compare_with_source(source, warehouse))
