"""Faults of processes and clocks (R2, R4 to R11): right or loud, and healed by the next run.

R1 and R3, kills at every boundary and colliding runs, have files of their own; so have tasks of
Airflow that are told to end (R2).
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from include.errors import ContractError, PartialError, UnavailableError
from include.pipelines.tickets.storing import BATCH_TICKETS
from include.pipelines.tickets.sync import sync_tickets
from include.sandbox.vendors.server import Sandbox
from include.settings import Settings
from include.vendors.registry import VENDORS, open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.dags.conftest import look, ring, warehouse
from tests.fakes import FakeClient
from tests.faults.kit import invariants
from tests.faults.kit.own_server import until, waiting
from tests.faults.kit.scene import NOW, Scene

__all__ = ["look", "ring", "warehouse"]  # fixtures

ROOT: Final = Path(__file__).resolve().parents[2]
FULL: Final = bool(os.environ.get("FULL"))
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
FORM: Final[dict[str, Any]] = {
    "accounts": [],
    "open_messages": False,
    "dry_run": False,
}


@pytest.fixture
def empty(warehouse_url: str) -> Iterator[Scene]:
    """One account of each vendor with ten tickets, and an empty warehouse."""
    with Sandbox(seed=7, accounts=1, tickets=10) as running:
        running.store.freeze(NOW)
        yield Scene(running, warehouse_url, accounts=[running.account(v) for v in VENDORS])


@pytest.fixture
def told(record_property: Any) -> Any:
    return lambda verdict, passing=0: record_property("fault", f"process {passing:d} {verdict}")


def equals_the_vendors(scene: Scene) -> bool:
    """Every ticket is stored in its state, every closed one with all its messages."""
    stored = {
        str(ticket): (status, count)
        for ticket, status, count in scene.look(
            "select l.cloud_id, l.status, (select count(*) from cloud_osm_detail as d"
            " where d.vendor = l.type and d.case_id = l.cloud_id) from cloud_osm_list as l"
        )
    }
    expected: dict[str, bool] = {}
    for vendor in VENDORS:
        [account] = scene.store.truth()[vendor]["accounts"]
        for ticket in account["tickets"]["open"]:
            expected[ticket] = stored.get(ticket, (0,))[0] == 1
        for ticket in account["tickets"]["closed"]:
            expected[ticket] = stored.get(ticket) == (0, account["stored_messages"][ticket])
    return stored.keys() == expected.keys() and all(expected.values())


def green(ended: Any) -> bool:
    return not [one.error for one in ended.values() if one.error]


@contextmanager
def child(scene: Scene, vendor: str, *, before: str = "", **options: Any) -> Iterator[Any]:
    """A process that syncs the account of a vendor, as the command line would; *before* runs first.

    It ends with 130 when it is told to end, and with us at the latest.
    """
    code = (
        "import json, os, sys\n"
        "from include import stopping\n"
        "from tests.e2e import killed_run\n"
        f"{before}\n"
        "with stopping.when_told():\n"
        "    try:\n"
        "        killed_run.main(*sys.argv[1:4], 0)\n"
        "    except KeyboardInterrupt:\n"
        "        os._exit(130)\n"
    )
    account = scene.sandbox.account(vendor)
    environment = {**scene.sandbox.environment(), "CALLS_PER_SECOND": "500"}
    arguments = [scene.url, json.dumps(asdict(account)), json.dumps(environment)]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def terminated(running: Any) -> float:
    """Seconds from the signal to the end."""
    running.send_signal(signal.SIGTERM)
    began = time.monotonic()
    _, said = running.communicate(timeout=20)
    assert running.returncode == 130, said
    return time.monotonic() - began


@pytest.mark.parametrize("moment", ["a call", "a write"])
def test_r2_a_run_that_is_told_to_end_is_gone_soon_and_says_stopped(empty, told, moment):
    lock = sa.create_engine(empty.url, poolclass=sa.NullPool)
    with lock.connect() as holder:
        if moment == "a write":
            empty.run(empty.accounts[1:2])
            [closing_one, *_] = empty.store.truth()["huawei"]["accounts"][0]["tickets"]["open"]
            empty.store.close(closing_one)
            holder.exec_driver_sql("select id from cloud_osm_list for update").all()
        else:
            empty.faults("hang", "detail", times=None)
        before = invariants.look(empty)
        with child(empty, "huawei") as running:
            if moment == "a write":
                until(lambda: waiting(empty.url), 30)
            else:
                until(lambda: calls_under_way(empty) == Settings().calls_at_once, 30)
            assert terminated(running) < 10
        until(lambda: not waiting(empty.url))  # nor does its transaction wait for us
    says_stopped_and_heals(empty, before, told)


def calls_under_way(scene: Scene) -> int:
    return sum(int(rule["hits"]) for rule in scene.sandbox.faults.list())


def says_stopped_and_heals(scene: Scene, before: Any, told: Any) -> None:
    invariants.nothing_lost(scene, before)
    invariants.no_ticket_was_passed_over(scene)
    newest = "select outcome from sync_run order by started_at desc limit 1"
    assert scene.look(newest) == [("stopped",)]
    told("loud")
    scene.sandbox.faults.clear()
    assert green(scene.run(now=datetime.now(UTC)))
    assert equals_the_vendors(scene)


@pytest.mark.airflow
def test_r4_a_lost_metadata_database_loses_no_place(airflow_db, dagbag, look, sandbox, told):
    from airflow.models.dagrun import DagRun
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    conf = {"vendors": ["huawei"], **FORM}
    facts = "select cloud_id, status, synced_at from cloud_osm_list order by 1"
    assert dagbag.dags["sync_tickets"].test(logical_date=None, run_conf=conf).state == "success"
    before = look(facts)
    with create_session() as session:
        for kind in (XComModel, DagRun):
            session.execute(sa.delete(kind))
    assert dagbag.dags["sync_tickets"].test(logical_date=None, run_conf=conf).state == "success"
    assert look(facts) == before
    runs = look("select outcome, written from sync_run where entity = 'tickets' order by 2")
    assert [outcome for outcome, _ in runs] == ["done", "done"]
    assert runs[0][1] <= 1 < runs[1][1] == len(before)
    told("right", passing=True)


def test_r5_a_retry_reads_only_what_is_missing_and_doubles_nothing(empty, told):
    for days in range(5, 150, 5):
        empty.store.add_ticket("alibaba", created_at=NOW - days * DAY, state="closed", messages=1)
    account, since = empty.accounts[0], NOW - 150 * DAY
    empty.faults("server_error", "list", times=None, attempt=3)
    ended = empty.run([account], sync_since=since)
    assert isinstance(ended["alibaba-1"].error, UnavailableError)
    [(reached,)] = empty.look("select watermark_at from sync_state where entity = 'tickets'")
    assert since < reached.replace(tzinfo=UTC) < NOW - 30 * DAY
    held = {row[0] for row in empty.look("select cloud_id from cloud_osm_list")}
    assert held
    told("loud")
    empty.sandbox.faults.clear()
    empty.sandbox.calls.clear()
    assert green(empty.run([account], sync_since=since))
    assert not held & {call.ticket_id for call in empty.sandbox.calls}
    invariants.nothing_doubled(empty)
    expected = {case.ticket_id for case in empty.store.tickets("alibaba", 0, since, NOW)}
    assert {row[0] for row in empty.look("select cloud_id from cloud_osm_list")} == expected


@pytest.mark.airflow
def test_r6_without_accounts_a_run_is_green_with_a_hint(
    airflow_db, dagbag, look, warehouse, caplog, told
):
    warehouse.transact(lambda c: c.execute(sa.text("delete from cloud_user")))
    conf = {"vendors": list(VENDORS), **FORM}
    assert dagbag.dags["sync_tickets"].test(logical_date=None, run_conf=conf).state == "success"
    from include.runtime import tickets

    assert tickets.account_groups("huawei", conf, conf, known=conf) == []
    assert "no account to read" in caplog.text
    told("right")


@pytest.mark.airflow
@pytest.mark.parametrize("number", [1, 100, 500] if FULL else [1, 12])
def test_r6_every_account_of_many_is_finished(
    look, warehouse, ring, sandbox, monkeypatch, told, number
):
    from include.runtime import tickets
    from include.secrets import KeyRing
    from include.warehouse.tickets.accounts import add_account

    conf = {"vendors": ["tencent"], **FORM}
    with Sandbox(seed=7, accounts=number, tickets=2) as many:
        for name, value in many.environment().items():
            monkeypatch.setenv(name, value)
        warehouse.transact(lambda c: c.execute(sa.text("delete from cloud_user")))
        for index in range(number):
            add_account(warehouse, KeyRing.parse(ring), many.account("tencent", index), now=NOW)
        groups = tickets.account_groups("tencent", conf, conf, known=conf)
        assert sum(map(len, groups)) == number
        assert len(groups) <= tickets.MOST_TASKS
        for group in groups:
            tickets.sync_accounts(group, conf, "a test")
    done = "select outcome, count(*) from sync_run where entity = 'tickets' group by 1"
    assert look(done) == [("done", number)]
    assert look("select count(*) from cloud_osm_list") == [(2 * number,)]
    told("right")


ZONES: Final = ("UTC", "America/New_York", "Asia/Shanghai")
MOMENTS: Final = {
    "the hour that is skipped": datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
    "the first hour of two": datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
    "the second hour of two": datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
    "a new year elsewhere": datetime(2025, 12, 31, 16, 30, tzinfo=UTC),
}


@pytest.fixture
def live_in() -> Iterator[Any]:
    """``live_in(zone)``: the worker's time zone from now on."""
    old = os.environ.get("TZ")

    def move(zone: str | None) -> None:
        os.environ.pop("TZ", None)
        if zone:
            os.environ["TZ"] = zone
        time.tzset()

    yield move
    move(old)


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        pytest.param(moment, zone, id=f"{name.replace(' ', '-')}-{zone.rpartition('/')[2]}")
        for number, (name, moment) in enumerate(MOMENTS.items())
        for zone in (ZONES if FULL else (ZONES[1 + number % 2 if number == 3 else 1],))
    ],
)
def test_r7_the_workers_time_zone_changes_no_stored_moment(empty, live_in, told, moment, zone):
    store, since = empty.store, moment - 4 * HOUR
    store.freeze(moment)
    for vendor in VENDORS:
        for number in range(1, 10):
            at = moment - number * HOUR / 3
            store.add_ticket(vendor, created_at=at, state="closed", messages=2)
    live_in(zone)
    assert green(empty.run(now=moment, sync_since=since))
    expected = {
        case.ticket_id: (int(case.created_at.timestamp() * 1000), len(case.talks))
        for vendor in VENDORS
        for case in store.tickets(vendor, 0, since, moment)
    }
    rows = empty.look("select cloud_id, create_time, message_count from cloud_osm_list")
    assert {row[0]: row[1] for row in rows} == {key: value[0] for key, value in expected.items()}
    assert all(row[2] >= expected[row[0]][1] for row in rows)
    [(mark,)] = empty.look("select distinct watermark_at from sync_state where entity = 'tickets'")
    assert mark.replace(tzinfo=UTC) == moment
    told("right")


