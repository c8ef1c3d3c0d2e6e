"""Killed with -9 at every boundary, and run once more: the tables of a run that was never killed.

A sample of the boundaries by default, all of them with FULL=1: together with the snapshots' kills
(``tests/e2e/test_snapshot_killed.py``) and ``-n 2`` in less than ten minutes on two cores.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import Any

import pytest
import sqlalchemy as sa

from include.sandbox.vendors.server import Sandbox
from include.vendors.registry import VENDORS
from include.warehouse.tables import metadata
from tests.faults.kit import small
from tests.faults.kit.children import of_account
from tests.faults.kit.lanes import LANES, Lane, lanes, side_by_side
from tests.faults.kit.scene import BEFORE, FACTS, NOW, STATE
from tests.faults.kit.small import copies, copy_of
from tests.grown import grow
from tests.histories import Past
from tests.sql import users_database
from tests.sql.described import described_by

FULL = bool(os.environ.get("FULL"))
SPREAD = 2
ATTEMPT = {"synced_at", "found_at", "first_at", "last_at", "attempts", "request_id"} | {
    "heartbeat_at",
    "token",
    "run_id",
    *("read_at", "read_again_at", "seen_at", "after_at", "change_mark"),
    *("close_time", "close_time_min", "close_time_max"),
}
"""What tells when and how often something was done, not what is there."""
FOR_TICKETS = (*FACTS, "sync_state")
REPORTS = tuple(name for name in metadata.tables if name.startswith("rpt_"))
HISTORIES = tuple(name for name in metadata.tables if name.startswith("cs_"))

Table = dict[Any, tuple[tuple[str, ...], tuple[Any, ...]]]
"""Rows by their key: the columns and their values."""


@dataclass(frozen=True)
class Work:
    """What is killed: *reset* gives the statements that lead a lane back, *ask* names the work."""

    reset: Callable[[Lane], list[str]]
    ask: dict[str, Any]
    tables: tuple[str, ...]
    shape: Callable[[sa.Connection], Any] = lambda connection: None
    is_at_once: bool = False
    """Whether readers see all of its work or nothing."""
    after: dict[str, Any] | None = None
    """What runs next anyhow, and completes what the work may leave to it."""

    def begin(self, lane: Lane) -> None:
        lane.execute(self.reset(lane))

    def run(self, lane: Lane) -> str | None:
        """Do it, unharmed, and what comes after it; the error of either."""
        errors = [lane.run(**ask)["error"] for ask in (self.ask, self.after) if ask]
        return next(filter(None, errors), None)

    def look(self, lane: Lane) -> dict[str, Table]:
        """What is in the tables, as far as they are there."""
        with lane.connection.begin():
            there = set(lane.connection.exec_driver_sql("show tables").scalars())
            return {
                name: look(lane.connection, name) if name in there else {} for name in self.tables
            }

    def form(self, lane: Lane) -> Any:
        with lane.connection.begin():
            return self.shape(lane.connection)


def look(connection: sa.Connection, name: str) -> Table:
    """The rows of a table, without what tells of attempts."""
    found = connection.exec_driver_sql(f"select * from `{name}`")
    columns = list(found.keys())
    names = tuple(column for column in columns if column not in ATTEMPT)
    facts = itemgetter(*map(columns.index, names))
    key = itemgetter(*(columns.index(column.name) for column in metadata.tables[name].primary_key))
    return {key(row): (names, facts(row)) for row in found}


def complete(state: dict[str, Table]) -> set[tuple[Any, int]]:
    """Complete tickets, and how many messages of them are stored."""

    def rows(name: str) -> list[dict[str, Any]]:
        return [dict(zip(*row, strict=True)) for row in state.get(name, {}).values()]

    # By the ticket alone: the user's own messages do not tell their vendor before they are adopted.
    count = Counter(talk["case_id"] for talk in rows("cloud_osm_detail"))
    tickets = rows("cloud_osm_list")
    return {(t["cloud_id"], count[t["cloud_id"]]) for t in tickets if t["status"] == 0}


@dataclass(frozen=True)
class Point:
    """What a kill at one boundary did."""

    k: int
    lost: int
    doubled: int
    wrong: int
    healed: bool
    told: str


def kill(in_lanes: list[Lane], work: Work) -> tuple[list[Point], int]:
    """Kill a work at its boundaries: what that did, and how many boundaries the work has."""
    model = in_lanes[0]
    work.begin(model)
    first = work.look(model)
    clean = model.run(**work.ask)
    assert clean["error"] is None, clean
    if work.after:
        assert model.run(**work.after)["error"] is None
    last, form = work.look(model), work.form(model)

    def at(k: int, lane: Lane) -> Point:
        work.begin(lane)
        died = lane.run(k=k, **work.ask)
        # Of a slow run a heartbeat more may have been counted than of this one.
        assert died == {"ended": -signal.SIGKILL} or len(died["seen"]) < k, died
        killed = work.look(lane)
        is_whole = not work.is_at_once or killed in (first, last)
        error = work.run(lane)
        healed = work.look(lane)
        differ = [name for name in work.tables if healed[name] != last[name]]
        differ += ["the form"] * (work.form(lane) != form)
        return Point(
            k,
            sum(
                len((first[name].keys() & last[name].keys()) - killed[name].keys())
                + len(last[name].keys() - healed[name].keys())
                for name in work.tables
            ),
            sum(len(healed[name].keys() - last[name].keys()) for name in work.tables),
            len(complete(killed) - complete(first) - complete(last)),
            is_whole and error is None and not differ,
            f"at {k}: {'' if is_whole else 'half of it is seen, '}{error}, differ: {differ}",
        )

    return side_by_side(in_lanes, chosen(clean["seen"]), at), len(clean["seen"])


def chosen(seen: list[str]) -> list[int]:
    """Boundaries to be killed at, from 1: around the last commit, behind some others, the last."""
    count = len(seen)
    if FULL:
        return list(range(1, count + 1))
    # Without any, as in a migration, every statement is one.
    commits = [k for k, kind in enumerate(seen, 1) if kind == "commit"] or range(1, count)
    behind = {k + 1 for k in commits[:: -(-len(commits) // SPREAD)]}
    return sorted(k for k in {*behind, commits[-1], commits[-1] + 1, count} if k <= count)


@pytest.fixture(scope="module")
def migrated(warehouse_server: Any) -> Iterator[list[Lane]]:
    urls = [warehouse_server.create_migrated() for _ in range(LANES)]
    with lanes(urls) as found:
        yield found
    for url in urls:
        warehouse_server.drop(url)


@pytest.fixture(scope="module")
def base(warehouse_server: Any) -> Iterator[str]:
    url = warehouse_server.create_migrated()
    yield url
    warehouse_server.drop(url)


@pytest.fixture(scope="module")
def vendors(base: str) -> Iterator[Sandbox]:
    with small.vendors(base) as running:
        yield running


def judge(in_lanes: list[Lane], work: Work, name: str, record: Any) -> None:
    points, boundaries = kill(in_lanes, work)
    lost, doubled, wrong, healed = (
        sum(getattr(point, column) for point in points)
        for column in ("lost", "doubled", "wrong", "healed")
    )
    record(
        "figure",
        f"kill points {len(points):>5}/{boundaries:<5} {name:22} rows lost {lost}"
        f"  doubled {doubled}  wrongly complete {wrong}  healed by one run {healed}",
    )
    assert not [point.told for point in points if not point.healed]
    assert (lost, doubled, wrong) == (0, 0, 0)
    assert points


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", ["tickets", "catalog"])
def test_a_run_killed_at_any_boundary_is_healed_by_the_next(
    migrated, base, vendors, name, vendor, record_property
):
    reset = copies(base, STATE)
    if name == "catalog":
        reset += [f"delete from `{table}`" for table in (*FACTS[2:6], "sync_state", "sync_run")]
        reset.append("update cloud_osm_list set product_id = null, product_business_id = null")
    ask = {"work": name, **of_account(vendors, vendors.account(vendor), NOW)}
    work = Work(lambda lane: reset, ask, FOR_TICKETS)
    judge(migrated, work, f"{name} {vendor}", record_property)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", ["again", "one ticket"])
def test_a_reading_beside_runs_killed_at_any_boundary_is_healed_by_the_next(
    migrated, base, vendors, name, vendor, record_property
):
    store, ask = vendors.store, of_account(vendors, vendors.account(vendor), NOW)
    owned = [case.ticket_id for case in store.tickets(vendor, 0, until=BEFORE)]
    done = complete_in(base)
    late = next(i for i in owned if i in done and store.ticket(i).is_closed)
    store.add_message(late, "a word after closing", from_customer=False)
    after = None
    if name == "again":
        ask["environment"]["READ_ALL_DAYS"] = "1"  # a share of all is all
        # A ticket of which a part is stored is incomplete: the next run reads it.
        after = {"work": "tickets", **ask}
    else:
        new = [case.ticket_id for case in store.tickets(vendor, 0, since=BEFORE)]
        ask |= {"ids": [*owned, *new, "nobodys"], "owned": owned}
    reset = copies(base, (*STATE, "cloud_osm_history"))
    reset.append("update cloud_osm_list set read_again_at = null")  # no look is planned
    reset.append("update cloud_osm_list set read_at = read_at - interval 1 day")
    work = Work(lambda lane: reset, {"work": name, **ask}, FOR_TICKETS, read_history, after=after)
    judge(migrated, work, f"{name} {vendor}", record_property)
    with migrated[0].connection.begin():
        query = "select case_id from cloud_osm_detail where content = 'a word after closing'"
        assert late in migrated[0].connection.exec_driver_sql(query).scalars().all()


def complete_in(url: str) -> set[str]:
    """The ids of the complete tickets of a database."""
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        query = "select cloud_id from cloud_osm_list where complete = 1"
        return set(connection.exec_driver_sql(query).scalars())


def test_rows_being_brought_over_when_killed_are_brought_over_by_the_next(
    migrated, base, vendors, warehouse_server, record_property
):
    theirs = warehouse_server.create_migrated()
    tables = (*STATE, "cloud_user")
    written = (*FACTS[:4], "cloud_osm_source", "migration_leftover")
    try:
        copy_of(base, tables)(theirs)
        with sa.create_engine(theirs, poolclass=sa.NullPool).begin() as connection:
            for statement in foreign_rows(connection):
                connection.exec_driver_sql(statement)
        reset = copies(theirs, (*tables, "migration_leftover"))
        ask = {"work": "bring over", "now": NOW.isoformat()}
        work = Work(lambda lane: reset, ask, written[:-1], read_leftovers)
        judge(migrated, work, "bring over", record_property)
        assert len(work.form(migrated[0])) == 3
    finally:
        warehouse_server.drop(theirs)


def foreign_rows(connection: sa.Connection) -> list[str]:
    """Rows of another program: of tickets and messages that we hold, and of others; twice."""
    held = connection.exec_driver_sql(
        "select case_id, message_id from cloud_osm_detail where vendor = 'HUAWEI' order by 1, 2"
    ).all()
    (first, message), second = held[0], held[-1][0]
    product = "(select id, name from cloud_osm_product where type = 'HUAWEI' order by id limit 1)"
    return [
        "insert into cloud_osm_list (id, cloud_id, status, type, custom_id, create_time) values"
        f" ('u1', '{first}', 1, '1', 'an-employee', 1767225600),"
        " ('u2', 'X2', 1, '华为云', null, 1767225600), ('u3', 'X3', null, null, 'huawei-1', null),"
        " ('u4', 'X2', 1, '1', null, null), ('u5', 'X5', 1, 'nobody knows', null, null)",
        "insert into cloud_osm_detail (id, case_id, message_id, type, content, create_time) values"
        f" ('m1', '{first}', '{message}', '0', 'the same', 1767225600),"
        f" ('m2', '{second}', null, 'HUAWEI', 'one more', 1767225600),"
        " ('m3', 'u2', null, '1', 'by the id of the row', null),"
        " ('m4', 'X2', 'M4', '0', 'first', null), ('m5', 'X2', 'M4', '0', 'again', null),"
        " ('m6', 'X6', 'M6', '0', 'of no ticket', null)",
        f"insert into cloud_osm_product (id, type, name) select id, '1', name from {product} as p",
        "insert into cloud_osm_product (id, type, name) values ('own', '1', 'a product')",
        "insert into cloud_osm_product_type (id, type, name) values ('own', '0', 'a category')",
        "insert into cloud_osm_source (id, type, name) values ('own', '1', 'a source')",
    ]


def read_leftovers(connection: sa.Connection) -> list[Any]:
    """The rows that could not stay, without the ids that chance gave them."""
    query = "select table_name, row_id, reason from migration_leftover order by 1, 2, 3"
    return [tuple(row) for row in connection.exec_driver_sql(query)]


def read_history(connection: sa.Connection) -> list[Any]:
    """How often each state of each ticket was noted."""
    columns = "type, cloud_id, is_closed, vendor_status, account_id"
    query = f"select {columns}, count(*) from cloud_osm_history group by {columns} order by 1, 2, 3"
    return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_a_build_of_reports_killed_at_any_boundary_shows_the_old_or_the_new_ones(
    migrated, base, vendors, warehouse_server, record_property
):
    built = warehouse_server.create_migrated()
    try:
        copy_of(base, STATE)(built)
        with sa.create_engine(built).begin() as connection:
            past = Past(connection)
            past.snapshot(1, "2026-07-01 12:00")
            talk(past, 1)
        engine = sa.create_engine(built, poolclass=sa.NullPool)
        ask = {"work": "reports", "now": (NOW + timedelta(hours=1)).isoformat()}
        ended = migrated[0].runner.run(url=built, **{**ask, "now": BEFORE.isoformat()})
        assert ended["error"] is None
        with engine.begin() as connection:
            connection.exec_driver_sql("delete from sync_run")
            past.connection = connection
            past.snapshot(2, "2026-07-02 12:00")
            talk(past, 2)
            connection.exec_driver_sql(
                "update cloud_osm_list set status = 0, synced_at = now() limit 3"
            )
        for lane in migrated:
            lane.execute(copies(built, (*STATE, "cloud_osm_history", *HISTORIES)))
        reset = copies(built, ("sync_state", "sync_run", *REPORTS))  # all that a build writes
        facts = tuple(set(REPORTS) - {"rpt_build"})  # a build that was repeated is a build more
        work = Work(lambda lane: reset, ask, facts, is_at_once=True)
        judge(migrated, work, "reports", record_property)
    finally:
        warehouse_server.drop(built)


def test_a_prune_killed_at_any_boundary_is_completed_by_the_next(
    migrated, warehouse_server, record_property
):
    grown = warehouse_server.create_migrated()
    try:
        with sa.create_engine(grown, poolclass=sa.NullPool).begin() as connection:
            grow(connection)
        pruned = ("cs_snapshot_table", "rpt_build", "cs_seat_history")
        kept = ("cs_snapshot", "cs_session_mapping_history")
        reset = copies(grown, ("sync_state", "sync_run", *pruned, *kept))
        ask = {"work": "prune", "environment": {"HISTORY_DAYS": "90"}}
        judge(migrated, Work(lambda lane: reset, ask, (*pruned, *kept)), "prune", record_property)
    finally:
        warehouse_server.drop(grown)


def talk(past: Past, snapshot: int) -> None:
    """A few conversations that a snapshot shows first."""
    day = f"2026-07-0{snapshot}"
    if snapshot == 1:
        past.version("supplier", 1, ext_flag=1, status=1)
        past.version("seat", 11, supplier_id=1, service_status=4, max_user=1, status=1)
    for number in range(3):
        past.conversation(
            f"{day}/{number}", f"{day} 10:0{number}", wait=number * 9, seat=11, opened=snapshot
        )


@pytest.mark.parametrize("start", ["empty", "the user's tables"])
def test_a_migration_killed_at_any_boundary_is_completed_by_the_next(
    warehouse_server, start, record_property
):
    urls = [warehouse_server.create() for _ in range(LANES)]
    theirs = warehouse_server.create()
    users_database.build(sa.create_engine(theirs, poolclass=sa.NullPool))

    tables = users_database.statements() if start != "empty" else {}

    def reset(lane: Lane) -> list[str]:
        name = sa.make_url(lane.url).database
        return [
            f"drop database `{name}`",
            f"create database `{name}` charset utf8mb4",
            f"use `{name}`",
            *tables.values(),
            *copies(theirs, tables),
        ]

    try:
        with lanes(urls) as found:
            work = Work(reset, {"work": "migrate"}, tuple(metadata.tables), described_by)
            judge(found, work, f"migration, {start}", record_property)
    finally:
        for url in (*urls, theirs):
            warehouse_server.drop(url)
