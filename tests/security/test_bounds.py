"""Everything that comes from outside has an end: how large the limits are, and who tries each."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.runtime import vendors
from include.vendors import http, paging

TESTS = Path(__file__).resolve().parents[1]
BOUNDS = [
    (http.CALL_SECONDS, 60, "vendors/test_http.py", "w13_a_trickle_ends_at_the_limit"),
    (
        http.HINT_SECONDS,
        120,
        "vendors/test_http.py",
        "w1_the_wait_that_was_asked_for",
    ),
    (http.BODY_BYTES, 32 << 20, "vendors/test_http.py", "w14_an_answer_that_is_too_large"),
    (http.ATTEMPTS, 5, "vendors/test_http.py", "a_lasting_fault_ends_after_five_attempts"),
    (paging.READINGS, 4, "vendors/test_paging.py", "moving_list"),
    (paging.MAX_PAGES, 20_000, "vendors/test_paging.py", "MAX_PAGES"),
    (vendors.MOST_TASKS, 200, "dags/test_dags.py", "very_many_accounts_become_few_tasks"),
]


@pytest.mark.airflow
@pytest.mark.parametrize(("limit", "most", "file", "words"), BOUNDS)
def test_a_limit_is_no_larger_than_we_say_and_a_test_tries_it(limit, most, file, words):
    assert 0 < limit <= most
    assert words in (TESTS / file).read_text("utf-8")


@pytest.mark.airflow
def test_a_form_takes_at_most_five_hundred_accounts_of_fifty_characters():
    from include import runtime

    schema = runtime.accounts_param().schema
    assert schema["maxItems"] == 500
    assert schema["items"]["pattern"].endswith("{1,50}$")
