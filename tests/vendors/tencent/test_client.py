"""Tencent: the signature against the given vectors, the mapping and the error table."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests

from include.errors import (
    AuthError,
    ConfigError,
    ContractError,
    MovingListError,
    NotFoundError,
    RateLimitError,
    RejectedError,
    UnavailableError,
)
from include.models import Account, Category, Message, Product, Source, SyncWindow, TicketRef
from include.settings import Settings
from include.vendors.http import ATTEMPTS
from include.vendors.rate import RateLimit
from include.vendors.sessions import Sessions
from include.vendors.tencent import TencentSettings
from include.vendors.tencent import (
    client as tencent,
)
from include.vendors.tencent import (
    conversation as tencent_conversation,
)
from include.vendors.tencent import (
    signature as tencent_signature,
)

VECTOR_FILES = Path(__file__).parents[1] / "vectors"
VECTORS = json.loads((VECTOR_FILES / "tencent_signing.json").read_text("utf-8"))


def a_seal(given, signed):
    """The canonical request, the string to sign, the signature and the header of a vector."""
    headers = {
        "Content-Type": given["content_type"],
        "Host": given["host"],
        "X-TC-Action": given["action"],
    }
    body_hash = hashlib.sha256(given["payload"].encode()).hexdigest()
    moment, service = given["timestamp"], given["service"]
    canonical = tencent_signature.canonical_request(
        given["method"], given["query"], headers, signed, body_hash
    )
    text = tencent_signature.string_to_sign(canonical, moment, service)
    seal = tencent_signature.signature(given["secret_key"], text, moment, service)
    header = tencent_signature.authorization(given["secret_id"], signed, seal, moment, service)
    return canonical, text, seal, header


def test_there_are_vectors():
    assert VECTORS["algorithm"] == tencent_signature.ALGORITHM
    assert VECTORS["cases"], "a vector file without cases proves nothing"


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_vector_holds_stage_by_stage(case):
    given, between, expected = case["input"], case["intermediate"], case["expected"]
    canonical, text, seal, header = a_seal(given, given["signed_headers"])
    assert canonical == between["canonical_request"]
    assert (
        tencent_signature.scope(given["timestamp"], given["service"]) == between["credential_scope"]
    )
    assert text == between["string_to_sign"]
    assert seal == expected["signature"]
    assert header == expected["authorization"]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_vector_holds_for_the_prepared_request(case):
    """We always sign the action; where a vector does not, the proven stages tell the signature."""
    given, expected = case["input"], case["expected"]
    set_by_us = ("Host", "X-TC-Timestamp")
    account = Account("1", "tencent", given["secret_id"], given["secret_key"])
    prepared = requests.Request(
        given["method"],
        f"https://{given['host']}/?{given['query']}",
        headers={k: v for k, v in expected["headers"].items() if k not in set_by_us},
        data=given["payload"].encode(),
        auth=tencent_signature.TencentAuth(
            account, lambda: datetime.fromtimestamp(given["timestamp"], UTC), given["service"]
        ),
    ).prepare()

    for name, value in expected["headers"].items():
        assert prepared.headers[name] == value
    if sorted(given["signed_headers"]) == list(tencent_signature.SIGNED_HEADERS):
        assert prepared.headers["Authorization"] == expected["authorization"]
    *_, header = a_seal(given, tencent_signature.SIGNED_HEADERS)
    assert prepared.headers["Authorization"] == header


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = SyncWindow(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
TICKET = "202601100001"


class Vendor:
    """What the port answers to each action (a function of the payload), and what it was asked."""

    def __init__(self, port):
        self.port = port
        self.listed, self.comments = [], []
        self.detail = a_detail()
        self.actions = {
            "GetMCTicketList": self.list_tickets,
            "GetMCTicketById": self.show_ticket,
        }
        port.answer = self.answer
        self.client = self.open()

    def open(self, region="", now=lambda: NOW, **settings):
        account = Account("acc-1", "tencent", "canary-access-key", "canary-secret-key", region)
        own = TencentSettings(base_url=self.port.url, **settings)
        rate = RateLimit(1e6, sleep=lambda seconds: None)
        sessions = Sessions(account, rate, "", now, lambda seconds: None)
        return tencent.TencentClient(sessions, Settings(sandbox=True, vendors=(own,)))

    def answer(self, request):
        data = self.actions[request.headers["x-tc-action"]](request.payload)
        if isinstance(data, tuple | bytes):
            return data
        return {"Response": {"Data": data, "RequestId": "req-1"}}

    def list_tickets(self, asked):
        rows = [
            row
            for row in self.listed
            if row.get("StatusId") in asked.get("StatusIdList", [row.get("StatusId")])
        ]
        start = (asked["Page"] - 1) * asked["PageSize"]
        return {"Data": rows[start : start + asked["PageSize"]], "Total": len(rows)}

    def show_ticket(self, asked):
        size = int(asked["PageSize"])
        start = (asked["Page"] - 1) * size
        return self.detail | {"Comments": self.comments[start : start + size]}

    def asked(self, action):
        return [
            request.payload
            for request in self.port.requests
            if request.headers["x-tc-action"] == action
        ]

    def list(self, window=WINDOW, **options):
        return [ref for page in self.client.list_tickets(window, **options) for ref in page]

    def read(self, **options):
        return self.client.read_ticket(TICKET, **options)


def a_row(number=1, **changes):
    return {
        "TicketId": f"20260110{number:04}",
        "Question": "title",
        "StatusId": 1,
        "CreateTime": "2026-01-10 08:00:00",
        "Product": "云服务器 CVM",
    } | changes


def a_detail(**changes):
    return {
        "TicketId": TICKET,
        "Question": " 无法  登录 😀 ",
        "Content": "请帮忙查看",
        "StatusId": 3,
        "CreateTime": "2026-01-10 08:00:00",
        "UpdateTime": "2026-01-11 08:00:00",
        "Product": "云服务器 CVM",
        "LevelId": 1071,
    } | changes


def a_comment(number=1, **changes):
    return {
        "Content": f"comment {number}",
        "Role": "support",
        "CreateTime": f"2026-01-10 {9 + number // 60:02}:{number % 60:02}:00",
    } | changes


def without(mapping, field):
    return {name: value for name, value in mapping.items() if name != field}


def contents(messages):
    return [message.content for message in messages]


@pytest.fixture
def vendor(port):
    vendor = Vendor(port)
    yield vendor
    vendor.client.close()


# Requests


def test_a_call_goes_out_as_the_vendor_wants_it(vendor):
    vendor.list()
    [request] = vendor.port.requests
    assert (request.method, request.path, request.query) == ("POST", "/", {})
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-tc-action"] == "GetMCTicketList"
    assert request.headers["x-tc-version"] == "2023-01-04"
    assert request.headers["x-tc-timestamp"] == str(int(NOW.timestamp()))
    assert "x-tc-region" not in request.headers
    assert "SignedHeaders=content-type;host;x-tc-action," in request.headers["authorization"]
    assert "/2026-03-01/tandon/tc3_request" in request.headers["authorization"]
    assert vendor.client.calls == 1


@pytest.mark.parametrize(
    "action", ["CloseTicket", "CreateMCTicket", "AddMCComment", "DeleteMCTicket", "getmcticketlist"]
)
def test_an_action_that_is_not_one_of_the_reads_is_refused_before_it_is_signed(vendor, action):
    with pytest.raises(RejectedError, match=action):
        vendor.client._call(action, {})
    assert vendor.port.requests == []


@pytest.mark.parametrize(
    "region", ["evil.com/", "x@127.0.0.1", "[::1]", "..", "ap-guangzhou\n", "ap．x", "AP-X", " "]
)
def test_a_hostile_region_is_refused_before_any_call(vendor, region):
    with pytest.raises(ConfigError, match="acc-1"):
        vendor.open(region)
    assert vendor.port.requests == []


@pytest.mark.parametrize("region", ["", "ap-guangzhou", "na-siliconvalley", "ap-shanghai-fsi"])
def test_a_region_changes_nothing(vendor, region):
    client = vendor.open(region)
    list(client.list_tickets(WINDOW))
    client.close()
    assert "x-tc-region" not in vendor.port.requests[0].headers


# Lists


def test_the_window_is_asked_for_in_whole_seconds_and_cut_to_half_open(vendor):
    since = datetime(2026, 1, 10, 0, 0, 5, 400_000, tzinfo=UTC)
    vendor.listed = [a_row(n, CreateTime=f"2026-01-10 08:00:0{n}") for n in range(4, 10)]
    listed = vendor.list(SyncWindow(since, since + timedelta(seconds=3)))
    assert [ref.ticket_id for ref in listed] == [f"20260110000{n}" for n in (6, 7, 8)]
    assert vendor.asked("GetMCTicketList")[0] == {
        "OrderField": "CreateTime",
        "Order": 0,
        "StartTime": "2026-01-10 08:00:05",
        "EndTime": "2026-01-10 08:00:09",
        "Page": 1,
        "PageSize": 20,
    }


def test_tickets_at_the_border_of_two_windows_are_found_exactly_once(vendor):
    border = datetime(2026, 1, 10, tzinfo=UTC)
    vendor.listed = [a_row(n) for n in range(5)]
    before = vendor.list(SyncWindow(border - timedelta(days=1), border))
    after = vendor.list(SyncWindow(border, border + timedelta(days=1)))
    assert (len(before), len(after)) == (0, 5)


def test_another_zone_moves_both_the_window_and_the_tickets(vendor):
    client = vendor.open(zone=ZoneInfo("UTC"))
    vendor.listed = [a_row()]
    since = datetime(2026, 1, 10, 8, tzinfo=UTC)
    pages = list(client.list_tickets(SyncWindow(since, since + timedelta(seconds=1))))
    client.close()
    assert [len(page) for page in pages] == [1]
    assert vendor.asked("GetMCTicketList")[0]["StartTime"] == "2026-01-10 08:00:00"


def test_a_long_list_is_read_page_by_page(vendor):
    vendor.listed = [a_row(n) for n in range(50)]
    assert len({ref.ticket_id for ref in vendor.list()}) == 50
    assert [asked["Page"] for asked in vendor.asked("GetMCTicketList")] == [1, 2, 3]


def test_open_tickets_are_asked_for_by_every_number_that_may_mean_open(vendor):
    vendor.listed = [a_row(n, StatusId=n) for n in range(32)]
    numbers = {int(ref.ticket_id[-4:]) for ref in vendor.list(only_open=True)}
    assert numbers == {0, 1, 2, 4, 5, 6, 7, *range(21, 31)}
    assert set(vendor.asked("GetMCTicketList")[0]["StatusIdList"]) == numbers


def test_a_ticket_whose_name_says_closed_is_not_among_the_open(vendor):
    vendor.listed = [a_row(1, StatusId=4, StatusName="已关闭"), a_row(2, StatusId=4)]
    assert [ref.ticket_id for ref in vendor.list(only_open=True)] == ["202601100002"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"Total": 1}, "Data"),
        ({"Total": 1, "Data": None}, "Data"),
        ({"Total": 1, "Data": {}}, "Data"),
        ({"Total": 1, "Data": ["x"]}, r"Data\[0\]"),
        ({"Data": []}, "Total"),
        ({"Total": "1", "Data": []}, "Total"),
        ({"Total": -1, "Data": []}, "Total"),
        ({"Total": 1, "Data": [{"StatusId": 1}]}, "TicketId"),
        ({"Total": 1, "Data": [a_row(StatusId=[1])]}, "StatusId"),
        (None, "Response.Data"),
        ([], "Response.Data"),
    ],
)
def test_a_list_of_another_shape_is_never_no_tickets(vendor, data, field):
    vendor.actions["GetMCTicketList"] = lambda asked: data
    with pytest.raises(ContractError, match=rf"^tencent GetMCTicketList: field .*{field}"):
        vendor.list()


def test_no_list_is_fine_where_the_answer_says_zero(vendor):
    vendor.actions["GetMCTicketList"] = lambda asked: {"Data": None, "Total": 0}
    assert vendor.list() == []


def test_a_listed_ticket_without_a_time_is_kept_for_its_reading_to_name_it(vendor):
    vendor.listed = [a_row(1, CreateTime=None), a_row(2, CreateTime="soon"), a_row(3)]
    assert len(vendor.list()) == 3


# States


@pytest.mark.parametrize(
    "name", ["已完成", "已关闭", "已取消", "已结单", "已撤销", "已删除", " 已结单 "]
)
@pytest.mark.parametrize("field", ["StatusName", "StatusDisplay", "Status"])
def test_a_name_of_a_closed_state_closes_whatever_the_number(vendor, field, name):
    vendor.listed = [a_row(**{field: name}, StatusId=1)]
    assert vendor.list() == [TicketRef("202601100001", True)]


@pytest.mark.parametrize("name", ["待确认结单", "处理中", "重新打开"])
def test_any_other_name_means_open_whatever_the_number(vendor, name, caplog):
    vendor.listed = [a_row(StatusName=name, StatusId=3)]
    assert vendor.list() == [TicketRef("202601100001", False)]
    assert caplog.text == ""


def test_the_first_name_that_is_not_empty_counts(vendor):
    vendor.listed = [a_row(StatusName=" ", StatusDisplay="已结单", Status="处理中")]
    assert vendor.list()[0].is_closed


@pytest.mark.parametrize("number", range(32))
def test_without_a_name_only_the_configured_numbers_are_closed(vendor, number):
    vendor.listed = [a_row(StatusId=number, Status=number)]
    assert vendor.list()[0].is_closed is (number in (3, 10, 11))


def test_the_closed_numbers_can_be_configured(vendor):
    client = vendor.open(closed_ids=frozenset({4}))
    vendor.listed = [a_row(1, StatusId=3), a_row(2, StatusId=4)]
    [refs] = client.list_tickets(WINDOW)
    client.close()
    assert [ref.is_closed for ref in refs] == [False, True]


@pytest.mark.parametrize("state", [{"StatusId": 99}, {"StatusId": None}, {"StatusName": "新状态"}])
def test_an_unknown_state_is_open_and_logged_once(vendor, caplog, state):
    vendor.listed = [a_row(1, **state), a_row(2, **state)]
    with caplog.at_level(logging.WARNING):
        assert [ref.is_closed for ref in vendor.list()] == [False, False]
    assert caplog.text.count("unknown status") == 1


@pytest.mark.parametrize(
    ("number", "updated", "name", "is_closed"),
    [
        (4, "2025-09-01 00:00:00", "", True),
        (5, "2025-09-01 00:00:00", "", True),
        (4, "2025-09-03 00:00:00", "", False),
        (4, "2025-09-01 00:00:00", "待补充", False),
        (1, "2025-09-01 00:00:00", "", False),
        (4, None, "", False),
        (4, "", "", False),
        (4, "0000-00-00 00:00:00", "", False),
    ],
)
def test_a_doubtful_number_means_closed_after_half_a_year_without_a_change(
    vendor, number, updated, name, is_closed
):
    vendor.detail = a_detail(StatusId=number, UpdateTime=updated, StatusName=name)
    assert vendor.read()[0].is_closed is is_closed


@pytest.mark.parametrize(
    ("state", "is_resolved"),
    [
        ({"StatusName": "已完成"}, True),
        ({"StatusName": "已关闭"}, True),
        ({"StatusName": "已取消"}, False),
        ({"StatusName": "已撤销"}, False),
        ({"StatusName": "已删除"}, False),
        ({"StatusId": 3}, True),
        ({"StatusId": 10}, False),
        ({"StatusId": 11}, False),
        ({"StatusName": "处理中"}, None),
    ],
)
def test_a_ticket_that_is_cancelled_withdrawn_or_deleted_has_no_result(vendor, state, is_resolved):
    vendor.detail = a_detail(**state)
    assert vendor.read()[0].is_resolved is is_resolved


def test_a_ticket_names_its_state_as_the_vendor_does(vendor):
    assert vendor.read()[0].vendor_status == "3"
    vendor.detail = a_detail(StatusName="已完成")
    assert vendor.read()[0].vendor_status == "已完成"


# One ticket


def test_a_ticket_with_everything_the_vendor_tells(vendor):
    vendor.comments = [a_comment()]
    ticket, messages = vendor.read()
    created_at = datetime(2026, 1, 10, tzinfo=UTC)
    assert (ticket.vendor, ticket.account_id, ticket.ticket_id) == ("tencent", "acc-1", TICKET)
    assert ticket.title == "无法 登录 😀"
    assert ticket.is_closed
    assert ticket.created_at == created_at
    assert (ticket.product_id, ticket.product_name) == (None, "云服务器 CVM")
    assert (ticket.category_id, ticket.category_name) == ("1071", None)
    assert (ticket.source_id, ticket.source_name) == ("1", "官网")
    assert ticket.email is None
    opening, comment = messages
    assert opening == Message(TICKET, f"{TICKET}#0", True, "请帮忙查看", created_at)
    assert not comment.from_customer
    assert comment.content == "comment 1"
    assert comment.created_at == datetime(2026, 1, 10, 1, 1, tzinfo=UTC)
    assert (comment.author_id, comment.author_name) == (None, None)


@pytest.mark.parametrize(
    ("field", "attribute"), [("Product", "product_name"), ("LevelId", "category_id")]
)
@pytest.mark.parametrize("how", ["missing", "null", "empty"])
def test_what_the_vendor_leaves_out_is_none(vendor, field, attribute, how):
    empty = 0 if field == "LevelId" else ""
    detail = without(a_detail(), field)
    vendor.detail = detail | {"missing": {}, "null": {field: None}, "empty": {field: empty}}[how]
    assert getattr(vendor.read()[0], attribute) is None


NOTHING = object()


@pytest.mark.parametrize("field", ["TicketId", "Question", "Content", "CreateTime"])
@pytest.mark.parametrize("value", [NOTHING, None, [1], True])
def test_what_a_ticket_needs_is_named_when_it_is_missing_or_of_another_type(vendor, field, value):
    vendor.detail = without(a_detail(), field) | ({} if value is NOTHING else {field: value})
    expected = rf"^tencent GetMCTicketById: field Response\.Data\.{field} .*\(request req-1\)"
    with pytest.raises(ContractError, match=expected):
        vendor.read()


@pytest.mark.parametrize("value", [NOTHING, None, [1], True])
def test_a_ticket_without_any_state_is_a_broken_contract(vendor, value):
    vendor.detail = without(a_detail(), "StatusId")
    vendor.detail |= {} if value is NOTHING else {"StatusId": value}
    with pytest.raises(ContractError, match=r"field Response\.Data\.StatusId"):
        vendor.read()


@pytest.mark.parametrize(
    ("field", "value"), [("LevelId", "1071"), ("LevelId", True), ("Product", 7)]
)
def test_an_optional_field_of_another_type_is_not_ignored(vendor, field, value):
    vendor.detail = a_detail(**{field: value})
    with pytest.raises(ContractError, match=field):
        vendor.read()


@pytest.mark.parametrize("field", ["Content", "Role", "CreateTime"])
@pytest.mark.parametrize("value", [NOTHING, None, [1], True])
def test_what_a_comment_needs_is_named_when_it_is_missing_or_of_another_type(vendor, field, value):
    comment = without(a_comment(), field) | ({} if value is NOTHING else {field: value})
    vendor.comments = [comment]
    expected = rf"^tencent GetMCTicketById: field Response\.Data\.Comments\[0\]\.{field}"
    with pytest.raises(ContractError, match=expected):
        vendor.read()


@pytest.mark.parametrize("body", [{"Response": {"RequestId": "r"}}, {"Response": []}, {}, {"x": 1}])
def test_an_answer_with_neither_error_nor_data_is_a_broken_contract(vendor, body):
    vendor.actions["GetMCTicketById"] = lambda asked: (body, 200)
    with pytest.raises(ContractError, match="field Response"):
        vendor.read()


def test_another_ticket_than_the_one_asked_for_is_refused(vendor):
    vendor.detail = a_detail(TicketId="202601109999")
    with pytest.raises(ContractError, match="not the ticket asked for"):
        vendor.read()


# Messages


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


def test_a_conversation_without_an_end_is_loud(vendor):
    vendor.actions["GetMCTicketById"] = lambda asked: (
        vendor.detail | {"Comments": [a_comment(Content=str(asked["Page"]))] * 20}
    )
    with pytest.raises(ContractError, match="pages of comments"):
        vendor.read()


@pytest.fixture
def parts(monkeypatch):
    """What is handed over of a conversation, where only one page may wait for the next."""
    monkeypatch.setattr(tencent_conversation, "PART_CHARACTERS", 1)
    return []


@pytest.mark.parametrize("count", [1, 20, 41])
@pytest.mark.parametrize("first", ["a question", "请帮忙查看"])
def test_a_long_conversation_goes_page_by_page_and_is_the_same_as_a_whole_one(
    vendor, parts, count, first
):
    opening = a_comment(0, Role="customer", Content=first)
    vendor.comments = [opening, *(a_comment(n) for n in range(1, count))]
    ticket, last = vendor.read(keep=lambda ticket, part: parts.append(part))
    assert max(map(len, [*parts, last])) <= 21
    assert len(parts) == -(-count // 20)
    whole = vendor.read()
    assert ticket == whole[0]
    taken = chain(*parts, last)
    assert sorted(taken, key=lambda message: message.created_at) == whole[1]


def test_parts_of_a_conversation_that_moves_come_twice(vendor, parts):
    fill_up_behind_us(vendor)
    _, last = vendor.read(keep=lambda ticket, part: parts.append(part))
    assert [len(part) for part in parts] == [15, 5, 20, 5]
    assert contents(last) == ["请帮忙查看"]


def test_what_ends_the_taking_of_a_part_ends_the_reading(vendor, parts):
    vendor.comments = [a_comment(n) for n in range(25)]

    def refuse(ticket, part):
        raise ContractError("no", vendor="tencent", action="store")

    with pytest.raises(ContractError, match="store: no"):
        vendor.read(keep=refuse)
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


# Catalogue


def test_products_are_level_two_and_categories_level_three(vendor):
    vendor.actions["GetMCCategoryList"] = lambda asked: {
        "Categories": [
            {
                "Id": 6,
                "Cell": {"Name": "网络"},
                "Children": [
                    {"Id": 163, "Cell": {"Name": "负载均衡", "Visible": 1}},
                    {"Id": 164, "Cell": {"Name": "旧产品", "Visible": 0}},
                ],
            },
            {"Id": 7, "Cell": {"Name": "空"}, "Children": None},
        ]
    }
    vendor.actions["GetMCCategoryListById"] = lambda asked: {
        "Level1Name": "网络",
        "Categories": [{"Id": 1071, "Cell": {"Name": "健康检查"}}]
        if asked["Level2Id"] == 163
        else None,
    }
    assert list(vendor.client.list_products()) == [
        [Product("163", "负载均衡", "网络"), Product("164", "旧产品", "网络")]
    ]
    assert list(vendor.client.list_categories()) == [[Category("1071", "健康检查", "163")], []]
    assert vendor.asked("GetMCCategoryList")[0] == {"RecommendSource": 0, "Area": 2}
    assert vendor.asked("GetMCCategoryListById") == [{"Level2Id": 163}, {"Level2Id": 164}]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"Categories": None},
        {"Categories": [{"Id": 6, "Cell": {"Name": "x"}}]},
        {"Categories": [{"Id": 6, "Cell": {"Name": "x"}, "Children": [{"Cell": {"Name": "y"}}]}]},
        {"Categories": [{"Id": 6, "Cell": {"Name": "x"}, "Children": [{"Id": 1, "Cell": {}}]}]},
        {"Categories": [{"Id": 6, "Cell": [], "Children": [{"Id": 1, "Cell": {"Name": "y"}}]}]},
    ],
)
def test_a_catalogue_of_another_shape_is_never_an_empty_one(vendor, data):
    vendor.actions["GetMCCategoryList"] = lambda asked: data
    with pytest.raises(ContractError, match=r"^tencent GetMCCategoryList: field Response\.Data\."):
        list(vendor.client.list_products())


def test_the_four_channels_are_the_sources(vendor):
    assert list(vendor.client.list_sources()) == [
        [Source("1", "官网"), Source("2", "电话"), Source("3", "大客户群"), Source("4", "其他")]
    ]


# Errors

REFUSALS = [
    *(
        (f"AuthFailure.{name}", AuthError)
        for name in (
            "SecretIdNotFound",
            "InvalidSecretId",
            "SignatureFailure",
            "InvalidAuthorization",
            "SignatureExpire",
            "TokenFailure",
            "MFAFailure",
            "UnauthorizedOperation",
            "Invented",
        )
    ),
    ("UnauthorizedOperation", AuthError),
    ("IpNotInWhitelist", AuthError),
    ("IpInBlacklist", AuthError),
    ("RequestLimitExceeded", RateLimitError),
    ("RequestLimitExceeded.UinLimitExceeded", RateLimitError),
    ("RequestLimitExceeded.IPLimitExceeded", RateLimitError),
    ("RequestLimitExceeded.GlobalRegionUinLimitExceeded", RateLimitError),
    ("InternalError", UnavailableError),
    ("InternalError.Db", UnavailableError),
    ("ServiceUnavailable", UnavailableError),
    ("ResourceUnavailable", UnavailableError),
    ("ResourceNotFound", NotFoundError),
    ("ResourceNotFound.Ticket", NotFoundError),
    ("InvalidAction", ContractError),
    ("ActionOffline", ContractError),
    ("NoSuchVersion", ContractError),
    ("NoSuchProduct", ContractError),
    ("InvalidParameter", ContractError),
    ("InvalidParameterValue", ContractError),
    ("MissingParameter", ContractError),
    ("UnknownParameter", ContractError),
    ("FailedOperation", RejectedError),
    ("OperationDenied", RejectedError),
    ("OperationDenied.OrganizationManagerVerifyFailed", RejectedError),
    ("UnsupportedOperation", RejectedError),
    ("LimitExceeded", RejectedError),
    ("UnsupportedRegion", RejectedError),
    ("RequestSizeLimitExceeded", RejectedError),
    ("ResponseSizeLimitExceeded", RejectedError),
    ("Invented.Code", RejectedError),
]


@pytest.mark.parametrize(("code", "error"), REFUSALS)
def test_a_refusal_says_who_must_act_and_only_waiting_is_tried_again(vendor, code, error):
    told = {"Error": {"Code": code, "Message": "said by the vendor"}, "RequestId": "req-2"}
    vendor.actions["GetMCTicketById"] = lambda asked: ({"Response": told}, 200)
    with pytest.raises(error) as raised:
        vendor.read()
    assert type(raised.value) is error
    assert raised.value.code == code
    assert raised.value.request_id == "req-2"
    again = issubclass(error, UnavailableError | RateLimitError)
    assert len(vendor.asked("GetMCTicketById")) == (ATTEMPTS if again else 1)


@pytest.mark.parametrize("error", [{}, "no", [], {"Code": None}, {"Code": 7}])
def test_an_error_of_another_shape_is_still_an_error(vendor, error):
    told = {"Error": error, "Data": a_detail(), "RequestId": "req-2"}
    vendor.actions["GetMCTicketById"] = lambda asked: ({"Response": told}, 200)
    with pytest.raises(RejectedError):
        vendor.read()


def test_an_error_that_is_null_is_none(vendor):
    told = {"Error": None, "Data": a_detail(), "RequestId": "req-2"}
    vendor.actions["GetMCTicketById"] = lambda asked: ({"Response": told}, 200)
    assert vendor.read()[0].is_closed


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (({"message": "busy"}, 503), UnavailableError),
        ((b"<html>502</html>", 502), UnavailableError),
        ((b"<html>login</html>", 200), ContractError),
        (({"message": "no"}, 403), RejectedError),
    ],
)
def test_what_a_gateway_answers_is_never_read_as_tickets(vendor, answer, error):
    vendor.actions["GetMCTicketList"] = lambda asked: answer
    with pytest.raises(error):
        vendor.list()


def test_every_attempt_carries_a_time_and_a_signature_of_its_own(vendor):
    moments = iter(NOW + timedelta(seconds=n) for n in range(99))
    client = vendor.open(now=lambda: next(moments))
    vendor.actions["GetMCTicketList"] = lambda asked: ({}, 503)
    with pytest.raises(UnavailableError):
        list(client.list_tickets(WINDOW))
    client.close()
    sent = [request.headers["authorization"] for request in vendor.port.requests]
    assert len(set(sent)) == len(sent) == ATTEMPTS


def test_neither_keys_nor_texts_are_logged_or_raised(vendor, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.detail = a_detail(Content="canary text", StatusName="新状态", UpdateTime="x")
    vendor.read()
    vendor.detail = a_detail(Content="canary text", Question="canary text")
    vendor.comments = [a_comment(Content="canary text", Role=None)]
    with pytest.raises(ContractError) as raised:
        vendor.read()
    seen = caplog.text + str(raised.value) + repr(vendor.client.account)
    assert "canary" not in seen
