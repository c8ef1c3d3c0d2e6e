"""Huawei: the signature against the given vectors, the mapping and the error table."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime, timedelta

import pytest

from include.errors import (
    AuthError,
    ConfigError,
    ContractError,
    NotFoundError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    UncountedListError,
)
from include.models import Account, Category, Message, Product, Source, SyncWindow, TicketRef
from include.vendors.http import ATTEMPTS
from include.vendors.huawei import HuaweiSettings
from include.vendors.huawei import client as huawei
from tests.vendors.huawei.port import CASES, NOW, WINDOW, a_detail, a_message, a_row, without

# Hosts and the account id


@pytest.mark.parametrize(
    ("region", "osm"),
    [
        ("", "https://osm.cn-south-1.myhuaweicloud.com"),
        ("cn-north-4", "https://osm.cn-south-1.myhuaweicloud.com"),
        ("ap-southeast-1", "https://osm.ap-southeast-3.myhuaweicloud.com"),
        ("la-south-2", "https://osm.ap-southeast-3.myhuaweicloud.com"),
        ("ae-ad-1", "https://osm.ap-southeast-3.myhuaweicloud.com"),
    ],
)
def test_a_region_means_the_host_of_its_site(region, osm):
    hosts = huawei.hosts(Account("1", "huawei", "ak", "sk", region), HuaweiSettings())
    assert hosts == (osm, osm.replace("osm.", "iam."))


HOSTILE = [
    "evil.com/",
    "x@127.0.0.1",
    "169.254.169.254",
    "[::1]",
    "a.b#",
    "..",
    "cn-north-4\n",
    "cn-north-4\r\nHost: x",
    "cn．evil．com",
    "cn-north-４",
    "CN-NORTH-4",
    "cn-north-4.evil.com",
    "cn-north-4:80",
    "cn-north-4?",
    " ",
]


@pytest.mark.parametrize("region", HOSTILE)
def test_a_hostile_region_is_refused_before_any_call_even_with_a_given_host(vendor, region):
    with pytest.raises(ConfigError, match="acc-1"):
        vendor.open(region)
    assert vendor.port.requests == []


@pytest.mark.parametrize("region", ["eu-west-101", "us-east-1"])
def test_a_region_without_a_known_host_needs_both_hosts_given(vendor, region):
    account = Account("acc-1", "huawei", "ak", "sk", region)
    with pytest.raises(ConfigError, match="HUAWEI_BASE_URL"):
        huawei.hosts(account, HuaweiSettings())
    with pytest.raises(ConfigError, match="HUAWEI_IAM_URL"):
        huawei.hosts(account, HuaweiSettings(base_url="https://osm.example.eu"))
    vendor.open(region).close()


def test_the_account_id_is_asked_once_and_signed_in_every_call(vendor):
    vendor.list()
    vendor.list()
    assert len(vendor.asked("/v3/auth/domains")) == 1
    for request in vendor.asked(CASES):
        assert request.headers["x-domain-id"] == "0123456789abcdef0123456789abcdef"
        signed = "SignedHeaders=content-type;host;x-domain-id;x-language;x-sdk-date;x-time-zone,"
        assert signed in request.headers["authorization"]
        assert request.headers["x-language"] == "zh-cn"
        assert request.headers["x-time-zone"] == "GMT+8"
    assert vendor.client.calls == len(vendor.port.requests)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": {"code": 401, "message": "no", "title": "Unauthorized"}}),
        (403, {"error": {"code": 403, "message": "no iam:users:getUser", "title": "Forbidden"}}),
        (404, {"error_msg": "no such API", "error_code": "IAM.0001"}),
        (200, {"domains": []}),
    ],
)
def test_without_an_account_id_the_tickets_are_still_read_and_that_is_logged(
    vendor, caplog, status, body
):
    vendor.domains = (body, status)
    vendor.listed = [a_row()]
    with caplog.at_level(logging.WARNING):
        assert len(vendor.list()) == 1
        vendor.list()
    assert "X-Domain-Id" in caplog.text
    assert caplog.text.count("X-Domain-Id") == len(vendor.asked("/v3/auth/domains")) == 1
    assert all("x-domain-id" not in request.headers for request in vendor.asked(CASES))


def test_an_identity_service_that_is_away_is_no_reason_to_go_on(vendor):
    vendor.domains = ({}, 503)
    with pytest.raises(UnavailableError):
        vendor.list()
    vendor.domains = {"domains": [{"id": "d1"}]}
    vendor.list()
    assert vendor.asked(CASES)[-1].headers["x-domain-id"] == "d1"


# Lists


def test_the_window_is_asked_for_in_whole_seconds_and_cut_to_half_open(vendor):
    since = datetime(2026, 1, 10, 0, 0, 5, 400_000, tzinfo=UTC)
    until = since + timedelta(seconds=3)
    vendor.listed = [
        a_row(n, create_time=f"2026-01-10T00:00:{text}Z")
        for n, text in enumerate(["05", "05.399", "05.400", "06", "08.399", "08.400", "09"])
    ]
    listed = vendor.list(SyncWindow(since, until))
    assert [ref.ticket_id for ref in listed] == ["TS-000002", "TS-000003", "TS-000004"]
    query = vendor.asked(CASES)[0].query
    assert query["query_start_time"] == "2026-01-10 08:00:05"
    assert query["query_end_time"] == "2026-01-10 08:00:09"


def test_tickets_at_the_border_of_two_windows_are_found_exactly_once(vendor):
    border = datetime(2026, 1, 10, tzinfo=UTC)
    vendor.listed = [a_row(n) for n in range(5)]
    before = vendor.list(SyncWindow(border - timedelta(days=1), border))
    after = vendor.list(SyncWindow(border, border + timedelta(days=1)))
    assert (len(before), len(after)) == (0, 5)


def test_a_long_list_is_read_by_offset_a_hundred_at_a_time(vendor):
    vendor.listed = [a_row(n) for n in range(250)]
    assert len({ref.ticket_id for ref in vendor.list()}) == 250
    offsets = [request.query["offset"] for request in vendor.asked(CASES)]
    assert offsets == ["0", "100", "200"]
    assert {request.query["limit"] for request in vendor.asked(CASES)} == {"100"}


def test_a_list_beyond_the_last_offset_is_read_in_smaller_windows(vendor):
    spans = []

    def page(query):
        since, until = (
            datetime.fromisoformat(query[name]) for name in ("query_start_time", "query_end_time")
        )
        days = (until - since).days
        if query["offset"] == "0":
            spans.append(days)
        if days > 10:
            return {"total_count": 70_000, "incident_info_list": [a_row()]}
        return {"total_count": 0, "incident_info_list": []}

    vendor.page = page
    vendor.list()
    assert spans == [31, 15, 7, 7, 15, 7, 7]


def test_a_total_beyond_the_last_offset_where_nothing_is_there_splits_nothing(vendor):
    rows = [a_row(n) for n in range(150)]

    def page(query):
        start = int(query["offset"])
        listed = rows[start : start + int(query["limit"])]
        return {"total_count": 10**12, "incident_info_list": listed}

    vendor.page, seen = page, list[TicketRef]()
    with pytest.raises(UncountedListError, match="no row is at offset 65535"):
        seen.extend(ref for some in vendor.client.list_tickets(WINDOW) for ref in some)
    assert len({ref.ticket_id for ref in seen}) == 150
    offsets = [request.query["offset"] for request in vendor.asked(CASES)]
    assert offsets == ["0", "65535", "100", "65535", "150", "65535"]


def test_more_tickets_than_offsets_within_a_second_are_loud(vendor):
    vendor.page = lambda query: {"total_count": 70_000, "incident_info_list": [a_row()]}
    with pytest.raises(ContractError, match="more than 65535"):
        vendor.list()


def test_open_tickets_are_asked_for_by_each_open_status(vendor):
    vendor.listed = [a_row(n, status=n) for n in range(20)]
    listed = vendor.list(only_open=True)
    assert sorted(ref.ticket_id for ref in listed) == [f"TS-{n:06}" for n in (0, 1, 2, 5, 17)]
    assert not any(ref.is_closed for ref in listed)


def test_a_status_filter_that_the_vendor_ignores_is_noticed(vendor, caplog):
    vendor.page = lambda query: {
        "total_count": 2,
        "incident_info_list": [a_row(1, status=1), a_row(2, status=3)],
    }
    with caplog.at_level(logging.WARNING):
        assert {ref.ticket_id for ref in vendor.list(only_open=True)} == {"TS-000001"}
    assert "where 0 was asked for" in caplog.text


@pytest.mark.parametrize("status", range(31))
def test_only_four_states_are_closed(vendor, status):
    vendor.listed = [a_row(status=status)]
    assert vendor.list() == [TicketRef("TS-000001", status in (3, 4, 12, 13), str(status))]


def test_the_time_of_solution_is_the_mark_of_a_row_that_has_it(vendor):
    vendor.listed = [a_row(1), a_row(2, confirmed_time="2026-01-12T00:00:00Z")]
    vendor.listed += [a_row(3, confirmed_time=None), a_row(4, confirmed_time="")]
    marks = [ref.change_mark for ref in vendor.list()]
    assert marks == [None, "2026-01-12T00:00:00Z", None, None]


@pytest.mark.parametrize(
    ("status", "is_resolved"), [(3, True), (4, False), (12, False), (13, False), (2, None)]
)
def test_a_ticket_that_is_withdrawn_invalid_or_deleted_has_no_result(vendor, status, is_resolved):
    vendor.listed = [a_row(status=status)]
    vendor.details["TS-000001"] = a_detail([a_message()], status=status)
    assert vendor.client.read_ticket("TS-000001")[0].is_resolved is is_resolved


@pytest.mark.parametrize("status", [99, "新状态", None])
def test_an_unknown_state_in_a_list_is_open_and_logged_once(vendor, caplog, status):
    vendor.listed = [a_row(1, status=status), a_row(2, status=status)]
    with caplog.at_level(logging.WARNING):
        assert [ref.is_closed for ref in vendor.list()] == [False, False]
    assert caplog.text.count("unknown status") == 1


def test_an_older_answer_counts_under_another_name(vendor):
    vendor.page = lambda query: {"count": 1, "incident_info_list": [a_row()]}
    assert len(vendor.list()) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"total_count": 1}, "incident_info_list"),
        ({"total_count": 1, "incident_info_list": None}, "incident_info_list"),
        ({"total_count": 1, "incident_info_list": {}}, "incident_info_list"),
        ({"total_count": 1, "incident_info_list": ["TS-1"]}, r"incident_info_list\[0\]"),
        ({"incident_info_list": []}, "total_count"),
        ({"total_count": "1", "incident_info_list": []}, "total_count"),
        ({"total_count": -1, "incident_info_list": []}, "total_count"),
        ({"total_count": 1, "incident_info_list": [{"status": 1}]}, "incident_id"),
        ({"total_count": 1, "incident_info_list": [a_row(status=[1])]}, "status"),
        ({}, "incident_info_list"),
    ],
)
def test_a_list_of_another_shape_is_never_no_tickets(vendor, body, field):
    vendor.page = lambda query: body
    with pytest.raises(ContractError, match=rf"^huawei ListCases: field .*{field}"):
        vendor.list()


def test_no_list_is_fine_where_the_answer_says_zero(vendor):
    vendor.page = lambda query: {"total_count": 0, "incident_info_list": None}
    assert vendor.list() == []


def test_a_listed_ticket_without_a_time_is_kept_for_its_reading_to_name_it(vendor):
    vendor.listed = [a_row(1, create_time=None), a_row(2, create_time="soon"), a_row(3)]
    assert len(vendor.list()) == 3


# One ticket


def test_a_ticket_with_everything_the_vendor_tells(vendor):
    vendor.listed = [a_row()]
    vendor.details["TS-000001"] = a_detail([a_message()])
    ticket, messages = vendor.client.read_ticket("TS-000001")
    assert ticket.title == "无法 登录 😀"
    assert ticket.is_closed
    assert ticket.vendor_status == "3"
    assert ticket.created_at == datetime(2026, 1, 10, tzinfo=UTC)
    assert (ticket.vendor, ticket.account_id) == ("huawei", "acc-1")
    assert (ticket.product_id, ticket.product_name) == (None, "弹性云服务器")
    assert (ticket.category_id, ticket.category_name) == (None, "网络")
    assert (ticket.source_id, ticket.source_name) == (huawei.source_id("用户中心"), "用户中心")
    assert ticket.email == "a@example.com"
    assert (ticket.severity, ticket.satisfaction_text) == ("紧急", "不错")
    assert (ticket.requester_id, ticket.requester_name) == ("user-7", "小王")
    assert messages == [
        Message(
            "TS-000001",
            "description",
            True,
            "  无法  登录 😀\n请帮忙查看",
            datetime(2026, 1, 10, tzinfo=UTC),
        ),
        Message(
            "TS-000001",
            "m-1",
            False,
            "please wait",
            datetime(2026, 1, 10, 1, tzinfo=UTC),
            "engineer-7",
            "工程师",
        ),
    ]


@pytest.mark.parametrize(
    ("field", "attribute"),
    [
        ("business_type_name", "category_name"),
        ("source_name", "source_name"),
        ("source_name", "source_id"),
        ("ext_info", "email"),
        ("severity_name", "severity"),
        ("judgement", "satisfaction_text"),
        ("xcustomer_id", "requester_id"),
        ("xcustomer_name", "requester_name"),
    ],
)
@pytest.mark.parametrize("how", ["missing", "null", "empty"])
def test_what_the_vendor_leaves_out_is_none(vendor, field, attribute, how):
    body = a_detail()["incident_detail_info"]
    empty = {} if field == "ext_info" else ""
    body = without(body, field) if how == "missing" else body
    body = body | {"missing": {}, "null": {field: None}, "empty": {field: empty}}[how]
    vendor.details["TS-000001"] = {"incident_detail_info": body}
    ticket, _ = vendor.client.read_ticket("TS-000001")
    assert getattr(ticket, attribute) is None


NOTHING = object()


@pytest.mark.parametrize("value", [NOTHING, None, ""])
def test_a_ticket_without_a_text_has_no_title_and_keeps_its_messages(vendor, value):
    body = without(a_detail([a_message()])["incident_detail_info"], "simple_description")
    body |= {} if value is NOTHING else {"simple_description": value}
    vendor.details["TS-000001"] = {"incident_detail_info": body}
    ticket, messages = vendor.client.read_ticket("TS-000001")
    assert ticket.title is None
    assert [message.message_id for message in messages] == ["m-1"]


@pytest.mark.parametrize("value", [[1], True])
def test_a_text_of_another_type_is_named(vendor, value):
    vendor.details["TS-000001"] = a_detail(simple_description=value)
    with pytest.raises(
        ContractError, match=r"field incident_detail_info\.simple_description is not"
    ):
        vendor.client.read_ticket("TS-000001")


@pytest.mark.parametrize("field", ["incident_id", "status", "create_time"])
@pytest.mark.parametrize("value", [NOTHING, None, [1], True])
def test_what_a_ticket_needs_is_named_when_it_is_missing_or_of_another_type(vendor, field, value):
    body = a_detail()["incident_detail_info"]
    body = without(body, field) if value is NOTHING else body | {field: value}
    vendor.details["TS-000001"] = {"incident_detail_info": body}
    expected = rf"^huawei ShowCaseDetail: field incident_detail_info\.{field}"
    with pytest.raises(ContractError, match=expected):
        vendor.client.read_ticket("TS-000001")


@pytest.mark.parametrize("field", ["type", "content", "create_time"])
@pytest.mark.parametrize("value", [NOTHING, None, [1], True])
def test_what_a_message_needs_is_named_when_it_is_missing_or_of_another_type(vendor, field, value):
    message = a_message()
    message = without(message, field) if value is NOTHING else message | {field: value}
    vendor.details["TS-000001"] = a_detail([message])
    expected = rf"^huawei ShowCaseDetail: field incident_detail_info\.message_list\[0\]\.{field}"
    with pytest.raises(ContractError, match=expected):
        vendor.client.read_ticket("TS-000001")


@pytest.mark.parametrize(
    ("field", "attribute"), [("replier", "author_id"), ("replier_name", "author_name")]
)
@pytest.mark.parametrize("how", [{}, {"value": None}, {"value": ""}])
def test_an_author_who_is_left_out_is_none(vendor, field, attribute, how):
    message = without(a_message(), field) | ({field: how["value"]} if how else {})
    vendor.details["TS-000001"] = a_detail([message])
    _, messages = vendor.client.read_ticket("TS-000001")
    assert getattr(messages[-1], attribute) is None


@pytest.mark.parametrize("body", [{}, {"incident_detail_info": None}, {"incident_detail_info": []}])
def test_an_answer_without_the_ticket_is_a_broken_contract(vendor, body):
    vendor.details["TS-000001"] = body
    with pytest.raises(ContractError, match="incident_detail_info"):
        vendor.client.read_ticket("TS-000001")


@pytest.mark.parametrize("value", [NOTHING, None, {}])
def test_a_closed_ticket_without_a_list_of_messages_is_a_broken_contract(vendor, value):
    body = a_detail()["incident_detail_info"]
    body = without(body, "message_list") if value is NOTHING else body | {"message_list": value}
    vendor.details["TS-000001"] = {"incident_detail_info": body}
    with pytest.raises(ContractError, match="message_list"):
        vendor.client.read_ticket("TS-000001")


def test_another_ticket_than_the_one_asked_for_is_refused(vendor):
    vendor.details["TS-000002"] = a_detail()
    with pytest.raises(ContractError, match="not the ticket asked for"):
        vendor.client.read_ticket("TS-000002")


@pytest.mark.parametrize("ticket_id", ["", "..", "a/b", "a?b", "a b", "a\n", "%2e"])
def test_an_id_that_would_ask_for_something_else_is_never_sent(vendor, ticket_id):
    with pytest.raises(ContractError, match="cannot be a ticket id"):
        vendor.client.read_ticket(ticket_id)
    assert vendor.port.requests == []


def test_messages_of_an_open_ticket_are_read_only_when_asked_for(vendor):
    vendor.details["TS-000001"] = a_detail([a_message()], status=17)
    assert vendor.client.read_ticket("TS-000001")[1] is None
    _, messages = vendor.client.read_ticket("TS-000001", open_messages=True)
    assert [message.message_id for message in messages] == ["description", "m-1"]


@pytest.mark.parametrize(
    "first",
    [
        {"type": 0, "is_first_message": 1, "content": "something else"},
        {"type": 0, "is_first_message": 0, "content": "无法  登录 😀\n请帮忙查看\n"},
    ],
)
def test_a_description_that_is_a_message_already_is_not_doubled(vendor, first):
    vendor.details["TS-000001"] = a_detail([a_message(**first)])
    _, messages = vendor.client.read_ticket("TS-000001")
    assert [message.message_id for message in messages] == ["m-1"]


def test_an_engineer_who_repeats_the_description_does_not_replace_it(vendor):
    echo = a_message(content="无法  登录 😀\n请帮忙查看")
    vendor.details["TS-000001"] = a_detail([echo])
    _, messages = vendor.client.read_ticket("TS-000001")
    assert [message.message_id for message in messages] == ["description", "m-1"]


def test_an_empty_description_is_no_message(vendor):
    vendor.details["TS-000001"] = a_detail(simple_description=" \n")
    ticket, messages = vendor.client.read_ticket("TS-000001")
    assert (ticket.title, messages) == (None, [])


@pytest.mark.parametrize(
    ("sender", "from_customer"), [(0, True), (1, False), (2, False), (9, False)]
)
def test_only_type_zero_is_the_customer(vendor, sender, from_customer):
    vendor.details["TS-000001"] = a_detail([a_message(type=sender)])
    _, messages = vendor.client.read_ticket("TS-000001")
    assert messages[-1].from_customer is from_customer


def test_messages_come_oldest_first_whatever_the_vendor_does(vendor):
    newer = a_message(message_id="m-2", create_time="2026-01-10T02:00:00Z")
    vendor.details["TS-000001"] = a_detail([newer, a_message(is_first_message=1)])
    _, messages = vendor.client.read_ticket("TS-000001")
    assert [message.message_id for message in messages] == ["m-1", "m-2"]


def test_equal_messages_without_ids_are_all_kept_under_ids_that_last(vendor):
    equal = a_message(message_id=None)
    vendor.details["TS-000001"] = a_detail([equal, equal, a_message(message_id="", content="x")])
    _, once = vendor.client.read_ticket("TS-000001")
    _, again = vendor.client.read_ticket("TS-000001")
    ids = {message.message_id for message in once[1:]}
    assert len(ids) == 3
    assert all(message_id.startswith("derived:") for message_id in ids)
    assert once == again


def test_a_message_id_that_comes_twice_is_one_message_with_the_last_text(vendor):
    edited = a_message(content="edited")
    vendor.details["TS-000001"] = a_detail([a_message(), edited])
    _, messages = vendor.client.read_ticket("TS-000001")
    assert [message.content for message in messages[1:]] == ["edited"]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2020-12-25T09:24:18Z", datetime(2020, 12, 25, 9, 24, 18, tzinfo=UTC)),
        ("2020-07-07T09:33:43.000Z", datetime(2020, 7, 7, 9, 33, 43, tzinfo=UTC)),
        ("2020-07-07T09:33:43+08:00", datetime(2020, 7, 7, 1, 33, 43, tzinfo=UTC)),
        ("2020-07-07 09:33:43", datetime(2020, 7, 7, 1, 33, 43, tzinfo=UTC)),
        (1623396736000, datetime(2021, 6, 11, 7, 32, 16, tzinfo=UTC)),
        (1623396736, datetime(2021, 6, 11, 7, 32, 16, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_the_vendor_means_it(vendor, value, moment):
    vendor.details["TS-000001"] = a_detail(create_time=value)
    assert vendor.client.read_ticket("TS-000001")[0].created_at == moment


@pytest.mark.parametrize("value", ["", "yesterday", "0000-00-00 00:00:00", 0, 10**15, 1.5])
def test_a_time_that_cannot_be_one_is_refused_and_not_guessed(vendor, value):
    vendor.details["TS-000001"] = a_detail(create_time=value)
    with pytest.raises(ContractError, match="create_time"):
        vendor.client.read_ticket("TS-000001")


def test_the_product_known_from_the_list_is_not_asked_for_again(vendor):
    vendor.listed = [a_row()]
    vendor.details["TS-000001"] = a_detail()
    vendor.list()
    assert vendor.client.read_ticket("TS-000001")[0].product_name == "弹性云服务器"
    assert len(vendor.asked(CASES)) == 1


def test_the_product_of_a_ticket_not_listed_is_looked_up_by_its_exact_id(vendor):
    vendor.listed = [a_row(1, incident_id="TS-0000010", product_category_name="other"), a_row()]
    vendor.details["TS-000001"] = a_detail()
    assert vendor.client.read_ticket("TS-000001")[0].product_name == "弹性云服务器"
    assert vendor.asked(CASES)[0].query == {"incident_id": "TS-000001", "limit": "100"}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [a_row(10)],
        [a_row(), a_row(product_category_name="other")],
        [a_row(product_category_name="")],
    ],
)
def test_without_exactly_one_match_the_product_stays_unknown(vendor, rows):
    vendor.page = lambda query: {"total_count": len(rows), "incident_info_list": rows}
    vendor.details["TS-000001"] = a_detail()
    assert vendor.client.read_ticket("TS-000001")[0].product_name is None


# Catalogue


def test_products_are_told_once_although_two_groups_show_them(vendor):
    ecs = {
        "incident_product_category_id": "p1",
        "incident_product_category_name": "弹性云服务器",
        "incident_product_category_desc": "servers",
        "incident_product_category_acronym": "ECS",
        "can_use_support_plan": 1,
    }
    obs = {"incident_product_category_id": "p2", "incident_product_category_name": "对象存储"}
    vendor.other["/v2/servicerequest/config/categories"] = {
        "total_count": 1,
        "incident_sub_type_list": [
            {"incident_sub_type_id": "s1", "incident_product_category_list": [ecs]},
            {"incident_sub_type_id": "s2", "incident_product_category_list": [ecs, obs]},
        ],
    }
    assert list(vendor.client.list_products()) == [
        [Product("p1", "弹性云服务器", "servers", "ECS"), Product("p2", "对象存储")]
    ]
    vendor.other["/v2/servicerequest/config/problems"] = {
        "total_count": 1,
        "incident_business_type_list": [
            {"business_type_id": "b1", "business_type_name": "网络", "case_type": "0"},
            {"business_type_id": "b2", "business_type_name": "网络", "case_type": "5"},
        ],
    }
    assert list(vendor.client.list_categories()) == [
        [Category("b1", "网络", product), Category("b2", "网络", product)]
        for product in ("p1", "p2")
    ]
    asked = vendor.asked("/v2/servicerequest/config/problems")
    assert [request.query for request in asked] == [
        {"product_category_id": "p1"},
        {"product_category_id": "p2"},
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"total_count": 0},
        {"incident_sub_type_list": None},
        {"incident_sub_type_list": [{}]},
        {"incident_sub_type_list": [{"incident_product_category_list": [{}]}]},
    ],
)
def test_a_catalogue_of_another_shape_is_never_an_empty_one(vendor, body):
    vendor.other["/v2/servicerequest/config/categories"] = body
    with pytest.raises(ContractError, match=r"^huawei ListCaseCategories: field incident_"):
        list(vendor.client.list_products())


def test_one_source_is_known_beforehand_and_its_id_is_no_derived_one(vendor):
    assert list(vendor.client.list_sources()) == [
        [Source("83aeb0f2834c4df49826c781d32a963e", "API")]
    ]
    expected = hashlib.sha256("HUAWEI|用户中心".encode()).hexdigest()[:32]
    assert huawei.source_id("用户中心") == expected


# Errors

REFUSALS = [
    (400, "OSM.0001", RejectedError),
    (401, "OSM.0002", AuthError),
    (403, "OSM.0003", AuthError),
    (500, "OSM.0004", UnavailableError),
    (200, "OSM.01010001", RejectedError),
    (200, "OSM.01010002", AuthError),
    (200, "OSM.01010007", AuthError),
    (200, "OSM.01010011", AuthError),
    (200, "OSM.01010014", UnavailableError),
    (200, "OSM.01010015", NotFoundError),
    (200, "OSM.01010003", RejectedError),
    (200, "OSM.01010062", RejectedError),
    (200, "OSM.01010060", UnavailableError),
    (200, "OSM.09999999", RejectedError),
    (503, "OSM.09999999", UnavailableError),
    (200, 17, RejectedError),
    (404, ".0101", ContractError),
    (500, ".0103", ContractError),
    (400, ".0106", ContractError),
    (413, ".0201", RejectedError),
    (494, ".0201", RejectedError),
    (502, ".0201", UnavailableError),
    (504, ".0201", UnavailableError),
    *((401, f".{n}", AuthError) for n in ("0301", "0303", "0305", "0307")),
    *((403, f".{n}", AuthError) for n in ("0302", "0304", "0306", "0310", "0401", "0402", "0802")),
    (429, ".0308", RateLimitError),
    (405, ".0501", RejectedError),
    (405, ".0502", RejectedError),
    *((500, f".{n}", UnavailableError) for n in ("0601", "0606", "0608")),
    (502, ".0610", UnavailableError),
    (503, ".0613", UnavailableError),
    (401, "", AuthError),
    (403, "", AuthError),
    (429, "", RateLimitError),
    (418, ".7777", RejectedError),
]


@pytest.mark.parametrize("prefix", ["APIGW", "APIG"])
@pytest.mark.parametrize(("status", "code", "error"), REFUSALS)
def test_a_refusal_says_who_must_act_and_only_waiting_is_tried_again(
    vendor, prefix, status, code, error
):
    code = prefix + code if str(code).startswith(".") else code
    body = {"error_code": code, "error_msg": "said by the vendor", "request_id": "req-1"}
    vendor.details["TS-000001"] = (body, status)
    with pytest.raises(error) as raised:
        vendor.client.read_ticket("TS-000001")
    assert type(raised.value) is error
    assert raised.value.request_id == "req-1"
    assert raised.value.code == (str(code) or f"HTTP {status}")
    again = issubclass(error, UnavailableError | RateLimitError)
    tries = len(vendor.asked(f"{CASES}/TS-000001"))
    assert tries == (ATTEMPTS if again else 1)


@pytest.mark.parametrize("code", ["", "0", 0, None])
def test_an_error_code_of_zero_is_a_success(vendor, code):
    vendor.details["TS-000001"] = a_detail() | {"error_code": code, "error_msg": None}
    assert vendor.client.read_ticket("TS-000001")[0].is_closed


def test_the_request_id_may_come_in_a_header(vendor):
    vendor.details["TS-000001"] = (
        {"error_code": "OSM.01010015", "error_msg": "gone"},
        200,
        {"X-Request-Id": "req-2"},
    )
    with pytest.raises(NotFoundError, match="req-2"):
        vendor.client.read_ticket("TS-000001")


def test_every_attempt_carries_a_date_and_a_signature_of_its_own(vendor):
    moments = iter(NOW + timedelta(seconds=n) for n in range(99))
    client = vendor.open(now=lambda: next(moments))
    vendor.page = lambda query: ({"error_code": "APIGW.0308", "error_msg": "slow"}, 429)
    with pytest.raises(RateLimitError):
        list(client.list_tickets(WINDOW))
    client.close()
    sent = [request.headers["authorization"] for request in vendor.asked(CASES)]
    assert len(set(sent)) == len(sent) == ATTEMPTS


def test_neither_keys_nor_texts_are_logged_or_raised(vendor, caplog):
    vendor.domains = (
        {"error": {"code": 403, "message": "canary-access-key canary-secret-key"}},
        403,
    )
    vendor.listed = [a_row(simple_description="canary text", status=99)]
    vendor.details["TS-000001"] = a_detail([a_message(content="canary text", type="0")])
    caplog.set_level(logging.DEBUG)
    vendor.list()
    with pytest.raises(ContractError) as raised:
        vendor.client.read_ticket("TS-000001")
    seen = caplog.text + str(raised.value) + repr(vendor.client.account)
    assert "canary" not in seen
