"""Many rows into a table: streamed by LOAD DATA LOCAL, or by INSERT where the server forbids it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, Protocol

import sqlalchemy as sa

from include.errors import ContractError


class Feed(Protocol):
    """Rows on their way from the source: as a stream of CSV, or as batches of values."""

    def copy(self, sink: BinaryIO) -> int:
        """Write all rows as CSV, NULL as the bare word; how many they were."""

    def batches(self) -> Iterable[Sequence[tuple[Any, ...]]]:
        """The same rows as tuples."""


def load(
    connection: sa.Connection,
    target: sa.Table,
    names: Sequence[str],
    binary: set[str],
    fixed: Mapping[str, int | str],
    feed: Feed,
) -> int:
    """Bring the rows of *feed* into *target*; columns in *binary* come as hex digits.

    Returns the number sent. By LOAD DATA LOCAL where the server allows it, which turns bad values
    into others with only a warning: so a single warning is an error here.
    """
    if not _is_allowed(connection):
        return _insert(connection, target, names, binary, fixed, feed)
    read, write = os.pipe()

    def produce() -> int:
        with os.fdopen(write, "wb", buffering=1 << 20) as sink:
            return feed.copy(sink)

    columns = ", ".join(f"@{name}" if name in binary else name for name in names)
    settings = [f"{name} = unhex(@{name})" for name in sorted(binary)]
    settings += [f"{name} = '{value}'" for name, value in fixed.items()]
    statement = (
        f"load data local infile '/dev/fd/{read}' into table {target.name} character set utf8mb4"
        " fields terminated by ',' enclosed by '\"' escaped by '' lines terminated by '\\n'"
        f" ({columns}){' set ' if settings else ''}{', '.join(settings)}"
    )
    with ThreadPoolExecutor(1) as beside:
        sending = beside.submit(produce)
        try:
            connection.exec_driver_sql(statement)
        finally:
            os.close(read)  # whoever still writes is told
        sent = sending.result()
    warnings = connection.exec_driver_sql("show warnings limit 1").all()
    if warnings:
        raise ContractError(
            f"{target.name}: {str(warnings[0][2]).split(' value: ')[0]}",
            vendor="warehouse",
            code=str(warnings[0][1]),
        )
    return sent


def _is_allowed(connection: sa.Connection) -> bool:
    return bool(connection.exec_driver_sql("select @@local_infile").scalar())


def _insert(
    connection: sa.Connection,
    target: sa.Table,
    names: Sequence[str],
    binary: set[str],
    fixed: Mapping[str, int | str],
    feed: Feed,
) -> int:
    """The same by multi-row INSERT, for a server that forbids LOAD DATA LOCAL."""
    columns = [*names, *fixed]
    places = ", ".join(["%s"] * len(columns))
    statement = f"insert into {target.name} ({', '.join(columns)}) values ({places})"
    sent = 0
    for rows in feed.batches():
        values = [
            tuple(
                bytes.fromhex(value) if name in binary else value
                for name, value in zip(columns, (*row, *fixed.values()), strict=True)
            )
            for row in rows
        ]
        connection.exec_driver_sql(statement, values)
        sent += len(values)
    return sent
