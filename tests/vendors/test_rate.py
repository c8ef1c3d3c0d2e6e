"""How fast calls may follow one another, by a clock that passes only when somebody sleeps."""

from __future__ import annotations

import time
from threading import Thread

import pytest

from include.vendors.rate import RateLimit
from tests.vendors.throttled import LIMITERS, Bucket, Sliding, Step, Windows, play


def test_the_clock_of_a_rate_limit_spaces_out_the_calls(clock):
    rate, begun = RateLimit(4, monotonic=clock.monotonic, sleep=clock.sleep), clock.monotonic()
    for _ in range(9):
        rate.wait()
    assert clock.monotonic() - begun == pytest.approx(2)


def call_for(rate, clock, seconds):
    """Call as fast as allowed, all accepted."""
    until = clock.monotonic() + seconds
    while clock.monotonic() < until:
        rate.wait()
        rate.accepted()


def test_after_a_refusal_the_rate_comes_back_stays_just_below_and_then_seeks_a_higher_limit(clock):
    rate = RateLimit(60, monotonic=clock.monotonic, sleep=clock.sleep)
    call_for(rate, clock, 5)
    rate.refused(None)
    assert rate.rate == pytest.approx(60 * 0.98 * 0.9)
    seen = []
    for _ in range(9):
        call_for(rate, clock, 5)
        seen.append(rate.rate / 60)
    assert seen == sorted(seen)
    assert seen[2:5] == pytest.approx([0.98] * 3, abs=0.01)
    assert seen[-1] == 1


def test_where_far_less_is_accepted_than_sent_that_becomes_the_rate(clock):
    rate = RateLimit(60, monotonic=clock.monotonic, sleep=clock.sleep)
    for _ in range(20):
        rate.wait()
        rate.accepted()
    rate.refused(None)
    assert rate.rate == pytest.approx(20 * 0.98)


def test_a_burst_of_refusals_counts_once_and_stops_calls_for_a_second(clock):
    one, many = (RateLimit(60, monotonic=clock.monotonic, sleep=clock.sleep) for _ in range(2))
    for rate in (one, many):
        call_for(rate, clock, 5)
        rate.refused(None)
    for _ in range(5):
        many.refused(None)
    assert many.rate == one.rate
    begun = clock.monotonic()
    many.wait()
    assert clock.monotonic() - begun == pytest.approx(1)


def test_calls_that_wait_for_their_turns_take_later_ones_when_the_rate_falls(clock):
    """Another thread is refused while this one sleeps."""

    def sleep(seconds):
        clock.sleep(seconds)
        if len(clock.slept) == 1:
            rate.refused(None)

    rate, begun = RateLimit(1, monotonic=clock.monotonic, sleep=sleep), clock.monotonic()
    rate.wait()
    rate.wait()
    assert rate.rate == 0.25
    assert clock.monotonic() - begun == pytest.approx(1 + 4)


def test_the_rate_never_falls_below_one_call_in_five_seconds(clock):
    rate = RateLimit(5, monotonic=clock.monotonic, sleep=clock.sleep)
    for _ in range(50):
        clock.sleep(60)
        rate.accepted()
        rate.refused(None)
    assert rate.rate == pytest.approx(0.2)


def test_a_vendor_that_takes_nothing_is_asked_ever_more_seldom_and_then_as_often_as_before(clock):
    rate = RateLimit(5, monotonic=clock.monotonic, sleep=clock.sleep)
    call_for(rate, clock, 5)
    rate.refused(None)
    before, pauses = rate.rate, []
    for _ in range(7):
        rate.refused(None)
        begun = clock.monotonic()
        rate.wait()
        pauses.append(clock.monotonic() - begun)
    assert pauses == pytest.approx([1, 2, 4, 8, 16, 16, 16])
    assert rate.rate == before
    rate.accepted()
    begun = clock.monotonic()
    rate.wait()
    assert clock.monotonic() - begun < 1 / 4


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


def pace(per_second, monotonic, sleep):
    return RateLimit(per_second, monotonic=monotonic, sleep=sleep)


ALONE = {
    "2 calls a second": [Step(1000, 2, settling=100)],
    "10": [Step(200, 10, settling=20)],
    "50": [Step(40, 50, settling=4)],
    "from 10 to 2": [Step(100, 10, settling=20), Step(600, 2, settling=60)],
    "from 50 to 10": [Step(30, 50, settling=4), Step(100, 10, settling=20)],
    "from 2 to 10": [Step(500, 2, settling=100), Step(400, 10, settling=240)],
    "from 10 to 50": [Step(100, 10, settling=20), Step(160, 50, settling=130)],
}


@pytest.mark.parametrize("limiter", LIMITERS)
@pytest.mark.parametrize("steps", ALONE.values(), ids=ALONE)
def test_a_vendors_limit_is_used_and_hardly_ever_exceeded(steps, limiter):
    run = play(pace, limiter, steps)
    assert run.used >= 0.95
    assert run.refused_in_all < 0.01


@pytest.mark.parametrize(
    ("rate", "limiter"),
    [(2, Windows), (2, Sliding), (10, Windows), (10, Bucket), (50, Sliding), (50, Bucket)],
)
def test_two_workers_that_know_nothing_of_each_other_share_a_limit(rate, limiter):
    run = play(pace, limiter, [Step(2400 / rate, rate, settling=400 / rate)], joins=(0, 0))
    assert run.used >= 0.95
    assert run.refused < 0.01
    assert run.refused_in_all < 0.015  # each begins with 60 calls a second
    assert run.least > 0.05


@pytest.mark.parametrize(("rate", "limiter"), [(2, Bucket), (10, Windows), (50, Sliding)])
def test_a_worker_that_joins_another_is_not_kept_out(rate, limiter):
    step = Step(2400 / rate, rate, settling=1200 / rate)
    run = play(pace, limiter, [step], joins=(0, 600 / rate))
    assert run.used >= 0.95
    assert run.least > 0.05
