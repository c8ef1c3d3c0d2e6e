"""What the tasks of sync_tickets do before they read."""

from __future__ import annotations

import logging
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from include.runtime.masking import ADAPTER
from include.vendors.registry import VENDORS
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.tables import cloud_user

FORM: dict[str, Any] = {
    "accounts": [],
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
        tickets.account_groups("huawei", form | conf, conf, known={*form, "since", "until"})


@pytest.mark.parametrize(
    ("accounts", "most", "tasks", "largest"),
    [
        (0, 50, 0, 0),
        (2, 50, 2, 1),
        (4, 50, 4, 1),
        (5, 50, 3, 2),
        (200, 50, 4, 50),
        (2_000, 50, 40, 50),
        (12_000, 50, 200, 60),
        (150, 1, 150, 1),
        (1_000, 1, 200, 5),
    ],
)
def test_accounts_become_few_tasks_of_few_accounts(accounts, most, tasks, largest):
    from include.runtime.tickets import split_into_groups

    ids = [f"a{i:05}" for i in range(accounts)]
    groups = split_into_groups(ids, most)
    assert sorted(account_id for group in groups for account_id in group) == ids
    assert [group[0] for group in groups] == ids[: len(groups)], "those that waited longest"
    assert len(groups) == tasks
    assert max(map(len, groups), default=0) == largest


@pytest.mark.parametrize("stored", ["NETEASE", "", None])
def test_a_row_of_no_vendor_we_know_is_in_one_group_so_that_it_is_red(look, warehouse, stored):
    from include.runtime import tickets

    bad = {"id": "odd", "secret_id": "an-access-key", "type": stored, "enabled": 1}
    warehouse.transact(lambda c: c.execute(sa.insert(cloud_user).values(bad)))
    form = {"vendors": list(VENDORS), **FORM}
    groups = [tickets.account_groups(vendor, form, {}, known=form) for vendor in VENDORS]
    assert sum(["odd"] in of_vendor for of_vendor in groups) == 1


def test_who_has_waited_longest_comes_first(look, warehouse):
    from include.runtime import tickets

    for name in ("huawei-2", "huawei-3"):
        row = {"id": name, "secret_id": name, "type": "HUAWEI", "enabled": 1}
        warehouse.transact(lambda c, row=row: c.execute(sa.insert(cloud_user).values(row)))
    form = {"vendors": list(VENDORS), **FORM}
    for name in ("huawei-2", "huawei-1"):
        with ledger.hold(warehouse, name, "tickets", vendor="HUAWEI", request=Request()):
            pass
    groups = tickets.account_groups("huawei", form, {}, known=form)
    assert groups == [["huawei-3"], ["huawei-2"], ["huawei-1"]]


@pytest.mark.parametrize(("adapter", "tasks"), [(ADAPTER, 4), ("", 6)])
def test_tasks_have_as_many_accounts_as_the_masker_takes_the_keys_of(
    look, warehouse, monkeypatch, caplog, adapter, tasks
):
    from include.runtime import tickets

    rows = [
        {"id": f"h{i}", "secret_id": f"access-{i}", "type": "HUAWEI", "enabled": 1}
        for i in range(299)  # and one that is there
    ]
    warehouse.transact(lambda c: c.execute(sa.insert(cloud_user), rows))
    monkeypatch.setenv("AIRFLOW__LOGGING__SECRET_MASK_ADAPTER", adapter)
    form = {"vendors": list(VENDORS), **FORM}
    assert len(tickets.account_groups("huawei", form, {}, known=form)) == tasks
    assert ("secret_mask_adapter is not" in caplog.text) is (adapter == "")


def test_a_task_whose_accounts_another_run_reads_is_skipped(look, warehouse_url):
    from airflow.sdk.exceptions import AirflowSkipException

    from include.runtime import tickets

    form = {"vendors": list(VENDORS), **FORM}
    with (
        closing(Warehouse.open(warehouse_url)) as other,
        ledger.hold(other, "huawei-1", "tickets", vendor="HUAWEI", request=Request()),
        pytest.raises(AirflowSkipException, match="another run reads huawei-1 now"),
    ):
        tickets.sync_accounts(["huawei-1"], form, "a test")


def test_a_group_ends_with_its_time_and_says_who_is_left(look, monkeypatch, caplog):
    from include.runtime import tickets

    monkeypatch.setenv("RUN_MINUTES", "0.1")
    monkeypatch.setattr("include.pipelines.clock.TimeBudget.is_spent", True)
    form = {"vendors": list(VENDORS), **FORM}
    with caplog.at_level(logging.WARNING):
        assert tickets.sync_accounts(["huawei-1", "alibaba-1"], form, "a test")["calls"] == 0
    assert "no time left: the next run reads first: huawei-1, alibaba-1" in caplog.text
