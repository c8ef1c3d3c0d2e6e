"""What looks cost, counted on the wire."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from include.vendors.registry import VENDORS
from tests.benchmarks.count_calls import count

TICKETS = 60


@pytest.mark.parametrize("vendor", VENDORS if os.environ.get("FULL") else ["huawei"])
def test_a_complete_ticket_that_does_not_change_costs_at_most_five_calls_a_month(warehouse, vendor):
    found = count(warehouse, vendor, TICKETS, step=timedelta(days=1))
    # An hour, a day, a week and a month after closing; then once in READ_ALL_DAYS.
    assert 3 * TICKETS < found.new <= 5 * TICKETS
    assert TICKETS <= found.old <= 3 * TICKETS
