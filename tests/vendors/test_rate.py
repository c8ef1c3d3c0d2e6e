"""How fast calls may follow one another, by a clock that passes only when somebody sleeps."""

from __future__ import annotations

import time
from threading import Thread

import pytest

from include.vendors.rate import RateLimit


def test_the_clock_of_a_rate_limit_spaces_out_the_calls(clock):
    rate, begun = RateLimit(4, monotonic=clock.monotonic, sleep=clock.sleep), clock.monotonic()
    for _ in range(9):
        rate.wait()
    assert clock.monotonic() - begun == pytest.approx(2)


def test_a_refusal_halves_the_rate_once_and_success_restores_it(clock):
    rate = RateLimit(8, monotonic=clock.monotonic, sleep=clock.sleep)
    for _ in range(3):
        rate.refused(None)
    assert rate.rate == 4
    clock.sleep(2)
    rate.refused(None)
    assert rate.rate == 2
    for _ in range(139):
        rate.accepted()
    assert rate.rate == pytest.approx(4, rel=0.001)
    for _ in range(139):
        rate.accepted()
    assert rate.rate == 8


def test_the_rate_never_falls_below_one_call_in_five_seconds(clock):
    rate = RateLimit(5, monotonic=clock.monotonic, sleep=clock.sleep)
    for _ in range(50):
        clock.sleep(2)
        rate.refused(None)
    assert rate.rate == pytest.approx(0.2)


def test_a_rest_that_was_asked_for_holds_every_call(clock):
    rate = RateLimit(10, monotonic=clock.monotonic, sleep=clock.sleep)
    rate.wait()
    rate.refused(30)
    begun = clock.monotonic()
    rate.wait()
    assert clock.monotonic() - begun == pytest.approx(30)


def test_a_rest_also_holds_the_calls_that_already_wait(clock):
    """Another thread is refused while this one sleeps."""

    def sleep(seconds):
        clock.sleep(seconds)
        if len(clock.slept) == 1:
            rate.refused(30)

    rate, begun = RateLimit(10, monotonic=clock.monotonic, sleep=sleep), clock.monotonic()
    rate.wait()
    rate.wait()
    assert clock.monotonic() - begun == pytest.approx(30, abs=0.2)


def test_threads_share_the_rate():
    rate, begun = RateLimit(50), time.monotonic()

    def four():
        for _ in range(4):
            rate.wait()

    threads = [Thread(target=four) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun >= 15 / 50


def test_a_call_that_others_keep_waiting_gives_up_in_time_and_takes_no_turn(clock):
    refusals = iter([90])

    def sleep(seconds):
        clock.sleep(seconds)
        for hint in refusals:
            rate.refused(hint)

    rate = RateLimit(4, monotonic=clock.monotonic, sleep=sleep)
    assert rate.wait(100)
    rate.refused(90)
    begun = clock.monotonic()
    assert not rate.wait(100)
    assert clock.monotonic() - begun == pytest.approx(90)
    begun = clock.monotonic()
    assert rate.wait(100)
    assert clock.monotonic() - begun == pytest.approx(90)
