"""What looking again at complete tickets costs: calls a ticket and month, by vendor.

    python -m tests.benchmarks.count_calls 10000

Every ticket closes on the first day, and nothing changes; runs and daily looks go on for twice the
time in which all planned looks are due. Lists, which tell of many tickets a call, are not counted.
"""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from include.pipelines.tickets.rolling import read_again
from include.pipelines.tickets.sync import sync_tickets
from include.sandbox.vendors.server import Sandbox
from include.settings import Settings
from include.vendors.client import VendorClient
from include.vendors.registry import VENDORS, open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.benchmarks.ground import ground

BEGIN: Final = datetime(2026, 7, 1, tzinfo=UTC)
STEP: Final = timedelta(hours=6)
DAYS: Final = 34
"""The last planned look is 30 days after closing, or up to a tenth later."""
MESSAGES: Final = 6
REQUEST: Final = Request("a benchmark")


@dataclass(frozen=True)
class Counted:
    """Calls about tickets in the ``DAYS`` after closing, and in as many after those."""

    new: int
    old: int


def count(warehouse: Warehouse, vendor: str, tickets: int, step: timedelta = STEP) -> Counted:
    """Count the calls of looks over an account whose *tickets* have all just closed.

    There is a run every *step*, and a share of looks every day.
    """
    with Sandbox(seed=1, accounts=1, tickets=0) as sandbox:
        for i in range(tickets):
            moment = BEGIN - timedelta(minutes=i + 1)
            sandbox.store.add_ticket(vendor, created_at=moment, state="closed", messages=MESSAGES)
        settings = sandbox.settings(sync_since=BEGIN - timedelta(days=30))
        with closing(open_client(sandbox.account(vendor), settings)) as client:
            one_run(warehouse, client, settings, BEGIN)
            found = []
            for first in (0, DAYS):
                sandbox.calls.clear()
                for day in range(first, first + DAYS):
                    one_day(warehouse, client, settings, BEGIN + timedelta(days=day), step)
                found.append(sum(bool(call.ticket_id) for call in sandbox.calls))
    return Counted(*found)


def one_day(
    warehouse: Warehouse,
    client: VendorClient,
    settings: Settings,
    begin: datetime,
    step: timedelta,
) -> None:
    """The runs of a day, then its share of looks."""
    for i in range(1, timedelta(days=1) // step + 1):
        one_run(warehouse, client, settings, begin + i * step)
    now = begin + timedelta(days=1, hours=1)
    read_again(client, warehouse, client.account, settings=settings, now=now, request=REQUEST)


def one_run(warehouse: Warehouse, client: VendorClient, settings: Settings, now: datetime) -> None:
    """A scheduled run."""
    sync_tickets(client, warehouse, client.account, settings=settings, now=now, request=REQUEST)


def main(tickets: int = 10_000) -> None:
    with ground() as there:
        say(there.describe())
        for vendor in VENDORS:
            url = there.new_warehouse(vendor)
            with closing(Warehouse.open(url)) as warehouse:
                found = count(warehouse, vendor, tickets)
            there.drop(url)
            say(
                f"{vendor:8} {tickets} tickets: {found.new / tickets:.2f} calls a ticket in the"
                f" {DAYS} days after closing, {found.old / tickets:.2f} in the {DAYS} after those"
            )


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
