"""A source whose statements, and the blocks of whose COPY, are counted as boundaries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg2.extensions  # type: ignore[import-untyped]
import sqlalchemy as sa

from include.source.postgres import SourceDatabase

BLOCK_ROWS = 50


class CountedSink:
    """Passes rows on, and calls a block of them a boundary."""

    def __init__(self, sink: Any, boundary: Callable[[str], None]) -> None:
        self._sink, self._boundary = sink, boundary
        self._rows = 0

    def write(self, data: bytes) -> int:
        self._rows += 1
        if self._rows % BLOCK_ROWS == 0:
            self._boundary("block")
        return int(self._sink.write(data))


def open_source(source_url: str, boundary: Callable[[str], None]) -> SourceDatabase:
    """A source that calls *boundary* before all it is about to do."""

    class CountedCursor(psycopg2.extensions.cursor):  # type: ignore[misc]
        def execute(self, *arguments: Any) -> None:
            boundary("source")
            super().execute(*arguments)

        def fetchmany(self, *arguments: Any) -> Any:
            boundary("source")
            return super().fetchmany(*arguments)

        def copy_expert(self, sql: str, file: Any) -> None:
            boundary("source")
            super().copy_expert(sql, CountedSink(file, boundary))

    url = sa.make_url(source_url)
    arguments = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        "cursor_factory": CountedCursor,
    }
    return SourceDatabase(arguments, 60)
