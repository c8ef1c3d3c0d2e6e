"""Random histories: whatever happens to vendors, keys and runs, and in whatever order.

A few by default, 500 with FULL=1; RANDOM_RUNS and RANDOM_SEED (the first one) ask for others. Left
out is what no reader of these vendors could notice: a closed ticket that is spoken to, one that is
reopened and closed again between two runs, a list that is wrongly empty and says so.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Final

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from include.errors import AlreadyRunningError
from include.sandbox.vendors.cases import Case
from include.sandbox.vendors.server import Sandbox
from include.vendors.registry import VENDORS
from include.warehouse.bookkeeping.ledger import Counts
from tests.faults.kit import invariants, small
from tests.faults.kit.children import Children, children, of_account
from tests.faults.kit.scene import BEFORE, SEED, STATE, Ended, Rows, Scene
from tests.faults.kit.small import copy_of

FULL = bool(os.environ.get("FULL"))
FIRST_SEED = int(os.environ.get("RANDOM_SEED", "20260101"))
HISTORIES = int(os.environ.get("RANDOM_RUNS", "500" if FULL else "3"))
SHARDS = min(10, -(-HISTORIES // 5))
"""Tests with a seed each, which workers may share out."""
STEPS = 12

FAULTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("throttle", {"hint": 2}),
    ("throttle", {"times": 7}),
    ("server_error", {"times": 2}),
    ("server_error", {"times": 9, "body": "html"}),
    ("error_object", {"code": "NobodyKnowsThis"}),
    ("not_found", {}),
    ("redirect", {}),
    ("html_200", {"times": None}),
    ("empty_body", {"times": 3}),
    ("not_an_object", {"times": None}),
    ("cut_json", {"times": 6}),
    ("wrong_charset", {"times": None}),
    ("wrong_charset", {"times": None, "declared": True}),
    ("early_end", {"times": 2}),
    ("reset", {"times": 7}),
    ("reset", {"times": 1, "before": True}),
    ("hang", {"seconds": 0.05}),
    ("close_quietly", {"times": None}),
    ("null_list", {"times": None}),
    ("missing_list", {}),
    ("wrong_total", {"times": None}),
    ("short_page", {"drop": 1}),
    ("short_page", {"drop": 2, "times": None}),
    ("small_pages", {"size": 2, "times": None}),
    ("poison_detail", {"times": None}),
    ("poison_detail", {"times": 1}),
    ("vanish_while_paging", {}),
    ("speak_while_reading", {"times": None}),
    ("any_order", {}),
    ("clock_skew", {"seconds": 7200}),
)
VENDOR = st.sampled_from(VENDORS)
PICK = st.integers(0, 99)
NO_RUN: Final = Ended(RuntimeError("no run"), Counts(), 0)


class History(RuleBasedStateMachine):
    """Vendors and a warehouse; after each run I1 to I6 hold, at the end I8."""

    base: ClassVar[str]
    url: ClassVar[str]
    fresh: ClassVar[str]
    children: ClassVar[Children]
    begun: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        History.begun += 1
        copy_of(self.base, STATE)(self.url)
        self.sandbox = Sandbox(SEED, 1, small.TICKETS)
        self.sandbox.__enter__()
        self.store = self.sandbox.store
        self.store.freeze(BEFORE + timedelta(hours=1))
        self.scene = small.scene_of(self.sandbox, self.url)
        self.keys = {account.vendor: account for account in self.scene.accounts}
        self.disturbed: set[str] = set()
        self.unseen: set[str] = set()
        """Reopened, and no run has seen it: closed now, nobody ever would."""

    # what happens at the vendors

    @rule(vendor=VENDOR, state=st.sampled_from(["open", "closed"]), messages=st.integers(1, 4))
    def a_ticket_comes(self, vendor: str, state: str, messages: int) -> None:
        self.store.add_ticket(vendor, state=state, messages=messages)

    @rule(vendor=VENDOR, pick=PICK)
    def somebody_speaks(self, vendor: str, pick: int) -> None:
        self._at(vendor, pick, lambda case: not case.is_closed, self.store.add_message)

    @rule(vendor=st.sampled_from(["alibaba", "huawei"]), pick=PICK)
    def a_message_is_edited(self, vendor: str, pick: int) -> None:
        def edit(ticket_id: str) -> None:
            last = self.store.ticket(ticket_id).talks[-1]
            self.store.edit_message(ticket_id, last.number, f"{last.content} (edited)")

        self._at(vendor, pick, lambda case: not case.is_closed and len(case.talks) > 1, edit)

    @rule(vendor=VENDOR, pick=PICK)
    def a_ticket_is_closed(self, vendor: str, pick: int) -> None:
        self._at(
            vendor,
            pick,
            lambda case: not case.is_closed and case.ticket_id not in self.unseen,
            self.store.close,
        )

    @rule(vendor=VENDOR, pick=PICK)
    def a_ticket_is_reopened(self, vendor: str, pick: int) -> None:
        def reopen(ticket_id: str) -> None:
            self.store.reopen(ticket_id)
            self.unseen.add(ticket_id)

        self._at(vendor, pick, lambda case: case.is_closed, reopen)

    @rule(vendor=VENDOR, pick=PICK)
    def a_ticket_is_deleted(self, vendor: str, pick: int) -> None:
        self._at(vendor, pick, lambda case: True, self.store.delete)

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        self.store.advance(timedelta(hours=hours))

    # what goes wrong

    @rule(vendor=VENDOR)
    def a_key_is_changed_or_corrected(self, vendor: str) -> None:
        account, [known] = self.keys[vendor], [a for a in self.scene.accounts if a.vendor == vendor]
        other = account if known != account else replace(account, secret_key="another-one")
        self.scene.accounts[self.scene.accounts.index(known)] = other
        self.disturbed.add(vendor)

    @rule(vendor=VENDOR, fault=st.sampled_from(FAULTS), attempt=st.integers(1, 6))
    def a_fault_begins(self, vendor: str, fault: tuple[str, dict[str, Any]], attempt: int) -> None:
        name, given = fault
        self.sandbox.faults.add(name, vendor=vendor, attempt=attempt, **given)
        self.disturbed.add(vendor)

    @rule()
    def all_faults_end(self) -> None:
        self.sandbox.faults.clear()
        self._correct_keys()

    # runs

    @rule()
    def run(self) -> None:
        before = invariants.look(self.scene)
        self._judge(before, self.scene.run(now=self.store.now()))

    @rule(vendor=VENDOR, k=st.integers(1, 80))
    def a_run_is_killed(self, vendor: str, k: int) -> None:
        before = invariants.look(self.scene)
        about = of_account(self.sandbox, self._account(vendor), self.store.now())
        self.children.run("tickets", self.url, k=k, **about)
        self._judge(before, {})

    @rule(vendor=VENDOR)
    def two_run_at_once(self, vendor: str) -> None:
        before = invariants.look(self.scene)
        account = self._account(vendor)
        with ThreadPoolExecutor(2) as pool:
            now = self.store.now()
            both = list(pool.map(lambda _: self.scene.run([account], now=now), range(2)))
        ended = [one[account.account_id] for one in both]
        worked = [one for one in ended if not isinstance(one.error, AlreadyRunningError)]
        assert worked, ended
        if len(worked) == 1:
            self._judge(before, {account.account_id: worked[0]})

    def teardown(self) -> None:
        try:
            self._ends_well()
        finally:
            self.sandbox.__exit__(None, None, None)

    def _ends_well(self) -> None:
        """I8: all faults gone, a run heals; all tickets closed, all tables equal a first run's."""
        self.all_faults_end()
        for _ in range(2):
            self.store.advance(timedelta(days=2))
            self.run()
            for case in self._cases():
                if not case.is_closed:
                    self.store.close(case.ticket_id)
        ended = self.scene.run(now=self.store.now())
        assert not [one.error for one in ended.values() if one.error], "I8: not healed"
        copy_of(self.base, STATE)(self.fresh)
        fresh = Scene(self.sandbox, self.fresh, accounts=self.scene.accounts)
        fresh.execute(
            *(f"delete from {t}" for t in ("cloud_osm_list", "cloud_osm_detail", "sync_state"))
        )
        ended = fresh.run(now=self.store.now())
        assert not [one.error for one in ended.values() if one.error], ended
        for one in (self.scene, fresh):  # when a run first saw it closed
            one.execute("update cloud_osm_list set close_time = null")
        there = {case.ticket_id for case in self._cases()}
        assert _of(self.scene.rows(), there) == _of(fresh.rows(), there), "I8"

    def _judge(self, before: invariants.Before, ended: Mapping[str, Ended]) -> None:
        scene = self.scene
        invariants.nothing_lost(scene, before)
        invariants.nothing_doubled(scene)
        accounts = {account.account_id: account for account in scene.accounts}
        invariants.complete_means_complete(
            scene, before, {**dict.fromkeys(accounts, NO_RUN), **ended}
        )
        invariants.no_ticket_was_passed_over(scene)
        invariants.the_ledger_tells(scene, before, ended)
        for account_id, one in ended.items():
            vendor = accounts[account_id].vendor
            assert one.error is None or vendor in self.disturbed, f"I6: {account_id}: {one.error}"
            if one.error is None:
                self.unseen -= {case.ticket_id for case in self.store.tickets(vendor, 0)}

    def _at(
        self, vendor: str, pick: int, fits: Callable[[Case], bool], act: Callable[[str], Any]
    ) -> None:
        found = [case.ticket_id for case in self.store.tickets(vendor, 0) if fits(case)]
        if found:
            act(found[pick % len(found)])

    def _cases(self) -> list[Case]:
        return [case for vendor in VENDORS for case in self.store.tickets(vendor, 0)]

    def _account(self, vendor: str) -> Any:
        return next(account for account in self.scene.accounts if account.vendor == vendor)

    def _correct_keys(self) -> None:
        self.scene.accounts[:] = list(self.keys.values())
        self.disturbed.clear()


