"""One account a vendor with a handful of tickets, stored once; then a day passes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa

from include.sandbox.vendors.server import Sandbox
from include.sandbox.vendors.store import Store
from include.vendors.registry import VENDORS
from tests.faults.kit.scene import BEFORE, NOW, SEED, Scene, copy_rows

TICKETS = 6


def scene_of(running: Sandbox, url: str) -> Scene:
    return Scene(running, url, accounts=[running.account(vendor) for vendor in VENDORS])


@contextmanager
def vendors(base: str) -> Iterator[Sandbox]:
    """The vendors at ``NOW``; the warehouse *base* knows them as they were at ``BEFORE``."""
    with Sandbox(SEED, 1, TICKETS) as running:
        store(running, base)
        a_day_passes(running.store)
        yield running


def store(running: Sandbox, base: str) -> None:
    """Store in *base* what the vendors hold at ``BEFORE``."""
    running.store.freeze(BEFORE)
    scene = scene_of(running, base)
    for vendor in VENDORS:
        assert scene.refresh(vendor, now=BEFORE).error is None
    assert not [one.error for one in scene.run(now=BEFORE).values() if one.error]
    scene.execute("delete from sync_run")


def a_day_passes(store: Store) -> None:
    """In every account tickets come, one closes, and one is reopened and spoken to."""
    store.freeze(NOW)
    for vendor in VENDORS:
        cases = store.tickets(vendor, 0)
        still = [case.ticket_id for case in cases if not case.is_closed]
        done = [case.ticket_id for case in cases if case.is_closed]
        for hours, state in ((5, "closed"), (3, "open"), (1, "closed")):
            moment = NOW - timedelta(hours=hours)
            store.add_ticket(vendor, created_at=moment, state=state, messages=3)
        store.close(still[0])
        store.reopen(done[-1])
        store.add_message(done[-1], "it broke again")


def copies(base: str, tables: Collection[str]) -> list[str]:
    """Statements that make the tables what they are in *base*."""
    empty = [f"delete from `{table}`" for table in tables]
    return [*empty, *copy_rows(base, tables)]


def copy_of(base: str, tables: Collection[str]) -> Callable[[str], None]:
    """``reset(url)``: the tables as they are in *base*."""
    statements = copies(base, tables)

    def reset(url: str) -> None:
        with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    return reset
