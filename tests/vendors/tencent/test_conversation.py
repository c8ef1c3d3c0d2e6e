"""A conversation page by page: where it ends, what moves under it, what becomes of each comment."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from itertools import chain

import pytest

from include.errors import (
    ContractError,
    MovingListError,
)
from include.vendors.tencent import (
    conversation as tencent_conversation,
)
from tests.vendors.tencent.port import (
    NOTHING,
    TICKET,
    a_comment,
    a_detail,
    contents,
)


def test_an_open_ticket_costs_one_call_unless_its_messages_are_asked_for(vendor):
    vendor.detail, vendor.comments = a_detail(StatusId=1), [a_comment()]
    assert vendor.read()[1] is None
    assert vendor.asked("GetMCTicketById") == [
        {"TicketId": TICKET, "IsPage": True, "Page": 1, "Sort": "asc", "PageSize": "20"}
    ]
    assert contents(vendor.read(open_messages=True)[1]) == ["请帮忙查看", "comment 1"]


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (1, 2), (19, 2), (20, 2), (21, 3), (65, 5)])
def test_comments_are_read_up_to_an_empty_page(vendor, count, calls):
    vendor.comments = [a_comment(n) for n in range(count)]
    _, messages = vendor.read()
    assert contents(messages)[1:] == [f"comment {n}" for n in range(count)]
    assert len(vendor.asked("GetMCTicketById")) == calls


@pytest.mark.parametrize("count", [3, 20, 35])
def test_a_server_that_ignores_page_numbers_doubles_nothing(vendor, count):
    comments = [a_comment(n) for n in range(count)]
    vendor.actions["GetMCTicketById"] = lambda asked: vendor.detail | {"Comments": comments}
    assert len(vendor.read()[1]) == 1 + count


def test_a_server_with_smaller_pages_than_asked_for_loses_nothing(vendor):
    comments = [a_comment(n) for n in range(25)]

    def ten(asked):
        start = (asked["Page"] - 1) * 10
        return vendor.detail | {"Comments": comments[start : start + 10]}

    vendor.actions["GetMCTicketById"] = ten
    assert contents(vendor.read()[1])[1:] == [f"comment {n}" for n in range(25)]


def fill_up_behind_us(vendor):
    """Fifteen comments, and ten more as soon as a page was read."""
    vendor.comments = [a_comment(n) for n in range(15)]

    def growing(asked):
        answer = vendor.show_ticket(asked)
        vendor.comments = [a_comment(n) for n in range(25)]
        return answer

    vendor.actions["GetMCTicketById"] = growing


def test_comments_that_fill_up_a_page_behind_us_are_not_lost(vendor):
    fill_up_behind_us(vendor)
    assert contents(vendor.read()[1])[1:] == [f"comment {n}" for n in range(25)]


def test_a_conversation_that_never_holds_still_is_left_for_another_run(vendor):
    def moving(asked):
        text = str(len(vendor.port.requests))
        page = [a_comment(Content=text)] * 5 if asked["Page"] < 3 else []
        return vendor.detail | {"Comments": page}

    vendor.actions["GetMCTicketById"] = moving
    with pytest.raises(MovingListError, match="tencent GetMCTicketById: the ticket kept changing"):
        vendor.read()


def test_a_conversation_without_an_end_is_loud(vendor, monkeypatch):
    monkeypatch.setattr(tencent_conversation, "MAX_PAGES", 50)
    vendor.actions["GetMCTicketById"] = lambda asked: (
        vendor.detail | {"Comments": [a_comment(Content=str(asked["Page"]))] * 20}
    )
    with pytest.raises(ContractError, match="pages of comments"):
        vendor.read()


@pytest.fixture
def parts(monkeypatch):
    """What is handed over of a conversation, where only one page may wait for the next."""
    monkeypatch.setattr(tencent_conversation, "PART_WEIGHT", 1)
    return []


@pytest.mark.parametrize("count", [1, 20, 41])
@pytest.mark.parametrize("first", ["a question", "请帮忙查看"])
def test_a_long_conversation_goes_page_by_page_and_is_the_same_as_a_whole_one(
    vendor, parts, count, first
):
    opening = a_comment(0, Role="customer", Content=first)
    vendor.comments = [opening, *(a_comment(n) for n in range(1, count))]
    ticket, last = vendor.read(store_part=lambda ticket, part: parts.append(part))
    assert max(map(len, [*parts, last])) <= 21
    assert len(parts) == -(-count // 20)
    whole = vendor.read()
    assert ticket == whole[0]
    taken = chain(*parts, last)
    assert sorted(taken, key=lambda message: message.created_at) == whole[1]


def test_parts_of_a_conversation_that_moves_come_twice(vendor, parts):
    fill_up_behind_us(vendor)
    _, last = vendor.read(store_part=lambda ticket, part: parts.append(part))
    assert [len(part) for part in parts] == [15, 5, 20, 5]
    assert contents(last) == ["请帮忙查看"]


def test_what_ends_the_taking_of_a_part_ends_the_reading(vendor, parts):
    vendor.comments = [a_comment(n) for n in range(25)]

    def refuse(ticket, part):
        raise ContractError("no", vendor="tencent", action="store")

    with pytest.raises(ContractError, match="store: no"):
        vendor.read(store_part=refuse)
    assert len(vendor.asked("GetMCTicketById")) == 1


def states(vendor, *numbers):
    """Let the ticket be in these states, one an answer; the last one stays."""
    left = list(numbers)

    def show(asked):
        number = left.pop(0) if len(left) > 1 else left[0]
        return vendor.show_ticket(asked) | {"StatusId": number}

    vendor.actions["GetMCTicketById"] = show


def test_a_ticket_reopened_while_it_is_read_is_open(vendor):
    vendor.comments = [a_comment()]
    states(vendor, 3, 1)
    ticket, messages = vendor.read()
    assert (ticket.is_closed, messages) == (False, None)


def test_a_ticket_closed_while_it_is_read_is_read_again_before_it_counts_as_closed(vendor):
    vendor.comments = [a_comment()]
    states(vendor, 1, 3)
    ticket, messages = vendor.read(open_messages=True)
    assert (ticket.is_closed, len(messages)) == (True, 2)
    assert [asked["Page"] for asked in vendor.asked("GetMCTicketById")] == [1, 2, 1, 2]


@pytest.mark.parametrize("value", [NOTHING, None])
def test_a_ticket_without_comments_has_its_description_only(vendor, value):
    vendor.actions["GetMCTicketById"] = lambda asked: (
        vendor.detail | ({} if value is NOTHING else {"Comments": value})
    )
    assert contents(vendor.read()[1]) == ["请帮忙查看"]


def test_a_description_that_the_customer_repeats_first_is_not_doubled(vendor):
    vendor.comments = [
        a_comment(1),
        a_comment(2, Role="customer", Content="请帮忙查看"),
        a_comment(3, Role="customer", Content="请帮忙查看"),
    ]
    assert contents(vendor.read()[1]) == ["comment 1", "请帮忙查看", "请帮忙查看"]


def test_a_description_repeated_by_support_or_later_stays(vendor):
    vendor.comments = [
        a_comment(1, Content="请帮忙查看"),
        a_comment(2, Role="customer"),
        a_comment(3, Role="customer", Content="请帮忙查看"),
    ]
    assert len(vendor.read()[1]) == 4


def test_an_empty_description_is_no_message(vendor):
    vendor.detail = a_detail(Content=" ")
    assert vendor.read()[1] == []


def test_an_unknown_role_is_support_and_logged_once(vendor, caplog):
    vendor.comments = [a_comment(n, Role="robot") for n in (1, 2)]
    with caplog.at_level(logging.WARNING):
        _, messages = vendor.read()
    assert [message.from_customer for message in messages] == [True, False, False]
    assert caplog.text.count("unknown role 'robot'") == 1


def test_equal_comments_without_ids_are_all_kept_under_ids_that_last(vendor):
    vendor.comments = [a_comment(1)] * 3 + [a_comment(1, Role="customer")]
    _, once = vendor.read()
    _, again = vendor.read()
    ids = {message.message_id for message in once[1:]}
    assert len(ids) == 4
    assert all(message_id.startswith("derived:") for message_id in ids)
    assert once == again


@pytest.mark.parametrize("field", ["CommentId", "Id"])
def test_the_vendors_own_id_is_used_when_it_is_there(vendor, field):
    vendor.comments = [a_comment(**{field: 9007199254740993})]
    assert vendor.read()[1][1].message_id == "9007199254740993"


def test_content_is_kept_as_it_came(vendor):
    text = "😀\r\n<b>x</b>[img]u[/img]\x00" + "长" * 100_000
    vendor.comments = [a_comment(Content=text)]
    assert vendor.read()[1][1].content == text


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-10 08:00:00", datetime(2026, 1, 10, tzinfo=UTC)),
        ("2026-01-10T08:00:00", datetime(2026, 1, 10, tzinfo=UTC)),
        ("2026-01-10T08:00:00+01:00", datetime(2026, 1, 10, 7, tzinfo=UTC)),
        (1768003200, datetime(2026, 1, 10, tzinfo=UTC)),
        (1768003200000, datetime(2026, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_the_vendor_means_it(vendor, value, moment):
    vendor.detail = a_detail(CreateTime=value)
    assert vendor.read()[0].created_at == moment


@pytest.mark.parametrize("value", ["", "0000-00-00 00:00:00", "soon", 0, 10**15, 1.5])
def test_a_time_that_cannot_be_one_is_refused_and_not_guessed(vendor, value):
    vendor.detail = a_detail(CreateTime=value)
    with pytest.raises(ContractError, match="CreateTime"):
        vendor.read()