@pytest.mark.parametrize("wrong", [2 * HOUR, -2 * HOUR], ids=["ahead", "behind"])
def test_r8_a_wrong_clock_skips_no_window(empty, told, wrong):
    store = empty.store
    assert green(empty.run(now=NOW + wrong))
    for number, now in enumerate((NOW + HOUR / 2, NOW - wrong / 2 + HOUR, NOW + 3 * HOUR)):
        store.freeze(NOW + (number + 1) * HOUR / 2)
        for vendor in VENDORS:
            store.add_ticket(vendor, state="closed")
        assert green(empty.run(now=now))
    assert green(empty.run(now=NOW + 4 * HOUR))
    assert equals_the_vendors(empty)
    told("right", passing=True)


def test_r8_a_clock_that_steps_back_during_a_run_changes_nothing(empty, told):
    calls = itertools.count()

    def stepping() -> datetime:
        return datetime.now(UTC) - (next(calls) % 2) * timedelta(minutes=4)

    settings = empty.sandbox.settings(sync_since=NOW - 365 * DAY)
    with closing(Warehouse.open(empty.url)) as opened:
        for account in empty.accounts:
            with closing(open_client(account, settings, now=stepping)) as client:
                request = Request("a test")
                sync_tickets(client, opened, account, settings=settings, now=NOW, request=request)
    assert next(calls) > 10
    assert equals_the_vendors(empty)
    told("right", passing=True)