def _of(rows: Rows, tickets: set[str]) -> Rows:
    """The rows of tickets that the vendors still know."""
    names = ("cloud_osm_list", "cloud_osm_detail", "sync_quarantine")
    return {name: [row for row in rows[name] if tickets & set(map(str, row))] for name in names}


@pytest.mark.parametrize("shard", range(SHARDS))
def test_after_any_history_nothing_is_lost_and_all_heals(
    warehouse_server: Any, record_property: Any, caplog: pytest.LogCaptureFixture, shard: int
) -> None:
    seed = FIRST_SEED + shard
    caplog.set_level(logging.CRITICAL)
    urls = [warehouse_server.create_migrated() for _ in range(3)]
    History.base, History.url, History.fresh = urls
    History.begun = 0
    with ExitStack() as stack:
        with Sandbox(SEED, 1, small.TICKETS) as running:
            small.store(running, History.base)
        History.children = stack.enter_context(children())
        for url in urls:
            stack.callback(warehouse_server.drop, url)
        machine = hypothesis.seed(seed)(History)
        violations = 1
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=len(range(shard, HISTORIES, SHARDS)),
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate, Phase.shrink] if FULL else [Phase.generate],
                    suppress_health_check=list(HealthCheck),
                ),
            )
            violations = 0
        finally:
            figure = f"random runs  {History.begun:>5}  violations {violations}"
            record_property("figure", f"{figure}  (seed {seed})")
