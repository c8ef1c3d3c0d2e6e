"""`check` of the database we write: server, schema, rights, views."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from include.cli.check.accounts import check_accounts
from include.cli.check.finding import Finding, clock
from include.cli.console import reason, utcnow
from include.errors import ConfigError, SyncError
from include.secrets import KeyRing
from include.settings import Settings
from include.vendors.registry import VENDORS, is_switched_on
from include.warehouse.bookkeeping.tables import sync_check, sync_quarantine, sync_run, sync_status
from include.warehouse.customer_service.tables import HISTORIES, cs_snapshot, cs_snapshot_table
from include.warehouse.mysql import Warehouse, connections_of
from include.warehouse.reports.tables import rpt_dictionary
from include.warehouse.schema import revisions, views
from include.warehouse.tables import metadata
from include.warehouse.tickets.account_rows import read_enabled_ids
from include.warehouse.tickets.adoption import count_foreign_rows
from include.warehouse.tickets.tables import (
    cloud_osm_detail,
    cloud_osm_list,
    cloud_osm_product,
    cloud_osm_product_type,
    cloud_osm_source,
    cloud_user,
)
from include.warehouse.types import Utc
from include.work.schedules import TASKS_AT_ONCE

PACKET_BYTES: Final = 16 * 2**20
YOUNG_DAYS: Final = 30
"""So old a row of another program tells that it still writes."""
OLDEST: Final = {"MySQL": (8, 0), "MariaDB": (10, 11)}

WRITTEN: Final = tuple(
    table
    for name, table in metadata.tables.items()
    if name.startswith(("cloud_osm_", "sync_", "cs_", "rpt_")) and table is not rpt_dictionary
)
DELETED_FROM: Final = (
    cloud_osm_list,
    cloud_osm_detail,
    cloud_osm_product,
    cloud_osm_product_type,
    cloud_osm_source,
    sync_quarantine,
    sync_check,
    sync_run,
    sync_status,
    cs_snapshot,
    cs_snapshot_table,
    *HISTORIES.values(),
    *(table for table in WRITTEN if table.name.startswith("rpt_")),
)


def check_warehouse(warehouse: Warehouse, ring: KeyRing, settings: Settings) -> Iterator[Finding]:
    """The server, then the schema, then what stands in it; stops where the next is pointless."""
    try:
        yield from warehouse.transact(_server)
    except SyncError as error:
        yield Finding("warehouse", "failed", str(error))
        return
    try:
        warehouse.transact(lambda connection: None)
        revisions.require_current(warehouse.engine)
        yield Finding("schema", "ok", f"{revisions.head()}, the newest")
    except (SyncError, sa.exc.DBAPIError) as error:
        yield Finding("schema", "failed", reason(error))
        return
    lacking = list(_lacking(warehouse))
    if lacking:
        yield Finding("rights", "failed", "; ".join(lacking), "GRANT them (sql/grants)")
    else:
        yield Finding("rights", "ok", f"may read and write the {len(WRITTEN)} tables runs write")
    yield from warehouse.transact(_views)
    yield from _connections(warehouse, settings)
    if settings.source_url.get_secret_value():
        yield from warehouse.transact(_staging)
    if not settings.leave_new_seconds:
        yield from warehouse.transact(_other_writer)
    yield from check_accounts(warehouse, ring, settings)


def _server(connection: sa.Connection) -> list[Finding]:
    """Version, modes and clock of the server."""
    row = connection.execute(
        sa.text(
            "SELECT VERSION() AS version, @@SESSION.sql_mode AS mode, @@GLOBAL.sql_mode AS theirs,"
            " @@SESSION.time_zone AS zone, @@GLOBAL.time_zone AS their_zone,"
            " @@character_set_connection AS charset, @@max_allowed_packet AS packet,"
            " UTC_TIMESTAMP(6) AS now, CURRENT_USER() AS user"
        ).columns(now=Utc)
    ).one()
    family = "MariaDB" if "mariadb" in row.version.lower() else "MySQL"
    version = tuple(int(part) for part in row.version.split("-")[0].split(".")[:2])
    url = connection.engine.url
    found = [
        Finding(
            "warehouse",
            "ok",
            f"{family} {row.version.split('-')[0]} at {url.host}, database {url.database},"
            f" as {row.user}",
        )
    ]
    if version < OLDEST[family]:
        oldest = ".".join(map(str, OLDEST[family]))
        found.append(
            Finding("server version", "warning", "untested", f"use {family} {oldest} or newer")
        )
    if "STRICT_ALL_TABLES" in row.mode and row.zone == "+00:00" and row.charset == "utf8mb4":
        detail = "strict, UTC, utf8mb4 on our connections"
        if "STRICT" not in row.theirs:
            detail += " (the server's own default is not strict: other writers may cut texts)"
        found.append(
            Finding("server modes", "ok", f"{detail}; its own zone {row.their_zone} is no matter")
        )
    else:
        found.append(
            Finding(
                "server modes",
                "failed",
                f"the server keeps mode {row.mode!r}, zone {row.zone}, charset {row.charset}",
                "allow SET SESSION sql_mode and time_zone (a proxy in between may drop them)",
            )
        )
    if row.packet < PACKET_BYTES:
        found.append(
            Finding(
                "server packets",
                "warning",
                f"max_allowed_packet is {row.packet >> 10} KiB: larger messages go to quarantine",
                f"set it to {PACKET_BYTES >> 20}M or more",
            )
        )
    found += clock("the database server", (utcnow() - row.now).total_seconds())
    return found


def _connections(warehouse: Warehouse, settings: Settings) -> Iterator[Finding]:
    """Whether the server has as many connections as tasks take that read accounts together."""
    together = sum(
        _connections_of(len(read_enabled_ids(warehouse, vendor)), settings.accounts_at_once)
        for vendor in VENDORS
        if is_switched_on(vendor, settings)
    )
    limits = sa.text("SELECT @@GLOBAL.max_connections, @@SESSION.max_user_connections")
    row = warehouse.transact(lambda connection: connection.execute(limits).one())
    allowed = min(limit for limit in row if limit)  # 0: the user has no limit
    if together > allowed:
        yield Finding(
            "server connections",
            "warning",
            f"tasks may take {together} together; {allowed} are allowed",
            f"set max_connections or the user's limit to {together} and some for others, or"
            f" ACCOUNTS_AT_ONCE ({settings.accounts_at_once}) lower",
        )


def _connections_of(accounts: int, at_once: int) -> int:
    """The connections of all tasks of a vendor with so many accounts, as dealt out to them."""
    tasks = min(accounts, TASKS_AT_ONCE)
    return tasks * connections_of(min(at_once, -(-accounts // tasks))) if tasks else 0


def _staging(connection: sa.Connection) -> list[Finding]:
    """What snapshots need beside rights on tables: temporary ones, and a way to fill them fast."""
    found = []
    try:
        connection.exec_driver_sql("create temporary table check_rights (one int)")
        connection.exec_driver_sql("drop temporary table check_rights")
    except sa.exc.DBAPIError:
        found.append(
            Finding(
                "rights",
                "failed",
                "no CREATE TEMPORARY TABLES: snapshots compare rows in them",
                "GRANT it on the database (sql/grants)",
            )
        )
    if not connection.exec_driver_sql("select @@local_infile").scalar():
        found.append(
            Finding(
                "server local_infile",
                "warning",
                "off: snapshots send rows as inserts, several times slower",
                "SET GLOBAL local_infile = ON",
            )
        )
    return found


def _views(connection: sa.Connection) -> list[Finding]:
    """Whether the views answer, with the rights of whoever made them."""
    broken = views.find_broken(connection)
    if not broken:
        return []
    name, words = next(iter(broken.items()))
    return [
        Finding(
            "views",
            "failed",
            f"{len(broken)} of them answer nobody, {name} for one: {words}",
            "run `python -m include migrate` as a user who stays, with the rights of"
            " sql/grants/mysql_migrate.sql, then sql/grants/mysql_report.sql",
        )
    ]


def _other_writer(connection: sa.Connection) -> list[Finding]:
    """Whether another program inserts tickets, which a run of ours may store before it."""
    count = count_foreign_rows(connection, utcnow() - timedelta(days=YOUNG_DAYS))
    if not count:
        return []
    return [
        Finding(
            "another writer",
            "warning",
            f"it inserted {count} of the newest tickets in cloud_osm_list, and fails with 1062"
            " where a run of ours stored the ticket before it",
            "set LEAVE_NEW_SECONDS to the time its INSERT may take after the creation at the"
            " vendor, such as 120",
        )
    ]


def _lacking(warehouse: Warehouse) -> Iterator[str]:
    """The rights we lack, found by statements that the server checks and that touch no row."""
    tried: list[tuple[str, sa.Table, Any]] = [("SELECT", cloud_user, _select_nothing)]
    for table in WRITTEN:
        tried += [
            ("SELECT", table, _select_nothing),
            ("INSERT", table, _insert_nothing),
            ("UPDATE", table, _update_nothing),
        ]
    tried += [("DELETE", table, _delete_nothing) for table in DELETED_FROM]
    for right, table, nothing in tried:
        try:
            warehouse.transact(functools.partial(_execute, statement=nothing(table)))
        except ConfigError:
            yield f"no {right} on {table.name}"


def _execute(connection: sa.Connection, statement: sa.Executable) -> None:
    connection.execute(statement)


def _select_nothing(table: sa.Table) -> sa.Executable:
    return sa.select(table).where(sa.false())


def _delete_nothing(table: sa.Table) -> sa.Executable:
    return sa.delete(table).where(sa.false())


def _insert_nothing(table: sa.Table) -> sa.Executable:
    given = [column for column in table.c if column.computed is None]  # MySQL refuses the others
    nothing = sa.select(*given).where(sa.false())
    return sa.insert(table).from_select([column.name for column in given], nothing)


def _update_nothing(table: sa.Table) -> sa.Executable:
    column = next(iter(table.primary_key))
    return sa.update(table).where(sa.false()).values({column.name: column})
