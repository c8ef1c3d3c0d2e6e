"""A small table of a source that needs no server."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from include.customer_service import Column, Kind, SourceTable
from include.warehouse.customer_service.tables import history_table
from include.warehouse.mysql import Warehouse

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

NOTES = SourceTable(
    "note",
    "notes",
    ("id",),
    (Column("id", Kind.INTEGER, "key"), Column("text", Kind.TEXT, "content", 20)),
)


class Rows:
    """Rows as a source would send them: id, text, unfit, row_key, row_hash as hex digits."""

    def __init__(self, *given: tuple[int, str], broken: bool = False) -> None:
        self.rows = [self._row(number, text, broken) for number, text in given]

    def copy(self, sink: SupportsWrite[bytes]) -> int:
        for row in self.rows:
            sink.write((",".join(map(_cell, row)) + "\n").encode())
        return len(self.rows)

    def batches(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        for row in self.rows:
            yield [row]

    def _row(self, number: int, text: str, broken: bool) -> tuple[Any, ...]:
        canonical = f"{number},{len(text)}:{text},~"
        digest = hashlib.sha256(canonical.encode()).digest()[:16]
        return number, text, None, number, (b"\0" * 16 if broken else digest).hex()


def _cell(value: int | str | None) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return "NULL" if value is None else str(value)


@pytest.fixture
def history(warehouse: Warehouse) -> sa.Table:
    table = history_table(NOTES, sa.MetaData())
    with warehouse.engine.begin() as connection:
        table.create(connection)
    return table
