"""Snapshots killed with -9 at every boundary: readers see the old or the new state, nothing else.

A sample of the boundaries by default, all of them with FULL=1.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.errors import AlreadyRunningError
from include.pipelines import snapshots
from include.sandbox import desk, desk_churn
from include.source.postgres import Source
from include.warehouse.ledger import Request
from include.warehouse.mysql import Warehouse

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)
ROWS = {"supplier": 60, "seat": 120, "session": 300, "session_mapping": 300}
SITUATIONS = ("the first", "changes only", "all rows again")
SAMPLE = 5
AFTER_THE_COMMIT = 5
MANIFEST = ("cs_snapshot", "cs_snapshot_table")
HISTORIES = tuple(table.history for table in SOURCE_TABLES)


def chosen(boundaries: int, situation: str) -> list[int]:
    if os.environ.get("FULL"):
        return list(range(1, boundaries + 1))
    step = boundaries // SAMPLE
    first = 1 + step * SITUATIONS.index(situation) // len(SITUATIONS)
    end = range(boundaries - AFTER_THE_COMMIT, boundaries + 1)
    return sorted({*range(first, boundaries, step), *end})


@dataclass
class Scene:
    """A warehouse, a copy of it to go back to, and a source."""

    url: str
    kept: str
    warehouse: Warehouse
    source: Source
    source_url: str
    children: subprocess.Popen[str]

    def killed(self, k: int, *, full: bool) -> dict[str, int]:
        """Take a snapshot in a child that dies at boundary *k*: the child's answer."""
        asked, answers = self.children.stdin, self.children.stdout
        assert asked is not None
        assert answers is not None
        asked.write(json.dumps({"k": k, "full": full}) + "\n")
        asked.flush()
        answer: dict[str, int] = json.loads(answers.readline())
        return answer

    def take(self) -> snapshots.Taken:
        """A clean snapshot; a killed client's lock lives until the server notices, soon after."""
        deadline = time.monotonic() + 5
        while True:
            try:
                return snapshots.take(self.source, self.warehouse, request=Request("a test"))
            except AlreadyRunningError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def keep(self) -> None:
        self._copy(self.url, self.kept)

    def restore(self) -> None:
        self._copy(self.kept, self.url)

    def _copy(self, old: str, new: str) -> None:
        name = sa.make_url(old).database
        engine = sa.create_engine(new, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for table in (*HISTORIES, *MANIFEST):
                connection.exec_driver_sql(f"delete from {table}")
                connection.exec_driver_sql(f"insert into {table} select * from `{name}`.{table}")

    def published(self) -> dict[str, object]:
        """All that was ever published, moments as the number of their snapshot."""
        found: dict[str, object] = {}
        with self.warehouse.engine.connect() as connection:
            for table in HISTORIES:
                rows = connection.exec_driver_sql(
                    "select h.row_key, h.closed_by, h.snapshot_id, h.row_hash, f.snapshot_id,"
                    f" t.snapshot_id, h.valid_to_at is null from {table} h"
                    " left join cs_snapshot f on f.snapshot_at = h.valid_from_at"
                    " left join cs_snapshot t on t.snapshot_at = h.valid_to_at"
                    " order by h.row_key, h.closed_by"
                )
                found[table] = rows.all()
            found["snapshots"] = connection.exec_driver_sql(
                "select snapshot_id, state, full_because from cs_snapshot order by 1"
            ).all()
            found["tables"] = connection.exec_driver_sql(
                "select * from cs_snapshot_table order by snapshot_id, table_name"
            ).all()
        return found

    def checksums(self) -> list[tuple[object, ...]]:
        """Of every byte that was ever published."""
        names = ", ".join((*HISTORIES, *MANIFEST))
        with self.warehouse.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(f"checksum table {names}")]

    def equals_the_source(self) -> bool:
        found = snapshots.compare(self.source, self.warehouse)
        return len(found) == len(SOURCE_TABLES) and all(table.equal for table in found)

    def overlaps(self) -> int:
        """Pairs of versions of one row that were both valid at some moment."""
        query = (
            "select count(*) from {0} a join {0} b on a.row_key = b.row_key"
            " and a.closed_by <> b.closed_by and a.valid_from_at <= b.valid_from_at"
            " and (a.valid_to_at is null or a.valid_to_at > b.valid_from_at)"
        )
        with self.warehouse.engine.connect() as connection:
            return sum(
                int(connection.exec_driver_sql(query.format(table)).scalar() or 0)
                for table in HISTORIES
            )


@pytest.fixture
def scene(warehouse_server, warehouse_url, source_url):
    desk.create(source_url, seed=7, now=NOW, rows=ROWS, queue=True)
    kept = warehouse_server.create_migrated()
    warehouse = Warehouse.open(warehouse_url)
    children = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.killed_snapshot", warehouse_url, source_url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    source = Source.open(source_url)
    with children:  # ends them by the end of their input
        yield Scene(warehouse_url, kept, warehouse, source, source_url, children)
    warehouse.close()
    warehouse_server.drop(kept)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_killed_at_any_boundary_the_old_or_the_new_state_is_published_and_the_next_run_heals(
    scene, situation, record_property
):
    full = situation == "all rows again"
    if situation != "the first":
        scene.take()
        desk_churn.churn(scene.source_url, seed=8, now=NOW, share=0.2)
    scene.keep()
    old, old_bytes = scene.published(), scene.checksums()

    kinds = scene.killed(0, full=full)
    assert kinds.keys() == {"warehouse", "source", "block"}
    boundaries = sum(kinds.values())
    log.info("%s: %s boundaries", situation, kinds)
    new = scene.published()
    assert len(new["snapshots"]) == len(old["snapshots"]) + 1
    reached, points = set(), chosen(boundaries, situation)
    for k in points:
        scene.restore()
        assert scene.killed(k, full=full) == {"ended": -signal.SIGKILL}, k
        after = scene.published()
        is_new = after == new
        assert is_new or (after == old and scene.checksums() == old_bytes), k
        reached.add(is_new)
        taken = scene.take()
        assert scene.equals_the_source(), k
        assert scene.overlaps() == 0, k
        # What was published already is not published again.
        assert bool(sum(table.opened for table in taken.tables)) is not is_new, k
    assert reached == {False, True}, "no kill fell before, or none behind, the commit"
    record_property(
        "figure",
        f"kill points {len(points):>5}/{boundaries:<5} {f'snapshot, {situation}':22} rows lost 0"
        f"  doubled 0  wrongly complete 0  healed by one run {len(points)}",
    )
