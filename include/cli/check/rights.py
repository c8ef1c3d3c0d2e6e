"""`check` of the rights that the database user has on the tables: what runs do, without a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from include.cli.check.finding import Finding
from include.warehouse.bookkeeping.tables import (
    sync_alert,
    sync_check,
    sync_quarantine,
    sync_run,
    sync_status,
)
from include.warehouse.customer_service.tables import HISTORIES, cs_snapshot, cs_snapshot_table
from include.warehouse.mysql import Warehouse
from include.warehouse.reports.tables import rpt_dictionary
from include.warehouse.server_errors import translate_error
from include.warehouse.tables import metadata
from include.warehouse.tickets.tables import (
    cloud_osm_detail,
    cloud_osm_list,
    cloud_osm_product,
    cloud_osm_product_type,
    cloud_osm_source,
    cloud_user,
)

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
    sync_alert,
    sync_quarantine,
    sync_check,
    sync_run,
    sync_status,
    cs_snapshot,
    cs_snapshot_table,
    *HISTORIES.values(),
    *(table for table in WRITTEN if table.name.startswith("rpt_")),
)
FILE: Final = "sql/grants/mysql_write.sql"
SHOWN: Final = 3
"""For so many tables statements are written out; who lacks more runs the file."""
DENIED: Final = frozenset({1142, 1143, 1227})
READ_ONLY: Final = frozenset({1290, 1792, 1836})
GONE: Final = frozenset({1054, 1146})


def check_rights(warehouse: Warehouse) -> Iterator[Finding]:
    """Try every kind of statement on every table, and tell what keeps them from being run."""
    told = defaultdict[str, list[tuple[str, sa.Table, str]]](list)
    with warehouse.engine.connect() as connection:
        for right, table, statement in _statements():
            try:
                connection.execute(statement)
            except sa.exc.DBAPIError as error:
                code, text = (*getattr(error.orig, "args", ()), 0, "")[:2]
                if code not in DENIED | READ_ONLY | GONE:
                    raise translate_error(error) from error
                kind = "rights" if code in DENIED else "gone" if code in GONE else "read_only"
                told[kind].append((right, table, str(text)))
            connection.rollback()
        if not told:
            detail = f"may read and write the {len(WRITTEN)} tables runs write"
            yield Finding("rights", "ok", detail)
        if told["rights"]:
            yield _deny(connection, told["rights"])
    if told["gone"]:
        names = sorted({table.name for _, table, _ in told["gone"]})
        yield Finding(
            "tables",
            "failed",
            f"missing, whole or in part, though the schema is the newest: {', '.join(names)}"
            f" ({told['gone'][0][2]})",
            "restore what is gone from a backup, or make it as in an empty database that `python -m"
            " include migrate` filled (SHOW CREATE TABLE)",
        )
    if told["read_only"]:
        url = warehouse.engine.url
        yield Finding(
            "server read_only",
            "failed",
            f"{url.host}:{url.port or 3306} may only be read: {told['read_only'][0][2]}",
            "is it a replica? Name the primary in WAREHOUSE_URL; else SET GLOBAL read_only = OFF"
            " there",
        )


def describe_grant(connection: sa.Connection, right: str, table: str = "") -> str:
    """The statement that gives our user a right on a table, or on the whole database."""
    query = "select database(), current_user()"
    database, whole = connection.exec_driver_sql(query).one()
    user, _, host = whole.rpartition("@")
    on = f"`{table}`" if table else "*"
    return f"GRANT {right} ON `{database}`.{on} TO `{user}`@`{host}`"


def _deny(connection: sa.Connection, denied: list[tuple[str, sa.Table, str]]) -> Finding:
    detail = "; ".join(f"no {right} on {table.name}" for right, table, _ in denied)
    step = f"run {FILE} as an administrator, with your names in it"
    rights = defaultdict[str, list[str]](list)
    for right, table, _ in denied:
        rights[table.name].append(right)
    if len(rights) <= SHOWN:
        grants = (describe_grant(connection, ", ".join(of), name) for name, of in rights.items())
        step = f"{'; '.join(grants)}; or {step}"
    return Finding("rights", "failed", detail, step)


def _statements() -> Iterator[tuple[str, sa.Table, sa.Executable]]:
    """Rights, each with a table and a statement that the server checks and that touches no row."""
    yield "SELECT", cloud_user, _select_nothing(cloud_user)
    for table in WRITTEN:
        yield "SELECT", table, _select_nothing(table)
        yield "INSERT", table, _insert_nothing(table)
        yield "UPDATE", table, _update_nothing(table)
    for table in DELETED_FROM:
        yield "DELETE", table, _delete_nothing(table)


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
