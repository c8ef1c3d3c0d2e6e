"""What no line of the table says about the wire: a budget, a real minute, every action."""

from __future__ import annotations

import ast
import time
from contextlib import closing
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

import include.vendors
from include.errors import UnavailableError
from include.models import SyncWindow
from include.sandbox.vendors.server import Sandbox
from include.vendors.alibaba.client import AlibabaClient
from include.vendors.rate import RateLimit
from include.vendors.registry import open_client, utcnow
from include.vendors.sessions import Sessions
from tests.faults.kit.scene import FULL
from tests.faults.kit.switches import READS

HISTORY = SyncWindow(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))


def test_w3_after_a_minute_fewer_than_one_call_in_a_hundred_is_refused(clock, record_property):
    """The vendor takes a call a second where five are allowed by us; time is the test's."""
    with Sandbox(accounts=1, tickets=3, rate=1, monotonic=clock.monotonic) as sandbox:
        rate = RateLimit(5, monotonic=clock.monotonic, sleep=clock.sleep)
        sessions = Sessions(sandbox.account("alibaba"), rate, "", utcnow, clock.sleep)
        client = AlibabaClient(sessions, sandbox.settings())
        with closing(client):
            begun = clock.monotonic()
            while clock.monotonic() < begun + 60:
                list(client.list_tickets(HISTORY))
            learnt, begun = len(sandbox.calls), clock.monotonic()
            for _ in range(400):
                list(client.list_tickets(HISTORY))
            calls = sandbox.calls[learnt:]
    refused = sum(seen.status != 200 for seen in calls)
    is_right = refused < len(calls) / 100 and clock.monotonic() - begun < 400 / 0.6
    record_property("fault", f"wire 1 {'right' if is_right else 'loud'}")
    assert refused < len(calls) / 100
    assert clock.monotonic() - begun < 400 / 0.6


@pytest.mark.skipif(not FULL, reason="takes a real minute")
def test_w13_the_longest_call_ends_within_65_seconds(record_property):
    with Sandbox(accounts=1, tickets=3) as sandbox:
        sandbox.faults.add("trickle", seconds=1)
        with closing(open_client(sandbox.account("alibaba"), sandbox.settings())) as client:
            begun = time.monotonic()
            with pytest.raises(UnavailableError, match="no complete answer within 60 s"):
                list(client.list_tickets(HISTORY))
            took = time.monotonic() - begun
    record_property("figure", f"longest call      {took:.1f} s (aim 65)")
    assert took <= 65


def test_w20_no_client_knows_an_action_that_writes(record_property):
    """Every action that stands in a call, and every list of actions that may be sent."""
    known = set()
    for file in Path(include.vendors.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                first = node.args[0] if node.args else None
                if node.func.attr in ("call", "_call") and isinstance(first, ast.Constant):
                    known.add(first.value)
    for vendor in ("alibaba", "tencent"):
        known |= vars(import_module(f"include.vendors.{vendor}.client"))["ACTIONS"]
    record_property("fault", f"wire 0 {'right' if known <= READS else 'silent'}")
    assert len(known) >= 10
    assert known <= READS
