"""What old rows may go: of the ledger, of builds, of the manifest, of histories.

What everything else needs stays, however old: the newest run of each outcome of an account and the
one that proves how far it was read, the newest build, what tells when the live queue was watched,
the newest complete snapshot's figures, and every version that a build has still to count.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from include.warehouse.customer_service.tables import HISTORIES
from include.warehouse.types import bind_moments

BATCH_ROWS: Final = 2000
"""So many rows in one transaction: a run that waits for one waits for milliseconds."""

FIND: Final = {
    "sync_run": """
        select r.run_id from sync_run as r
        where r.started_at < :limit_at and r.outcome <> 'running' and r.run_id not in :proofs
            and exists (
                select 1 from sync_run as newer
                where newer.account_id = r.account_id and newer.entity = r.entity
                    and newer.outcome = r.outcome and newer.started_at > r.started_at
            )
    """,
    "rpt_build": """
        select b.build_id from rpt_build as b
        where b.built_at < :limit_at and b.build_id < (select max(build_id) from rpt_build)
    """,
    "cs_snapshot_table": """
        select t.snapshot_id, t.table_name from cs_snapshot_table as t
        inner join cs_snapshot as s on s.snapshot_id = t.snapshot_id
        where s.stored_at < :limit_at and (t.table_name <> 'queue_mapping' or s.state = 'refused')
            and exists (
                select 1 from cs_snapshot_table as newer
                inner join cs_snapshot as complete
                    on complete.snapshot_id = newer.snapshot_id and complete.state = 'complete'
                where newer.table_name = t.table_name and newer.snapshot_id > t.snapshot_id
            )
    """,
}
"""The keys of the rows that may go, by table."""

Keys = tuple[str, ...]


def keys_of(table: str) -> Keys:
    """The columns that ``FIND`` gives of a table."""
    head = FIND[table].split(" from ")[0].replace("select", "")
    return tuple(name.strip().split(".")[1] for name in head.split(","))


def count_old(connection: sa.Connection, table: str, limit: datetime, proofs: list[str]) -> int:
    """Count the rows of *table* that may go."""
    query = f"select count(*) from ({FIND[table]}) as old"  # noqa: S608  # ours
    return int(connection.scalar(_bound(query, limit, proofs)) or 0)


def delete_old(connection: sa.Connection, table: str, limit: datetime, proofs: list[str]) -> int:
    """Delete the first ``BATCH_ROWS`` rows of *table* that may go; how many there were."""
    same = " and ".join(f"old.{name} = kept.{name}" for name in keys_of(table))
    statement = (
        f"delete kept from {table} as kept"
        f" inner join ({FIND[table]} limit {BATCH_ROWS}) as old on {same}"
    )
    return connection.execute(_bound(statement, limit, proofs)).rowcount


def last_of_history(connection: sa.Connection, limit: datetime) -> int:
    """Find the newest snapshot whose closed versions are no longer needed at *limit*; 0: none.

    Never one that the newest build of the reports has not seen.
    """
    query = bind_moments(
        "select max(s.snapshot_id) from cs_snapshot as s"
        " where s.state = 'complete' and s.snapshot_at <= :limit_at and s.snapshot_id <="
        " coalesce((select b.snapshot_id from rpt_build as b order by b.build_id desc limit 1),"
        " s.snapshot_id)"
    )
    return int(connection.scalar(query, {"limit_at": limit}) or 0)


def count_versions(connection: sa.Connection, history: str, last: int) -> int:
    """Count the versions of *history* that ended with snapshot *last* or before."""
    c = HISTORIES_BY_NAME[history].c
    return connection.scalar(sa.select(sa.func.count()).where(c.closed_by.between(1, last))) or 0


def delete_versions(
    connection: sa.Connection, history: str, last: int, after: int | bytes | None
) -> tuple[int, int | bytes | None]:
    """Delete some versions that ended with snapshot *last* or before, of keys beyond *after*.

    Gives how many, and the key to go on behind; None: there are no more.
    """
    table = HISTORIES_BY_NAME[history]
    old = table.c.closed_by.between(1, last)
    beyond = sa.true() if after is None else table.c.row_key > after
    # In the order of the key, so that all batches together read the table once.
    batch = (
        sa.select(table.c.row_key).where(old, beyond).order_by(table.c.row_key).limit(BATCH_ROWS)
    )
    end = connection.scalar(sa.select(sa.func.max(batch.subquery().c.row_key)))
    if end is None:
        return 0, None
    return connection.execute(
        sa.delete(table).where(old, beyond, table.c.row_key <= end)
    ).rowcount, end


HISTORIES_BY_NAME: Final = {table.name: table for table in HISTORIES.values()}


def _bound(statement: str, limit: datetime, proofs: list[str]) -> sa.TextClause:
    query = bind_moments(statement).bindparams(limit_at=limit)
    if ":proofs" in statement:
        query = query.bindparams(sa.bindparam("proofs", proofs or [""], expanding=True))
    return query
