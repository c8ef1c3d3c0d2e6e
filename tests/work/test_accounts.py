"""Which accounts are meant: real rows, no vendor."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from include.secrets import KeyRing, new_key
from include.settings import Settings
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account
from include.work.accounts import Choice, choose_accounts, list_accounts
from include.work.place import Workplace
from tests.builders import DAY, an_account

RING = new_key("k1")


@pytest.fixture
def place(warehouse_url):
    opened = Warehouse.open(warehouse_url)
    for vendor in ("alibaba", "huawei", "tencent"):
        account = an_account(vendor, account_id=f"{vendor}-1", access_key=f"{vendor}-access-key")
        add_account(opened, KeyRing.parse(RING), account, now=DAY)
    yield Workplace.of(Settings(secret_keys=SecretStr(RING)), opened, lambda _: "", None)
    opened.close()


def ids(accounts):
    return [account.account_id for account in accounts]


def test_a_vendor_that_is_switched_off_is_left_out_and_named(place):
    chosen = choose_accounts(place, Choice())
    assert ids(chosen.accounts) == ["alibaba-1", "huawei-1"]
    assert ids(chosen.switched_off) == ["tencent-1"]
    assert chosen.bad == []


@pytest.mark.parametrize(
    "choice",
    [Choice(vendors=("tencent",)), Choice(account_ids=("tencent-1",))],
)
def test_who_asks_for_it_by_name_gets_it_or_the_reason_why_not(place, choice):
    chosen = choose_accounts(place, choice)
    assert ids(chosen.accounts) == ["tencent-1"]
    assert chosen.switched_off == []


def test_an_unknown_id_is_a_bad_account(place):
    [bad] = choose_accounts(place, Choice(account_ids=("nobody",))).bad
    assert "no row of cloud_user has this id" in str(bad.error)


def test_the_list_shows_every_account_whatever_is_switched_off(place):
    assert ids(list_accounts(place)) == ["alibaba-1", "huawei-1", "tencent-1"]