def test_r9_after_three_months_a_run_catches_up_in_spans_that_last(empty, told):
    account, start = empty.accounts[0], NOW - 90 * DAY
    for number in range(130):
        at = start + number * (90 * DAY / 130)
        empty.store.add_ticket("alibaba", created_at=at, state="closed", messages=1)
    assert green(empty.run([account], now=start))
    sizes, marks = [], []

    def watch(_c: Any, _cursor: Any, statement: str, values: Any, _x: Any, many: bool) -> None:
        if statement.startswith("INSERT INTO cloud_osm_list"):
            sizes.append(len(values) if many else 1)
        if "watermark_at" in statement and statement.startswith("UPDATE"):
            marks.append(values["param_1"])

    empty.faults("server_error", "list", times=None, attempt=4)
    with closing(Warehouse.open(empty.url)) as opened:
        sa.event.listen(opened.engine, "before_cursor_execute", watch)
        assert isinstance(empty.sync(account, opened).error, UnavailableError)
        reached = len(marks)
        empty.sandbox.faults.clear()
        assert empty.sync(account, opened).error is None
    assert 1 <= reached < len(marks)
    assert marks == sorted(marks)
    assert max(sizes) <= BATCH_TICKETS
    told("loud")
    expected = {case.ticket_id for case in empty.store.tickets("alibaba", 0)}
    assert {row[0] for row in empty.look("select cloud_id from cloud_osm_list")} == expected


