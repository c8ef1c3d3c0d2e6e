"""Everything that comes from outside has an end. Here is how large the limits may be.

That each is kept is tested where it is kept: answers in ``tests/vendors/test_http.py``, lists in
``tests/vendors/test_paging.py``, tasks in ``tests/dags/test_dags.py``.
"""

from __future__ import annotations

import pytest

from include.runtime.tickets import MOST_TASKS
from include.vendors import answers, http, paging

BOUNDS = {
    "seconds a call": (http.CALL_SECONDS, 60),
    "seconds a call waits between its attempts": (http.WAIT_SECONDS, 120),
    "bytes an answer": (answers.BODY_BYTES, 32 << 20),
    "bytes an answer beside others": (answers.SMALL_BYTES, 1 << 20),
    "attempts a call": (http.ATTEMPTS, 5),
    "readings of a moving list": (paging.READINGS, 4),
    "pages a list": (paging.MAX_PAGES, 20_000),
    "tasks a vendor": (MOST_TASKS, 200),
}


@pytest.mark.airflow
@pytest.mark.parametrize("name", BOUNDS)
def test_a_limit_is_no_larger_than_we_say(name):
    limit, most = BOUNDS[name]
    assert 0 < limit <= most


@pytest.mark.airflow
def test_a_form_takes_at_most_five_hundred_accounts_of_fifty_characters():
    from include.runtime.forms import accounts_param

    schema = accounts_param().schema
    assert schema["maxItems"] == 500
    assert schema["items"]["pattern"].endswith("{1,50}$")
