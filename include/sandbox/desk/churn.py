"""What happens at the desk between two snapshots: rows come, change, move and go.

The statements are in desk_events.py. Rows are picked by a hash of key and seed, so the same seed
does the same to the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from include.sandbox.desk.events import PLANS, Plan


@dataclass(slots=True)
class Changes:
    """Rows of one table that a churn touched; a row that moves is deleted and inserted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


def churn(url: str, *, seed: int, now: datetime, share: float = 0.01) -> dict[str, Changes]:
    """Change about *share* of every table, in one transaction; returns what was done to each.

    Every kind of event happens at least once where a row is there for it. The same *seed* and
    *now* a second time would make the same keys again: an IntegrityError.
    """
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        there = set(sa.inspect(connection).get_table_names())
        plans = [plan for plan in PLANS if plan.tables <= there]
        values = {
            "seed": seed,
            "now": now,
            "salt": f"{seed}/{now:%Y-%m-%dT%H:%M:%S.%f}",
            "last": connection.scalar(sa.text("select max(id) from busi_seat_mapping")) or 0,
        }
        done = {table: Changes() for plan in plans for table in plan.tables}
        highs = [
            _pick(connection, number, plan, share, values) for number, plan in enumerate(plans)
        ]
        for number, plan in enumerate(plans):
            low = 0
            for high, event in zip(highs[number], plan.events, strict=True):
                mine = f"select key, n from picked_{number} where n > :low and n <= :high"
                connection.execute(
                    sa.text(f"create temp table mine on commit drop as {mine}"),
                    {"low": low, "high": high},
                )
                low = high
                for act in event.acts:
                    rows = connection.execute(sa.text(act.statement), values).rowcount
                    counts = done[act.table]
                    setattr(counts, act.kind, getattr(counts, act.kind) + rows)
                connection.exec_driver_sql("drop table mine")
    return done


def _pick(
    connection: sa.Connection, number: int, plan: Plan, share: float, values: dict[str, object]
) -> list[int]:
    """Number the rows that something will happen to, in ``picked_<number>``; where events end."""
    rows = connection.scalar(sa.text(f"select count(*) from {plan.table} where {plan.where}"))
    highs, total = [], 0
    for event in plan.events:
        total += max(1, round(event.part * share * rows))
        highs.append(total)
    hashed = "hashtextextended" if plan.key == "session_id" else "hashint8extended"
    order = f"{hashed}({plan.key}, :seed), {plan.key}"
    connection.execute(
        sa.text(
            f"create temp table picked_{number} on commit drop as"
            f" select {plan.key} as key, row_number() over (order by {order}) as n"
            f" from {plan.table} where {plan.where} order by n limit :total"
        ),
        {**values, "total": total},
    )
    connection.exec_driver_sql(f"analyze picked_{number}")
    return highs
