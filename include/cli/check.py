"""`check`: everything that runs need, tried. One line each, with the next step."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
import typer

from include.cli.check_source import check_source
from include.cli.console import Exit, Progress, masker, reason, report, report_json, utcnow
from include.cli.finding import Finding, clock
from include.errors import ConfigError, SyncError
from include.models import Account, SyncWindow
from include.secrets import KeyRing, reference_from_environment
from include.settings import Settings
from include.vendors.registry import (
    DECLARED,
    is_switched_on,
    load_settings,
    open_client,
    switch_of,
)
from include.warehouse.bookkeeping.tables import sync_check, sync_quarantine, sync_run
from include.warehouse.customer_service.tables import HISTORIES, cs_snapshot_table
from include.warehouse.mysql import Warehouse
from include.warehouse.schema import migrations, views
from include.warehouse.tables import metadata
from include.warehouse.tickets import accounts
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

if TYPE_CHECKING:
    from include.warehouse.tickets.accounts import AccountInfo

PACKET_BYTES: Final = 16 * 2**20
YOUNG_DAYS: Final = 30
"""So old a row of another program tells that it still writes."""
OLDEST: Final = {"MySQL": (8, 0), "MariaDB": (10, 11)}

WRITTEN: Final = tuple(
    table
    for name, table in metadata.tables.items()
    if name.startswith(("cloud_osm_", "sync_", "cs_", "rpt_"))
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
    cs_snapshot_table,
    *HISTORIES.values(),
    *(table for table in WRITTEN if table.name.startswith("rpt_")),
)


def check(*, as_json: bool) -> None:
    """Try everything, print every finding, and end with 1 when something failed."""
    findings = []
    for finding in _all():
        finding = replace(
            finding,
            detail=masker.hide(finding.detail),
            next_step=masker.hide(finding.next_step),
        )
        findings.append(finding)
        if not as_json:
            step = f" -> {finding.next_step}" if finding.next_step else ""
            report(f"{finding.verdict:8} {finding.what}: {finding.detail}{step}")
    if as_json:
        report_json([asdict(finding) for finding in findings])
    raise typer.Exit(
        Exit.FAILED if any(finding.verdict == "failed" for finding in findings) else Exit.DONE
    )


def _all() -> Iterator[Finding]:
    try:
        settings = load_settings()
    except ConfigError as error:
        yield Finding("settings", "failed", str(error))
        return
    yield Finding("settings", "ok", "the sandbox's" if settings.sandbox else "read")
    ring = KeyRing({})
    try:
        ring = KeyRing.parse(settings.secret_keys.get_secret_value())
        yield from _keys(ring)
    except ConfigError as error:
        yield Finding("secret keys", "failed", str(error))
    if settings.warehouse_url.get_secret_value():
        try:
            warehouse = Warehouse.open(
                settings.warehouse_url.get_secret_value(), ca=settings.warehouse_ca
            )
        except ConfigError as error:
            yield Finding("warehouse", "failed", str(error))
        else:
            try:
                yield from _warehouse(warehouse, ring, settings)
            finally:
                warehouse.close()
    else:
        yield Finding(
            "warehouse",
            "failed",
            "not configured",
            "set WAREHOUSE_URL=mysql+pymysql://user:password@host:3306/database",
        )
    yield from check_source(settings)


def _keys(ring: KeyRing) -> Iterator[Finding]:
    if not ring.ids:
        yield Finding(
            "secret keys",
            "warning",
            "SECRET_KEYS is not set: no account's key can be encrypted or read back",
            "make one with `python -m include accounts new-key`",
        )
        return
    others = f"; also opens {', '.join(ring.ids[1:])}" if ring.ids[1:] else ""
    yield Finding("secret keys", "ok", f"encrypts with {ring.ids[0]}{others}")
    for warning in ring.warnings:
        yield Finding("secret keys", "warning", warning)


def _warehouse(warehouse: Warehouse, ring: KeyRing, settings: Settings) -> Iterator[Finding]:
    """The server, then the schema, then what stands in it; stops where the next is pointless."""
    try:
        yield from warehouse.transact(_server)
    except SyncError as error:
        yield Finding("warehouse", "failed", str(error))
        return
    try:
        warehouse.transact(lambda connection: None)
        migrations.require_current(warehouse.engine)
        yield Finding("schema", "ok", f"{migrations.head()}, the newest")
    except (SyncError, sa.exc.DBAPIError) as error:
        yield Finding("schema", "failed", reason(error))
        return
    lacking = list(_lacking(warehouse))
    if lacking:
        yield Finding("rights", "failed", "; ".join(lacking), "GRANT them (sql/grants)")
    else:
        yield Finding("rights", "ok", f"may read and write the {len(WRITTEN)} tables runs write")
    yield from warehouse.transact(_views)
    if settings.source_url.get_secret_value():
        yield from warehouse.transact(_staging)
    if not settings.leave_new_seconds:
        yield from warehouse.transact(_other_writer)
    try:
        infos = accounts.list_accounts(
            warehouse,
            ring,
            references=reference_from_environment,
            allow_plain=settings.allow_plain_secrets,
            mask=masker.add,
        )
        usable, _ = accounts.load_accounts(
            warehouse,
            ring,
            references=reference_from_environment,
            allow_plain=settings.allow_plain_secrets,
            mask=masker.add,
        )
    except SyncError as error:
        yield Finding("accounts", "failed", str(error))
        return
    if not infos:
        yield Finding("accounts", "warning", "none", "`python -m include accounts add`")
    by_id = {account.account_id: account for account in usable}
    with Progress("check", len(infos)) as progress:
        for info in infos:
            progress.update(info.account_id)
            yield from _account(info, by_id.get(info.account_id), settings)
            progress.advance()


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


def _account(info: AccountInfo, account: Account | None, settings: Settings) -> Iterator[Finding]:
    what = f"account {info.account_id}"
    if not info.is_enabled:
        yield Finding(what, "off", f"{info.vendor}: switched off (enabled = 0), not read")
        return
    if account is None:
        yield Finding(what, "failed", info.problem or "its row changed while we looked")
        return
    for warning in info.warnings:
        yield Finding(what, "warning", warning)
    if not is_switched_on(account.vendor, settings):
        why = "its ticket API is not documented by the vendor (experimental)"
        if DECLARED[account.vendor].is_official:
            why = "it is switched off"
        yield Finding(
            what,
            "off",
            f"{account.vendor}: not read, {why}",
            f"{switch_of(account.vendor)}=1 reads it all the same",
        )
        return
    yield from _vendor(what, account, settings)


def _vendor(what: str, account: Account, settings: Settings) -> Iterator[Finding]:
    """One cheap call: the first page of the tickets of the last hour."""
    now: datetime = utcnow()
    try:
        client = open_client(account, settings)
        try:
            window = SyncWindow(now - timedelta(hours=1), now)
            next(iter(client.list_tickets(window)), None)
            experimental = "" if DECLARED[account.vendor].is_official else ", experimental"
            yield Finding(what, "ok", f"{account.vendor} answers and lets us list{experimental}")
            yield from clock(account.vendor, client.clock_skew)
        finally:
            client.close()
    except SyncError as error:
        from include.work.health import whose_turn

        yield Finding(what, "failed", str(error), whose_turn(type(error).__name__))
