"""Names that others chose, in the source or in our own database, change no statement of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import sqlalchemy as sa

from include.pipelines import catalog, checks, reports
from include.pipelines.snapshots.snapshot import take_snapshot
from include.pipelines.tickets.sync import sync_tickets
from include.sandbox.desk import sample
from include.sandbox.vendors.server import Sandbox
from include.source.postgres import SourceDatabase
from include.vendors.registry import open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.reports import relations
from include.warehouse.reports.relations import Selection
from include.warehouse.schema import migrations, revisions
from include.work.health import read_health

NOW = datetime(2026, 3, 10, tzinfo=UTC)
REQUEST = Request("test")
NAMES = [
    "a`b",
    'c"d',
    "e'f",
    "g; drop table cloud_user; --",
    "%(h)s :i %s {0} {{j}}",
    "select",
    "x" * 63,
]

OF_THE_RUN = re.compile(r"osm_test_\w+|\d+")
"""Names of databases, files, moments, numbers of connections."""


def quoted(name: str, mark: str) -> str:
    return mark + name.replace(mark, 2 * mark) + mark


def spoil_target() -> Iterator[str]:
    """More columns in our tables, and more tables and views beside them."""
    for table in (
        "cloud_osm_list",
        "cloud_osm_detail",
        "cs_seat_history",
        "rpt_ticket",
        "sync_run",
    ):
        for name in NAMES:
            yield f"alter table {table} add column {quoted(name, '`')} int"
    for prefix in ("", "rpt_", "cs_", "cloud_"):
        for name in NAMES:
            yield f"create table {quoted((prefix + name)[:64], '`')} (id int)"


def spoil_source() -> Iterator[str]:
    """More columns, tables and schemas; a schema of the same tables too."""
    for name in NAMES:
        yield f"alter table seat add column {quoted(name, chr(34))} int"
        yield f"create table {quoted(name, chr(34))} (id int)"
        yield f"create schema {quoted(name, chr(34))}"
        yield f"create table {quoted(name, chr(34))}.seat (id int)"


@contextmanager
def statements() -> Iterator[set[str]]:
    """Every statement that is sent to any database meanwhile."""
    seen: set[str] = set()

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.add(OF_THE_RUN.sub("#", statement))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def work(sandbox: Sandbox, url: str, source_url: str) -> tuple[set[str], tuple[str, ...]]:
    """All we do in a day; the statements it took, and what the snapshot noted."""
    settings = sandbox.settings()
    with closing(Warehouse.open(url)) as warehouse, statements() as seen:
        migrations.upgrade(warehouse.engine)
        revisions.require_current(warehouse.engine)
        with closing(open_client(sandbox.account("huawei"), settings)) as client:
            catalog.refresh(client, warehouse, now=NOW, request=REQUEST)
            sync_tickets(
                client, warehouse, client.account, settings=settings, now=NOW, request=REQUEST
            )
        taken = take_snapshot(SourceDatabase.open(source_url), warehouse, request=REQUEST)
        reports.build(warehouse, now=NOW, request=REQUEST)
        checks.run(warehouse, now=NOW, request=REQUEST)
        read_health(warehouse, now=NOW)
    return seen, tuple(taken.notes)


def test_hostile_names_in_source_and_target_change_no_statement(
    warehouse_server, source_server, record_property
):
    urls = [warehouse_server.create_migrated() for _ in range(2)]
    sources = [source_server.create() for _ in range(2)]
    for url in urls:
        # One that another test left has views as migrate makes them; those of a copy are made anew.
        with closing(Warehouse.open(url)) as warehouse:
            migrations.upgrade(warehouse.engine)
    try:
        for url in sources:
            sample.create(url, seed=7, now=NOW, scale=0.0, queue=True)
        warehouse_server.run(*spoil_target(), url=urls[1])
        source_server.run(*(text.replace("%", "%%") for text in spoil_source()), url=sources[1])
        with Sandbox(seed=7, accounts=1, tickets=3) as running:
            running.store.freeze(NOW)
            plain, _ = work(running, urls[0], sources[0])
            spoilt, notes = work(running, urls[1], sources[1])
        altered = plain ^ spoilt
        assert altered == set()
        assert len(plain) > 200
        assert all(name in " ".join(notes) for name in NAMES)
        with (
            closing(Warehouse.open(urls[1])) as warehouse,
            warehouse.engine.connect() as connection,
        ):
            known = relations.list_relations(connection)
            for name in NAMES:
                table = f"rpt_{name}"[:64]
                assert table in known
                columns = relations.read_columns(connection, table)
                everything = Selection(tuple(column.name for column in columns))
                with relations.read_blocks(connection, table, everything, at_once=10) as blocks:
                    assert list(blocks) == []
        record_property(
            "figure", f"hostile identifiers  {len(plain)} statements, altered {len(altered)}"
        )
    finally:
        for url in urls:
            warehouse_server.drop(url)
        for url in sources:
            source_server.drop(url)


def test_a_database_of_a_hostile_name_is_migrated_and_read(warehouse_server):
    database = f"{warehouse_server.prefix}`\"'; drop table x; --"[:64]
    url = sa.make_url(warehouse_server.url).set(database=database)
    warehouse_server.run(f"create database {quoted(database, '`')}")
    try:
        with closing(Warehouse.open(url.render_as_string(hide_password=False))) as warehouse:
            migrations.upgrade(warehouse.engine)
            assert read_health(warehouse, now=NOW).standings == []
    finally:
        warehouse_server.run(f"drop database {quoted(database, '`')}")
