"""Two runs of one account at once, and a run that was frozen while another took over.

A sample by default; with FULL=1 fifty pairs, and frozen at every boundary.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from include.sandbox.vendors.server import Sandbox
from include.vendors.registry import VENDORS
from include.warehouse.bookkeeping.ledger import STALE_SECONDS
from include.warehouse.mysql import Warehouse
from tests.faults.kit import small
from tests.faults.kit.children import Children, children, of_account
from tests.faults.kit.scene import FACTS, NOW, STATE, Rows, read
from tests.faults.kit.small import copy_of

FULL = bool(os.environ.get("FULL"))
PAIRS = 50 if FULL else 8
FROZEN = 6
APART_MS = 500
SEED = 20260101


@dataclass
class Two:
    """Two processes, the warehouse they share, and what one run alone makes of it."""

    first: Children
    second: Children
    url: str
    base: str
    vendors: Sandbox

    def reset(self) -> None:
        copy_of(self.base, STATE)(self.url)

    def rows(self) -> Rows:
        return read(sa.create_engine(self.url, poolclass=sa.NullPool), (*FACTS, "sync_state"))

    def ask(self, vendor: str, work: str = "tickets") -> dict[str, Any]:
        about = of_account(self.vendors, self.vendors.account(vendor), NOW)
        return {"work": work, "url": self.url, **about}

    def alone(self, *asked: dict[str, Any]) -> Rows:
        self.reset()
        for one in asked:
            assert self.first.run(**one)["error"] is None
        return self.rows()


@pytest.fixture(scope="module")
def two(warehouse_server: Any) -> Iterator[Two]:
    base, url = warehouse_server.create_migrated(), warehouse_server.create_migrated()
    with ExitStack() as stack:
        vendors = stack.enter_context(small.vendors(base))
        first, second = (stack.enter_context(children()) for _ in range(2))
        yield Two(first, second, url, base, vendors)
    warehouse_server.drop(url)
    warehouse_server.drop(base)


def test_colliding_runs_leave_the_tables_of_one_and_the_second_says_so(two, record_property):
    chance = Random(SEED)  # noqa: S311 - no secret
    truths, equal, refused = {}, 0, 0
    for number in range(PAIRS):
        vendor = VENDORS[number % len(VENDORS)]
        other = "catalog" if number % 4 == 3 else "tickets"
        mine, yours = two.ask(vendor), two.ask(vendor, other)
        if (vendor, other) not in truths:
            truths[vendor, other] = two.alone(*([yours] * (other == "catalog")), mine)
        two.reset()
        two.first.ask(**mine)
        two.second.ask(**yours, delay=chance.randrange(APART_MS) / 1000)
        errors = [one.answer()["error"] for one in (two.first, two.second)]
        said = [error.partition(":")[0] for error in errors if error]
        assert said in ([], ["AlreadyRunningError"]), errors
        refused += len(said)
        assert two.rows() == truths[vendor, other], (number, errors)
        equal += 1
    record_property("figure", f"colliding pairs {equal}/{PAIRS} equal  already running {refused}")
    assert refused, "no pair collided"


def test_a_run_frozen_at_any_boundary_and_overtaken_writes_nothing_stale(two, record_property):
    mine = two.ask("huawei")
    cases = two.vendors.store.tickets("huawei", 0)
    states = {case.ticket_id: case.state for case in cases}
    two.reset()
    boundaries = len(two.first.run(**mine)["seen"])
    step = 1 if FULL else -(-boundaries // FROZEN)
    points, stopped = range(1, boundaries + 1, step), 0
    for k in points:
        two.reset()
        assert two.first.run(**mine, k=k, freeze=True) == {"frozen": k}
        for ticket_id in states:  # what the frozen run has read is no longer so
            two.vendors.store.set_state(ticket_id, "closed")
        pass_over(two)
        assert two.second.run(**mine)["error"] is None, k
        rows = two.rows()
        error = two.first.thaw()["error"]
        assert error is None or error.startswith("SupersededError"), (k, error)
        stopped += error is not None
        assert two.rows() == rows, k
        for ticket_id, state in states.items():
            two.vendors.store.set_state(ticket_id, state)
    record_property(
        "figure", f"frozen runs {len(points)}/{boundaries}  wrote 0  superseded {stopped}"
    )
    assert stopped, "no frozen run wanted to write"


def pass_over(two: Two) -> None:
    """Let the time pass after which a run that shows no sign of life is given up on.

    The server has by then ended the connection in which it may have a transaction open
    (``wait_timeout``). The oldest one holds the lock: whoever takes over ends it.
    """
    others = sa.text(
        "select id from information_schema.processlist"
        " where db = database() and id <> connection_id() order by id"
    )
    late = sa.text("update sync_state set heartbeat_at = heartbeat_at - interval 1 hour")
    with sa.create_engine(two.url, poolclass=sa.NullPool).connect() as connection:
        for idle in connection.scalars(others).all()[1:]:
            connection.execute(sa.text(f"kill connection {idle}"))
        connection.execute(late)
        connection.commit()


def test_the_server_ends_a_connection_in_which_a_run_is_frozen(warehouse_url):
    warehouse = Warehouse.open(warehouse_url)
    query = sa.text("select @@session.wait_timeout")
    assert warehouse.transact(lambda c: c.scalar(query)) <= STALE_SECONDS
    warehouse.close()
