"""Columns of numpy into PostgreSQL by COPY, in blocks, odd values set in on the way."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

Column = npt.NDArray[Any]
Columns = Mapping[str, Column]
Changes = Mapping[str, Mapping[int, str | None]]
"""By column and row: the text, as PostgreSQL reads it, that stands there instead."""

BLOCK: Final = 50_000
NULL: Final = r"\N"
ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copy(
    connection: sa.Connection, table: str, columns: Columns, changes: Changes | None = None
) -> Iterator[int]:
    """Write all rows; yields how many are written, after each block.

    Times are datetime64 in UTC, texts are objects, None is NULL.
    """
    cursor: Any = connection.connection.cursor()
    # The driver's own command: SQLAlchemy has none for COPY.
    cursor.execute("set local timezone to 'UTC'")
    statement = f"copy {table} ({', '.join(columns)}) from stdin"
    for start in range(0, length(columns), BLOCK):
        block = {name: column[start : start + BLOCK] for name, column in columns.items()}
        cursor.copy_expert(statement, io.BytesIO(_lines(block, changes or {}, start).encode()))
        yield start + length(block)


def length(columns: Columns) -> int:
    """How many rows."""
    return len(next(iter(columns.values())))


def _lines(block: Columns, changes: Changes, start: int) -> str:
    texts = []
    for name, column in block.items():
        cells = _texts(column)
        for row, text in changes.get(name, {}).items():
            if start <= row < start + len(cells):
                cells[row - start] = _escaped(text)
        texts.append(cells)
    return "".join(f"{line}\n" for line in map("\t".join, zip(*texts, strict=True)))


def _texts(column: Column) -> list[str]:
    if column.dtype.kind == "M":
        return list(np.datetime_as_string(column, unit="us"))
    values: Sequence[Any] = column.tolist()
    if column.dtype.kind == "O":
        return [_escaped(value) for value in values]
    return list(map(repr, values))


def _escaped(text: str | None) -> str:
    return NULL if text is None else text.translate(ESCAPES)
