"""The youngest tickets are left to the program that makes them: its own INSERT comes first."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from include.errors import PartialError
from include.pipelines.tickets.sync import sync_tickets
from include.sandbox.vendors.server import Sandbox
from include.settings import Settings
from include.vendors.registry import open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.builders import DAY

TICKETS = 1000
BEHIND = 100
"""So many tickets have no row yet at any time."""
LEAVE = 30
"""Seconds; the program takes one or two, and on a busy machine some more."""
STATES = ("open", "open", "open", "closed")


class TicketSystem(threading.Thread):
    """Another program: it creates tickets at the vendor, and inserts each row a moment later."""

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        self.rng = random.Random(7)  # noqa: S311
        self.inserted: dict[str, str] = {}
        self.refused: list[str] = []

    def run(self) -> None:
        made: deque[str] = deque()
        with self.engine.connect() as connection:
            for number in range(TICKETS + BEHIND):
                if number < TICKETS:  # some close before their row is there
                    state = self.rng.choice(STATES)
                    made.append(self.sandbox.store.add_ticket("huawei", state=state))
                if number >= BEHIND:
                    time.sleep(0.003)
                    self.insert(connection, made.popleft(), f"row-{number}")

    def insert(self, connection: sa.Connection, ticket_id: str, row_id: str) -> None:
        vendor = self.rng.choice(("HUAWEI", "1"))  # by name or by code
        try:
            connection.exec_driver_sql(
                "insert into cloud_osm_list (id, cloud_id, status, type, custom_id, create_time)"
                f" values ('{row_id}', '{ticket_id}', 1, '{vendor}', 'huawei-1', {time.time():.0f})"
            )
        except sa.exc.DBAPIError as error:
            self.refused.append(str(error.orig))
        else:
            self.inserted[row_id] = ticket_id


def test_a_thousand_inserts_of_another_program_succeed_beside_runs(warehouse_url, rows):
    request = Request("a test")
    with (
        Sandbox(seed=7, accounts=1, tickets=0) as sandbox,
        closing(Warehouse.open(warehouse_url)) as warehouse,
    ):
        account = sandbox.account("huawei")
        settings = sandbox.settings(
            leave_new_seconds=LEAVE, sync_since=datetime.now(UTC) - timedelta(days=1)
        )
        program = TicketSystem(sandbox, warehouse_url)
        with closing(open_client(account, settings)) as client:

            def run(now: datetime) -> None:
                sync_tickets(
                    client, warehouse, account, settings=settings, now=now, request=request
                )

            program.start()
            runs = 0
            while program.is_alive():
                with suppress(PartialError):  # a list that moves, with that many new tickets
                    run(datetime.now(UTC))
                runs += 1
            run(datetime.now(UTC) + timedelta(seconds=LEAVE + 1))
    assert program.refused == []
    assert runs > 1
    held = rows("select id, cloud_id, type, synced_at is not null from cloud_osm_list")
    expected = {(row_id, t, "HUAWEI", 1) for row_id, t in program.inserted.items()}
    assert len(held) == TICKETS
    assert set(held) == expected
    closed = [c.ticket_id for c in sandbox.store.tickets("huawei", 0) if c.is_closed]
    proved = rows("select cloud_id from cloud_osm_list where complete = 1 and status = 0")
    assert sorted(proved) == sorted((ticket_id,) for ticket_id in closed)


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_young_ticket_without_a_row_is_read_once_it_is_old_enough(sync, client, rows, is_closed):
    client.add("T0", created_at=DAY - timedelta(days=2), is_closed=False)
    settings = Settings(leave_new_seconds=60)
    sync(settings=settings)
    client.add("T1", created_at=DAY + timedelta(seconds=100), is_closed=is_closed)
    count = "select count(*) from cloud_osm_list where cloud_id = 'T1'"
    sync(now=DAY + timedelta(seconds=150), settings=settings)
    assert rows(count) == [(0,)]
    sync(now=DAY + timedelta(seconds=170), settings=settings)
    assert rows(count) == [(1,)]


def test_a_young_ticket_whose_row_is_there_is_read_at_once(sync, client, rows, warehouse):
    settings = Settings(leave_new_seconds=60)
    client.add("T0", created_at=DAY - timedelta(days=2), is_closed=False)
    sync(settings=settings)
    client.add("T1", created_at=DAY + timedelta(seconds=100))
    insert = (
        "insert into cloud_osm_list (id, cloud_id, type, custom_id) values ('a', 'T1', '1', 'x')"
    )
    warehouse.transact(lambda c: c.execute(sa.text(insert)))
    sync(now=DAY + timedelta(seconds=110), settings=settings)
    assert rows("select id, complete from cloud_osm_list where cloud_id = 'T1'") == [("a", 1)]


def test_a_backfill_leaves_the_youngest_alone_too(sync, client, rows):
    client.add("T1", created_at=DAY - timedelta(hours=1))
    client.add("T2", created_at=DAY - timedelta(seconds=10))
    young = Settings(leave_new_seconds=60)
    sync(settings=young, since=DAY - timedelta(days=1))
    assert rows("select cloud_id from cloud_osm_list") == [("T1",)]
