"""A month beside the user's own program, while tickets change behind every run's back.

At its end the tables are what the vendors hold, the program's ids are there, and no person did
anything.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any, Final

import pytest

from include.errors import SyncError
from include.models import Account, opening_ids
from include.pipelines import reconcile
from include.pipelines.comparison import Comparison, Difference
from include.pipelines.reconcile import Depth
from include.pipelines.repair import repair
from include.pipelines.tickets.rolling import read_again
from include.sandbox.vendors.server import Sandbox
from include.vendors.registry import VENDORS, open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.faults.kit import invariants
from tests.faults.kit.scene import BEFORE, FULL, SEED, Scene
from tests.faults.kit.writer import Writer, find_lost

DAYS: Final = 30 if FULL else 2
READ_ALL_DAYS: Final = 7 if FULL else 2
STEP: Final = timedelta(hours=6)
STEPS: Final = 4  # a day
ACCOUNTS: Final = 2 if FULL else 1  # of each vendor
AT_ONCE: Final = 8
"""What the writer does between two runs, and during each."""
LEFT_ALONE: Final = 300
"""``LEAVE_NEW_SECONDS`` of every other day; on the others its INSERT may come second."""
RACE: Final = "insert ticket 1062"
REQUEST: Final = Request("a test")
COUNTED: Final = (
    "select (select count(*) from cloud_osm_list), (select count(*) from cloud_osm_detail)"
)
COMPARED: Final = (
    "select type, cloud_id, status, complete, name, email, create_time, product_id, product_name,"
    " product_business_id, category_name, osm_id, source_name, vendor_status, missing_since,"
    " if(complete, message_count, 0), if(complete, last_message_time, 0) from cloud_osm_list"
    " order by 1, 2",
    "select vendor, case_id, message_id, d.type, content, d.create_time"
    " from cloud_osm_detail as d left join cloud_osm_list as t on t.type = vendor"
    " and cloud_id = case_id where t.status is null or status = 0 order by 1, 2, 3",
)
"""Tickets and messages; not whom the program wrote down as owner and author."""


class World:
    """Vendors that live on, the writer, and the runs of a schedule beside it."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.store = scene, scene.store
        self.rng = random.Random(SEED)  # noqa: S311
        self.writer = Writer(scene, SEED)
        self.tally, self.red = Counter[str](), Counter[str]()

    def live(self) -> None:
        """What happens at the vendors in six hours, seen by no run while it happens."""
        for account in self.scene.accounts:
            index = invariants.number(account) - 1
            for _ in range(self.rng.randint(1, 2)):
                case = self.rng.choice(self.store.tickets(account.vendor, index))
                if not case.is_closed:
                    self.store.add_message(case.ticket_id)
                    if self.rng.random() < 0.6:
                        self.store.close(case.ticket_id)
                        self.tally["closed"] += 1
                    continue
                self.store.reopen(case.ticket_id)
                self.store.add_message(case.ticket_id, from_customer=self.rng.random() < 0.5)
                self.tally["reopened"] += 1
                if self.rng.random() < 0.6:
                    self.store.close(case.ticket_id)
                    self.tally["reopened and closed between two runs"] += 1

    def speak_late(self) -> None:
        """One in a hundred of the tickets that closed days ago gets a message."""
        days_ago = self.store.now() - timedelta(days=2)
        closed = [
            case.ticket_id
            for account in self.scene.accounts
            for case in self.store.tickets(account.vendor, invariants.number(account) - 1)
            if case.closed_at and case.closed_at < days_ago
        ]
        for ticket_id in self.rng.sample(closed, -(-len(closed) // 100)):
            self.store.add_message(ticket_id, "one more thing")
            self.tally["late messages"] += 1

    def day(self, number: int) -> None:
        """Four times six hours, the daily work beside one of the runs."""
        leave = LEFT_ALONE if number % 2 else 0
        self.speak_late()
        for step in range(STEPS):
            self.store.advance(STEP)
            self.live()
            for _ in range(AT_ONCE):
                self.writer.act()
            before = self.writer.refused[RACE]
            with self.writer.at_work(AT_ONCE):
                self.work(is_daily=step == 2, leave_new_seconds=leave)
            assert not leave or self.writer.refused[RACE] == before
        invariants.nothing_doubled(self.scene)

    def rest(self) -> None:
        """A day in which nothing happens."""
        self.store.advance(STEPS * STEP)
        self.work(is_daily=True)

    def work(self, *, is_daily: bool, **changes: Any) -> None:
        """A run of sync_tickets, and of check_data, the vendors at once as in Airflow."""
        with ThreadPoolExecutor(2 * len(VENDORS)) as pool:
            done = [pool.submit(self.sync, vendor, changes) for vendor in VENDORS]
            done += [pool.submit(self.check, vendor) for vendor in VENDORS if is_daily]
        for one in done:
            one.result()

    def sync(self, vendor: str, changes: dict[str, Any]) -> None:
        with closing(Warehouse.open(self.scene.url)) as warehouse:
            for account in self.of(vendor):
                ended = self.scene.sync(account, warehouse, now=self.store.now(), **changes)
                self.note("sync", ended.counts.calls, ended.error)

    def check(self, vendor: str) -> None:
        """What check_data does of tickets: compare, mend, and read a share again."""
        with closing(Warehouse.open(self.scene.url)) as warehouse:
            for account in self.of(vendor):
                self.compare(account, warehouse)
                client = open_client(account, self.scene.settings_of(account))
                with closing(client):
                    try:
                        read_again(
                            client,
                            warehouse,
                            account,
                            settings=self.scene.settings_of(account),
                            now=self.store.now(),
                            request=REQUEST,
                        )
                    except SyncError as error:
                        self.note("read again", client.calls, error)
                    else:
                        self.note("read again", client.calls, None)

    def compare(self, account: Account, warehouse: Warehouse) -> None:
        client = open_client(account, self.scene.settings_of(account))
        with closing(client):
            try:
                found = self.verify(account, warehouse)
                if found.damaged:
                    repair(client, warehouse, found, now=self.store.now(), request=REQUEST)
                    self.tally["mended"] += found.repaired.total()
            except SyncError as error:
                self.note("compare", client.calls, error)
            else:
                self.note("compare", client.calls, None)

    def verify(
        self, account: Account, warehouse: Warehouse, depth: Depth = reconcile.BY_LISTS
    ) -> Comparison:
        settings = self.scene.settings_of(account)
        with closing(open_client(account, settings)) as client:
            return reconcile.verify(
                client,
                warehouse,
                since=settings.sync_since,
                now=self.store.now(),
                depth=depth,
            )

    def note(self, kind: str, calls: int, error: BaseException | None) -> None:
        self.tally["runs"] += 1
        self.tally["calls"] += calls
        if error is not None:
            self.red[f"{kind}: {type(error).__name__}: {error}"] += 1

    def of(self, vendor: str) -> list[Account]:
        return [account for account in self.scene.accounts if account.vendor == vendor]

    def compare_in_depth(self) -> list[Difference]:
        """Every difference between vendors and tables."""
        deep = Depth(is_deep=True)
        with closing(Warehouse.open(self.scene.url)) as warehouse:
            found = [self.verify(account, warehouse, deep) for account in self.scene.accounts]
        return [one for comparison in found for one in comparison.differences]


@pytest.fixture
def world(warehouse_url: str) -> Iterator[World]:
    with Sandbox(SEED, ACCOUNTS, 12) as sandbox:
        sandbox.store.set_clock(BEFORE)
        accounts = [sandbox.account(v, index) for v in VENDORS for index in range(ACCOUNTS)]
        scene = Scene(
            sandbox,
            warehouse_url,
            accounts=accounts,
            settings={"read_all_days": READ_ALL_DAYS},
        )
        scene.register()
        made = World(scene)
        yield made
        made.writer.close()


def test_after_a_month_beside_the_users_program_the_tables_are_what_the_vendors_hold(
    world, warehouse_server, record_property
):
    scene, writer, store = world.scene, world.writer, world.store
    for vendor in VENDORS:
        assert scene.refresh(vendor, now=store.now()).error is None
    for number in range(DAYS):
        world.day(number)
    for ticket_id in writer.edited:  # what is open is read when it closes
        if not store.ticket(ticket_id).is_closed:
            store.close(ticket_id)
    for _ in range(READ_ALL_DAYS):
        world.rest()
    # A look that was planned shows messages alone: of a ticket that had one in these days, a fact
    # that the program had changed waits for the next.
    waiting = world.compare_in_depth()
    assert [one for one in waiting if not is_fact(one)] == []
    for _ in range(READ_ALL_DAYS):
        world.rest()
    assert world.compare_in_depth() == []
    invariants.nothing_doubled(scene)
    assert find_lost(scene, writer) == []
    assert {*writer.refused} <= {RACE}
    assert not world.red
    clean = Scene(scene.sandbox, warehouse_server.create_migrated(), accounts=scene.accounts)
    try:
        for vendor in VENDORS:
            assert clean.refresh(vendor, now=store.now()).error is None
        assert not [e.error for e in clean.run(now=store.now()).values() if e.error]
        for query in COMPARED:
            assert scene.look(query) == clean.look(query)
    finally:
        warehouse_server.take_back(clean.url)
    [(tickets, messages)] = scene.look(COUNTED)
    for line in (
        f"{DAYS} days  {tickets} tickets  {messages} messages  equal  hand work 0",
        f"at the vendors: {tell(world.tally)}  facts that waited {len(waiting)}",
        f"{writer.said.total()} statements: {tell(writer.said)}  refused: {tell(writer.refused)}",
        f"{len(writer.tickets)} tickets and {len(writer.messages)} messages kept their ids",
    ):
        record_property("figure", f"beside a writer  {line}")


def is_fact(one: Difference) -> bool:
    """Whether a glance at messages does not show it: a ticket's fact, or its opening text."""
    return one.kind == "differs" or one.message_id in opening_ids(one.item)


def tell(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items())) or "none"
