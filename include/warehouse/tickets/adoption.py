"""Rows that another program wrote, in its form, brought over into ours before a run reads.

The user's own ticket system writes these tables too: vendors as codes or names, times in seconds,
messages without vendor or id. Such rows are found by an index and rewritten by the rules that the
first migration had (``sql/migrations/frozen/adoption.py``). Where we hold the same ticket or
message, one row stays: under the ``id`` of the other program, with what we know.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from include.models import DERIVED_ID_PREFIX
from include.vendors.registry import VENDORS, vendor_of
from include.warehouse.bookkeeping.leftovers import leave_rows
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.account_rows import read_rows
from include.warehouse.tickets.messages import merge_derived, own_id, take_over
from include.warehouse.tickets.tables import (
    cloud_osm_detail,
    cloud_osm_list,
    cloud_osm_product,
    cloud_osm_product_type,
    cloud_osm_source,
)

log = logging.getLogger(__name__)

ROWS_AT_ONCE: Final = 500
NEWEST_LOOKED_AT: Final = 1000
"""Tickets of which ``count_foreign_rows`` asks who wrote them."""
FIRST_SECOND, LAST_SECOND = 10**9, 10**10 - 1
"""Ten digits are seconds: as milliseconds they would lie in January or April of 1970."""
DIRECTIONS: Final = ("0", "1")  # customer, support
TIMED: Final = (cloud_osm_list, cloud_osm_detail)
CATALOG: Final = (cloud_osm_product, cloud_osm_product_type, cloud_osm_source)


@dataclass(slots=True)
class BroughtOver:
    """How many rows of another program were brought over."""

    tickets: int = 0
    messages: int = 0
    catalog: int = 0

    def __bool__(self) -> bool:
        return bool(self.tickets or self.messages or self.catalog)


def bring_over(warehouse: Warehouse, now: datetime) -> BroughtOver:
    """Bring over what another program wrote since; may be repeated, and killed at any moment.

    Each row's move is in one transaction. A row whose vendor cannot be known stays as it is, and
    the checks name it.
    """
    done = BroughtOver()
    if not warehouse.transact(_has_foreign_rows):
        return done
    warehouse.transact(_convert_seconds)
    for table in CATALOG:
        done.catalog += warehouse.transact(lambda c, table=table: _bring_entries(c, table))  # type: ignore[misc]
    for ids in _read_foreign(warehouse, cloud_osm_list, _foreign_tickets()):
        done.tickets += warehouse.transact(lambda c, ids=ids: _bring_tickets(c, ids))  # type: ignore[misc]
    for ids in _read_foreign(warehouse, cloud_osm_detail, _foreign_messages()):
        done.messages += warehouse.transact(lambda c, ids=ids: _bring_messages(c, ids, now))  # type: ignore[misc]
    if done:
        log.info(
            "rows of another program brought over: tickets=%s messages=%s catalogue=%s",
            done.tickets,
            done.messages,
            done.catalog,
        )
    return done


def count_foreign_rows(connection: sa.Connection, since: datetime) -> int:
    """Count, among the newest tickets created after *since*, those that another program inserted.

    Their ``id``, which a row keeps, is none of ours. A thousand rows are looked at, at most.
    """
    t = cloud_osm_list.c
    newest = (
        sa.select(t.id, t.type, t.cloud_id)
        .where(t.create_time >= since)
        .order_by(t.create_time.desc())
        .limit(NEWEST_LOOKED_AT)
    )
    return sum(
        row.type is None or row.id != own_id("ticket", row.type, row.cloud_id)
        for row in connection.execute(newest)
    )


def _has_foreign_rows(connection: sa.Connection) -> bool:
    """Whether there is anything to bring over: every run asks, and mostly there is not."""
    found = (
        *((table, _in_seconds(table)) for table in TIMED),
        *((table, _foreign_entries(table)) for table in CATALOG),
        (cloud_osm_list, _foreign_tickets()),
        (cloud_osm_detail, _foreign_messages()),
    )
    each = (sa.exists().select_from(table).where(which) for table, which in found)
    return bool(connection.scalar(sa.select(sa.or_(*each))))


def _in_seconds(table: sa.Table) -> sa.ColumnElement[bool]:
    number = sa.type_coerce(table.c.create_time, sa.BigInteger)
    return number.between(FIRST_SECOND, LAST_SECOND)


def _foreign_entries(table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.type.not_in((*VENDORS, ""))


def _foreign_tickets() -> sa.ColumnElement[bool]:
    t = cloud_osm_list.c
    return t.type.is_(None) | t.type.not_in(VENDORS)


def _foreign_messages() -> sa.ColumnElement[bool]:
    return cloud_osm_detail.c.vendor.is_(None)


def _read_foreign(
    warehouse: Warehouse, table: sa.Table, which: sa.ColumnElement[bool]
) -> Iterator[list[str]]:
    """Yield the ids of the rows that *which* names, a batch at a time."""
    query = sa.select(table.c.id).where(which)  # without an order: an index finds them
    ids = sorted(warehouse.transact(lambda c: c.scalars(query).all()))
    for i in range(0, len(ids), ROWS_AT_ONCE):
        yield ids[i : i + ROWS_AT_ONCE]


def _convert_seconds(connection: sa.Connection) -> None:
    """Give times in seconds the milliseconds that the columns hold."""
    for table in TIMED:
        number = sa.type_coerce(table.c.create_time, sa.BigInteger)
        connection.execute(
            sa.update(table)
            .where(_in_seconds(table))
            .values(create_time=sa.type_coerce(number * 1000, table.c.create_time.type))
        )


def _bring_tickets(connection: sa.Connection, ids: Collection[str]) -> int:
    """Bring tickets over; how many."""
    table = cloud_osm_list
    rows = _lock(connection, table, _foreign_tickets(), ids)
    accounts = {row.account_id: row.vendor for row in read_rows(connection)} if rows else {}
    brought = 0
    for row in rows:
        said = (row["type"] or "").strip()
        vendor = vendor_of(said) if said else accounts.get(row["custom_id"])
        if vendor not in VENDORS:
            continue
        twin = _find(connection, table, type=vendor, cloud_id=row["cloud_id"])
        ours = own_id("ticket", vendor, row["cloud_id"])
        values: dict[str, Any] = {"type": vendor}
        if row["status"] not in (0, 1):
            values["status"] = 1
        _settle(connection, table, row, twin, ours, values, keeps=("custom_id",))
        brought += 1
    return brought


def _bring_messages(connection: sa.Connection, ids: Collection[str], now: datetime) -> int:
    """Bring messages over; how many. Their tickets are to be read again."""
    table, t = cloud_osm_detail, cloud_osm_list.c
    rows = _lock(connection, table, table.c.vendor.is_(None), ids)
    cases = {row["case_id"] for row in rows}
    owners: dict[str, set[tuple[str | None, str]]] = {}
    for owner in connection.execute(
        sa.select(t.id, t.type, t.cloud_id).where(
            (t.type.in_(VENDORS) & t.cloud_id.in_(cases)) | t.id.in_(cases)
        )
    ):
        for key in cases & {owner.cloud_id, owner.id}:  # one batch may name it in both ways
            owners.setdefault(key, set()).add((owner.type, owner.cloud_id))
    touched: dict[str, set[str]] = {}
    brought = 0
    for row in rows:
        vendor, case_id, direction = _owner_of(row, owners.get(row["case_id"], set()))
        if vendor is None:
            continue
        message_id = (row["message_id"] or "").strip() or _derived_id(row["id"])
        twin = _find(connection, table, vendor=vendor, case_id=case_id, message_id=message_id)
        ours = own_id("message", vendor, case_id, message_id)
        values = {
            "vendor": vendor,
            "case_id": case_id,
            "message_id": message_id,
            "type": direction,
        }
        _settle(connection, table, row, twin, ours, values)
        touched.setdefault(vendor, set()).add(case_id)
        brought += 1
    for vendor, case_ids in touched.items():
        merge_derived(connection, vendor, case_ids)
        # What the vendor says of them decides: their directions, and whether they are all.
        mine = (t.type == vendor) & t.cloud_id.in_(list(case_ids)) & (t.complete == 1)
        connection.execute(sa.update(cloud_osm_list).where(mine).values(read_again_at=now))
    return brought


def _bring_entries(connection: sa.Connection, table: sa.Table) -> int:
    """Bring the rows of a catalogue's table over that name their vendor in another way."""
    rows = connection.execute(
        sa.select(table).where(_foreign_entries(table)).with_for_update()
    ).mappings()
    brought = 0
    for row in rows.all():
        vendor = vendor_of(row["type"])
        if vendor is None:
            continue
        mine = (table.c.type == row["type"]) & (table.c.id == row["id"])
        if _find(connection, table, type=vendor, id=row["id"]) is None:
            connection.execute(sa.update(table).where(mine).values(type=vendor))
        else:
            leave_rows(connection, table, mine, "the vendor's own row stayed")
        brought += 1
    return brought


