"""Alibaba: the signature against the given vectors, the mapping and the error table."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from include.errors import (
    AuthError,
    ConfigError,
    ContractError,
    NotFoundError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    VendorError,
)
from include.models import Account, Message, Product, SyncWindow, Ticket
from include.settings import Settings
from include.vendors.alibaba import AlibabaSettings
from include.vendors.alibaba import client as alibaba
from include.vendors.alibaba.client import classify, host_of
from include.vendors.rate import RateLimit
from include.vendors.registry import open_client, utcnow
from include.vendors.sessions import Sessions

CREATED = datetime(2026, 3, 3, 12, 30, 15, 123000, tzinfo=UTC)
WINDOW = SyncWindow(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))


def success(**fields):
    return {"RequestId": "r-1", "Success": True, "Code": 0, "Message": "any words"} | fields


def a_detail(**fields):
    detail = {
        "TicketId": "0005PYGCW",
        "Title": "标题",
        "Description": "问题",
        "CreateTime": 1772541015123,
        "CategoryId": "7161",
        "Status": {"Value": "6", "Label": "已完成"},
        "Severity": {"Value": "2", "Label": "any words"},
        "CreatorId": "1168025",
        "CreatorName": "小王",
    }
    return detail | fields


def a_note(**fields):
    note = {
        "DialogId": 9999,
        "CreateTime": 1772541075000,
        "Type": 2,
        "Dialog": {"Content": "您好", "Schema": "null"},
        "User": {"Role": 2, "Name": "工单小二"},
    }
    return note | fields


def without(value, *names):
    return {name: item for name, item in value.items() if name not in names}


@pytest.fixture
def answers():
    return {
        "GetTicket": success(Data=a_detail()),
        "ListTicketNotes": success(Data=[a_note()]),
    }


@pytest.fixture
def vendor(port, clock, answers):
    """A client of a port that answers from ``answers``, by action."""
    own = AlibabaSettings(base_url=port.url)
    settings = Settings(vendors=(own,), sandbox=True, calls_per_second=500)
    account = Account("7", "alibaba", "AKIDcanary0001", "secretCanary0001")
    client = open_client(account, settings, now=clock.now, sleep=clock.sleep)
    port.answer = lambda request: answers[request.headers["x-acs-action"]]
    yield client
    client.close()


def form(request):
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def read(vendor, **how):
    return vendor.read_ticket("0005PYGCW", **how)


def test_each_parameter_has_the_place_the_vendors_client_gives_it(vendor, port, answers):
    answers |= {
        "ListTickets": success(Data=[], TotalCount=0),
        "ListProducts": success(
            Data=[{"DirectoryName": "d", "ProductList": [{"ProductId": 5, "ProductName": "p"}]}]
        ),
        "ListCategories": success(Code=200, Data=[]),
    }
    list(vendor.list_tickets(WINDOW))
    read(vendor)
    list(vendor.list_categories())
    sent = {one.headers["x-acs-action"]: (one.query, form(one)) for one in port.requests}
    assert sent == {
        "ListTickets": (
            {"PageNumber": "1", "PageSize": "50"},
            {"StartDate": "1772323199999", "EndDate": "1774915200000"},
        ),
        "GetTicket": ({}, {"TicketId": "0005PYGCW"}),
        "ListTicketNotes": ({"TicketId": "0005PYGCW"}, {}),
        "ListProducts": ({"Language": "zh"}, {}),
        "ListCategories": ({"Language": "zh"}, {"ProductId": "5"}),
    }
    for request in port.requests:
        assert (request.method, request.path) == ("POST", "/")
        assert request.headers["x-acs-version"] == "2021-06-10"
        assert request.headers["accept"] == "application/json"
        assert ("content-type" in request.headers) == bool(request.body)
    assert set(sent) == alibaba.ACTIONS


@pytest.mark.parametrize("action", ["CloseTicket", "ReplyTicket", "", "listTickets"])
def test_only_the_five_reading_actions_can_be_sent(vendor, port, action):
    with pytest.raises(ValueError, match="not one of the reading actions"):
        vendor._call(action)
    assert port.requests == []


@pytest.mark.parametrize(
    ("spelling", "sent"),
    [
        ("names", ["assigned", "dealing", "wait_feedback", "feedback", "wait_confirm"]),
        ("numbers", ["1", "2", "3", "4", "5"]),
    ],
)
def test_only_open_asks_for_five_states_and_trusts_none(port, clock, spelling, sent):
    rows = [
        {"TicketId": str(n), "Title": "", "Status": {"Value": value}}
        for n, value in enumerate(["6", "confirmed", "1", "wait-feedback", "77", None, 6, 2])
    ]
    port.answer = lambda request: success(Data=rows, TotalCount=8)
    own = AlibabaSettings(base_url=port.url, status_filter=spelling)
    settings = Settings(vendors=(own,))
    client = open_client(Account("7", "alibaba", "key", "secret"), settings, sleep=clock.sleep)
    (page,) = client.list_tickets(WINDOW, only_open=True)
    client.close()
    seen = [(ref.ticket_id, ref.vendor_status) for ref in page]
    assert seen == [("2", "1"), ("3", "3"), ("4", "77"), ("5", ""), ("7", "2")]
    assert not any(ref.is_closed or ref.change_mark for ref in page)
    asked = form(port.requests[0])
    assert [asked[f"StatusList.{n}"] for n in range(1, 6)] == sent


@pytest.mark.parametrize(
    ("since", "until", "bounds"),
    [
        (timedelta(), timedelta(milliseconds=1), ("1772323199999", "1772323200001")),
        (
            timedelta(microseconds=700),
            timedelta(microseconds=2300),
            ("1772323199999", "1772323200003"),
        ),
        (timedelta(), timedelta(), None),
    ],
)
def test_a_window_is_a_millisecond_wider_because_its_bounds_may_not_count(
    vendor, port, since, until, bounds, answers
):
    answers["ListTickets"] = success(Data=[], TotalCount=0)
    list(vendor.list_tickets(SyncWindow(WINDOW.since + since, WINDOW.since + until)))
    sent = [(form(one)["StartDate"], form(one)["EndDate"]) for one in port.requests]
    assert sent == ([bounds] if bounds else [])


def test_a_ticket_is_mapped(vendor):
    ticket, messages = read(vendor)
    assert ticket == Ticket(
        vendor="alibaba",
        account_id="7",
        ticket_id="0005PYGCW",
        title="标题",
        is_closed=True,
        vendor_status="6",
        created_at=CREATED,
        category_id="7161",
        is_resolved=True,
        severity="紧急",
        requester_id="1168025",
        requester_name="小王",
    )
    assert messages == [
        Message("0005PYGCW", "description", True, "问题", CREATED),
        Message(
            "0005PYGCW",
            "9999",
            False,
            "您好",
            datetime(2026, 3, 3, 12, 31, 15, tzinfo=UTC),
            author_name="工单小二",
        ),
    ]


def test_notes_of_an_open_ticket_are_left_alone(vendor, port, answers):
    answers["GetTicket"]["Data"]["Status"] = {"Value": "3"}
    assert read(vendor)[1] is None
    assert len(port.requests) == 1
    assert len(read(vendor, open_messages=True)[1]) == 2


@pytest.mark.parametrize(
    ("field", "value", "name", "became"),
    [
        ("CategoryId", 7161, "category_id", "7161"),
        ("CategoryId", "", "category_id", None),
        ("CategoryId", None, "category_id", None),
        ("Title", "", "title", "问题"),
        ("Title", None, "title", None),
        ("Status", {"Value": 6}, "is_closed", True),
        ("Status", {"Value": "confirmed"}, "vendor_status", "6"),
        ("Status", {"Value": "wait-feedback"}, "vendor_status", "3"),
        ("Status", {"Value": "99"}, "vendor_status", "99"),
        ("Status", {"Value": "新状态"}, "is_closed", False),
        ("Status", {"Value": "新状态"}, "is_resolved", None),
        ("Status", {"Value": None}, "vendor_status", ""),
        ("Status", {"Value": "7", "Label": "已完成"}, "is_closed", False),
        ("CreateTime", "1772541015123", "created_at", CREATED),
        ("Severity", {"Value": 1}, "severity", "普通"),
        ("Severity", {"Value": "3", "Label": "特急"}, "severity", "3"),
        ("Severity", {"Value": None}, "severity", None),
        ("Severity", None, "severity", None),
        ("CreatorId", 1168025, "requester_id", "1168025"),
        ("CreatorName", "", "requester_name", None),
    ],
)
def test_what_a_ticket_may_say_instead(vendor, field, value, name, became, answers):
    answers["GetTicket"]["Data"][field] = value
    assert getattr(read(vendor, open_messages=True)[0], name) == became


@pytest.mark.parametrize(
    ("title", "description", "became"),
    [
        ({}, "问题", None),
        ({"Title": None}, "问题", None),
        ({"Title": ""}, " \n问题 \n", "问题"),
        ({"Title": ""}, "", None),
    ],
)
def test_a_title_that_is_unsaid_is_none_and_an_empty_one_the_first_line(
    vendor, title, description, became, answers
):
    detail = without(a_detail(), "Title") | {"Description": description} | title
    answers["GetTicket"]["Data"] = detail
    assert read(vendor)[0].title == became


def test_what_a_ticket_may_leave_out(vendor, answers):
    unsaid = ("CategoryId", "Severity", "CreatorId", "CreatorName")
    answers["GetTicket"]["Data"] = without(a_detail(Extra={}), *unsaid)
    ticket, _ = read(vendor)
    assert (ticket.category_id, ticket.severity) == (None, None)
    assert (ticket.requester_id, ticket.requester_name) == (None, None)


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        *(
            (success(Data=without(a_detail(), name)), name)
            for name in ("TicketId", "Description", "CreateTime", "Status")
        ),
        *(
            (success(Data=a_detail(**{name: value})), name)
            for name, value in [
                ("TicketId", "ANOTHER"),
                ("TicketId", None),
                ("Title", 7),
                ("Description", []),
                ("CreateTime", None),
                ("CreateTime", 0),
                ("CreateTime", 1772541015),
                ("Status", "6"),
                ("Status", None),
                ("Status", {"Value": True}),
                ("CategoryId", [7161]),
            ]
        ),
        (success(), "Data"),
        (success(Data=None), "Data"),
        (success(Data=[]), "Data"),
    ],
)
def test_a_ticket_that_does_not_say_enough_is_a_broken_contract(vendor, answer, field, answers):
    answers["GetTicket"] = answer
    with pytest.raises(ContractError, match=f"alibaba GetTicket: field .*{field}.*request r-1"):
        read(vendor)


@pytest.mark.parametrize(
    ("dialog", "type_", "content"),
    [
        ({"Content": " <b>&amp;\r\n🙂 ", "Schema": "null"}, 2, " <b>&amp;\r\n🙂 "),
        ({"Content": "", "Schema": "{card}"}, 1, "{card}"),
        ({"Content": "text", "Schema": "{card}"}, 1, "{card}"),
        ({"Content": "text", "Schema": "null"}, 1, "text"),
        ({"Content": "text", "Schema": None}, "1", "text"),
        ({"Content": "text"}, 1, "text"),
        ({"Content": "", "Schema": "{card}"}, 2, "{card}"),
        ({"Content": None, "Schema": None}, 2, ""),
        ({"Content": "null"}, 2, "null"),
        ({"Content": "text"}, None, "text"),
        ({"Content": "text"}, 9, "text"),
    ],
)
def test_the_text_of_a_note(vendor, dialog, type_, content, answers):
    answers["ListTicketNotes"]["Data"] = [a_note(Dialog=dialog, Type=type_)]
    assert read(vendor)[1][1].content == content


def test_a_note_may_be_nothing_but_files(vendor, answers):
    files = [{"Name": "log.txt", "Url": "https://example.com"}]
    answers["ListTicketNotes"]["Data"] = [a_note(Dialog={}, Attachments=files)]
    assert read(vendor)[1][1].content == ""


@pytest.mark.parametrize(
    ("note", "field"),
    [
        *((without(a_note(), name), name) for name in ("DialogId", "CreateTime", "Dialog", "User")),
        (a_note(Dialog={"Text": "renamed"}), "Dialog.Content"),
        (a_note(Dialog={"Schema": "null"}), "Dialog.Content"),
        (a_note(Dialog={"Content": ""}, Type=1), "Dialog.Schema"),
        (a_note(Dialog={"Content": ["text"]}), "Dialog.Content"),
        (a_note(User={"Name": "x"}), "User.Role"),
        (a_note(User={"Role": 1.5}), "User.Role"),
        (a_note(DialogId=None), "DialogId"),
        (a_note(CreateTime=1772541075), "CreateTime"),
    ],
)
def test_a_note_that_does_not_say_enough_is_a_broken_contract(vendor, note, field, answers):
    answers["ListTicketNotes"]["Data"] = [a_note(), note]
    with pytest.raises(ContractError, match=rf"ListTicketNotes: field Data\[1\]\.{field}[ .]"):
        read(vendor)


def test_only_role_3_is_the_customer_and_others_are_logged_once(vendor, caplog, answers):
    notes = [a_note(DialogId=n, User={"Role": role}) for n, role in enumerate([2, 3, "3", 4, 4])]
    answers["ListTicketNotes"]["Data"] = notes
    with caplog.at_level(logging.WARNING):
        messages = read(vendor)[1]
    assert [one.from_customer for one in messages] == [True, False, True, True, False, False]
    assert [one.getMessage() for one in caplog.records] == [
        "alibaba: unknown role '4' counts as support (account 7; of others it is not repeated)"
    ]


def test_notes_are_sorted_by_time_and_then_by_number(vendor, answers):
    times = {10: 5, 9: 5, 2: 5, 100: 4, 1: 6}
    notes = [a_note(DialogId=n, CreateTime=1772541075000 + t) for n, t in times.items()]
    answers["ListTicketNotes"]["Data"] = notes
    _, *ids = [one.message_id for one in read(vendor)[1]]
    assert ids == ["100", "2", "9", "10", "1"]


@pytest.mark.parametrize(
    ("content", "role", "doubled"),
    [("问题", 3, True), (" 问题\n", 3, True), ("问题", 2, False), ("问题！", 3, False)],
)
def test_an_opening_text_that_is_among_the_notes_is_not_doubled(
    vendor, content, role, doubled, answers
):
    note = a_note(Dialog={"Content": content}, User={"Role": role})
    answers["ListTicketNotes"]["Data"] = [note]
    ids = [one.message_id for one in read(vendor)[1]]
    assert ids == (["9999"] if doubled else ["description", "9999"])


def test_an_empty_opening_text_is_no_message(vendor, answers):
    answers["GetTicket"]["Data"]["Description"] = ""
    assert [one.message_id for one in read(vendor)[1]] == ["9999"]


@pytest.mark.parametrize("data", [None, []])
def test_a_conversation_may_be_null(vendor, data, answers):
    answers["ListTicketNotes"]["Data"] = data
    assert [one.message_id for one in read(vendor)[1]] == ["description"]


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        (success(Data=None, TotalCount=0), True),
        (success(TotalCount=0), True),
        (success(Data=None, TotalCount=5), False),
        (success(TotalCount=5), False),
        (success(Data=None), False),
        (success(Data=[], TotalCount="0"), False),
        (success(Data={}, TotalCount=1), False),
    ],
)
def test_no_tickets_are_believed_only_beside_a_total_of_zero(vendor, answer, is_right, answers):
    answers["ListTickets"] = answer
    if is_right:
        assert [ref for page in vendor.list_tickets(WINDOW) for ref in page] == []
    else:
        with pytest.raises(ContractError):
            list(vendor.list_tickets(WINDOW))


@pytest.mark.parametrize("action", ["ListTicketNotes", "ListProducts", "ListCategories"])
def test_a_list_without_a_total_may_be_null_but_not_absent(vendor, action, answers):
    products = [{"ProductList": [{"ProductId": 5, "ProductName": "p"}]}]
    answers |= {"ListProducts": success(Data=products), action: success()}
    verb = {"ListProducts": vendor.list_products, "ListCategories": vendor.list_categories}

    def run():
        return list(verb[action]()) if action in verb else read(vendor)

    with pytest.raises(ContractError, match=f"{action}: field Data is missing"):
        run()
    answers[action] = success(Data=None)
    run()


def test_products_come_once_and_categories_with_each_product(vendor, port, answers):
    ecs, oss = ({"ProductId": n, "ProductName": f"p{n}"} for n in (7160, 9457))
    answers |= {
        "ListProducts": success(
            Data=[
                {"DirectoryName": "弹性计算", "ProductList": [ecs]},
                {"DirectoryName": "空", "ProductList": []},
                {"DirectoryName": None, "ProductList": None},
                {"DirectoryName": "存储", "ProductList": [oss, ecs]},
            ]
        ),
        "ListCategories": success(Data=[{"CategoryId": 7161, "CategoryName": "c"}]),
    }
    assert list(vendor.list_products()) == [
        [Product("7160", "p7160", "弹性计算"), Product("9457", "p9457", "存储")]
    ]
    pairs = [(one.category_id, one.product_id) for page in vendor.list_categories() for one in page]
    assert pairs == [("7161", "7160"), ("7161", "9457")]


def test_an_empty_catalogue_is_passed_on_as_empty(vendor, answers):
    answers["ListProducts"] = success(Data=[])
    assert list(vendor.list_products()) == [[]]
    assert list(vendor.list_categories()) == []
    assert list(vendor.list_sources()) == []


def test_a_directory_that_lost_its_list_is_a_broken_contract(vendor, answers):
    answers["ListProducts"] = success(Data=[{"DirectoryName": "d"}])
    with pytest.raises(ContractError, match=r"field Data\[0\].ProductList is missing"):
        list(vendor.list_products())


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, {"Success": True}, None),
        (200, {"Success": "true"}, None),
        (200, {"Success": "True", "Message": "error", "Code": 500}, None),
        (500, {"Success": True}, RejectedError),
        (200, {"Success": False}, RejectedError),
        (200, {"Success": "false", "Code": 200}, RejectedError),
        (200, {"Success": None, "Code": 0}, RejectedError),
        (200, {"Success": 1, "Code": 0}, RejectedError),
        (200, {"Data": []}, ContractError),
        (200, {}, ContractError),
        (200, {"Success": False, "Message": "系统繁忙，请稍后再试"}, UnavailableError),
        (200, {"Success": False, "Message": "工单不存在", "Code": 404}, NotFoundError),
        (200, {"Success": False, "Message": "The ticket does not exist."}, NotFoundError),
        (200, {"Success": False, "Message": "ticket 0005PYGCW not found"}, NotFoundError),
        (200, {"Success": False, "Message": "用户不存在"}, RejectedError),
        (200, {"Success": False, "Message": "无权查看工单"}, RejectedError),
        (200, {"Success": False, "Message": "user not found"}, RejectedError),
        (200, {"Code": "Throttling.User", "Message": "ticket not found"}, RateLimitError),
        (400, {"Code": "Throttling.User"}, RateLimitError),
        (400, {"Code": "Throttling"}, RateLimitError),
        (429, {"Code": "Throttling.Api"}, RateLimitError),
        (500, {"Code": "System.error"}, UnavailableError),
        (500, {"Code": "InternalError"}, UnavailableError),
        (500, {"Code": "UnknownError"}, UnavailableError),
        (503, {"Code": "ServiceUnavailable"}, UnavailableError),
        (400, {"Code": "SignatureNonceUsed"}, UnavailableError),
        (400, {"Code": "InvalidTimeStamp.Expired"}, AuthError),
        (400, {"Code": "InvalidTimeStamp.Format"}, AuthError),
        (400, {"Code": "SignatureDoesNotMatch"}, AuthError),
        (400, {"Code": "IncompleteSignature"}, AuthError),
        (404, {"Code": "InvalidAccessKeyId.NotFound"}, AuthError),
        (400, {"Code": "InvalidAccessKeyId.Inactive"}, AuthError),
        (401, {"Code": "illegal.auth"}, AuthError),
        (403, {"Code": "No permissions"}, AuthError),
        (403, {"Code": "NoPermission"}, AuthError),
        (403, {"Code": "Forbidden.RAM"}, AuthError),
        (400, {"Code": "MissingPageNumber"}, RejectedError),
        (400, {"Code": "illegal.param"}, RejectedError),
        (400, {"Code": "param.illegal"}, RejectedError),
        (404, {"Code": "InvalidApi.NotFound", "Message": "ticket not found"}, RejectedError),
        (404, {"Code": "InvalidProduct.NotFound"}, RejectedError),
        (404, {"Code": "InvalidVersion"}, RejectedError),
        (400, {"Code": "Never.Heard.Of"}, RejectedError),
    ],
)
def test_every_answer_says_who_must_act(status, body, error):
    assert classify(status, {}, body).error is error


def test_every_line_of_the_error_table_is_a_kind_of_vendor_error():
    assert all(issubclass(error, VendorError) for error in alibaba.ERRORS.values())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-acs-retry-after": "1500"}, 1.5),
        ({"x-acs-retry-after": "0"}, None),
        ({"x-acs-retry-after": "-5"}, None),
        ({"x-acs-retry-after": "soon"}, None),
        ({"x-ratelimit-user-api": "Limit:5,Remain:0,TimeLeft:2500"}, 2.5),
        ({"x-ratelimit-user": "Limit:5,TimeLeft:700"}, 0.7),
        ({"x-acs-retry-after": "100", "x-ratelimit-user": "TimeLeft:700"}, 0.1),
        ({"x-ratelimit-user": "Limit:5"}, None),
        ({}, None),
    ],
)
def test_the_vendors_hint_is_in_milliseconds(headers, seconds):
    assert classify(400, headers, {"Code": "Throttling"}).retry_after == seconds


def test_the_text_that_was_signed_does_not_reach_a_log(vendor, caplog, answers):
    text = "Specified signature is not matched with our calculation. server string to sign is:"
    echo = f"{text}ACS3-HMAC-SHA256\n{'0f' * 32}\nPOST&%2F&Keyword%3Dprivate"
    answers["GetTicket"] = {
        "Success": False,
        "Code": "SignatureDoesNotMatch",
        "Message": echo,
    }
    with caplog.at_level(logging.DEBUG), pytest.raises(AuthError) as caught:
        read(vendor)
    for said in (str(caught.value), caplog.text):
        assert not [word for word in ("private", "0f0f", "ACS3-HMAC", "POST&") if word in said]
    assert "not matched with our calculation" in str(caught.value)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("", "workorder.aliyuncs.com"),
        ("cn-hangzhou", "workorder.aliyuncs.com"),
        ("cn-shanghai-finance-1", "workorder.aliyuncs.com"),
        ("ap-southeast-1", "workorder.ap-southeast-1.aliyuncs.com"),
        ("ap-northeast-1", "workorder.ap-northeast-1.aliyuncs.com"),
        ("us-west-1", "workorder.aliyuncs.com"),
    ],
)
def test_the_region_chooses_a_host_from_a_list(region, host):
    assert host_of(region) == f"https://{host}"


@pytest.mark.parametrize(
    "region",
    [
        *["evil.com/", "x@127.0.0.1", "127.0.0.1", "169.254.169.254", "[::1]", "a.b#", "..", "/"],
        *["ap-southeast-1\n", "ap-southeast-1\r\nHost: evil", "ap-southeast-1.evil.com", "a b"],
        *["ap-southeast-1/", "ap-southeast-1?", "ap-southeast-1#", "ap-southeast-1@evil.com"],
        *[
            "ap－southeast－1",
            "ap-southeast-1。evil。com",
            "AP-SOUTHEAST-1",
            "hangzhou",
            "-",
            "cn-",
        ],
        *["cn--hangzhou", "cn-hangzhou-", "http://evil.com", "//evil.com", "%2e%2e", "cn-" * 99],
        *["cn-hangzhou\x00", "localhost", "cn_hangzhou", "\u202ecn-hangzhou"],
    ],
)
def test_a_region_that_is_none_is_refused_before_a_socket_is_opened(region, port):
    """Although the host is overridden: what stands in the table is looked at all the same."""
    with pytest.raises(ConfigError, match="is no region") as caught:
        alibaba.AlibabaClient(
            Sessions(
                Account("7", "alibaba", "key", "secret", region),
                RateLimit(1),
                "",
                utcnow,
                time.sleep,
            ),
            Settings(vendors=(AlibabaSettings(base_url=port.url),)),
        )
    assert str(caught.value).isprintable()
    assert port.requests == []
