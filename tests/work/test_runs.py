"""Work on several accounts: real clients, which make no call here."""

from __future__ import annotations

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


def test_accounts_for_which_no_time_is_left_are_left_out(place):
    budget = TimeBudget(1e9)

    def work(account, client, watch):
        budget.seconds = 0
        return Result(account.account_id, account.vendor)

    results = work_on_each(place, ACCOUNTS, work, NOBODY, budget)
    assert [result.account_id for result in results] == ["huawei-1"]


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
