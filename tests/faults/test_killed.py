"""Killed with -9 at every boundary, and run once more: the tables of a run that was never killed.

A sample of the boundaries by default, all of them with FULL=1.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.models import VENDORS
from include.sandbox.server import Sandbox
from include.warehouse.report_tables import metadata  # that of all tables
from tests.faults import small
from tests.faults.children import Children, children, of_account
from tests.faults.scene import BEFORE, FACTS, NOW, STATE
from tests.faults.small import copy_of
from tests.histories import Past
from tests.sql.described import described
from tests.sql.users_database import build

FULL = bool(os.environ.get("FULL"))
LANES = 3 if FULL else 2
SPREAD = 4
ATTEMPT = {"synced_at", "found_at", "first_at", "last_at", "attempts", "request_id"} | {
    "heartbeat_at",
    "token",
    "run_id",
}
"""What tells when and how often something was done, not what is there."""
FOR_TICKETS = (*FACTS, "sync_state")
REPORTS = tuple(name for name in metadata.tables if name.startswith("rpt_"))
HISTORIES = tuple(name for name in metadata.tables if name.startswith("cs_"))

Table = dict[tuple[Any, ...], tuple[tuple[str, Any], ...]]
"""Rows by their key."""


@dataclass(frozen=True)
class Work:
    """What is killed: ``reset(url)`` brings a database to its beginning, ``ask`` names the work."""

    reset: Callable[[str], None]
    ask: dict[str, Any]
    tables: tuple[str, ...]
    shape: Callable[[str], Any] = lambda url: None
    is_at_once: bool = False
    """Whether readers see all of its work or nothing."""

    def look(self, url: str) -> dict[str, Table]:
        """What is in the tables, as far as they are there."""
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        found: dict[str, Table] = {}
        with engine.connect() as connection:
            there = sa.inspect(connection).get_table_names()
            for name in self.tables:
                rows = (
                    connection.exec_driver_sql(f"select * from `{name}`") if name in there else ()
                )
                found[name] = {
                    tuple(row._mapping[c.name] for c in metadata.tables[name].primary_key): tuple(
                        (column, value)
                        for column, value in row._mapping.items()
                        if column not in ATTEMPT
                    )
                    for row in rows
                }
        return found


def complete(state: dict[str, Table]) -> set[tuple[Any, int]]:
    """Complete tickets, and how many messages of them are stored."""
    talks = [dict(row) for row in state.get("cloud_osm_detail", {}).values()]
    count = Counter((talk["vendor"], talk["case_id"]) for talk in talks if "vendor" in talk)
    tickets = [dict(row) for row in state.get("cloud_osm_list", {}).values()]
    return {(t["cloud_id"], count[t["type"], t["cloud_id"]]) for t in tickets if t["status"] == 0}


@dataclass(frozen=True)
class Point:
    """What a kill at one boundary did."""

    k: int
    lost: int
    doubled: int
    wrong: int
    healed: bool
    told: str


@dataclass
class Killer:
    """Kills a work at its boundaries, in several databases side by side."""

    lanes: list[tuple[str, Children]]

    def kill(self, work: Work) -> tuple[list[Point], int]:
        """What the kills did, and how many boundaries the work has."""
        url, runner = self.lanes[0]
        work.reset(url)
        first = work.look(url)
        clean = runner.run(url=url, **work.ask)
        assert clean["error"] is None, clean
        last, shape = work.look(url), work.shape(url)
        points = iter(chosen(clean["seen"]))

        def at(k: int, url: str, runner: Children) -> Point:
            work.reset(url)
            died = runner.run(url=url, k=k, **work.ask)
            # Of a slow run a heartbeat more may have been counted than of this one.
            assert died == {"ended": -signal.SIGKILL} or len(died["seen"]) < k, died
            killed = work.look(url)
            is_whole = not work.is_at_once or killed in (first, last)
            error = runner.run(url=url, **work.ask)["error"]
            healed = work.look(url)
            differ = [name for name in work.tables if healed[name] != last[name]]
            differ += ["the schema"] * (work.shape(url) != shape)
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

        def work_off(lane: tuple[str, Children]) -> list[Point]:
            return [at(k, *lane) for k in points]

        with ThreadPoolExecutor(len(self.lanes)) as pool:
            found = [point for lane in pool.map(work_off, self.lanes) for point in lane]
        return found, len(clean["seen"])


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
def killer(warehouse_server: Any) -> Iterator[Killer]:
    urls = [warehouse_server.create_migrated() for _ in range(LANES)]
    with ExitStack() as stack:
        yield Killer([(url, stack.enter_context(children())) for url in urls])
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


def judge(killer: Killer, work: Work, name: str, record: Any) -> None:
    points, boundaries = killer.kill(work)
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
    killer, base, vendors, name, vendor, record_property
):
    reset = copy_of(base, STATE)
    if name == "catalog":
        for_nothing = (*FACTS[2:6], "sync_state", "sync_run")

        def forget(url: str) -> None:
            copy_of(base, STATE)(url)
            with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
                for table in for_nothing:
                    connection.exec_driver_sql(f"delete from `{table}`")
                connection.exec_driver_sql(
                    "update cloud_osm_list set product_id = null, product_business_id = null"
                )

        reset = forget
    ask = {"work": name, **of_account(vendors, vendors.account(vendor), NOW)}
    judge(killer, Work(reset, ask, FOR_TICKETS), f"{name} {vendor}", record_property)


def test_a_build_of_reports_killed_at_any_boundary_shows_the_old_or_the_new_ones(
    killer, base, vendors, warehouse_server, record_property
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
        ended = killer.lanes[0][1].run(url=built, **{**ask, "now": BEFORE.isoformat()})
        assert ended["error"] is None
        with engine.begin() as connection:
            connection.exec_driver_sql("delete from sync_run")
            past.connection = connection
            past.snapshot(2, "2026-07-02 12:00")
            talk(past, 2)
            connection.exec_driver_sql(
                "update cloud_osm_list set status = 0, synced_at = now() limit 3"
            )
        reset = copy_of(built, (*STATE, *HISTORIES, *REPORTS))
        facts = tuple(set(REPORTS) - {"rpt_build"})  # a build that was repeated is a build more
        work = Work(reset, ask, facts, is_at_once=True)
        judge(killer, work, "reports", record_property)
    finally:
        warehouse_server.drop(built)


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

    def reset(url: str) -> None:
        name = sa.make_url(url).database
        warehouse_server.run(f"drop database `{name}`", f"create database `{name}` charset utf8mb4")
        if start != "empty":
            build(sa.create_engine(url, poolclass=sa.NullPool))

    def shape(url: str) -> Any:
        return described(sa.create_engine(url, poolclass=sa.NullPool))

    try:
        with ExitStack() as stack:
            killer = Killer([(url, stack.enter_context(children())) for url in urls])
            work = Work(reset, {"work": "migrate"}, tuple(metadata.tables), shape)
            judge(killer, work, f"migration, {start}", record_property)
    finally:
        for url in urls:
            warehouse_server.drop(url)
