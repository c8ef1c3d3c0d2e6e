"""Which statements the time goes to: every one of the warehouse's is timed and named."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

COMMENTS: Final = re.compile(r"^\s*--.*$", re.MULTILINE)
WORDS: Final = 4
UNKNOWN: Final = 2**64 - 1
"""The rows of an answer that is read as it comes."""
LEAST_SHARE: Final = 0.02
"""Of all the time; what takes less is not told one by one."""


@dataclass(slots=True)
class Taken:
    """What statements of one name took together."""

    calls: int = 0
    seconds: float = 0.0
    rows: int = 0


@contextmanager
def timed_statements() -> Iterator[dict[str, Taken]]:
    """Time the statements of every engine until the end, by their first words, grain and scope."""
    taken: dict[str, Taken] = {}
    began: list[float] = []

    def before(*_: Any) -> None:
        began.append(time.perf_counter())

    def after(
        _: sa.Connection, cursor: Any, statement: str, values: Any, *__: Any, **___: Any
    ) -> None:
        one = taken.setdefault(_name(statement, values), Taken())
        one.calls += 1
        one.seconds += time.perf_counter() - began.pop()
        one.rows += cursor.rowcount if 0 <= cursor.rowcount < UNKNOWN else 0

    listeners = (("before_cursor_execute", before), ("after_cursor_execute", after))
    for event, listener in listeners:
        sa.event.listen(sa.Engine, event, listener)
    try:
        yield taken
    finally:
        for event, listener in listeners:
            sa.event.remove(sa.Engine, event, listener)


def describe(taken: dict[str, Taken]) -> Iterator[str]:
    """Lines about the statements that matter, the longest first."""
    total = sum(one.seconds for one in taken.values())
    for name, one in sorted(taken.items(), key=lambda item: -item[1].seconds):
        if one.seconds >= LEAST_SHARE * total:
            yield f"    {name:52}{one.calls:6} x {one.seconds:8.2f} s {one.rows:10,} rows"


def _name(statement: str, values: Any) -> str:
    words = COMMENTS.sub("", statement).split("(")[0].split()[:WORDS]
    given = values if isinstance(values, dict) else {}
    return " ".join([*words, *(str(given[key]) for key in ("grain", "scope") if key in given)])
