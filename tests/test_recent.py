"""Answers that are kept for a moment."""

from __future__ import annotations

from itertools import count

import pytest

from include.recent import Recent


def test_an_answer_is_asked_for_again_when_it_is_old_or_something_has_happened(monkeypatch):
    numbers, now = count(1), 1000.0
    monkeypatch.setattr("include.recent.time.monotonic", lambda: now)
    answers = Recent[str, int](lambda _: next(numbers))
    assert [answers.of(key) for key in ("huawei", "huawei", "tencent")] == [1, 1, 2]
    now += 61
    assert [answers.of(key) for key in ("huawei", "huawei")] == [3, 3]
    answers.forget()
    assert answers.of("huawei") == 4


def test_a_question_that_failed_is_asked_again():
    given = iter([0, 4])
    answers = Recent[str, float](lambda _: 28 / next(given))
    with pytest.raises(ZeroDivisionError):
        answers.of("a")
    assert answers.of("a") == answers.of("a") == 7
