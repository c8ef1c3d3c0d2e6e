"""Many rows into a table: streamed by LOAD DATA LOCAL, or by INSERT where the server forbids it.

They go in pieces, between which the caller may commit: servers limit what one transaction may hold
(``max_binlog_cache_size``, Group Replication, Galera).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, Self, cast

import sqlalchemy as sa

from include.errors import ContractError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


PIECE_BYTES: Final = 4 << 20
"""Of CSV in one statement. The smallest limit that a server has by itself is 143 MiB."""
PIECE_ROWS: Final = 20_000
IS_NULL: Final = frozenset((1048, 1263))
"""Codes of the warning that NULL came to a column that does not take it."""


class Feed(Protocol):
    """Rows on their way from the source: as a stream of CSV, or as batches of values."""

    def copy(self, sink: SupportsWrite[bytes]) -> int:
        """Write all rows as CSV, one at a time, NULL as the bare word; how many they were."""

    def batches(self) -> Iterable[Sequence[tuple[Any, ...]]]:
        """The same rows as tuples."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A connection to write on, and what it calls after a piece that is not the last."""

    connection: sa.Connection
    between: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go: the columns in the order in which they come, *binary* ones as hex digits.

    *fixed* columns have the same value in each row. *proof* is the SQL condition under which a row
    that comes is what it should be, with ``@name`` for the digits of a binary column; it needs a
    column ``row_hash``, which must not be NULL.
    """

    table: str
    names: Sequence[str]
    binary: set[str]
    fixed: Mapping[str, int | str]
    proof: str = ""


def load(writers: Iterator[Writer], target: Target, feed: Feed) -> tuple[int, bool]:
    """Bring the rows of *feed* into *target*: how many were sent, and whether each was proven.

    Pieces go side by side where there are several *writers*, who are asked for one by one; the
    last goes by the first of them. By LOAD DATA LOCAL where the server allows it, which turns bad
    values into others with only a warning: so a single warning is an error here, and a row that
    its proof does not hold for is one. By INSERT there is no proof.
    """
    first = next(writers)
    if not _is_allowed(first.connection):
        return _insert(first, target, feed), False
    with _PieceLoader(first, writers, target) as pieces:
        sent = feed.copy(pieces)
        pieces.end()
    return sent, True


class _PieceLoader:
    """A stream of rows cut into pieces: some are loaded while the next one is filled."""

    def __init__(self, first: Writer, others: Iterator[Writer], target: Target) -> None:
        self._pool = ThreadPoolExecutor()
        self._first, self._others, self._target = first, others, target
        self._free, self._under_way = [first], set[Future[Writer]]()
        self._piece, self._bytes = _open_piece(), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._piece.close()
        # Who interrupts us does not wait for a server: our caller ends what it does there.
        self._pool.shutdown(wait=kind is None or issubclass(kind, Exception), cancel_futures=True)

    def write(self, rows: bytes) -> int:
        """Take whole rows, in the next piece if this one has had enough."""
        if self._bytes >= PIECE_BYTES:
            writer = self._free.pop() if self._free else next(self._others, None) or self._wait()
            self._under_way.add(self._pool.submit(self._load, writer, self._piece))
            self._piece, self._bytes = _open_piece(), 0
        self._bytes += len(rows)
        return self._piece.write(rows)

    def end(self) -> None:
        """Load the last piece when all others are."""
        while self._under_way:
            self._wait()
        _load(self._first.connection, self._target, self._piece)

    def _wait(self) -> Writer:
        """Whoever is the first to have done with a piece."""
        done, self._under_way = wait(self._under_way, return_when=FIRST_COMPLETED)
        self._free += [future.result() for future in done]
        return self._free.pop()

    def _load(self, writer: Writer, piece: BinaryIO) -> Writer:
        _load(writer.connection, self._target, piece)
        writer.between()
        return writer


def _open_piece() -> BinaryIO:
    """A file without a name, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("rows"), "wb")
    return cast(BinaryIO, tempfile.TemporaryFile())


def _load(connection: sa.Connection, target: Target, piece: BinaryIO) -> None:
    columns = ", ".join(f"@{name}" if name in target.binary else name for name in target.names)
    values = {name: f"unhex(@{name})" for name in sorted(target.binary)}
    if target.proof:
        values["row_hash"] = f"if({target.proof}, {values['row_hash']}, null)"
    values |= {name: f"'{value}'" for name, value in target.fixed.items()}
    with piece:
        piece.seek(0)  # where /dev/fd shares the position (macOS), it is read from there
        connection.exec_driver_sql(
            f"load data local infile '/dev/fd/{piece.fileno()}' into table {target.table}"
            " character set utf8mb4 fields terminated by ',' enclosed by '\"' escaped by ''"
            f" lines terminated by '\\n' ({columns}){' set ' if values else ''}"
            + ", ".join(f"{name} = {value}" for name, value in values.items())
        )
    _refuse_warnings(connection, target.table)


def _refuse_warnings(connection: sa.Connection, table: str) -> None:
    warnings = connection.exec_driver_sql("show warnings limit 1").all()
    if not warnings:
        return
    code, text = int(warnings[0][1]), str(warnings[0][2]).split(" value: ")[0]
    if code in IS_NULL and "'row_hash'" in text:
        text = (
            "a row did not land as it was in the source; what is published stays as it was"
            " (is max_allowed_packet below the longest row?)"
        )
    raise ContractError(f"{table}: {text}", vendor="warehouse", code=str(code))


def _is_allowed(connection: sa.Connection) -> bool:
    return bool(connection.exec_driver_sql("select @@local_infile").scalar())


def _insert(writer: Writer, target: Target, feed: Feed) -> int:
    """The same by multi-row INSERT, for a server that forbids LOAD DATA LOCAL."""
    columns = [*target.names, *target.fixed]
    places = ", ".join(["%s"] * len(columns))
    statement = f"insert into {target.table} ({', '.join(columns)}) values ({places})"
    sent = piece = 0
    for rows in feed.batches():
        if piece >= PIECE_ROWS:
            writer.between()
            piece = 0
        values = [
            tuple(
                bytes.fromhex(value) if name in target.binary else value
                for name, value in zip(columns, (*row, *target.fixed.values()), strict=True)
            )
            for row in rows
        ]
        writer.connection.exec_driver_sql(statement, values)
        sent += len(values)
        piece += len(values)
    return sent
