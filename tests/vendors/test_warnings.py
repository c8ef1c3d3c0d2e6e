"""What a vendor said that nobody has listed: told once a process, not once an account."""

from __future__ import annotations

import logging
from typing import Any

from include.vendors.http import WARNINGS, ApiSession, Classified, forget_warnings
from include.vendors.rate import RateLimit
from tests.builders import an_account


def session(vendor: str, account_id: str) -> ApiSession:
    account = an_account(vendor, account_id=account_id)
    auth: Any = None
    return ApiSession(
        account, "https://vendor.invalid", auth, lambda *_: Classified(), RateLimit(1, sleep=print)
    )


def test_a_warning_is_told_once_for_all_accounts_of_a_vendor(caplog):
    caplog.set_level(logging.WARNING)
    for account_id in ("h-1", "h-2"):
        opened = session("huawei", account_id)
        for _ in range(2):
            opened.warn_once("unknown status 99 counts as open")
        opened.close()
    other = session("alibaba", "a-1")
    other.warn_once("unknown status 99 counts as open")
    other.close()
    assert [record.getMessage() for record in caplog.records] == [
        f"{vendor}: unknown status 99 counts as open (account {account}; of others it is not"
        " repeated)"
        for vendor, account in (("huawei", "h-1"), ("alibaba", "a-1"))
    ]
    forget_warnings()
    opened = session("huawei", "h-2")
    opened.warn_once("unknown status 99 counts as open")
    opened.close()
    assert len(caplog.records) == 3


def test_of_endlessly_many_warnings_the_first_are_told(caplog):
    opened = session("huawei", "h-1")
    for number in range(WARNINGS + 5):
        opened.warn_once(f"unknown status {number} counts as open")
    opened.close()
    assert len(caplog.records) == WARNINGS
