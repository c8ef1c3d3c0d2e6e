"""What the sessions of one client share, and what it says of all of them."""

from __future__ import annotations

import pytest

from include.vendors.http import Classified
from include.vendors.rate import RateLimit
from include.vendors.sessions import Sessions
from tests.builders import an_account


@pytest.fixture
def sessions(clock):
    rate = RateLimit(2, monotonic=clock.monotonic, sleep=clock.sleep)
    opened = Sessions(an_account(), rate, "", clock.now, clock.sleep)
    yield opened
    opened.close()


def open_one(sessions, port):
    return sessions.open(port.url, lambda request: None, lambda *answer: Classified())


def test_all_calls_count_and_share_one_rate(sessions, port, clock):
    port.answer = lambda request: {}
    one, other = open_one(sessions, port), open_one(sessions, port)
    for session in (one, other, one):
        session.call("Ask", "GET")
    assert sessions.calls == len(port.requests) == 3
    assert sum(clock.slept) == pytest.approx(1)


def test_the_clock_of_the_first_host_is_the_vendors(sessions, port, clock):
    first, second = open_one(sessions, port), open_one(sessions, port)
    port.answer = lambda request: ({}, 200, {"Date": f"{clock.now():%a, %d %b %Y %H:%M:%S} GMT"})
    first.call("Ask", "GET")
    assert sessions.clock_skew == first.clock_skew
    assert second.clock_skew is None
