"""Snapshots killed with -9 at every boundary: readers see the old or the new state, nothing else.

A sample of the boundaries by default, all of them with FULL=1.
"""

from __future__ import annotations

import logging
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.pipelines.snapshots.source_comparison import compare_with_source
from include.sandbox.desk import churn, sample
from include.source.postgres import SourceDatabase
from include.warehouse.customer_service.staging import content_hash
from include.warehouse.mysql import Warehouse
from tests.faults.kit.lanes import LANES, Lane, lanes, side_by_side
from tests.faults.kit.small import copies

log = logging.getLogger(__name__)
NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)
ROWS = {"supplier": 60, "seat": 120, "session": 300, "session_mapping": 300}
SITUATIONS = ("the first", "changes only", "all rows again", "the first, in pieces", "in pieces")
SAMPLE = 3
AFTER_THE_COMMIT = 5
MANIFEST = ("cs_snapshot", "cs_snapshot_table")
HISTORIES = tuple(table.history for table in SOURCE_TABLES)


def chosen(boundaries: int, situation: str) -> list[int]:
    if os.environ.get("FULL"):
        return list(range(1, boundaries + 1))
    step = boundaries // SAMPLE
    first = 1 + step * SITUATIONS.index(situation) // len(SITUATIONS)
    end = range(boundaries, boundaries - AFTER_THE_COMMIT - 1, -2)
    return sorted({*range(first, boundaries, step), *end})


@dataclass(frozen=True)
class Scene:
    """Warehouses side by side, a copy to go back to, and the source of all."""

    lanes: list[Lane]
    kept: str
    source_url: str

    def take(self, lane: Lane, *, k: int = 0, **options: bool) -> dict[str, Any]:
        """Take a snapshot, or let it be killed at boundary *k*."""
        given = {"full": False, "pieces": False} | options
        return lane.run(work="snapshot", source=self.source_url, k=k, **given)

    def restore(self, lane: Lane) -> None:
        lane.execute(copies(self.kept, (*HISTORIES, *MANIFEST)))

    def equals_the_source(self, lane: Lane) -> bool:
        with closing(Warehouse.open(lane.url)) as warehouse:
            found = compare_with_source(SourceDatabase.open(self.source_url), warehouse)
        return len(found) == len(SOURCE_TABLES) and all(table.equal for table in found)


def published(lane: Lane) -> dict[str, list[Any]]:
    """All that was ever published, moments as the number of their snapshot."""
    queries = {
        table: "select h.row_key, t.snapshot_id, h.snapshot_id, h.row_hash, f.snapshot_id"
        f" from {table} h"
        " join cs_snapshot f on f.snapshot_at = h.valid_from_at and f.state = 'complete'"
        " and f.snapshot_id = h.snapshot_id"
        " left join cs_snapshot t on t.snapshot_at = h.valid_to_at and t.state = 'complete'"
        " and t.snapshot_id = h.closed_by"
        " order by h.row_key, h.snapshot_id"
        for table in HISTORIES
    } | {
        "snapshots": "select snapshot_id, state, full_because from cs_snapshot"
        " where state = 'complete' order by 1",
        "tables": "select * from cs_snapshot_table order by snapshot_id, table_name",
    }
    with lane.connection.begin():
        return {
            name: list(lane.connection.exec_driver_sql(query)) for name, query in queries.items()
        }


def checksums(lane: Lane) -> list[int]:
    """Of every byte that was ever published."""
    names = ", ".join((*HISTORIES, *MANIFEST))
    with lane.connection.begin():
        return [row[1] for row in lane.connection.exec_driver_sql(f"checksum table {names}")]


def overlaps(lane: Lane) -> int:
    """Pairs of versions of one row that were both valid at some moment."""
    query = (
        "select count(*) from {0} a join {0} b on a.row_key = b.row_key"
        " and a.closed_by <> b.closed_by and a.valid_from_at <= b.valid_from_at"
        " and (a.valid_to_at is null or a.valid_to_at > b.valid_from_at)"
    )
    return total(lane, [query.format(table) for table in HISTORIES])


def altered(lane: Lane) -> int:
    """Versions whose columns, hashed anew, do not give their hash."""
    return total(
        lane,
        [
            f"select count(*) from {table.history} where not (row_hash <=> {content_hash(table)})"
            for table in SOURCE_TABLES
        ],
    )


def total(lane: Lane, counts: list[str]) -> int:
    query = "select " + " + ".join(f"({count})" for count in counts)
    with lane.connection.begin():
        return int(lane.connection.execute(sa.text(query)).scalar_one())


@pytest.fixture
def scene(warehouse_server: Any, source_url: str) -> Iterator[Scene]:
    sample.create(source_url, seed=7, now=NOW, rows=ROWS, queue=True)
    urls = [warehouse_server.create_migrated() for _ in range(LANES + 1)]
    with lanes(urls[1:]) as found:
        yield Scene(found, urls[0], source_url)
    for url in urls:
        warehouse_server.take_back(url)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_killed_at_any_boundary_the_old_or_the_new_state_is_published_and_the_next_run_heals(
    scene, situation, record_property
):
    model, pieces = scene.lanes[0], "pieces" in situation
    how = {"full": situation == "all rows again", "pieces": pieces}
    if "the first" not in situation:
        assert scene.take(model)["error"] is None
        churn.churn(scene.source_url, seed=8, now=NOW, share=0.2)
        name = sa.make_url(scene.kept).database
        keep = [f"insert into `{name}`.`{t}` select * from `{t}`" for t in (*HISTORIES, *MANIFEST)]
        model.execute(keep)
    old, old_bytes = published(model), checksums(model)

    clean = scene.take(model, **how)
    assert clean["error"] is None
    kinds = Counter(clean["seen"])
    assert kinds.keys() == {"statement", "commit", "rollback", "source", "block"}
    log.info("%s: %s", situation, kinds)
    new = published(model)
    assert len(new["snapshots"]) == len(old["snapshots"]) + 1
    assert scene.equals_the_source(model)
    assert overlaps(model) == altered(model) == 0

    def at(k: int, lane: Lane) -> bool:
        """Whether the kill left the new state."""
        scene.restore(lane)
        assert scene.take(lane, k=k, **how) == {"ended": -signal.SIGKILL}, k
        after = published(lane)
        is_new = after == new
        assert is_new or (after == old and (pieces or checksums(lane) == old_bytes)), k
        assert scene.take(lane, pieces=pieces)["error"] is None, k
        healed = published(lane)
        # Row for row what was never killed; what was published already is not published again.
        assert all(healed[table] == new[table] for table in HISTORIES), k
        assert len(healed["snapshots"]) == len(new["snapshots"]) + is_new, k
        assert altered(lane) == 0, k
        return is_new

    points = chosen(kinds.total(), situation)
    reached = side_by_side(scene.lanes, points, at)
    assert set(reached) == {False, True}, "no kill fell before, or none behind, the commit"
    record_property(
        "figure",
        f"kill points {len(points):>5}/{kinds.total():<5} {f'snapshot, {situation}':22} rows lost 0"
        f"  doubled 0  wrongly complete 0  healed by one run {len(reached)}",
    )
