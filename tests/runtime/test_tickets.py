"""What the tasks of sync_tickets do before they read."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from include.vendors.registry import VENDORS
from include.warehouse.tickets.tables import cloud_user

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


@pytest.mark.parametrize("stored", ["NETEASE", "", None])
def test_a_row_of_no_vendor_we_know_is_in_one_group_so_that_it_is_red(look, warehouse, stored):
    from include.runtime import tickets

    bad = {"id": "odd", "secret_id": "an-access-key", "type": stored, "enabled": 1}
    warehouse.transact(lambda c: c.execute(sa.insert(cloud_user).values(bad)))
    form = {"vendors": list(VENDORS), **FORM}
    groups = [tickets.account_groups(vendor, form, {}, known=form) for vendor in VENDORS]
    assert sum(["odd"] in of_vendor for of_vendor in groups) == 1
