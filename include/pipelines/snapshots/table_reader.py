"""The tables of a snapshot: read what changed, or all, and find what that would change."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from include.customer_service import SourceTable
from include.pipelines.snapshots.plan import SnapshotPlan
from include.pipelines.snapshots.refusal import is_over_limit
from include.source.postgres import FoundTable, Snapshot
from include.warehouse.customer_service.bulk import Writer
from include.warehouse.customer_service.manifest import TableFigures, TableRow
from include.warehouse.customer_service.staging import Staging

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

log = logging.getLogger(__name__)

BATCH_KEYS: Final = 50_000
OTHERS: Final = 1  # connections that help to write a first snapshot


@dataclass(frozen=True, slots=True)
class _Feed:
    """The rows of one query of a snapshot, as the warehouse takes them."""

    snapshot: Snapshot
    query: str

    def copy(self, sink: SupportsWrite[bytes]) -> int:
        return self.snapshot.copy(self.query, sink)

    def batches(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        return self.snapshot.batches(self.query)


@dataclass(frozen=True, slots=True)
class StagedTable:
    """A table as it was read, with its row of the manifest.

    *staging* still has to be published; None: there is nothing to publish.
    """

    staging: Staging | None
    row: TableRow
    notes: tuple[str, ...] = ()


class _DoubtError(Exception):
    """The row versions do not explain the keys: all rows of the table must be read."""


@dataclass(frozen=True, slots=True)
class TableReader:
    """Stages the tables of one snapshot and finds what each would change.

    *published* are the rows of the manifest of the last complete snapshot, by table. *wrote*
    is told of the rows that were written, and commits them when they are many; *beside* opens one
    more connection to write on.
    """

    connection: sa.Connection
    snapshot: Snapshot
    plan: SnapshotPlan
    published: Mapping[str, TableRow]
    vanish_limit: float
    wrote: Callable[[int], None]
    beside: Callable[[], AbstractContextManager[Writer]]

    def read_tables(self, tables: Sequence[SourceTable]) -> Iterator[StagedTable]:
        """Read those of *tables* that are there, or were there in the last snapshot."""
        for table in tables:
            found, old = self.snapshot.found.get(table.name), self.published.get(table.name)
            if found or (old and old.figures.present):
                yield self._read(table, found, old)

    def _read(
        self, table: SourceTable, found: FoundTable | None, old: TableRow | None
    ) -> StagedTable:
        if found is None:
            note = f"{table.name} is no longer there"
        elif self.plan.horizon is None or old is None or not found.is_whole:
            return self._all(table, found, old)
        elif old.relation != found.relation:
            note = f"{table.name} was made anew or altered: all its rows were read"
        else:
            try:
                return self._changes(found, self.plan.horizon, old)
            except _DoubtError as doubt:
                note = f"{table.name}: {doubt}: all its rows were read"
                log.warning("%s: %s: all its rows are read", table.name, doubt)
        return replace(self._all(table, found, old), notes=(note,))

    def _all(
        self, table: SourceTable, found: FoundTable | None, old: TableRow | None
    ) -> StagedTable:
        """Read all rows, none if the table is no longer there."""
        staging = Staging(self.connection, table, self.wrote)
        relation, duplicates = found.relation if found else "", 0
        if found:
            feed = _Feed(self.snapshot, found.reading.rows())
            if not found.reading.unique:
                duplicates = int(self.snapshot.one(found.reading.duplicates())[0])
            if not staging.has_present():
                with ExitStack() as stack:
                    others = (stack.enter_context(self.beside()) for _ in range(OTHERS))
                    staging.load_first(feed, self.plan.snapshot_id, self.plan.snapshot_at, others)
                figures = _figures_of(staging, staging.rows, 0, 0, staging.rows, duplicates)
                return StagedTable(None, TableRow(figures, staging.checksum, False, relation))
            staging.load(feed)
        difference = staging.difference()
        staging.mark_unstaged()
        vanished, _ = staging.vanished()
        figures = _figures_of(
            staging, difference.opened, difference.changed, vanished, staging.rows, duplicates
        )
        is_over = self._is_over(found, old, figures)
        return StagedTable(staging, TableRow(figures, staging.checksum, is_over, relation))

    def _changes(self, found: FoundTable, horizon: int, old: TableRow) -> StagedTable:
        """Read the rows that are new since *horizon*, and find out whether others vanished."""
        staging = Staging(self.connection, found.table, self.wrote)
        staging.load(_Feed(self.snapshot, found.reading.rows(horizon)))
        difference = staging.difference()
        # All keys of the source are published already, or among the new ones.
        present = old.figures.present + difference.opened - difference.changed
        (number,) = self.snapshot.one(found.reading.number())
        if number != present:
            present = self._mark_vanished(found, staging)
        vanished, vanished_sum = staging.vanished()
        if number != present - vanished:
            raise _DoubtError("row versions do not explain the keys")
        checksum = old.checksum + difference.opened_sum - difference.changed_sum - vanished_sum
        figures = _figures_of(staging, difference.opened, difference.changed, vanished, number, 0)
        is_over = self._is_over(found, old, figures)
        return StagedTable(staging, TableRow(figures, checksum, is_over, found.relation))

    def _mark_vanished(self, found: FoundTable, staging: Staging) -> int:
        """Compare keys range by range, and those of ranges that differ one by one.

        Returns how many rows of ours there are, the vanished and the new ones included.
        """
        with ThreadPoolExecutor(1) as beside:  # two servers, two queries at once
            theirs = beside.submit(self.snapshot.all, found.reading.ranges())
            ours = staging.ranges()
            source = {int(where): (int(rows), int(total)) for where, rows, total in theirs.result()}
        differing = sorted(
            where for where in source.keys() | ours.keys() if source.get(where) != ours.get(where)
        )
        for batch in _batches(differing, ours):
            keys, columns = staging.keys_in(batch)
            gone = self.snapshot.all(found.reading.missing(), columns) if keys else []
            staging.mark_vanished([keys[place - 1] for (place,) in gone])
        return sum(rows for rows, _ in ours.values())

    def _is_over(
        self, found: FoundTable | None, old: TableRow | None, figures: TableFigures
    ) -> bool:
        return is_over_limit(
            is_volatile=found is not None and found.table.volatile,
            vanished=figures.vanished,
            before=old.figures.present if old else 0,
            after=figures.present,
            vanish_limit=self.vanish_limit,
        )


def _figures_of(
    staging: Staging, opened: int, changed: int, vanished: int, present: int, duplicates: int
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
