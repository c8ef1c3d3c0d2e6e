"""The time of a run."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from include.errors import OutOfTimeError
from include.pipelines.clock import ENDLESS, RunClock, TimeBudget
from tests.builders import DAY


def test_a_run_counts_from_its_beginning_whatever_becomes_of_the_machines_clock(monkeypatch):
    clock = RunClock(DAY)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    first, second = clock(), clock()
    assert DAY <= first <= second < DAY + timedelta(minutes=1)


def test_a_budget_is_spent_once_its_seconds_are_over(monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    budget = TimeBudget(60)
    budget.check()
    now = 159.9
    assert not budget.is_spent
    now = 160.0
    with pytest.raises(OutOfTimeError, match="the 60 s of this run are spent"):
        budget.check()


def test_without_seconds_it_never_is():
    assert not ENDLESS.is_spent
    ENDLESS.check()
