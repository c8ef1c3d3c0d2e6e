"""Tickets that failed by themselves."""

from __future__ import annotations

from include.errors import ContractError, RejectedError
from include.warehouse.tickets.quarantine import (
    put_into_quarantine,
    read_quarantined,
    release_from_quarantine,
)
from tests.builders import a_ticket, an_account

ACCOUNT = an_account()


def test_the_first_failure_stays_and_the_attempts_count_up(warehouse, rows):
    first = ContractError("a field is missing", request_id="r1")
    again = RejectedError("x" * 3000, request_id="r2")
    for error in (first, again):
        warehouse.transact(lambda c, error=error: put_into_quarantine(c, ACCOUNT, "T1", error))
    [row] = rows(
        "select error_class, char_length(error_text), request_id, attempts, first_at < last_at"
        " from sync_quarantine"
    )
    assert row == ("RejectedError", 2000, "r2", 2, 1)


def test_a_ticket_waits_at_its_account_until_it_is_released(warehouse):
    other = an_account(account_id="huawei-2")
    for account, ticket_id in ((ACCOUNT, "T1"), (ACCOUNT, "T2"), (other, "T1")):
        warehouse.transact(
            lambda c, a=account, t=ticket_id: put_into_quarantine(c, a, t, ContractError("x"))
        )
    warehouse.transact(lambda c: release_from_quarantine(c, ACCOUNT, ["T1"]))
    warehouse.transact(lambda c: release_from_quarantine(c, ACCOUNT, []))
    assert read_quarantined(warehouse, ACCOUNT) == {"T2"}
    assert read_quarantined(warehouse, other) == {"T1"}


def test_storing_a_ticket_releases_it(warehouse, store):
    warehouse.transact(lambda c: put_into_quarantine(c, ACCOUNT, "T1", ContractError("x")))
    store((a_ticket("T1"), []))
    assert read_quarantined(warehouse, ACCOUNT) == set()


def test_an_id_with_a_blank_at_the_end_waits_although_the_one_without_is_released(warehouse):
    error = ContractError("unclear")
    warehouse.transact(lambda c: put_into_quarantine(c, an_account(), "T1 ", error))
    warehouse.transact(lambda c: release_from_quarantine(c, an_account(), ["T1"]))
    assert read_quarantined(warehouse, an_account()) == {"T1 "}
    warehouse.transact(lambda c: release_from_quarantine(c, an_account(), ["T1 "]))
    assert read_quarantined(warehouse, an_account()) == set()
