"""Work on several accounts: real clients, which make no call here."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from include.errors import AuthError, ConfigError, UnavailableError
from include.pipelines.clock import TimeBudget
from include.settings import Settings
from include.warehouse.bookkeeping.ledger import Counts
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import BadAccount
from include.work.place import NOBODY, Workplace
from include.work.runs import (
    Result,
    last_of_each_site,
    results_of_bad,
    work_on_each,
    work_on_one_a_site,
)
from tests.builders import an_account


@pytest.fixture
def place():
    nowhere = Warehouse.open("mysql+pymysql://nobody@127.0.0.1:1/nothing")
    yield Workplace.of(Settings(), nowhere, lambda _: "", None)
    nowhere.close()


def failing(errors):
    """Work that fails at the accounts of *errors*, after some calls."""

    def work(account, client, watch):
        watch.note(Counts(calls=3))
        if account.account_id in errors:
            raise errors[account.account_id]
        return Result(account.account_id, account.vendor, Counts(written=1))

    return work


ACCOUNTS = [an_account("huawei", account_id=f"huawei-{number}") for number in (1, 2, 3)]
OTHER = an_account("alibaba", account_id="alibaba-1")


@pytest.mark.parametrize("error", [AuthError("wrong key"), ZeroDivisionError("a bug")])
def test_an_account_that_fails_for_whatever_reason_stops_no_other(place, error):
    results = work_on_each(place, ACCOUNTS, failing({"huawei-2": error}), NOBODY)
    assert [result.error for result in results] == [None, error, None]
    assert [result.counts for result in results] == [
        Counts(written=1),
        Counts(calls=3),
        Counts(written=1),
    ]


def test_accounts_are_worked_on_side_by_side_and_their_results_keep_the_order(place):
    all_there = threading.Barrier(len(ACCOUNTS), timeout=10)
    is_done = {account.account_id: threading.Event() for account in ACCOUNTS}

    def work(account, client, watch):
        all_there.wait()
        if account != ACCOUNTS[-1]:  # the last one is the first to end
            assert is_done[ACCOUNTS[-1].account_id].wait(10)
        is_done[account.account_id].set()
        return Result(account.account_id, account.vendor)

    results = work_on_each(place, ACCOUNTS, work, NOBODY)
    assert [result.error for result in results] == [None] * 3
    assert [result.account_id for result in results] == [one.account_id for one in ACCOUNTS]


def at_once(place, number):
    return replace(place, settings=Settings(accounts_at_once=number))


def test_no_more_accounts_are_worked_on_at_once_than_the_setting_says(place):
    two_there, under_way, most = threading.Barrier(2, timeout=10), [], []

    def work(account, client, watch):
        under_way.append(account)
        most.append(len(under_way))
        two_there.wait()
        under_way.remove(account)
        return Result(account.account_id, account.vendor)

    accounts = [an_account("huawei", account_id=f"huawei-{number}") for number in range(8)]
    results = work_on_each(at_once(place, 2), accounts, work, NOBODY)
    assert [result.error for result in results] == [None] * 8
    assert max(most) == 2


def test_an_account_that_takes_its_time_holds_no_other_up(place):
    others = threading.Barrier(2, timeout=10)

    def work(account, client, watch):
        if account.account_id in ("slow", "last"):  # which is reached past all the others
            others.wait()
        return Result(account.account_id, account.vendor)

    names = ["slow", *(f"huawei-{number}" for number in range(9)), "last"]
    accounts = [an_account("huawei", account_id=name) for name in names]
    results = work_on_each(at_once(place, 2), accounts, work, NOBODY)
    assert [result.error for result in results] == [None] * 11


@pytest.mark.parametrize(("number", "begun"), [(1, 1), (2, 2), (3, 3)])
def test_accounts_for_which_no_time_is_left_are_left_out(place, number, begun):
    budget, all_there = TimeBudget(1e9), threading.Barrier(number, timeout=10)

    def work(account, client, watch):
        all_there.wait()
        budget.seconds = 0
        return Result(account.account_id, account.vendor)

    results = work_on_each(at_once(place, number), ACCOUNTS, work, NOBODY, budget)
    assert [one.account_id for one in results] == [one.account_id for one in ACCOUNTS][:begun]


def test_who_is_told_to_end_waits_for_no_account_and_begins_no_other(place):
    has_begun, may_end, begun = threading.Event(), threading.Event(), []

    def work(account, client, watch):
        begun.append(account.account_id)
        has_begun.set()
        may_end.wait(10)
        return Result(account.account_id, account.vendor)

    def accounts():
        yield from ACCOUNTS
        assert has_begun.wait(10)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work_on_each(at_once(place, 1), accounts(), work, NOBODY)
    assert not may_end.is_set()
    assert begun == ["huawei-1"]
    [thread] = [one for one in threading.enumerate() if one.name.startswith("account")]
    may_end.set()
    thread.join(10)
    assert begun == ["huawei-1"]


def test_an_interrupt_in_an_account_is_no_result_of_it(place):
    with pytest.raises(KeyboardInterrupt):
        work_on_each(place, ACCOUNTS, failing({"huawei-2": KeyboardInterrupt()}), NOBODY)


def test_an_account_that_cannot_be_opened_is_a_result_too(place):
    [result] = work_on_each(place, [an_account("aws")], failing({}), NOBODY)
    assert isinstance(result.error, ConfigError)
    assert "unknown vendor" in str(result.error)


@pytest.mark.parametrize("error", [AuthError("wrong key"), ConfigError("no right")])
def test_the_next_account_of_a_vendor_is_tried_where_key_or_right_is_refused(place, error):
    results = work_on_one_a_site(place, [OTHER, *ACCOUNTS], failing({"huawei-1": error}), NOBODY)
    assert [(r.account_id, r.error) for r in results] == [
        ("alibaba-1", None),
        ("huawei-1", error),
        ("huawei-2", None),
    ]


def test_no_other_account_is_tried_where_the_vendor_is_away(place):
    error = UnavailableError("away")
    results = work_on_one_a_site(place, ACCOUNTS, failing({"huawei-1": error}), NOBODY)
    assert [(r.account_id, r.error) for r in results] == [("huawei-1", error)]


def test_each_site_of_a_vendor_is_worked_on_through_an_account_of_its_own(place):
    """Whatever the first site says: the other one may answer."""
    abroad = [
        an_account("huawei", account_id=f"abroad-{number}", region=region)
        for number, region in ((1, "ap-southeast-1"), (2, "la-south-2"))
    ]
    error = UnavailableError("away")
    everybody = [*ACCOUNTS, *abroad, OTHER]
    results = work_on_one_a_site(place, everybody, failing({"huawei-1": error}), NOBODY)
    assert [(r.account_id, r.site, r.error) for r in results] == [
        ("huawei-1", "home", error),
        ("abroad-1", "ap-southeast-3", None),
        ("alibaba-1", "home", None),
    ]
    assert last_of_each_site(results) == results


def test_only_the_last_try_at_a_site_counts(place):
    results = work_on_one_a_site(
        place, ACCOUNTS, failing({"huawei-1": AuthError("wrong key")}), NOBODY
    )
    assert [r.account_id for r in last_of_each_site(results)] == ["huawei-2"]


def test_a_bad_row_is_a_result(place):
    error = ConfigError("no key")
    [result] = results_of_bad([BadAccount("a", "huawei", error)])
    assert result == Result("a", "huawei", error=error)
