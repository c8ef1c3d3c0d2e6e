"""`check` of the customer-service database: reach, tables, rights, encryption."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from include.cli.check.finding import Finding, clock, way_to
from include.cli.console import utcnow
from include.cli.snapshot import open_source
from include.customer_service import SOURCE_TABLES
from include.errors import SyncError, VendorError
from include.settings import LOOPBACK, Settings
from include.source.postgres import Snapshot

WHAT: Final = "customer-service database"


def check_source(settings: Settings) -> Iterator[Finding]:
    """Everything a snapshot needs there, tried in one that is thrown away."""
    if not settings.source_url.get_secret_value():
        yield Finding(
            WHAT,
            "off",
            "not configured: there are no snapshots",
            "set SOURCE_URL=postgresql://user:password@host:5432/database if you want them",
        )
        return
    try:
        with open_source(settings).snapshot() as snapshot:
            yield from _found(snapshot)
    except VendorError as error:
        yield Finding(WHAT, "failed", error.cause, error.step or way_to(error.cause))
    except SyncError as error:
        yield Finding(WHAT, "failed", str(error))


def _found(snapshot: Snapshot) -> Iterator[Finding]:
    """What a snapshot sees. That there is one says: all six tables are as agreed, and readable."""
    version, user, host, encryption, now = snapshot.one(
        "select current_setting('server_version'), current_user, host(inet_server_addr()),"
        " (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl),"
        " clock_timestamp()"
    )
    database = snapshot.position.database
    yield Finding(WHAT, "ok", f"PostgreSQL {version}, database {database}, as {user}")
    required = [table.name for table in SOURCE_TABLES if not table.optional]
    yield Finding("source tables", "ok", f"the {len(required)} tables are there and readable")
    yield from _queue(snapshot)
    for found in snapshot.found.values():
        for note in found.notes:
            yield Finding("source tables", "warning", note)
    if snapshot.position.behind:
        yield Finding("source replica", "warning", snapshot.position.behind)
    if snapshot.one("show server_encoding")[0] == "SQL_ASCII":
        yield Finding(
            "source encoding",
            "warning",
            "the database has none (SQL_ASCII): its texts are read where their bytes are UTF-8, and"
            " a snapshot names the first column where they are not",
            "`python -m include snapshot --full` tries every text",
        )
    if not snapshot.position.system_id:
        yield Finding(
            "source identity",
            "warning",
            "the source does not tell it, so every snapshot reads all rows",
            "GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() (sql/grants)",
        )
    yield from _rights(snapshot)
    if encryption:
        yield Finding("source encryption", "ok", f"{encryption}, certificate verified")
    elif host in LOOPBACK or host is None:
        yield Finding("source encryption", "ok", "none, on this machine alone")
    yield from clock("the customer-service database", (utcnow() - now).total_seconds())


def _queue(snapshot: Snapshot) -> Iterator[Finding]:
    for table in SOURCE_TABLES:
        if table.optional and table.name not in snapshot.found:
            yield Finding(
                f"source table {table.name}",
                "off",
                "not there: reports have no live queue and no observed losses",
            )
        elif table.optional:
            yield Finding(f"source table {table.name}", "ok", "there: it is read too")


def _rights(snapshot: Snapshot) -> Iterator[Finding]:
    """What the role may do beyond reading. Our own connections are read-only all the same."""
    is_superuser = snapshot.one("select rolsuper from pg_roles where rolname = current_user")[0]
    tables = snapshot.all(
        "select relname from pg_class where relkind in ('r', 'p') and pg_table_is_visible(oid)"
        " and has_table_privilege(oid, 'insert, update, delete, truncate')"
    )
    writable = ", ".join(sorted({name for (name,) in tables} & snapshot.found.keys()))
    detail = "is a superuser" if is_superuser else f"may write {writable}" if writable else ""
    if detail:
        yield Finding(
            "source rights",
            "warning",
            f"the role {detail}; our connections are read-only all the same",
            "use a role that may only read (sql/grants)",
        )
    else:
        yield Finding("source rights", "ok", "the role may read, and no more")
