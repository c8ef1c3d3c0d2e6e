"""Who acts on which error, and how."""

from __future__ import annotations

import inspect

import pytest

from include import errors
from include.errors import SyncError
from include.work.verdicts.turns import TURNS, Turn, advise


def test_every_class_of_error_has_somebody_who_acts_and_a_next_step():
    classes = [
        value
        for _, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, SyncError) and value not in (SyncError, errors.VendorError)
    ]
    assert len(classes) > 10
    for found in classes:
        assert any(base in TURNS for base in found.__mro__ if base is not Exception), found
        for in_vain in (False, True):
            step = advise(found.__name__, in_vain=in_vain).next_step
            assert step.endswith("."), found
            assert "`" in step, found
    assert advise("MovingListError") == advise("UnavailableError")
    assert advise("AuthError").who == "the account owner"
    assert advise("KeyError") == advise("annotations")
    assert advise("KeyError").turn is Turn.DEVELOPERS


def test_who_mends_the_code_has_a_name():
    told = advise("ContractError", maintainer="Data platform <data@shop.example>")
    assert told.turn is Turn.DEVELOPERS
    assert told.who == "Data platform <data@shop.example>"
    assert "Send Data platform <data@shop.example> the reason" in told.next_step
    assert advise("ContractError").who == "the developers of this tool"
    assert advise("AuthError", maintainer="somebody").who == "the account owner"


@pytest.mark.parametrize(
    ("name", "turn"),
    [
        ("UnavailableError", Turn.OPERATOR),
        ("RateLimitError", Turn.OPERATOR),
        ("AuthError", Turn.ACCOUNT_OWNER),
        ("OutOfTimeError", Turn.NOBODY),
        ("ContractError", Turn.DEVELOPERS),
    ],
)
def test_only_what_should_pass_becomes_the_operators_in_the_end(name, turn):
    assert advise(name, in_vain=True).turn is turn


WAYS = [
    (
        "huawei ListCases: osm.huawei.example:443: gaierror: [Errno -2] Name or service not known",
        ["`getent hosts osm.huawei.example`", "`HUAWEI_BASE_URL`"],
    ),
    (
        "alibaba ListTickets: workorder.example:443: ConnectionRefusedError: [Errno 111] Connection"
        " refused",
        ["`curl -v telnet://workorder.example:443`", "`ALIBABA_BASE_URL`"],
    ),
    (
        "huawei ListCases: osm.huawei.example:443 through the proxy 10.0.0.9:3128:"
        " ConnectionRefusedError: [Errno 111] Connection refused",
        ["`curl -v -x http://10.0.0.9:3128 https://osm.huawei.example/`", "`VENDOR_PROXY`"],
    ),
    (
        'source: connection to server at "10.0.0.7", port 5432 failed: Connection refused',
        ["`curl -v telnet://10.0.0.7:5432`", "`SOURCE_URL`"],
    ),
    (
        'source: could not translate host name "desk.example" to address: Name or service not'
        " known",
        ["`getent hosts desk.example`", "`SOURCE_URL`"],
    ),
    (
        "warehouse 2003: db.example:3307: Can't connect to MySQL server on 'db.example' ([Errno"
        " 111] Connection refused)",
        ["`curl -v telnet://db.example:3307`", "`WAREHOUSE_URL`"],
    ),
    (
        "warehouse 2003: db.example:3306: Can't connect to MySQL server on 'db.example' ([Errno -2]"
        " Name or service not known)",
        ["`getent hosts db.example`", "`WAREHOUSE_URL`"],
    ),
]


@pytest.mark.parametrize(("text", "told"), WAYS, ids=[told[0] for _, told in WAYS])
@pytest.mark.parametrize("in_vain", [False, True])
def test_where_a_host_cannot_be_reached_the_next_step_says_what_to_test(text, told, in_vain):
    advice = advise("UnavailableError", text, in_vain=in_vain)
    for words in told:
        assert words in advice.next_step
    assert advice.turn is (Turn.OPERATOR if in_vain else Turn.NOBODY)


def test_a_server_that_answers_badly_is_no_question_of_the_way():
    text = "huawei ListCases HTTP 503: refused without a reason (request r-1)"
    assert "check" in advise("UnavailableError", text).next_step
    assert "curl" not in advise("UnavailableError", text).next_step
