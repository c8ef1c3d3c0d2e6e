"""Runs over the first account of each vendor, judged by what the vendors themselves count."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from include.pipelines.tickets.sync import Options, sync_tickets
from include.vendors.registry import VENDORS, open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.faults.kit import invariants
from tests.faults.kit.invariants import LOUD, RIGHT, SILENT
from tests.faults.kit.scene import NOW, Scene

Errors = Mapping[str, BaseException | None]


def run_first(scene: Scene, now: datetime = NOW, *vendors: str, **settings: Any) -> Errors:
    """Sync the first account of each vendor; nothing stored is lost or doubled by it."""
    before = invariants.look(scene)
    accounts = [scene.sandbox.account(vendor) for vendor in vendors or VENDORS]
    ended = scene.run(accounts, now=now, **settings)
    invariants.nothing_lost(scene, before)
    invariants.nothing_doubled(scene)
    return {account_id: one.error for account_id, one in ended.items()}


def read_again(scene: Scene, vendor: str, since: datetime = NOW - timedelta(days=1)) -> None:
    """A backfill of the vendor's first account: every ticket created since then is read again."""
    account = scene.sandbox.account(vendor)
    settings = scene.sandbox.settings()
    with (
        closing(Warehouse.open(scene.url)) as warehouse,
        closing(open_client(account, settings, sleep=scene.slept.append)) as client,
    ):
        sync_tickets(
            client,
            warehouse,
            account,
            settings=settings,
            now=NOW,
            request=Request("a test"),
            options=Options(since=since),
        )


def verdict_of(scene: Scene, errors: Errors, *vendors: str) -> str:
    """Loud where a run failed; else right, if the warehouse is faithful."""
    if any(errors.values()):
        return LOUD
    return RIGHT if faithful(scene, *vendors) else SILENT


def faithful(scene: Scene, *vendors: str) -> bool:
    """Whether the warehouse holds what the vendors (all) count now, ticket by ticket."""
    truth = scene.store.truth()
    for vendor in vendors or VENDORS:
        account = truth[vendor]["accounts"][0]
        held = {
            ticket_id: (status, messages if status == 0 else None)
            for ticket_id, status, messages in scene.look(
                "select cloud_id, status, (select count(*) from cloud_osm_detail as d"
                " where d.vendor = l.type and d.case_id = l.cloud_id) from cloud_osm_list as l"
                " where type = :type",
                type=vendor.upper(),
            )
        }
        told = dict.fromkeys(account["tickets"]["open"], (1, None)) | {
            ticket_id: (0, account["stored_messages"][ticket_id])
            for ticket_id in account["tickets"]["closed"]
        }
        if {ticket_id: held.get(ticket_id) for ticket_id in told} != told:
            return False
    return True
