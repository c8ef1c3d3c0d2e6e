"""When a ticket closed: only the log of operations tells, and only as far as it is sure."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from include.errors import RateLimitError
from tests.vendors.huawei.port import CASES, a_detail, a_log, a_message, an_entry

LOG = f"{CASES}/TS-000001/operate-logs"
CLOSED_AT = datetime(2026, 1, 12, tzinfo=UTC)
CREATED = an_entry(0, "2026-01-10T00:00:00Z")
EARLIER, LATER = "2026-01-11T00:00:00Z", "2026-01-13T00:00:00Z"


def read(vendor, log, status=3, **options):
    vendor.log, vendor.details["TS-000001"] = log, a_detail([a_message()], status=status)
    return vendor.client.read_ticket("TS-000001", **options)[0].closed_at


@pytest.mark.parametrize(
    ("status", "operation", "closed_at"),
    [
        (3, 3, CLOSED_AT),
        (4, 4, CLOSED_AT),
        (13, 13, CLOSED_AT),
        (12, 3, None),
        (3, 4, None),
        (4, 3, None),
    ],
)
def test_the_operation_that_led_to_the_state_tells_when(vendor, status, operation, closed_at):
    assert read(vendor, a_log(CREATED, an_entry(operation)), status) == closed_at


@pytest.mark.parametrize(
    ("log", "closed_at"),
    [
        (a_log(an_entry(5, LATER), an_entry(), CREATED), CLOSED_AT),
        (a_log(an_entry(3, EARLIER), an_entry()), CLOSED_AT),
        (a_log(an_entry(), an_entry(16, LATER)), None),
        (a_log(an_entry(), an_entry(85, LATER)), None),
        (a_log(CREATED), None),
        (a_log(), None),
        (a_log(total_count=0, incident_operate_log_list=None), None),
        (a_log(CREATED, an_entry(), total_count=101), None),
        (a_log(an_entry(moment="2026-01-12 08:00:00")), CLOSED_AT),
        (a_log(an_entry(moment=1768176000000)), CLOSED_AT),
        (a_log(an_entry(moment="2026-01-09T23:59:59Z")), None),
        (a_log(an_entry(moment="2026-03-01T12:00:01Z")), None),
    ],
    ids=[
        *("rated afterwards", "closed twice", "rejected since", "answered since", "never closed"),
        *("empty", "null", "not all of it", "without a zone", "milliseconds"),
        *("before its creation", "in the future"),
    ],
)
def test_what_the_log_does_not_prove_is_not_guessed(vendor, log, closed_at):
    assert read(vendor, log) == closed_at


@pytest.mark.parametrize(
    "log",
    [
        {},
        a_log(incident_operate_log_list={}),
        a_log(total_count=-1),
        a_log(an_entry("3")),
        a_log(an_entry(moment=None)),
        a_log(an_entry(moment="soon"), an_entry()),
    ],
)
def test_a_log_of_another_shape_is_told_and_keeps_no_ticket_out(vendor, caplog, log):
    with caplog.at_level(logging.WARNING):
        assert read(vendor, log) is None
    assert "no time of closing: huawei ListCaseOperateLogs: field" in caplog.text
    assert read(vendor, a_log(an_entry())) == CLOSED_AT


@pytest.mark.parametrize(
    "answer",
    [
        ({"error_code": "OSM.01010002", "error_msg": "no permission"}, 200),
        ({"error_code": "APIGW.0101", "error_msg": "no such API"}, 404),
        ({"error_code": "APIGW.0201", "error_msg": "backend unavailable"}, 502),
    ],
)
def test_a_log_that_is_refused_keeps_no_ticket_out_and_is_not_asked_for_again(
    vendor, caplog, answer
):
    with caplog.at_level(logging.WARNING):
        assert read(vendor, answer) is None
    asked = len(vendor.asked(LOG))
    assert read(vendor, a_log(an_entry())) is None
    assert len(vendor.asked(LOG)) == asked
    assert caplog.text.count("no time of closing for this and later tickets") == 1


def test_too_many_calls_are_too_many_calls(vendor):
    with pytest.raises(RateLimitError):
        read(vendor, ({"error_code": "APIGW.0308", "error_msg": "slow"}, 429))


def test_an_open_ticket_is_not_asked_about(vendor):
    assert read(vendor, a_log(an_entry()), status=1) is None
    assert vendor.asked(LOG) == []