def test_r10_however_many_tickets_fail_the_log_stays_short(warehouse, caplog, told):
    caplog.set_level("INFO")
    client, number = FakeClient(), 10_000 if FULL else 200
    for index in range(number):
        client.add(f"T{index}")
        client.errors[f"T{index}"] = ContractError("odd", vendor="huawei", action="read")
    given: Any = {"settings": Settings(), "now": NOW, "request": Request("a test")}
    for _ in range(2):
        with pytest.raises(PartialError, match=f"{number} tickets wait in quarantine"):
            sync_tickets(client, warehouse, client.account, **given)
    count = sa.text("select count(*) from sync_quarantine")
    assert warehouse.transact(lambda c: c.scalar(count)) == number
    assert 0 < len(caplog.records) <= 20
    told("loud")


def test_r11_nothing_needs_a_local_file(empty, told):
    def no_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    environment = os.environ | {"TMPDIR": "/proc/none"}
    for vendor in VENDORS:
        with child(empty, vendor, preexec_fn=no_files, env=environment) as running:
            _, said = running.communicate(timeout=60)
        assert running.returncode == 0, said
    assert equals_the_vendors(empty)
    told("right")


def test_r11_a_worker_out_of_memory_is_loud_and_the_next_run_heals(empty, told):
    for _ in range(4):
        empty.store.add_ticket("tencent", state="closed", messages=["x" * 9_000_000])
    limit = (
        "import re, resource\n"
        "size = int(re.search(r'VmSize:\\s+(\\d+)', open('/proc/self/status').read())[1]) * 1024\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size + 90_000_000,) * 2)"
    )
    with child(empty, "tencent", before=limit) as running:
        _, said = running.communicate(timeout=60)
    assert running.returncode not in (0, 130)
    assert "MemoryError" in said or "can't start new thread" in said
    assert empty.look("select outcome from sync_run")[0][0] in ("failed", "running")
    told("loud")
    invariants.no_ticket_was_passed_over(empty)
    assert green(empty.run(now=datetime.now(UTC)))
    assert equals_the_vendors(empty)
