"""A rating: the mean of what the customer rated, or none; it keeps no ticket out."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from tests.vendors.huawei.port import a_detail, a_message


def read(vendor, satisfaction):
    vendor.details["TS-000001"] = a_detail([a_message()], incident_satisfaction=satisfaction)
    ticket, messages = vendor.client.read_ticket("TS-000001")
    assert len(messages) == 2
    return ticket.satisfaction


def rated(*values):
    return [{"satisfaction_id": 1, "satisfaction_value": value, "value": 5} for value in values]


@pytest.mark.parametrize(
    ("satisfaction", "rating"),
    [
        (rated(4), "4"),
        (rated(5, 4), "4.5"),
        (rated(5, 4, 4), "4.33"),
        (rated(0, 3), "3"),
        (rated(0), None),
        ([], None),
        (None, None),
    ],
    ids=["one", "two", "three", "one of two", "nothing", "empty", "null"],
)
def test_the_aspects_that_were_rated_count_alike(vendor, satisfaction, rating):
    assert read(vendor, satisfaction) == (rating and Decimal(rating))


@pytest.mark.parametrize(
    "satisfaction",
    [rated(6), rated(-1), rated("5"), rated(4.5), rated(None), [{}], ["5"], {"value": 5}, 5],
)
def test_a_rating_of_another_shape_is_none_and_said_once(vendor, caplog, satisfaction):
    with caplog.at_level(logging.WARNING):
        assert [read(vendor, satisfaction) for _ in range(2)] == [None, None]
    assert caplog.text.count("no rating: huawei ShowCaseDetail: field") == 1


def test_a_ticket_that_says_nothing_of_ratings_has_none(vendor):
    vendor.details["TS-000001"] = a_detail([a_message()])
    assert vendor.client.read_ticket("TS-000001")[0].satisfaction is None
