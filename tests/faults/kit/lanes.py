"""Databases with a process each, in which a work is killed at its boundaries, side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from tests.faults.kit.children import Children, children

T = TypeVar("T")

LANES = 2


@dataclass
class Lane:
    """A database, the process that works on it, and our own connection, outside transactions."""

    url: str
    runner: Children
    connection: sa.Connection

    def run(self, **asked: Any) -> dict[str, Any]:
        """Let the process work, or a child of it be killed; how that ended."""
        return self.runner.run(url=self.url, watch=self.connection, **asked)

    def execute(self, statements: Iterable[str]) -> None:
        """All *statements* in one transaction."""
        with self.connection.begin():
            for statement in statements:
                self.connection.exec_driver_sql(statement)


@contextmanager
def lanes(urls: Collection[str]) -> Iterator[list[Lane]]:
    """A lane a database. Connections and processes are opened once: that costs as much as a run."""
    with ExitStack() as stack:
        yield [
            Lane(
                url,
                stack.enter_context(children()),
                stack.enter_context(sa.create_engine(url, poolclass=sa.NullPool).connect()),
            )
            for url in urls
        ]


def side_by_side(
    in_lanes: Sequence[Lane], points: Sequence[int], at: Callable[[int, Lane], T]
) -> list[T]:
    """``at(point, lane)`` for all *points*: each lane takes the next one when it has time."""
    left = iter(points)

    def work_off(lane: Lane) -> list[T]:
        return [at(point, lane) for point in left]

    with ThreadPoolExecutor(len(in_lanes)) as pool:
        return [found for lane in pool.map(work_off, in_lanes) for found in lane]
