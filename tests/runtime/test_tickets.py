"""What the tasks of sync_tickets do before they read."""

from __future__ import annotations

from typing import Any

import pytest

from include.vendors.registry import VENDORS

FORM: dict[str, Any] = {
    "accounts": [],
    "since": None,
    "until": None,
    "open_messages": False,
    "dry_run": False,
}


@pytest.mark.parametrize(
    ("conf", "words"),
    [
        ({"vendor": ["huawei"]}, "unknown in the form: vendor"),
        ({"until": "2026-01-01T00:00:00Z"}, "`until` needs `since`"),
        ({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "before `until`"),
        ({"since": "2999-01-01T00:00:00Z"}, "in the past"),
        ({"accounts": ["nobody"]}, "nobody: no row of cloud_user"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_in_words(look, conf, words):
    from include.errors import ConfigError
    from include.runtime import tickets

    form = {"vendors": list(VENDORS), **FORM}
    with pytest.raises(ConfigError, match=words):
        tickets.account_groups("huawei", form | conf, conf, known=form)


def test_very_many_accounts_become_few_tasks():
    from include.runtime import tickets

    ids = [f"a{i:05}" for i in range(10_000)]
    groups = tickets.split_into_groups(ids)
    assert len(groups) == tickets.MOST_TASKS
    assert [account_id for group in groups for account_id in group] == ids
    assert tickets.split_into_groups([]) == []
    assert tickets.split_into_groups(["a", "b"]) == [["a"], ["b"]]
