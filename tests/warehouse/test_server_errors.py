"""Whose turn an error of the server is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.errors import ConfigError, ContractError, UnavailableError
from include.warehouse.server_errors import ELSE, ITEM, OPERATOR, TRY_AGAIN, translate_error


def told(code: int, text: str = "says the server") -> Exception:
    return translate_error(sa.exc.OperationalError("insert", {}, Exception(code, text)))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, UnavailableError) for code in sorted(TRY_AGAIN)),
        *((code, ConfigError) for code in sorted(OPERATOR)),
        *((code, ContractError) for code in sorted(ITEM)),
    ],
)
def test_a_driver_error_becomes_the_class_of_who_must_act(code, kind):
    found = told(code)
    assert type(found) is kind
    assert "says the server" in str(found)


@pytest.mark.parametrize("code", [1004, 1064, 1104, 1153 + 9000, 1298, 1419, 1701, 3065, 4711])
def test_what_nobody_has_listed_is_the_operators_turn_in_the_servers_words(code):
    found = told(code)
    assert type(found) is ConfigError
    assert str(found) == f"warehouse {code}: says the server; {ELSE}"


def test_no_code_stands_in_two_lists():
    assert not {*OPERATOR} & TRY_AGAIN
    assert not ITEM & ({*OPERATOR} | TRY_AGAIN)


def test_a_connection_that_is_lost_without_a_word_is_a_lost_connection():
    error = sa.exc.OperationalError("select", {}, Exception("gone"), connection_invalidated=True)
    found = translate_error(error)
    assert isinstance(found, UnavailableError)
    assert found.code == "2013"
