"""A sample customer-service system in PostgreSQL: seeded rows, and what happens to them.

The figures stand in the description of the source: suppliers by Zipf, seats, conversations of the
last 90 days with the hours and waits of a real desk, and in one row of 200 an odd value that such
a system may hold. At scale 1 there are 500 suppliers, 5,000 seats and a million conversations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import sqlalchemy as sa

from include.errors import ConfigError
from include.sandbox.desk.conversations import conversations, sessions
from include.sandbox.desk.copying import Columns, copy, length
from include.sandbox.desk.odd import Oddness, plant
from include.sandbox.desk.people import people

TABLES: Final = Path(__file__).with_name("schema.sql")
NUMBERED: Final = {
    "supplier": "supplier_id_seq",
    "seat": "seat_id_seq",
    "busi_supplier_mapping": "busi_supplier_mapping_id_seq",
    "busi_seat_mapping": "busi_seat_mapping_id_seq",
    "session": "session_id_seq",
    "session_mapping": "session_mapping_id_seq",
    "queue_mapping": "queue_mapping_id_seq",
}
LEAST: Final = {"supplier": 60, "seat": 120}
"""However small the scale: the odd values need room."""

Say = Callable[[str], None]


def create(
    url: str,
    *,
    seed: int,
    now: datetime,
    scale: float = 1.0,
    rows: Mapping[str, int] | None = None,
    queue: bool = False,
    odd: Oddness = "every",
    say: Say = lambda text: None,
) -> dict[str, int]:
    """Fill the tables, made here unless they are there, empty; returns the rows of each.

    *rows* overrides the scale by table, of ``supplier``, ``seat``, ``session`` and
    ``session_mapping``. With *queue* the live conversations are in ``queue_mapping``; without,
    they are not there yet, nor is a table that was not there before. *odd* values are planted each
    at least once, or in ``odd.SHARE`` of the rows. The same arguments give the same rows. Raises
    ConfigError when a table holds rows.
    """
    rng = np.random.default_rng(seed)
    moment = int(now.timestamp() * 1_000_000)
    counts = _counts(scale, dict(rows or {}))
    say(f"drawing {counts['session_mapping']:,} conversations, {counts['session']:,} sessions")
    desk = people(rng, counts["supplier"], counts["seat"], moment)
    exactly = counts["session_mapping"] if rows and "session_mapping" in rows else None
    archive, live = conversations(
        rng, desk, counts["session_mapping"], moment, archived=exactly, erl=odd != "none"
    )
    tables: dict[str, Columns] = {
        **desk.tables,
        "session": sessions(rng, desk, counts["session"], moment),
        "session_mapping": archive,
    }
    if queue:
        tables["queue_mapping"] = live
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        _make_room(connection, queue=queue)
        for table, columns in tables.items():
            changes = plant(rng, table, length(columns), odd)
            for done in copy(connection, table, columns, changes):
                if done % 200_000 == 0 or done == length(columns):
                    say(f"{table}: {done:,} of {length(columns):,} rows")
            connection.exec_driver_sql(
                f"select setval('{NUMBERED[table]}', {length(columns) + 1}, false)"
            )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"vacuum (analyze) {', '.join(tables)}")
    return {table: length(columns) for table, columns in tables.items()}


def _counts(scale: float, rows: dict[str, int]) -> dict[str, int]:
    full = {"supplier": 500, "seat": 5_000, "session": 1_000_000, "session_mapping": 1_000_000}
    if unknown := rows.keys() - full.keys():
        raise ConfigError(f"rows of {', '.join(sorted(unknown))} follow from others: give {full}")
    scaled = {
        table: max(LEAST.get(table, 1_000), round(count * scale)) for table, count in full.items()
    }
    return scaled | rows


def _make_room(connection: sa.Connection, *, queue: bool) -> None:
    """The tables, made unless they are there. Raises ConfigError when they hold rows."""
    there = sa.inspect(connection).get_table_names()
    if "seat" not in there:
        connection.exec_driver_sql(TABLES.read_text())
        if not queue:
            connection.exec_driver_sql("drop table queue_mapping")
            connection.exec_driver_sql("drop sequence queue_mapping_id_seq")
        return
    if queue and "queue_mapping" not in there:
        raise ConfigError("queue_mapping is not among the tables: ask for no queue, or make it")
    for table in NUMBERED:
        if table in there and connection.scalar(sa.text(f"select 1 from {table} limit 1")):
            raise ConfigError(f"{table} holds rows: the sample goes into an empty database only")
        if table in there:
            # Rows of a table emptied in the same transaction need no log.
            connection.exec_driver_sql(f"truncate {table}")
