"""Accounts that are switched, renamed and removed, on a real server."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.errors import ConfigError, SupersededError
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.account_changes import (
    look_at_accounts,
    remove_accounts,
    rename_account,
    switch_accounts,
)
from include.warehouse.tickets.tables import cloud_osm_list, cloud_user


@pytest.fixture
def warehouse(warehouse_url):
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()


@pytest.fixture
def rows(warehouse):
    def look(query):
        return warehouse.transact(lambda c: [tuple(row) for row in c.execute(sa.text(query))])

    return look


def put(warehouse, account_id, **values):
    row = {
        "id": account_id,
        "type": "HUAWEI",
        "secret_id": f"access-of-{account_id}",
        "secret_key_secret": f"secret-of-{account_id}",
        "enabled": 1,
    } | values
    warehouse.transact(lambda c: c.execute(sa.insert(cloud_user).values(row)))


def put_ticket(warehouse, ticket_id, account_id, status=1):
    row = {
        "id": ticket_id,
        "cloud_id": ticket_id,
        "type": "HUAWEI",
        "status": status,
        "account_id": account_id,
    }
    warehouse.transact(lambda c: c.execute(sa.insert(cloud_osm_list).values(row)))


def put_aside(warehouse, account_id):
    query = sa.text(
        "insert into sync_quarantine (account_id, item_id, error_class, error_text, first_at,"
        " last_at, attempts) values (:id, 'T9', 'ContractError', 'x', now(), now(), 1)"
    )
    warehouse.transact(lambda c: c.execute(query, {"id": account_id}))


def test_many_are_switched_together_and_switching_again_changes_nothing(warehouse, rows):
    for account_id in ("a", "b", "c"):
        put(warehouse, account_id)
    for _ in range(2):
        done = switch_accounts(warehouse, ["b", "a", "a"], on=False)
        assert rows("select id, enabled from cloud_user order by id") == [
            ("a", 0),
            ("b", 0),
            ("c", 1),
        ]
    assert [(one.account_id, one.has_changed) for one in done] == [("a", False), ("b", False)]
    assert all(one.has_changed for one in switch_accounts(warehouse, ["a", "b"], on=True))
    assert rows("select sum(enabled) from cloud_user") == [(3,)]


def test_of_ids_some_of_which_are_unknown_none_is_changed(warehouse, rows):
    put(warehouse, "a")
    for change in (
        lambda: switch_accounts(warehouse, ["a", "y", "x"], on=False),
        lambda: remove_accounts(warehouse, ["a", "y", "x"]),
        lambda: look_at_accounts(warehouse, ["a", "y", "x"]),
    ):
        with pytest.raises(ConfigError, match="has the id x, y: see `accounts list`; nothing was"):
            change()
    assert rows("select id, enabled from cloud_user") == [("a", 1)]


def test_two_accounts_with_one_key_are_never_on_together(warehouse, rows):
    put(warehouse, "a", secret_id="the-same-key")
    put(warehouse, "b", secret_id="the-same-key", enabled=0)
    with pytest.raises(ConfigError, match="`accounts disable a` first, or neither is read"):
        switch_accounts(warehouse, ["b"], on=True)
    assert rows("select id, enabled from cloud_user order by id") == [("a", 1), ("b", 0)]
    switch_accounts(warehouse, ["a"], on=False)
    switch_accounts(warehouse, ["b"], on=True)


def test_a_new_name_leaves_the_id(warehouse, rows):
    put(warehouse, "a", name="old")
    assert rename_account(warehouse, "a", " 主账号 ").has_changed
    assert not rename_account(warehouse, "a", "主账号").has_changed
    assert rows("select id, name from cloud_user") == [("a", "主账号")]
    assert rename_account(warehouse, "a", "").name == ""
    for name in ("x" * 256, "a\nb"):
        with pytest.raises(ConfigError, match="a name has at most 255 characters"):
            rename_account(warehouse, "a", name)


def test_of_a_removed_account_stays_what_it_read_and_nothing_that_waits(warehouse, rows):
    put(warehouse, "a")
    put(warehouse, "b")
    put_ticket(warehouse, "T1", "a")
    put_ticket(warehouse, "T2", "a", status=0)
    put_ticket(warehouse, "T3", "b")
    for account_id in ("a", "b"):
        for entity in ("tickets", "backfill"):
            with ledger.hold(
                warehouse, account_id, entity, vendor="huawei", request=Request("test")
            ):
                pass
        put_aside(warehouse, account_id)
    (done,) = remove_accounts(warehouse, ["a"])
    assert (done.tickets, done.open_tickets, done.quarantined, done.has_others) == (2, 2, 1, True)
    assert rows("select id from cloud_user") == [("b",)]
    assert rows("select distinct account_id from sync_state") == [("b",)]
    assert rows("select account_id from sync_quarantine") == [("b",)]
    assert rows("select count(*) from cloud_osm_list") == [(3,)]
    assert rows("select count(*) from sync_run where account_id = 'a'") == [(2,)]


def test_a_run_that_is_under_way_writes_nothing_more_once_its_account_is_removed(warehouse, rows):
    put(warehouse, "a")
    held = ledger.hold(warehouse, "a", "tickets", vendor="huawei", request=Request("test"))

    def read():
        with held as run:
            remove_accounts(warehouse, ["a"])
            run.write(lambda connection: put_ticket(warehouse, "T1", "a"))

    with pytest.raises(SupersededError):
        read()
    assert rows("select count(*) from cloud_osm_list") == [(0,)]
    assert rows("select outcome, error_text from sync_run") == [
        ("stopped", "its account was removed")
    ]


def test_an_account_whose_row_was_deleted_by_hand_can_be_removed(warehouse, rows):
    with ledger.hold(warehouse, "a", "tickets", vendor="huawei", request=Request("test")):
        pass
    (done,) = remove_accounts(warehouse, ["a"])
    assert (done.account_id, done.vendor, done.has_others) == ("a", "huawei", False)
    assert rows("select count(*) from sync_state") == [(0,)]
    with pytest.raises(ConfigError):
        remove_accounts(warehouse, ["a"])
