"""Damages by the thousand: each is found, each is repaired; and a busy vendor raises no alarm."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.models import Account
from include.pipelines import reconcile
from include.pipelines.comparison import Comparison
from include.pipelines.repair import repair
from include.sandbox.vendors.server import Sandbox
from include.vendors.registry import VENDORS, open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.faults.kit import invariants
from tests.faults.kit.scene import BEFORE, FULL, NOW, SEED, Scene

EACH, BUSY_RUNS = (250, 20) if FULL else (25, 3)
TICKET_FACTS: tuple[str, ...] = (
    "name",
    "email",
    "create_time",
    "vendor_status",
    "product_name",
    "category_name",
)
MESSAGE_FACTS: tuple[str, ...] = ("content", "create_time", "type", "replier", "replier_name")
Target = tuple[str, str]
"""What a difference names: the ticket, and the message or nothing."""


@pytest.fixture
def scene(warehouse_url: str, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """One account of each vendor with so many tickets, all stored, and the catalogue."""
    with Sandbox(SEED, 1, request.param) as sandbox:
        sandbox.store.freeze(BEFORE)
        made = Scene(sandbox, warehouse_url, accounts=[sandbox.account(v) for v in VENDORS])
        for vendor in VENDORS:
            assert made.refresh(vendor, now=BEFORE).error is None
        assert not [one.error for one in made.run(now=BEFORE).values() if one.error]
        yield made


def compare(scene: Scene, account: Account, *, mend: bool = False) -> Comparison:
    """Compare an account in depth; with *mend* repair it as well."""
    client = open_client(account, scene.sandbox.settings(), sleep=scene.slept.append)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    with closing(client), closing(Warehouse.open(scene.url)) as warehouse:
        found = reconcile.verify(
            client,
            warehouse,
            since=since,
            now=NOW,
            depth=reconcile.Depth(is_deep=True),
            limit=10**6,
        )
        if mend:
            repair(client, warehouse, found, now=NOW, request=Request("a test"))
        return found


# damages


@dataclass
class Vandal:
    """Damages rows, no ticket twice, and remembers what must be found."""

    scene: Scene
    rng: random.Random
    connection: sa.Connection
    spared: list[tuple[Any, ...]]
    """Tickets that are whole: type, id, status."""

    def take(self, is_closed: bool | None = None) -> tuple[str, str]:
        """Another whole ticket."""
        fit = [
            i for i, t in enumerate(self.spared) if is_closed is None or (t[2] == 0) == is_closed
        ]
        vendor, ticket, _ = self.spared.pop(self.rng.choice(fit))
        return vendor, ticket

    def run(self, statement: str, **values: Any) -> None:
        assert self.connection.execute(sa.text(statement), values).rowcount

    def message(self, vendor: str, ticket: str) -> dict[str, Any]:
        query = sa.text("select * from cloud_osm_detail where vendor = :vendor and case_id = :case")
        rows = self.connection.execute(query, {"vendor": vendor, "case": ticket}).mappings().all()
        return dict(self.rng.choice(rows))

    # a function a kind of damage; each returns where it was done

    def lose(self) -> Target:
        """A ticket with all its messages, its row alone, or one message."""
        vendor, ticket = self.take(is_closed=True)
        message = self.message(vendor, ticket)
        if self.rng.random() < 0.7:
            self.run("delete from cloud_osm_detail where id = :id", id=message["id"])
            return ticket, message["message_id"]
        if self.rng.random() < 0.5:
            self.run("delete from cloud_osm_detail where case_id = :case", case=ticket)
        self.run("delete from cloud_osm_list where cloud_id = :case", case=ticket)
        return ticket, ""

    def alter(self) -> Target:
        """One byte of a fact that the vendor says."""
        vendor, ticket = self.take(is_closed=True)
        if self.rng.random() < 0.5:
            row = self.message(vendor, ticket)
            table, names, target = "cloud_osm_detail", MESSAGE_FACTS, (ticket, row["message_id"])
        else:
            query = sa.text("select * from cloud_osm_list where type = :v and cloud_id = :t")
            row = dict(self.connection.execute(query, {"v": vendor, "t": ticket}).mappings().one())
            table, names, target = "cloud_osm_list", TICKET_FACTS, (ticket, "")
        name = self.rng.choice([name for name in names if row[name] not in (None, "")])
        changed = self.other(name, row[name])
        self.run(
            f"update {table} set {name} = :changed where id = :id", changed=changed, id=row["id"]
        )
        return target

    def other(self, name: str, value: Any) -> Any:
        if name == "type":
            return "1" if value == "0" else "0"
        if isinstance(value, int):
            return value + self.rng.choice((-1, 1, 86_400_000))
        at = self.rng.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]

    def invent(self) -> Target:
        """A message in a ticket, or a ticket that no vendor knows."""
        vendor, ticket = self.take(is_closed=True)
        made = f"{self.rng.getrandbits(64):016x}"
        if self.rng.random() < 0.8:
            self.run(
                "insert into cloud_osm_detail (id, vendor, case_id, message_id, content)"
                " values (:id, :vendor, :case, :id, 'invented')",
                id=made,
                vendor=vendor,
                case=ticket,
            )
            return ticket, made
        unknown = ticket[:-4] + f"{self.rng.randrange(10**4):04}"
        columns = "status, name, email, custom_id, create_time, vendor_status, message_count"
        self.run(
            f"insert into cloud_osm_list (id, cloud_id, type, {columns}, synced_at)"
            f" select :id, :unknown, type, {columns}, synced_at from cloud_osm_list"
            " where type = :vendor and cloud_id = :case",
            id=made,
            unknown=unknown,
            vendor=vendor,
            case=ticket,
        )
        return unknown, ""

    def misjudge(self) -> Target:
        """Open as complete, or complete as open."""
        is_closed = self.rng.random() < 0.5 or all(t[2] == 0 for t in self.spared)
        vendor, ticket = self.take(is_closed)
        self.run(
            "update cloud_osm_list set status = 1 - status where type = :v and cloud_id = :t",
            v=vendor,
            t=ticket,
        )
        return ticket, ""


@contextmanager
def vandal(scene: Scene) -> Iterator[Vandal]:
    whole = scene.look("select type, cloud_id, status from cloud_osm_list order by 1, 2")
    engine = sa.create_engine(scene.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        yield Vandal(scene, random.Random(SEED), connection, whole)  # noqa: S311


@pytest.mark.parametrize("scene", [EACH * 9 // 5], indirect=True, ids=[f"{EACH}-of-each"])
def test_every_damage_is_found_and_repaired_and_nothing_is_lost(scene, record_property):
    before = scene.rows()
    with vandal(scene) as hand:
        kinds: list[Callable[[], Target]] = [hand.lose, hand.alter, hand.invent, hand.misjudge]
        done = [damage() for damage in kinds for _ in range(EACH)]
    assert len(set(done)) == 4 * EACH
    told = {a.account_id: compare(scene, a, mend=True) for a in scene.accounts}
    found = {
        place
        for comparison in told.values()
        for one in comparison.differences
        for place in ((one.item, one.message_id), (one.item, ""))
        if one.kind != "behind"
    }
    assert set(done) <= found
    assert {ticket for ticket, _ in found} == {ticket for ticket, _ in done}
    second = [compare(scene, account) for account in scene.accounts]
    left = {one.item for comparison in second for one in comparison.differences}
    repaired = sum(ticket not in left for ticket, _ in done)
    record_property(
        "figure", f"verify         {len(found & set(done))}/{len(done)} found  {repaired} repaired"
    )
    assert not left
    assert same_facts(scene.rows(), before)
    kept = scene.look(
        "select (select count(*) from migration_leftover where column_name = '')"
        " + (select count(*) from cloud_osm_list where missing_since is not null)"
    )
    assert kept == [(EACH,)], "what was invented is kept"
    assert not [one.error for one in scene.run(now=BEFORE).values() if one.error]


def same_facts(rows: Any, before: Any) -> bool:
    """Whether all that was there is there again; tickets that are noted as unknown came on top."""
    is_whole: bool = rows["cloud_osm_detail"] == before["cloud_osm_detail"]
    return is_whole and set(before["cloud_osm_list"]) <= set(rows["cloud_osm_list"])


@pytest.mark.parametrize("scene", [40], indirect=True, ids=[f"{BUSY_RUNS}-runs"])
def test_a_busy_vendor_raises_no_false_alarm(scene, record_property):
    alarms: list[Any] = []
    moves = 0
    for number in range(BUSY_RUNS):
        mover = Mover(scene, seed=number)
        thread = threading.Thread(target=mover.run)
        thread.start()
        mover.has_moved.wait(10)
        try:
            for account in scene.accounts:
                told = compare(scene, account)
                alarms += [one for one in told.differences if one.kind != "behind"]
        finally:
            mover.stop.set()
            thread.join()
        assert mover.error is None
        moves += mover.moves
    record_property(
        "figure", f"verify         {BUSY_RUNS} busy runs  {moves} moves  false alarms {len(alarms)}"
    )
    assert not alarms
    invariants.nothing_doubled(scene)


class Mover:
    """Tickets come, close, are reopened and spoken to; now and then a run reads them."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene, self.rng = scene, random.Random(seed)  # noqa: S311
        self.stop, self.has_moved = threading.Event(), threading.Event()
        self.turned: set[str] = set()
        self.moves = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with closing(Warehouse.open(self.scene.url)) as warehouse:
                while not self.stop.wait(0.01):
                    for account in self.scene.accounts:
                        self.move(account.vendor)
                    self.has_moved.set()
                    if self.rng.random() < 0.2:
                        self.sync(warehouse)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def move(self, vendor: str) -> None:
        """A minute passes, and something happens in it."""
        store = self.scene.store
        with store.lock:
            store.advance(timedelta(minutes=1))
            self.moves += 1
            case = self.rng.choice(store.tickets(vendor, 0))
            if self.rng.random() < 0.2:
                store.add_ticket(vendor, state=self.rng.choice(("open", "closed")))
            elif not case.is_closed and self.rng.random() < 0.5:
                store.add_message(case.ticket_id)
            elif case.ticket_id not in self.turned:
                # Turned twice between two runs, a ticket looks as it did: no run could tell.
                self.turned.add(case.ticket_id)
                if case.is_closed:
                    store.reopen(case.ticket_id)
                    store.add_message(case.ticket_id)
                else:
                    store.close(case.ticket_id)

    def sync(self, warehouse: Warehouse) -> None:
        now = self.scene.store.now()
        for account in self.scene.accounts:
            ended = self.scene.sync(account, warehouse, now=now)
            assert ended.error is None, ended.error
        self.turned.clear()
