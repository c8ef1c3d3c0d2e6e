"""Small answers side by side, large ones one after the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from include.vendors.answers import SMALL_BYTES, Gate, check_size

LARGE = SMALL_BYTES + 1


def test_nobody_who_did_not_come_through_a_gate_is_refused_an_answer():
    check_size(LARGE)


def test_a_large_answer_is_asked_for_once_more_and_then_taken():
    sizes = []

    def question():
        sizes.append(LARGE)
        check_size(LARGE)
        return "whole"

    gate = Gate()
    assert gate.ask(question) == "whole"
    assert gate.ask(lambda: check_size(SMALL_BYTES)) is None
    assert len(sizes) == 2
    check_size(LARGE)  # and behind the gate all is as it was


def test_of_many_large_answers_one_is_held_while_small_ones_pass():
    gate, started, go_on = Gate(), threading.Event(), threading.Event()
    held = 0

    def large(number):
        nonlocal held
        check_size(LARGE)
        held += 1
        assert held == 1
        started.set()
        assert go_on.wait(10)
        held -= 1
        return number

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(gate.ask, lambda n=number: large(n)) for number in range(3)]
        assert started.wait(10)
        assert gate.ask(lambda: check_size(SMALL_BYTES)) is None
        go_on.set()
        assert [answer.result(10) for answer in answers] == [0, 1, 2]


def test_a_large_answer_that_ends_in_an_error_lets_the_next_one_through():
    gate = Gate()

    def fail():
        check_size(LARGE)
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            gate.ask(fail)
