"""One table of a snapshot: read what changed, or all, and find what that would change."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final

import sqlalchemy as sa

from include.customer_service import SourceTable
from include.source.postgres import Found, Snapshot
from include.warehouse.customer_service.staging import Staging

log = logging.getLogger(__name__)

BATCH_KEYS: Final = 50_000


@dataclass(frozen=True, slots=True)
class TableFigures:
    """What a snapshot did with one table; the columns of ``cs_snapshot_table``."""

    table_name: str
    rows_read: int
    opened: int
    closed: int
    vanished: int
    present: int
    unfit: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class _Feed:
    """The rows of one query of a snapshot, as the warehouse takes them."""

    snapshot: Snapshot
    query: str

    def copy(self, sink: BinaryIO) -> int:
        return self.snapshot.copy(self.query, sink)

    def batches(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        return self.snapshot.batches(self.query)


@dataclass(frozen=True, slots=True)
class TableRead:
    """What was read of one table; *staging* still has to be published unless it is None."""

    staging: Staging | None
    figures: TableFigures
    checksum: int
    over_limit: bool
    relation: str

    def row(self) -> dict[str, Any]:
        """Its row of the manifest."""
        own = {"checksum": self.checksum, "over_limit": self.over_limit, "relation": self.relation}
        return asdict(self.figures) | own


class _DoubtError(Exception):
    """The row versions do not explain the keys: all rows of the table must be read."""


@dataclass(frozen=True, slots=True)
class TableReader:
    """Stages one table of a snapshot and finds what it would change."""

    connection: sa.Connection
    snapshot: Snapshot
    number: int
    moment: datetime
    vanish_limit: float
    notes: list[str]

    def read(
        self,
        table: SourceTable,
        found: Found | None,
        horizon: int | None,
        old: Mapping[str, Any] | None,
    ) -> TableRead:
        """*old* is the table's row in the manifest of the last snapshot."""
        if found is None:
            self.notes.append(f"{table.name} is no longer there")
            return self._all(table, None, old)
        if horizon is None or old is None or not found.is_whole:
            return self._all(table, found, old)
        if old["relation"] != found.relation:
            self.notes.append(f"{table.name} was made anew or altered: all its rows were read")
            return self._all(table, found, old)
        try:
            return self._changes(found, horizon, old)
        except _DoubtError as doubt:
            self.notes.append(f"{table.name}: {doubt}: all its rows were read")
            log.warning("%s: %s: all its rows are read", table.name, doubt)
            return self._all(table, found, old)

    def _all(
        self, table: SourceTable, found: Found | None, old: Mapping[str, Any] | None
    ) -> TableRead:
        """Read all rows, none if the table is no longer there."""
        staging = Staging(self.connection, table)
        present, duplicates = old["present"] if old else 0, 0
        if found:
            feed = _Feed(self.snapshot, found.reading.rows())
            if not found.reading.unique:
                duplicates = int(self.snapshot.one(found.reading.duplicates())[0])
            if not staging.has_present():
                staging.load_first(feed, self.number, self.moment)
                figures = self._figures(staging, staging.rows, 0, 0, staging.rows, duplicates)
                return TableRead(None, figures, staging.checksum, False, found.relation)
            staging.load(feed)
        difference = staging.difference()
        staging.mark_unstaged()
        vanished, _ = staging.vanished()
        figures = self._figures(
            staging, difference.opened, difference.changed, vanished, staging.rows, duplicates
        )
        return TableRead(
            staging,
            figures,
            staging.checksum,
            self._is_over(found, vanished, present, staging.rows),
            found.relation if found else "",
        )

    def _changes(self, found: Found, horizon: int, old: Mapping[str, Any]) -> TableRead:
        """Read the rows that are new since *horizon*, and the keys of ranges that lost some."""
        staging = Staging(self.connection, found.table)
        staging.load(_Feed(self.snapshot, found.reading.rows(horizon)))
        with ThreadPoolExecutor(1) as beside:  # two servers, two queries at once
            theirs = beside.submit(self.snapshot.all, found.reading.ranges())
            difference = staging.difference()
            ours = staging.ranges()
            source = {int(where): (int(rows), int(total)) for where, rows, total in theirs.result()}
        differing = sorted(
            where for where in source.keys() | ours.keys() if source.get(where) != ours.get(where)
        )
        for batch in _batches(differing, ours):
            keys = staging.keys_in(batch)
            columns = [list(column) for column in zip(*keys, strict=True)][1:]
            gone = self.snapshot.all(found.reading.missing(), columns) if keys else []
            staging.mark_vanished([keys[place - 1][0] for (place,) in gone])
        vanished, vanished_sum = staging.vanished()
        present = sum(rows for rows, _ in ours.values()) - vanished
        if present != sum(rows for rows, _ in source.values()):
            raise _DoubtError("row versions do not explain the keys")
        checksum = (
            int(old["checksum"]) + difference.opened_sum - difference.changed_sum - vanished_sum
        )
        figures = self._figures(
            staging, difference.opened, difference.changed, vanished, present, 0
        )
        over = self._is_over(found, vanished, old["present"], present)
        return TableRead(staging, figures, checksum, over, found.relation)

    def _figures(
        self,
        staging: Staging,
        opened: int,
        changed: int,
        vanished: int,
        present: int,
        duplicates: int,
    ) -> TableFigures:
        return TableFigures(
            table_name=staging.table.name,
            rows_read=staging.rows,
            opened=opened,
            closed=changed + vanished,
            vanished=vanished,
            present=present,
            unfit=staging.unfit,
            duplicates=duplicates,
        )

    def _is_over(self, found: Found | None, vanished: int, before: int, after: int) -> bool:
        """Whether so much vanished that a person or a second look must confirm it."""
        if found and found.table.volatile:
            return False
        return vanished > before * self.vanish_limit or bool(before and not after)


def _batches(differing: Iterable[int], ours: Mapping[int, tuple[int, int]]) -> Iterator[list[int]]:
    """The ranges in which keys differ, so many at a time that some thousand keys are in them."""
    batch, keys = [], 0
    for where in differing:
        batch.append(where)
        keys += ours.get(where, (0, 0))[0]
        if keys >= BATCH_KEYS:
            yield batch
            batch, keys = [], 0
    if batch:
        yield batch
