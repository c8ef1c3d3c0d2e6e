"""Many rows into a table: streamed by LOAD DATA LOCAL, or by INSERT where the server forbids it.

They go in pieces, between which the caller may commit: servers limit what one transaction may hold
(``max_binlog_cache_size``, Group Replication, Galera).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, Self

import sqlalchemy as sa

from include.errors import ContractError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


PIECE_BYTES: Final = 16 << 20
"""Of CSV in one statement. The smallest limit that a server has by itself is 143 MiB."""
PIECE_ROWS: Final = 20_000


class Feed(Protocol):
    """Rows on their way from the source: as a stream of CSV, or as batches of values."""

    def copy(self, sink: SupportsWrite[bytes]) -> int:
        """Write all rows as CSV, one at a time, NULL as the bare word; how many they were."""

    def batches(self) -> Iterable[Sequence[tuple[Any, ...]]]:
        """The same rows as tuples."""


def load(
    connection: sa.Connection,
    target: sa.Table,
    names: Sequence[str],
    binary: set[str],
    fixed: Mapping[str, int | str],
    feed: Feed,
    between: Callable[[], None],
) -> int:
    """Bring the rows of *feed* into *target*; columns in *binary* come as hex digits.

    Returns the number sent. *between* is called after each piece but the last. By LOAD DATA LOCAL
    where the server allows it, which turns bad values into others with only a warning: so a single
    warning is an error here.
    """
    if not _is_allowed(connection):
        return _insert(connection, target, names, binary, fixed, feed, between)
    columns = ", ".join(f"@{name}" if name in binary else name for name in names)
    settings = [f"{name} = unhex(@{name})" for name in sorted(binary)]
    settings += [f"{name} = '{value}'" for name, value in fixed.items()]
    statement = (
        f"load data local infile '/dev/fd/%d' into table {target.name} character set utf8mb4"
        " fields terminated by ',' enclosed by '\"' escaped by '' lines terminated by '\\n'"
        f" ({columns}){' set ' if settings else ''}{', '.join(settings)}"
    )
    with ThreadPoolExecutor(1) as beside, _Pipes() as pipes:
        sending = beside.submit(pipes.send, feed)
        while not pipes.ended:
            with pipes.reading() as end:
                connection.exec_driver_sql(statement % end)
            _refuse_warnings(connection, target)
            if not pipes.ended:
                between()
        return sending.result()


class _Pipes:
    """A stream of rows cut into pieces, each of them a pipe: one is read while it is written."""

    def __init__(self) -> None:
        self.ended = False
        """Whether the pipe that was read to its end is the last, because all came or none can."""
        self._offered: SimpleQueue[int | None] = SimpleQueue()
        self._sink: BinaryIO
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._offered.put(None)  # who waits for the next pipe is told that nobody will read it

    @contextmanager
    def reading(self) -> Iterator[int]:
        """The descriptor of a new pipe's end, to be read while the rows are sent."""
        end, start = os.pipe()
        self._offered.put(start)
        try:
            yield end
        finally:
            os.close(end)  # whoever still writes is told

    def send(self, feed: Feed) -> int:
        """Send the rows of *feed*; how many they were."""
        self._begin()
        try:
            return feed.copy(self)
        finally:
            self.ended = True
            self._sink.close()

    def write(self, rows: bytes) -> int:
        """Send whole rows, in the next pipe if this one has had enough."""
        if self._bytes >= PIECE_BYTES:
            self._sink.close()
            self._begin()
        self._bytes += len(rows)
        return self._sink.write(rows)

    def _begin(self) -> None:
        start = self._offered.get()
        if start is None:
            raise BrokenPipeError("nobody reads on")
        self._sink, self._bytes = os.fdopen(start, "wb", buffering=1 << 20), 0


def _refuse_warnings(connection: sa.Connection, target: sa.Table) -> None:
    warnings = connection.exec_driver_sql("show warnings limit 1").all()
    if warnings:
        raise ContractError(
            f"{target.name}: {str(warnings[0][2]).split(' value: ')[0]}",
            vendor="warehouse",
            code=str(warnings[0][1]),
        )


def _is_allowed(connection: sa.Connection) -> bool:
    return bool(connection.exec_driver_sql("select @@local_infile").scalar())


def _insert(
    connection: sa.Connection,
    target: sa.Table,
    names: Sequence[str],
    binary: set[str],
    fixed: Mapping[str, int | str],
    feed: Feed,
    between: Callable[[], None],
) -> int:
    """The same by multi-row INSERT, for a server that forbids LOAD DATA LOCAL."""
    columns = [*names, *fixed]
    places = ", ".join(["%s"] * len(columns))
    statement = f"insert into {target.name} ({', '.join(columns)}) values ({places})"
    sent = piece = 0
    for rows in feed.batches():
        if piece >= PIECE_ROWS:
            between()
            piece = 0
        values = [
            tuple(
                bytes.fromhex(value) if name in binary else value
                for name, value in zip(columns, (*row, *fixed.values()), strict=True)
            )
            for row in rows
        ]
        connection.exec_driver_sql(statement, values)
        sent += len(values)
        piece += len(values)
    return sent
