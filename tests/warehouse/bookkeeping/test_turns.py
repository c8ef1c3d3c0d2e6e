"""Which accounts come first, and which need not be tried."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.errors import AuthError, SyncError, UnavailableError
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.bookkeeping.turns import is_away, read_last_signs
from tests.builders import DAY

EVER = DAY - timedelta(days=3650)
AWAY, BAD_KEY = UnavailableError("away"), AuthError("wrong key")


@pytest.fixture
def ended(warehouse):
    """Runs of accounts of a vendor, one after the other, that ended with these errors."""

    def run(*errors, vendor="HUAWEI"):
        for number, error in enumerate(errors):
            try:
                with ledger.hold(
                    warehouse, f"{vendor}-{number}", "tickets", vendor=vendor, request=Request()
                ):
                    if error:
                        raise error
            except SyncError:
                pass

    return run


@pytest.mark.parametrize(
    ("errors", "away"),
    [
        ((AWAY, AWAY, AWAY), True),
        ((None, AWAY, AWAY, AWAY), True),
        ((AWAY, AWAY), False),
        ((AWAY, AWAY, AWAY, None), False),
        ((AWAY, BAD_KEY, AWAY, AWAY), False),
        ((), False),
    ],
)
def test_a_vendor_is_away_when_the_last_three_accounts_found_it_so(warehouse, ended, errors, away):
    ended(*errors)
    assert is_away(warehouse, "huawei", "tickets", EVER) is away
    assert not is_away(warehouse, "alibaba", "tickets", EVER)
    assert not is_away(warehouse, "huawei", "backfill", EVER)


def test_what_runs_before_found_says_nothing_of_now(warehouse, ended):
    ended(AWAY, AWAY, AWAY)
    assert not is_away(warehouse, "huawei", "tickets", DAY + timedelta(days=3650))


def test_the_last_sign_of_life_of_each_account_is_known(warehouse, ended):
    ended(None, AWAY)
    signs = read_last_signs(warehouse, "tickets")
    assert signs.keys() == {"HUAWEI-0", "HUAWEI-1"}
    assert signs["HUAWEI-0"] <= signs["HUAWEI-1"]
    assert read_last_signs(warehouse, "catalog") == {}
