"""A row of cloud_user, and what may not stand there."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.errors import ConfigError
from include.vendors.registry import VENDORS
from include.warehouse.tickets.account_rows import (
    AccountRow,
    check_keys,
    known_vendor,
    read_rows,
    row_of,
)
from include.warehouse.tickets.tables import cloud_user
from include.warehouse.types import stored_name
from tests.builders import an_account

NAMES = ", ".join(map(stored_name, VENDORS))


def a_row(**changes):
    fixed = {"account_id": "a", "name": "", "stored_vendor": "HUAWEI", "region": ""}
    return AccountRow(**{**fixed, "is_enabled": True, "access_key": "k", "stored": "", **changes})


@pytest.mark.parametrize(
    ("stored", "storage"),
    [(" ", "empty"), ("conn:keys", "reference"), ("v1:k1:abc", "encrypted"), ("abc", "plain")],
)
def test_a_key_says_how_it_is_kept(stored, storage):
    assert a_row(stored=stored).storage == storage


def test_an_account_shows_no_key():
    assert "canary" not in repr(a_row(access_key="canary", stored="canary"))


def test_a_vendor_that_is_none_is_refused_with_the_names_that_may_stand_there():
    with pytest.raises(ConfigError, match=f"type is 'AWS', not one of {NAMES}"):
        known_vendor(a_row(stored_vendor="AWS"))
    with pytest.raises(ConfigError, match=r"\(no vendor\): type is empty"):
        known_vendor(a_row(stored_vendor=""))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"account_id": " a"}, "may not begin or end with a blank"),
        ({"account_id": ""}, "id is empty"),
        ({"account_id": "a" * 51}, "id has 51 characters, the column 50"),
        ({"vendor": "aws"}, f"not one of {NAMES}"),
    ],
)
def test_an_account_that_cannot_be_a_row_is_refused(changes, problem):
    with pytest.raises(ConfigError, match=problem):
        row_of(an_account(**changes))


@pytest.mark.parametrize("key", ["", "short", "two words here", "schlüssel-von-uns"])
def test_keys_that_no_vendor_issues_are_refused(key):
    with pytest.raises(ConfigError, match="secret_key_secret"):
        check_keys(a_row(), "a-good-key", key)
    check_keys(a_row(), "a-good-key", None)


def test_rows_are_read_by_id_whatever_they_hold(warehouse):
    rows = [
        {"id": "b", "secret_id": "k", "type": "Huawei", "region_id": " cn ", "enabled": 0},
        {"id": "a", "secret_id": "k", "type": None, "region_id": None, "enabled": 1},
    ]
    warehouse.transact(lambda c: c.execute(sa.insert(cloud_user), rows))
    found = warehouse.transact(read_rows)
    assert [(row.account_id, row.vendor, row.region, row.is_enabled) for row in found] == [
        ("a", "", "", True),
        ("b", "huawei", "cn", False),
    ]
    [one] = warehouse.transact(lambda c: read_rows(c, "b", lock=True))
    assert one == found[1]
