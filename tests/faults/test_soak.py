"""A month of a busy, faulty world, accelerated: at its end the tables are right, without a hand."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from include.models import Account
from include.pipelines import checks, reports
from include.pipelines.snapshots.snapshot import take_snapshot
from include.pipelines.snapshots.source_comparison import compare_with_source
from include.sandbox.desk import sample
from include.sandbox.desk.churn import churn
from include.sandbox.vendors.server import Sandbox
from include.source.postgres import SourceDatabase
from include.vendors.registry import VENDORS
from include.warehouse.bookkeeping.ledger import Counts, Request
from include.warehouse.mysql import Warehouse
from tests.faults.kit import invariants
from tests.faults.kit.scene import BEFORE, FULL, SEED, Ended, Scene
from tests.faults.kit.table import Kind

ROOT: Final = Path(__file__).resolve().parents[2]
DAYS: Final = 30 if FULL else 2
STEP: Final = timedelta(hours=6)
ACCOUNTS: Final = 2
SHARE: Final = 0.05  # of all calls
PASSING: Final[tuple[Kind, ...]] = (
    ("throttle", {"hint": 1}),
    ("server_error", {"status": 500, "body": "html"}),
    ("server_error", {"status": 503}),
    ("html_200", {}),
    ("empty_body", {}),
    ("not_an_object", {}),
    ("cut_json", {}),
    ("early_end", {}),
    ("reset", {}),
    ("close_quietly", {}),
)
LASTING: Final[tuple[Kind, ...]] = (
    ("server_error", {"status": 503}),
    ("throttle", {}),
    ("missing_list", {}),
    ("poison_detail", {}),
    ("error_object", {"code": "Invented.ByUs", "message": "no"}),
)
COMPARED: Final = (
    "select type, cloud_id, status, name, email, custom_id, create_time, product_id, product_name,"
    " product_business_id, category_name, osm_id, source_name, if(status = 0, vendor_status, ''),"
    " if(status = 0, message_count, 0) from cloud_osm_list order by 1, 2",
    "select vendor, case_id, message_id, d.type, content, d.create_time, replier, replier_name"
    " from cloud_osm_detail as d join cloud_osm_list as t on t.type = vendor and cloud_id = case_id"
    " where status = 0 order by 1, 2, 3",
    "select type, id, name, active from cloud_osm_product order by 1, 2",
)


class World:
    """Vendors and customer service that live on, faults, kills, and the runs of a schedule."""

    def __init__(self, scene: Scene, source_url: str) -> None:
        self.scene, self.store, self.source_url = scene, scene.store, source_url
        self.rng = random.Random(SEED)  # noqa: S311
        self.tally = Counter[str]()
        self.turned: dict[str, set[str]] = {a.account_id: set() for a in scene.accounts}
        """Tickets that turned since the last green run of their account."""

    def live(self, account: Account) -> None:
        """What happens to an account's tickets in six hours."""
        vendor, index = account.vendor, invariants.number(account) - 1
        for _ in range(self.rng.randint(1, 4)):
            case = self.rng.choice(self.store.tickets(vendor, index))
            event = self.rng.random()
            if event < 0.4:
                state = self.rng.choice(("open", "open", "closed"))
                self.store.add_ticket(vendor, index, state=state)
            elif event < 0.6 and not case.is_closed:
                self.store.add_message(case.ticket_id)
            elif event < 0.7 and not case.is_closed and case.talks[1:]:
                talk = case.talks[-1]
                self.store.edit_message(case.ticket_id, talk.number, talk.content + " (edited)")
            elif case.ticket_id not in self.turned[account.account_id]:
                # Reopened and closed between two readings, a ticket looks as it did before:
                # no vendor's list could tell, so that is not asked for.
                self.turned[account.account_id].add(case.ticket_id)
                if case.is_closed:
                    self.store.reopen(case.ticket_id)
                    self.store.add_message(case.ticket_id)
                else:
                    self.store.close(case.ticket_id)

    def disturb(self, account: Account) -> None:
        """Single calls of the next run fail, or now and then one kind of call for good."""
        where: dict[str, Any] = {
            "vendor": account.vendor,
            "account": invariants.number(account) - 1,
        }
        is_due = self.tally["hits"] <= SHARE * self.tally["calls"]
        if is_due and self.rng.random() < 0.1:
            name, given = self.rng.choice(LASTING)
            self.scene.sandbox.faults.add(name, times=None, **where, **given)
            return
        for call in range(1, 100):
            if self.rng.random() < (SHARE if is_due else SHARE / 2):
                name, given = self.rng.choice(PASSING)
                self.scene.sandbox.faults.add(name, attempt=call, **where, **given)

    def step(self, warehouse: Warehouse, victim: Account | None) -> None:
        """Six hours pass, then every account is synced; the run of *victim* is killed."""
        self.store.advance(STEP)
        before = invariants.look(self.scene)
        ended: dict[str, Ended] = {}
        for account in self.scene.accounts:
            self.live(account)
        for account in self.scene.accounts:
            self.disturb(account)
            if account is victim:
                ended[account.account_id] = self.kill(account)
            else:
                ended[account.account_id] = self.scene.sync(
                    account, warehouse, now=self.store.now()
                )
            self.note(account, ended[account.account_id])
        invariants.nothing_lost(self.scene, before)
        invariants.nothing_doubled(self.scene)
        invariants.complete_means_complete(self.scene, before, ended)
        invariants.no_ticket_was_passed_over(self.scene)

    def note(self, account: Account, ended: Ended) -> None:
        self.tally["runs"] += 1
        self.tally["calls"] += ended.counts.calls
        self.tally["red"] += ended.error is not None
        self.tally["hits"] += sum(rule["hits"] for rule in self.scene.sandbox.faults.list())
        self.scene.sandbox.faults.clear()
        if ended.error is None:
            self.turned[account.account_id].clear()

    def kill(self, account: Account) -> Ended:
        """A run that ends with SIGKILL at any boundary; its calls are not counted."""
        self.scene.sandbox.faults.clear()
        boundary = self.rng.randint(1, 60)
        while not self.is_killed(account, boundary):  # the run was shorter than that
            boundary //= 2
        self.tally["kills"] += 1
        return Ended(RuntimeError("killed"), Counts(), 0)

    def is_killed(self, account: Account, boundary: int) -> bool:
        environment = {
            **self.scene.sandbox.environment(),
            "CALLS_PER_SECOND": "500",
            "SANDBOX": "1",
            "TENCENT_ENABLED": "1",
        }
        arguments = (
            self.scene.url,
            json.dumps(asdict(account)),
            json.dumps(environment),
            str(boundary),
            self.store.now().isoformat(),
        )
        child = subprocess.run(
            [sys.executable, "-m", "tests.e2e.killed_run", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert child.returncode in (-9, 0), child.stderr
        return child.returncode == -9

    def day(self, warehouse: Warehouse, number: int) -> None:
        """Four steps with a kill; catalogue, customer service and reports once."""
        hour, victim = self.rng.randrange(4), self.rng.choice(self.scene.accounts)
        for i in range(4):
            self.step(warehouse, victim if i == hour else None)
        for vendor in VENDORS:
            self.disturb(self.scene.sandbox.account(vendor))
            self.note(self.scene.sandbox.account(vendor), self.refresh(vendor))
        churn(self.source_url, seed=number, now=self.store.now(), share=0.02)
        self.customer_service(warehouse)

    def refresh(self, vendor: str) -> Ended:
        return self.scene.refresh(vendor, now=self.store.now())

    def customer_service(self, warehouse: Warehouse) -> None:
        take_snapshot(SourceDatabase.open(self.source_url), warehouse, request=Request("a test"))
        reports.build(warehouse, now=datetime.now(UTC), request=Request("a test"))
        self.tally["runs"] += 2


@pytest.fixture
def world(warehouse_url: str, source_url: str) -> Iterator[World]:
    rows = {"supplier": 60, "seat": 120, "session": 300, "session_mapping": 600}
    sample.create(source_url, seed=SEED, now=BEFORE, rows=rows)
    with Sandbox(SEED, ACCOUNTS, 8) as sandbox:
        sandbox.store.freeze(BEFORE)
        accounts = [sandbox.account(v, index) for v in VENDORS for index in range(ACCOUNTS)]
        yield World(Scene(sandbox, warehouse_url, accounts=accounts), source_url)


def compared(scene: Scene) -> list[list[tuple[Any, ...]]]:
    return [scene.look(query) for query in COMPARED]


def test_after_a_month_of_faults_and_kills_the_tables_are_those_of_one_clean_run(
    world, warehouse_server, record_property
):
    scene, now = world.scene, world.store.now
    with closing(Warehouse.open(scene.url)) as warehouse:
        for account in scene.accounts:
            world.note(account, scene.sync(account, warehouse, now=now()))
        for number in range(DAYS):
            world.day(warehouse, number)
        for vendor in VENDORS:
            assert world.refresh(vendor).error is None
        assert not [one.error for one in scene.run(now=now()).values() if one.error]
        world.customer_service(warehouse)
        tables = compare_with_source(SourceDatabase.open(world.source_url), warehouse)
        assert [table for table in tables if not table.equal] == []
        wrong = [c for c in checks.look(warehouse, now=datetime.now(UTC)) if not c.ok]
        assert [c for c in wrong if c.level == "fail"] == []
    clean = Scene(scene.sandbox, warehouse_server.create_migrated(), accounts=scene.accounts)
    try:
        for vendor in VENDORS:
            assert clean.refresh(vendor, now=now()).error is None
        assert not [one.error for one in clean.run(now=now()).values() if one.error]
        assert compared(scene) == compared(clean)
    finally:
        warehouse_server.take_back(clean.url)
    tally = world.tally
    assert tally["kills"] == DAYS
    assert tally["hits"]
    record_property(
        "figure",
        f"soak           {DAYS} days  {tally['runs']} runs  {tally['red']} red  {tally['calls']}"
        f" calls ({tally['hits'] / tally['calls']:.1%} faulty)  {tally['kills']} kills  equal"
        "  hand work 0",
    )
