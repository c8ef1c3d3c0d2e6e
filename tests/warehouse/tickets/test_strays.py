"""Tickets that no enabled account reads."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.warehouse.tickets.store import mark_gone
from include.warehouse.tickets.strays import (
    Stray,
    VendorReaders,
    list_strays,
    read_readers,
)
from tests.builders import DAY, a_ticket, an_account


@pytest.fixture
def write(warehouse):
    """Lets somebody else write."""

    def run(statement):
        warehouse.transact(lambda c: c.execute(sa.text(statement)))

    return run


@pytest.fixture
def accounts(write):
    write(
        "insert into cloud_user (id, secret_id, type, enabled) values"
        " ('huawei-1', 'k1', 'HUAWEI', 1), ('huawei-2', 'k2', '1', 1), ('huawei-3', 'k3', '1', 0),"
        " ('alibaba-1', 'k4', 'ALIBABA', 1)"
    )


@pytest.mark.parametrize(
    ("custom_id", "account_id", "is_stray"),
    [
        ("huawei-1", None, False),
        ("huawei-3", "huawei-2", False),
        ("huawei-1", "huawei-3", True),
        ("huawei-3", None, True),
        ("alibaba-1", None, True),
        (None, None, True),
    ],
)
def test_a_stray_has_no_enabled_account_of_its_vendor(
    warehouse, accounts, write, custom_id, account_id, is_stray
):
    given = ", ".join(f"'{one}'" if one else "null" for one in (custom_id, account_id))
    write(
        "insert into cloud_osm_list (id, cloud_id, type, custom_id, account_id)"
        f" values ('a', 'T1', 'HUAWEI', {given})"
    )
    stray = Stray("huawei", "T1", custom_id, account_id, was_asked_for=False)
    assert list_strays(warehouse, ["alibaba", "huawei"]) == [stray] * is_stray
    assert list_strays(warehouse, ["alibaba"]) == []


def test_a_complete_ticket_of_an_account_that_was_switched_off_is_none(
    warehouse, accounts, write, store
):
    store((a_ticket("T1"), []), (a_ticket("T2", is_closed=False), None))
    write("update cloud_user set enabled = 0 where id = 'huawei-1'")
    assert [stray.ticket_id for stray in list_strays(warehouse, ["huawei"])] == ["T2"]


def test_it_was_asked_for_once_an_account_did_not_know_it_or_where_there_is_none(
    warehouse, accounts, write
):
    write("insert into cloud_osm_list (id, cloud_id, type) values ('a', 'T1', 'HUAWEI')")
    warehouse.transact(lambda c: mark_gone(c, an_account(), ["T1"], DAY))
    assert [stray.was_asked_for for stray in list_strays(warehouse, ["huawei"])] == [True]
    write("update cloud_osm_list set missing_since = null")
    assert [stray.was_asked_for for stray in list_strays(warehouse, ["huawei"])] == [False]
    write("update cloud_user set enabled = 0")
    assert [stray.was_asked_for for stray in list_strays(warehouse, ["huawei"])] == [True]


def test_readers_are_the_enabled_and_those_that_are_gone(warehouse, accounts, write):
    for number, (status, custom_id, account_id) in enumerate(
        [
            ("0", "huawei-1", "huawei-2"),
            ("0", "huawei-2", "huawei-3"),
            ("0", "huawei-8", None),
            ("0", None, None),
            ("0", "huawei-9", "huawei-1"),
        ]
    ):
        values = ", ".join(f"'{one}'" if one else "null" for one in (custom_id, account_id))
        write(
            "insert into cloud_osm_list (id, cloud_id, type, status, custom_id, account_id)"
            f" values ('a{number}', 'T{number}', 'HUAWEI', {status}, {values})"
        )
    assert read_readers(warehouse, "huawei") == VendorReaders(
        frozenset({"huawei-1", "huawei-2"}), frozenset({"huawei-3", "huawei-8"})
    )
