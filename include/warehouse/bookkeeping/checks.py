"""The checks of ``sql/checks``: read from their files, run, and their outcomes stored.

A check is one statement that returns the offences, ids and counts only. Its first comments are
``-- level: fail`` or ``warn``, then ``-- each: history`` where it is about every history, then a
sentence of what must hold. ``:now`` is the moment of the run in UTC; for a history, ``{history}``,
``{table}`` and ``{row}`` are its table, the source's table and the version's key as text, and
``{key_hash}`` and ``{content_hash}`` what its columns say that key and hash must be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES, SourceTable
from include.warehouse.bookkeeping.tables import sync_check
from include.warehouse.customer_service.staging import content_hash, key_hash
from include.warehouse.mysql import Row
from include.warehouse.types import bind_moments

CHECKS: Final = Path(__file__).resolve().parents[3] / "sql" / "checks"
LEVELS: Final = ("fail", "warn")
SAMPLE: Final = 20
"""Offences of a check that are kept as examples."""
CHARS: Final = 100

Level = Literal["fail", "warn"]
Offence = Mapping[str, int | str | None]


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold, and the statement that finds where it does not."""

    name: str
    level: Level
    sentence: str
    statement: str


def read_checks(directory: Path | None = None) -> list[Check]:
    """All checks, in the order of their names. Raises ValueError for a head that is not one."""
    paths = sorted((directory or CHECKS).glob("*.sql"))
    return [_parse(path.stem, path.read_text("utf-8")) for path in paths]


def find(connection: sa.Connection, check: Check, now: datetime) -> tuple[int, tuple[Offence, ...]]:
    """How many rows offend *check*, and the first ``SAMPLE`` of them."""
    # Not executed twice, and never more rows than the sample on their way to us.
    query = bind_moments(
        f"select offence.*, count(*) over () as all_offences from (\n{check.statement}\n)"  # noqa: S608  # a file of ours
        f" as offence limit {SAMPLE}"
    )
    rows = [dict(row) for row in connection.execute(query, {"now": now}).mappings()]
    count = max((int(row.pop("all_offences")) for row in rows), default=0)
    return count, tuple({name: _plain(value) for name, value in row.items()} for row in rows)


def store(connection: sa.Connection, outcomes: Sequence[Row]) -> None:
    """Replace all of ``sync_check``; what failed before goes on failing since then."""
    since = {
        row.name: row.failing_since_at
        for row in connection.execute(sa.select(sync_check.c.name, sync_check.c.failing_since_at))
    }
    connection.execute(sa.delete(sync_check))
    for row in outcomes:
        failing_since_at = (
            (since.get(row["name"]) or row["checked_at"]) if row["offences"] else None
        )
        connection.execute(sa.insert(sync_check).values(**row, failing_since_at=failing_since_at))


def _parse(name: str, text: str) -> Check:
    head, lines = [], text.strip().splitlines()
    while lines and lines[0].startswith("--"):
        head.append(lines.pop(0).removeprefix("--").strip())
    level = head.pop(0).removeprefix("level: ") if head else ""
    each = head.pop(0).removeprefix("each: ") if head and head[0].startswith("each: ") else ""
    if level not in LEVELS or each not in ("", "history") or not head or not lines:
        raise ValueError(
            f"sql/checks/{name}.sql must begin with `-- level: fail` or `-- level: warn`, then"
            " `-- each: history` or nothing, then a sentence, then its statement"
        )
    statement = "\n".join(lines)
    if each:
        statement = "\nunion all\n".join(_about(table, statement) for table in SOURCE_TABLES)
    return Check(name, level, " ".join(head), statement)  # type: ignore[arg-type]  # one of LEVELS


def _about(table: SourceTable, statement: str) -> str:
    """The statement, about the history of one table."""
    of = "version.row_key"
    return statement.format(
        table=table.name,
        history=table.history,
        row=f"cast({of} as char)" if table.has_integer_key else f"hex({of})",
        key_hash=table.key[0] if table.has_integer_key else key_hash(table),
        content_hash=content_hash(table),
    )


def _plain(value: Any) -> int | str | None:
    """As JSON can hold it, and short."""
    if isinstance(value, Decimal) and value == int(value):
        return int(value)
    return value if value is None or isinstance(value, int) else str(value)[:CHARS]
