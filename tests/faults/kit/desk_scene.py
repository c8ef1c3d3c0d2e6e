"""A source with a published snapshot, and the judgement of what a fault does to the next one."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from include.customer_service import SOURCE_TABLES
from include.pipelines.snapshots.snapshot import PublishedSnapshot, take_snapshot
from include.pipelines.snapshots.source_comparison import compare_with_source
from include.source.postgres import SourceDatabase
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.faults.kit.invariants import LOUD, RIGHT, SILENT


@dataclass
class Desk:
    """A source whose first snapshot is published, and that has changed since."""

    url: str
    warehouse: Warehouse

    def take(
        self, url: str = "", timeout_seconds: int = 60, lag_minutes: float = 60, **options: Any
    ) -> PublishedSnapshot:
        source = SourceDatabase.open(
            url or self.url, timeout_seconds=timeout_seconds, lag_minutes=lag_minutes
        )
        return take_snapshot(source, self.warehouse, request=Request("a test"), **options)

    def published(self) -> list[Any]:
        """What readers see: every present row, and the newest complete snapshot."""
        queries = [
            f"select count(*), sum(crc32(hex(row_hash))) from {table.history} where closed_by = 0"
            for table in SOURCE_TABLES
        ]
        queries.append("select max(snapshot_id), 0 from cs_snapshot where state = 'complete'")
        with self.warehouse.engine.connect() as connection:
            return [tuple(connection.exec_driver_sql(query).one()) for query in queries]

    def is_equal(self) -> bool:
        found = compare_with_source(SourceDatabase.open(self.url), self.warehouse)
        return all(table.equal for table in found)

    def newest_run(self) -> tuple[Any, ...]:
        query = (
            "select outcome, error_class from sync_run where entity = 'snapshot'"
            " order by started_at desc limit 1"
        )
        with self.warehouse.engine.connect() as connection:
            return tuple(connection.exec_driver_sql(query).one())


@pytest.fixture
def judge(changed: Desk, record_property: Any) -> Any:
    """``judge(fault)``: a snapshot over a fault, its verdict, and a snapshot that heals."""

    def through(
        fault: Any = None,
        error: type[Exception] | None = None,
        words: str = "",
        *,
        passing: bool = False,
        accept: int = 0,
        **options: Any,
    ) -> PublishedSnapshot | None:
        before, taken, caught = changed.published(), None, None
        with fault or nullcontext():
            try:
                taken = changed.take(**options)
            except Exception as raised:  # noqa: BLE001 - whatever it is, the verdict tells
                caught = raised
            kept = changed.published()
        if caught:
            verdict = LOUD if kept == before else SILENT
        else:
            verdict = RIGHT if changed.is_equal() else SILENT
        record_property("fault", f"source {passing:d} {verdict}")
        assert verdict == (LOUD if error else RIGHT), caught
        assert changed.newest_run() == (
            ("failed", type(caught).__name__) if caught else ("done", None)
        )
        if error:
            assert type(caught) is error
            assert words in str(caught)
        changed.take(accept_vanished=accept)
        assert changed.is_equal(), "I8"
        return taken

    return through
