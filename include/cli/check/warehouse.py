"""`check` of the database we write: server, schema, rights, views."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from include.cli.check.accounts import check_accounts
from include.cli.check.finding import Finding, clock, way_to
from include.cli.check.rights import FILE, check_rights, describe_grant
from include.cli.console import utcnow
from include.errors import SyncError
from include.secrets import KeyRing
from include.settings import Settings
from include.vendors.registry import VENDORS, is_switched_on
from include.warehouse.mysql import Warehouse, connections_of, dedicated
from include.warehouse.schema import revisions, views
from include.warehouse.server_errors import translate_error
from include.warehouse.tickets.account_rows import read_enabled_ids
from include.warehouse.tickets.adoption import count_foreign_rows
from include.warehouse.types import Utc
from include.work.schedules import TASKS_AT_ONCE

PACKET_BYTES: Final = 16 * 2**20
REACH_SECONDS: Final = 10
"""So long a server may take to say who it is."""
YOUNG_DAYS: Final = 30
"""So old a row of another program tells that it still writes."""
OLDEST: Final = {"MySQL": (8, 0), "MariaDB": (10, 11)}


def check_warehouse(
    warehouse: Warehouse, ring: KeyRing | None, settings: Settings
) -> Iterator[Finding]:
    """The server, then the schema, then what stands in it; stops where the next is pointless."""
    try:
        _reach(warehouse)
        yield from warehouse.transact(_server)
    except SyncError as error:
        yield Finding("warehouse", "failed", str(error), way_to(str(error)))
        return
    try:
        revisions.require_current(warehouse.engine)
    except SyncError as error:
        yield Finding("schema", "failed", str(error))
        return
    yield Finding("schema", "ok", f"{revisions.head()}, the newest")
    lacking = list(check_rights(warehouse))
    yield from lacking
    if settings.source_url.get_secret_value():
        yield from warehouse.transact(_staging)
    yield from warehouse.transact(_views)
    if any(finding.verdict == "failed" for finding in lacking):
        return  # what follows reads tables that may be closed to us, and would say so once more
    yield from _connections(warehouse, settings)
    if not settings.leave_new_seconds:
        yield from warehouse.transact(_other_writer)
    if ring is None:
        yield Finding("accounts", "off", "not looked at until SECRET_KEYS can be read")
    else:
        yield from check_accounts(warehouse, ring, settings)


def _reach(warehouse: Warehouse) -> None:
    """Connect once, and not for long: a transaction would try again while a person waits."""
    try:
        with dedicated(warehouse.engine, read_timeout=REACH_SECONDS):
            pass
    except sa.exc.DBAPIError as error:
        raise translate_error(error) from error


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
        detail = (
            f"{family} {row.version.split('-')[0]} is older than {oldest}, the oldest that works"
        )
        found.append(Finding("server version", "failed", detail, f"use {family} {oldest} or newer"))
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
                f"SET GLOBAL max_allowed_packet = {PACKET_BYTES}, and so in its configuration",
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
                f"{describe_grant(connection, 'CREATE TEMPORARY TABLES')} ({FILE})",
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
