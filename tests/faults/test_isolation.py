"""One bad account among many: the others are complete, and hardly later.

Twelve accounts and a short limit for a call by default; a hundred and the real limits with FULL=1.
Accounts run side by side, as mapped tasks do.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from include.errors import AuthError, RateLimitError, UnavailableError
from include.models import Account
from include.sandbox.vendors.server import Sandbox
from include.vendors import http
from include.vendors.registry import VENDORS
from include.warehouse.mysql import Warehouse
from tests.faults.kit.scene import FACTS, LIMIT_SECONDS, Ended, Rows, Scene, of_accounts

FULL = bool(os.environ.get("FULL"))
PER_VENDOR, ACCOUNTS = (34, 100) if FULL else (4, 12)
TASKS = 8
ROUNDS = 3 if FULL else 1
SHORT_SECONDS = 5.0
MUCH_LATER = 3.0
"""How noisy a machine may be before a ratio says something about us."""
NOW = datetime(2026, 7, 2, tzinfo=UTC)
EMPTIED = ("cloud_osm_list", "cloud_osm_detail", "sync_state", "sync_run", "sync_quarantine")
BAD = {
    "wrong key": ("alibaba-1", AuthError, None),
    "throttled": ("huawei-1", RateLimitError, ("throttle", {"times": None})),
    "hanging": ("tencent-1", UnavailableError, ("hang", {"times": None})),
}


@pytest.fixture
def scene(warehouse_url: str) -> Iterator[Scene]:
    with Sandbox(7, PER_VENDOR, 3) as running:
        running.store.freeze(NOW)
        many = [running.account(vendor, i) for i in range(PER_VENDOR) for vendor in VENDORS]
        yield Scene(running, warehouse_url, accounts=many[:ACCOUNTS])


def side_by_side(scene: Scene, *bad: str) -> tuple[dict[str, Ended], float]:
    """Run every account as a task of its own: how each ended; seconds until all but *bad* had."""
    scene.execute(*(f"delete from {table}" for table in EMPTIED))
    began, ends = time.monotonic(), [0.0]

    def task(account: Account) -> tuple[str, Ended]:
        with closing(Warehouse.open(scene.url)) as warehouse:
            ended = scene.sync(account, warehouse, now=NOW)
        if account.account_id not in bad:
            ends.append(time.monotonic() - began)
        return account.account_id, ended

    with ThreadPoolExecutor(TASKS) as pool:
        return dict(pool.map(task, scene.accounts)), max(ends)


def test_one_bad_account_leaves_all_others_complete_and_in_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    if not FULL:
        monkeypatch.setattr(http, "CALL_SECONDS", SHORT_SECONDS)
    good = list(scene.accounts)
    seconds: dict[str, list[float]] = {name: [] for name in ("undisturbed", *BAD)}
    truth: Rows = {}
    complete = []
    for _ in range(ROUNDS):  # interleaved: the machine is busy now and then
        ended, last = side_by_side(scene)
        assert not [one.error for one in ended.values() if one.error]
        seconds["undisturbed"].append(last)
        truth = scene.rows(FACTS)
        for name, (bad, error, fault) in BAD.items():
            if fault:
                vendor = bad.partition("-")[0]
                scene.sandbox.faults.add(fault[0], vendor=vendor, account=0, **fault[1])
            else:
                scene.accounts = [
                    replace(one, secret_key="another-key") if one.account_id == bad else one
                    for one in good
                ]
            ended, last = side_by_side(scene, bad)
            scene.accounts = list(good)
            scene.sandbox.faults.clear()
            seconds[name].append(last)
            assert isinstance(ended[bad].error, error), ended[bad]
            assert ended[bad].seconds < LIMIT_SECONDS + http.CONNECT_SECONDS
            others = [one.account_id for one in good if one.account_id != bad]
            rows = scene.rows(FACTS)
            complete.append(
                sum(
                    ended[one].error is None
                    and of_accounts(rows, [one]) == of_accounts(truth, [one])
                    for one in others
                )
            )
    usual = statistics.median(seconds["undisturbed"])
    ratios = {name: statistics.median(seconds[name]) / usual for name in BAD}
    told = "  ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
    record_property("figure", f"isolation {min(complete):>4}/{ACCOUNTS - 1}  slowest ratio {told}")
    assert min(complete) == ACCOUNTS - 1
    assert max(ratios.values()) < MUCH_LATER, seconds
