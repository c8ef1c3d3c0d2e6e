"""Bring the rows of the user's tables over, in batches, each in a transaction of its own.

The connection is in autocommit (``schema.upgrade`` sees to that), so a batch is all or nothing and
a killed migration goes on where it stopped: what is done already gives no change.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from sql.migrations.frozen.adoption import (
    DIRECTIONS,
    EARLIEST,
    LATEST,
    Left,
    Outcome,
    Owner,
    adopt_message,
    adopt_ticket,
    vendor_of,
)

BATCH: Final = 1000
PROGRESS_EVERY: Final = 10_000

Row = Mapping[str, Any]
Progress = Callable[[str], None]

LEFTOVER: Final = sa.table(
    "migration_leftover",
    *map(
        sa.column,
        ("id", "table_name", "column_name", "row_id", "value", "reason", "found_at"),
    ),
)
LIST: Final = sa.table("cloud_osm_list", *map(sa.column, ("id", "cloud_id", "type", "status")))
USER: Final = sa.table("cloud_user", *map(sa.column, ("id", "type")))


def rewrite(
    connection: sa.Connection,
    table_name: str,
    columns: Sequence[str],
    adopt: Callable[[list[Row]], Iterable[Outcome]],
    progress: Progress,
    *,
    where: sa.ColumnElement[bool] | None = None,
) -> None:
    """Read *columns* of every row (of those *where* names), by id, and store what *adopt* gives."""
    table = sa.table(table_name, *map(sa.column, ("id", *columns)))
    query = sa.select(table) if where is None else sa.select(table).where(where)
    total = connection.execute(
        sa.select(sa.func.count()).select_from(query.subquery())
    ).scalar_one()
    done, last = 0, None
    while total:
        rest = query if last is None else query.where(table.c.id > last)
        rows: list[Row] = [
            dict(row)
            for row in connection.execute(rest.order_by(table.c.id).limit(BATCH)).mappings()
        ]
        if not rows:
            break
        _store(connection, table, list(zip(rows, adopt(rows), strict=True)))
        last = rows[-1]["id"]
        done += len(rows)
        if done % PROGRESS_EVERY == 0 or len(rows) < BATCH:
            progress(f"{table_name}: {done:,} of {max(done, total):,} rows brought over")


def has_rows(connection: sa.Connection, table_name: str) -> bool:
    """Whether a step on this table may take long enough to be announced."""
    query = sa.select(sa.literal(1)).select_from(sa.table(table_name)).limit(1)
    return connection.execute(query).first() is not None


def stray_times(*columns: str) -> sa.ColumnElement[bool]:
    """Rows in which a time is no number of milliseconds: written while we were not looking."""
    return sa.or_(*(~sa.column(name).between(EARLIEST, LATEST) for name in columns))


def tickets(connection: sa.Connection) -> Callable[[list[Row]], Iterator[Outcome]]:
    """``adopt_ticket`` over a batch, knowing the accounts."""
    accounts = {
        row.id: vendor_of(row.type) for row in connection.execute(sa.select(USER.c.id, USER.c.type))
    }
    return lambda rows: (adopt_ticket(row, accounts) for row in rows)


def messages(connection: sa.Connection) -> Callable[[list[Row]], Iterator[Outcome]]:
    """``adopt_message`` over a batch, knowing its tickets, those that were moved included.

    Wants the key (type, cloud_id) of cloud_osm_list.
    """
    vendors = list(connection.execute(sa.select(LIST.c.type).distinct()).scalars())

    def adopt(rows: list[Row]) -> Iterator[Outcome]:
        cases = list({row["case_id"] for row in rows})
        by_cloud_id: dict[str, list[Owner]] = {}
        for found in connection.execute(
            sa.select(LIST.c.cloud_id, LIST.c.type).where(
                LIST.c.type.in_(vendors), LIST.c.cloud_id.in_(cases)
            )
        ):
            owner = Owner(found.cloud_id, found.type)
            by_cloud_id.setdefault(_padded(owner.cloud_id), []).append(owner)
        by_id = {
            _padded(found.id): Owner(found.cloud_id, found.type)
            for found in connection.execute(
                sa.select(LIST.c.id, LIST.c.cloud_id, LIST.c.type).where(LIST.c.id.in_(cases))
            )
        }
        for moved in connection.execute(
            sa.select(LEFTOVER.c.row_id, LEFTOVER.c.value).where(
                LEFTOVER.c.table_name == "cloud_osm_list",
                LEFTOVER.c.column_name == "",
                LEFTOVER.c.row_id.in_(cases),
            )
        ):
            ticket = json.loads(moved.value)
            by_id[_padded(moved.row_id)] = Owner(ticket["cloud_id"], ticket["type"])
        for row in rows:
            case = _padded(row["case_id"])
            yield adopt_message(row, by_cloud_id.get(case, []), by_id.get(case))

    return adopt


def best_ticket(row: Row) -> tuple[Any, ...]:
    """The most complete row; among equals one with status 1, for it will be read again."""
    return (_filled(row), row["status"] or 0)


def best_message(row: Row) -> tuple[Any, ...]:
    """The row with the longest text, then the one that says who wrote it, then the fullest."""
    return (len(row["content"] or ""), row["type"] in DIRECTIONS, _filled(row))


def move_duplicates(
    connection: sa.Connection,
    table_name: str,
    key: Sequence[str],
    best: Callable[[Row], tuple[Any, ...]],
    progress: Progress,
) -> None:
    """Leave one row a *key*, the *best* and among equals the first; move the others whole."""
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in key]
    table = sa.table(table_name, sa.column("id"), *columns)
    groups = (
        sa.select(*columns)
        .select_from(table)
        .group_by(*columns)
        .having(sa.func.count() > 1)
        .limit(BATCH)
    )
    moved = 0
    while keys := [tuple(row) for row in connection.execute(groups)]:
        query = sa.select(sa.text("*")).select_from(table).order_by(table.c.id)
        rows: dict[tuple[str, ...], list[Row]] = {}
        for whole in connection.execute(query.where(sa.tuple_(*columns).in_(keys))).mappings():
            rows.setdefault(tuple(_padded(whole[name]) for name in key), []).append(dict(whole))
        left = []
        for same in rows.values():
            kept = max(same, key=best)  # the first of equals
            left += [(row["id"], _whole(row, kept)) for row in same if row is not kept]
        with transaction(connection):
            _leave(connection, table_name, left)
            ids = [row_id for row_id, _ in left]
            connection.execute(sa.delete(table).where(table.c.id.in_(ids)))
        moved += len(left)
    if moved:
        progress(f"{table_name}: {moved:,} duplicates moved to migration_leftover")


@contextmanager
def transaction(connection: sa.Connection) -> Iterator[None]:
    """All or nothing, on a connection that is in autocommit."""
    connection.exec_driver_sql("START TRANSACTION")
    try:
        yield
    except BaseException:
        with suppress(sa.exc.SQLAlchemyError):  # a lost connection has rolled back already
            connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _store(
    connection: sa.Connection, table: sa.TableClause, results: list[tuple[Row, Outcome]]
) -> None:
    changed = [
        (row, outcome)
        for row, outcome in results
        if any(_differs(row[name], value) for name, value in outcome.changes.items())
    ]
    with transaction(connection):
        left = [(row["id"], item) for row, outcome in results for item in outcome.left]
        _leave(connection, table.name, left)
        if changed:
            names = list(changed[0][1].changes)
            connection.execute(
                sa.update(table)
                .where(table.c.id == sa.bindparam("row_id"))
                .values({name: sa.bindparam(f"new_{name}") for name in names}),
                [
                    {"row_id": row["id"], **{f"new_{n}": outcome.changes[n] for n in names}}
                    for row, outcome in changed
                ],
            )
        again = {outcome.reopen for _, outcome in results if outcome.reopen}
        if again:
            connection.execute(
                sa.update(LIST)
                .where(
                    LIST.c.type == sa.bindparam("vendor"), LIST.c.cloud_id == sa.bindparam("case")
                )
                .values(status=1),
                [{"vendor": vendor, "case": case} for vendor, case in sorted(again)],
            )


def _leave(connection: sa.Connection, table_name: str, left: Sequence[tuple[str, Left]]) -> None:
    """Keep values, each with its row's id; one that is kept already stays."""
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        {
            "id": _key(table_name, item.column, row_id, item.value),
            "table_name": table_name,
            "column_name": item.column,
            "row_id": row_id,
            "value": item.value,
            "reason": item.reason,
            "found_at": now,
        }
        for row_id, item in left
    ]
    if rows:
        statement = insert(LEFTOVER).on_duplicate_key_update(id=LEFTOVER.c.id)
        connection.execute(statement, rows)


def _key(*parts: str | None) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(parts)).hex


def _whole(row: Row, kept: Row) -> Left:
    same = all(row[name] == kept[name] for name in row if name != "id")
    reason = f"{'same as' if same else 'another version of'} row {kept['id']}, which stayed"
    return Left("", json.dumps(row, ensure_ascii=False, default=str), reason)


def _differs(old: Any, new: Any) -> bool:
    """Whether the column must be written; a number in a column of text is written as its digits."""
    return old != new and not (isinstance(old, str) and isinstance(new, int) and old == str(new))


def _filled(row: Row) -> int:
    return sum(value not in (None, "") for value in row.values())


def _padded(value: str) -> str:
    """A text as the server compares it: blanks at the end do not count."""
    return value.rstrip(" ")
