"""Small answers side by side, large ones one after the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from urllib3 import BaseHTTPResponse

from include.vendors.answers import SMALL_BYTES, ask_in_bounds, read_body

SMALL, LARGE = 2, 3


class Response:
    """A body in halves of what is small."""

    def __init__(self, halves: int) -> None:
        self.halves = halves

    def stream(self, size: int, *, decode_content: bool) -> list[bytes]:
        return [b"x" * (SMALL_BYTES // 2)] * self.halves


def read(halves: int) -> int:
    return len(read_body(cast(BaseHTTPResponse, Response(halves)), {}))


def test_who_did_not_ask_in_bounds_is_refused_no_answer():
    assert read(LARGE) > SMALL_BYTES


def test_a_large_answer_is_asked_for_once_more_and_then_taken():
    asked = []

    def question() -> int:
        asked.append(LARGE)
        return read(LARGE)

    assert ask_in_bounds(question) > SMALL_BYTES
    assert ask_in_bounds(lambda: read(SMALL)) == SMALL_BYTES
    assert len(asked) == 2
    assert read(LARGE) > SMALL_BYTES  # and afterwards all is as it was


def test_of_many_large_answers_one_is_held_while_small_ones_pass():
    started, go_on = threading.Event(), threading.Event()
    held: list[Any] = []

    def large(number: int) -> int:
        held.append(read(LARGE))
        assert len(held) == 1
        started.set()
        assert go_on.wait(10)
        held.clear()
        return number

    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(ask_in_bounds, lambda n=number: large(n)) for number in range(3)]
        assert started.wait(10)
        assert ask_in_bounds(lambda: read(SMALL)) == SMALL_BYTES
        go_on.set()
        assert [answer.result(10) for answer in answers] == [0, 1, 2]


def test_a_large_answer_that_ends_in_an_error_lets_the_next_one_through():
    def fail() -> None:
        read(LARGE)
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            ask_in_bounds(fail)