def _settle(
    connection: sa.Connection,
    table: sa.Table,
    row: sa.RowMapping,
    twin: sa.RowMapping | None,
    ours: str,
    values: Mapping[str, Any],
    keeps: Collection[str] = (),
) -> None:
    """Give a row our form.

    Of a *twin* that we wrote (its id is *ours*) it takes over what we know. A twin that another
    wrote stays, and the row moves to migration_leftover.
    """
    mine = table.c.id == row["id"]
    if twin is not None and twin["id"] != ours:
        leave_rows(connection, table, mine, f"another version of row {twin['id']}")
        return
    kept = {name: row[name] for name in keeps if row[name] is not None}
    if twin is not None:
        take_over(connection, table, kept=row["id"], dropped=ours)
        values = kept
    if values:
        connection.execute(sa.update(table).where(mine).values(**values))


def _owner_of(
    row: sa.RowMapping, owners: Collection[tuple[str | None, str]]
) -> tuple[str | None, str, str | None]:
    """Vendor, vendor's ticket id and direction of a message; no vendor where it cannot be known.

    The user's DDL calls ``type`` the vendor, its field table the direction: both are understood.
    """
    said = (row["type"] or "").strip()
    named = None if said in DIRECTIONS else vendor_of(said)
    direction = said if said in DIRECTIONS else None
    if named is None and said and direction is None:
        return None, row["case_id"], None
    possible = [
        (vendor, case_id)
        for vendor, case_id in owners
        if vendor in VENDORS and named in (None, vendor)
    ]
    if len(possible) != 1:
        return named if named and not owners else None, row["case_id"], direction
    vendor, case_id = possible[0]
    return vendor, case_id, direction


def _lock(
    connection: sa.Connection,
    table: sa.Table,
    which: sa.ColumnElement[bool],
    ids: Collection[str],
) -> Sequence[sa.RowMapping]:
    """Those of *ids* that *which* still names, held until the end of the transaction."""
    query = sa.select(table).where(table.c.id.in_(ids), which).order_by(table.c.id)
    return connection.execute(query.with_for_update()).mappings().all()


def _find(connection: sa.Connection, table: sa.Table, **key: str) -> sa.RowMapping | None:
    conditions = (table.c[name] == value for name, value in key.items())
    return connection.execute(sa.select(table).where(*conditions)).mappings().first()


def _derived_id(row_id: str) -> str:
    """An id for a message that has none, always the same for a row."""
    digest = hashlib.sha256(f"cloud_osm_detail\n{row_id}".encode()).hexdigest()
    return DERIVED_ID_PREFIX + digest[:32]
