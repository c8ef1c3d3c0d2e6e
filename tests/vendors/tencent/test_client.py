"""Tencent: the signature against the given vectors, the mapping and the error table."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.errors import (
    AuthError,
    ConfigError,
    ContractError,
    NotFoundError,
    RateLimitError,
    RejectedError,
    UnavailableError,
)
from include.models import Category, Message, Product, Source, SyncWindow, TicketRef
from include.vendors.http import ATTEMPTS
from tests.vendors.tencent.port import (
    NOTHING,
    NOW,
    TICKET,
    WINDOW,
    a_comment,
    a_detail,
    a_row,
    without,
)

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
    assert vendor.list() == [TicketRef("202601100001", True, name.strip())]


@pytest.mark.parametrize("name", ["待确认结单", "处理中", "重新打开"])
def test_any_other_name_means_open_whatever_the_number(vendor, name, caplog):
    vendor.listed = [a_row(StatusName=name, StatusId=3)]
    assert vendor.list() == [TicketRef("202601100001", False, name)]
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("row", "mark"),
    [
        ({}, None),
        ({"UpdateTime": "2026-01-11 08:00:00"}, "2026-01-11 08:00:00"),
        ({"UpdateTime": ""}, None),
        ({"UpdateTime": "0000-00-00 00:00:00"}, None),
    ],
)
def test_the_time_of_update_is_the_mark_of_a_row_that_has_it(vendor, row, mark):
    vendor.listed = [a_row(**row)]
    assert vendor.list()[0].change_mark == mark


@pytest.mark.parametrize(
    ("changes", "closed_at"),
    [
        ({}, None),
        ({"CloseTime": "2026-01-12 08:00:00"}, datetime(2026, 1, 12, tzinfo=UTC)),
        ({"CloseTime": "2026-01-12 08:00:00", "StatusId": 1}, None),
        ({"CloseTime": ""}, None),
        ({"CloseTime": "2026-01-10 07:59:59"}, None),
        ({"CloseTime": "2026-03-01 20:00:01"}, None),
    ],
    ids=["untold", "told", "open", "empty", "before its creation", "in the future"],
)
def test_the_time_of_closing_is_read_where_it_is_shown(vendor, changes, closed_at):
    vendor.detail = a_detail(**changes)
    assert vendor.read()[0].closed_at == closed_at


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


@pytest.mark.parametrize("value", [NOTHING, None, "", " \n"])
def test_a_ticket_without_a_title_has_none(vendor, value):
    vendor.detail = without(a_detail(), "Question")
    vendor.detail |= {} if value is NOTHING else {"Question": value}
    assert vendor.read()[0].title is None


@pytest.mark.parametrize("value", [[1], True])
def test_a_title_of_another_type_is_named(vendor, value):
    vendor.detail = a_detail(Question=value)
    with pytest.raises(ContractError, match=r"field Response\.Data\.Question is not a text"):
        vendor.read()


@pytest.mark.parametrize("field", ["TicketId", "Content", "CreateTime"])
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
