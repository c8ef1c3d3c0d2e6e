"""Each fault does on the wire what its name says."""

from __future__ import annotations

import email.utils
import json
import socket
import threading
import time
from typing import Any

import pytest
import requests

from include.sandbox.vendors.fault_kinds import FAULTS

LIST: dict[str, tuple[str, dict[str, Any]]] = {
    "alibaba": ("ListTickets", {"PageNumber": "1", "PageSize": "10"}),
    "huawei": ("cases", {"limit": "10", "offset": "0"}),
    "tencent": ("GetMCTicketList", {"PageSize": 10, "Page": 1}),
}
vendors = pytest.mark.parametrize("vendor", LIST)


@pytest.fixture
def listing(ask):
    """The first page of tickets, or another."""

    def listed(vendor, page=1, timeout=10):
        action, params = LIST[vendor]
        number = {"alibaba": {"PageNumber": page}, "tencent": {"Page": page}}
        changed = number.get(vendor, {"offset": 10 * (page - 1)})
        return ask(vendor, action, params | changed, timeout=timeout)

    return listed


def rows(vendor, response):
    """The list and the stated total."""
    body = response.json()
    if vendor == "alibaba":
        return body.get("Data", "gone"), body.get("TotalCount")
    if vendor == "huawei":
        return body.get("incident_info_list", "gone"), body.get("total_count")
    data = body["Response"]["Data"]
    return data.get("Data", "gone"), data.get("Total")


def ids(vendor, response):
    name = "incident_id" if vendor == "huawei" else "TicketId"
    return [row[name] for row in rows(vendor, response)[0]]


def code(response):
    body = response.json()
    error = body.get("Response", {}).get("Error", {})
    return body.get("Code") or body.get("error_code") or error.get("Code")


def detail(ask, vendor, ticket_id):
    if vendor == "alibaba":
        return ask(vendor, "GetTicket", {"TicketId": ticket_id}).json()["Data"]
    if vendor == "huawei":
        return ask(vendor, f"cases/{ticket_id}").json()["incident_detail_info"]
    return ask(vendor, "GetMCTicketById", {"TicketId": ticket_id}).json()["Response"]["Data"]


def test_every_fault_tells_what_it_does():
    assert all(fault.run.__doc__ for fault in FAULTS.values())


# when and where


def test_a_fault_holds_for_one_call_unless_told(sandbox, listing):
    sandbox.faults.add("html_200")
    assert listing("huawei").text.startswith("<!doctype html>")
    assert len(rows("huawei", listing("huawei"))[0]) == 10
    assert sandbox.faults.list() == [{"name": "html_200", "times": 1, "seen": 2, "hits": 1}]


def test_a_fault_can_begin_late_and_hold_on(sandbox, listing):
    sandbox.faults.add("server_error", attempt=2, times=2)
    assert [listing("alibaba").status_code for _ in range(4)] == [200, 503, 503, 200]
    sandbox.faults.clear()
    sandbox.faults.add("server_error", times=None)
    assert [listing("alibaba").status_code for _ in range(3)] == [503] * 3
    sandbox.faults.clear()
    assert listing("alibaba").status_code == 200


def test_a_fault_hits_the_page_it_names(sandbox, listing):
    sandbox.faults.add("server_error", page=2, times=None)
    for vendor in LIST:
        refused = listing(vendor, page=2)
        assert refused.status_code == 503
        assert len(rows(vendor, listing(vendor, page=1))[0]) == 10


@pytest.mark.parametrize("by_key", [True, False])
def test_a_fault_hits_the_vendor_account_and_action_it_names(two, by_key):
    sandbox, ask = two
    account = sandbox.account("huawei", 1).access_key if by_key else 1
    sandbox.faults.add(
        "server_error", vendor="huawei", action="ListCases", account=account, times=None
    )
    assert ask("huawei", "cases", index=1).status_code == 503
    assert ask("huawei", "cases", index=0).status_code == 200
    assert ask("huawei", "config/problems", index=1).status_code == 200
    assert ask("tencent", "GetMCTicketList", index=1).status_code == 200


def test_list_faults_leave_other_calls_alone(sandbox, ask, listing):
    sandbox.faults.add("null_list", action=None)
    ticket_id = sandbox.store.tickets("alibaba", 0)[5].ticket_id
    assert detail(ask, "alibaba", ticket_id)["TicketId"] == ticket_id
    assert rows("alibaba", listing("alibaba"))[0] is None


# refusals


@vendors
def test_throttle_speaks_the_vendors_way(sandbox, listing, vendor):
    sandbox.faults.add("throttle")
    status, said = {
        "alibaba": (400, "Throttling.User"),
        "huawei": (429, "APIGW.0308"),
        "tencent": (200, "RequestLimitExceeded"),
    }[vendor]
    response = listing(vendor)
    assert (response.status_code, code(response)) == (status, said)
    assert not {"Retry-After", "x-acs-retry-after"} & response.headers.keys()
    sandbox.faults.add("throttle", hint=3, status=429)
    response = listing(vendor)
    assert response.status_code == 429
    if vendor == "alibaba":
        assert response.headers["x-acs-retry-after"] == "3000"
    else:
        assert response.headers["Retry-After"] == "3"


def test_throttle_can_name_a_date(sandbox, listing):
    sandbox.faults.add("throttle", hint=60, date=True)
    moment = email.utils.parsedate_to_datetime(listing("huawei").headers["Retry-After"])
    assert 50 < moment.timestamp() - time.time() < 70


@vendors
def test_server_error_comes_in_three_forms(sandbox, listing, vendor):
    for body, begins in (("json", "{"), ("html", "<html>"), ("empty", "")):
        sandbox.faults.add("server_error", status=500, body=body)
        response = listing(vendor)
        assert response.status_code == 500
        assert response.text.startswith(begins)
        assert bool(response.text) == bool(begins)


@vendors
def test_error_object_has_the_code_given(sandbox, listing, vendor):
    sandbox.faults.add("error_object", code="Invented.Code", message="so")
    response = listing(vendor)
    assert (response.status_code, code(response)) == (200, "Invented.Code")


@vendors
def test_not_found_hits_one_ticket(sandbox, ask, vendor):
    one, other = [case.ticket_id for case in sandbox.store.tickets(vendor, 0)][:2]
    sandbox.faults.add("not_found", ticket=one, times=None)
    assert detail(ask, vendor, other)
    with pytest.raises(KeyError):
        detail(ask, vendor, one)


def test_redirect_points_elsewhere(sandbox, listing):
    sandbox.faults.add("redirect", location="http://127.0.0.1:1/x", status=307)
    response = listing("tencent")
    assert (response.status_code, response.headers["Location"]) == (307, "http://127.0.0.1:1/x")


@vendors
def test_clock_skew_refuses_and_shows_the_vendors_time(sandbox, listing, vendor):
    sandbox.faults.add("clock_skew", seconds=7200)
    response = listing(vendor)
    assert code(response) in (
        "InvalidTimeStamp.Expired",
        "APIGW.0301",
        "AuthFailure.SignatureExpire",
    )
    date = email.utils.parsedate_to_datetime(response.headers["Date"]).timestamp()
    assert 7100 < date - time.time() < 7300


# broken answers


def test_bodies_can_be_empty_other_or_cut(sandbox, listing):
    sandbox.faults.add("empty_body")
    assert listing("alibaba").content == b""
    sandbox.faults.add("not_an_object", value=[1])
    assert listing("alibaba").json() == [1]
    sandbox.faults.add("cut_json", keep=0.9)
    response = listing("alibaba")
    assert int(response.headers["Content-Length"]) == len(response.content)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_the_charset_can_be_wrong(sandbox, listing):
    good = listing("huawei").json()["incident_info_list"]
    sandbox.faults.add("wrong_charset", declared=True)
    response = listing("huawei")
    assert json.loads(response.content.decode("gb18030"))["incident_info_list"] == good
    assert response.headers["Content-Type"].endswith("charset=gb18030")
    sandbox.faults.add("wrong_charset")
    with pytest.raises(UnicodeDecodeError):
        listing("huawei").content.decode()
    sandbox.faults.add("wrong_charset", bom=True)
    assert listing("huawei").content.startswith(b"\xef\xbb\xbf{")


# on the line


def test_early_end_announces_no_length(sandbox, listing):
    sandbox.faults.add("early_end")
    response = listing("tencent")
    assert "Content-Length" not in response.headers
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_reset_breaks_off_in_the_body_or_before(sandbox, listing):
    for before in (False, True):
        sandbox.faults.add("reset", before=before)
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            listing("alibaba")
    assert listing("alibaba").ok


def test_hang_never_begins(sandbox, listing):
    sandbox.faults.add("hang")
    with pytest.raises(requests.ReadTimeout):
        listing("huawei", timeout=0.2)


def test_trickle_sends_byte_by_byte(sandbox, ask):
    sandbox.faults.add("trickle", seconds=0.01)
    ticket_id = sandbox.store.tickets("huawei", 0)[0].ticket_id
    started = time.monotonic()
    response = ask("huawei", f"cases/{ticket_id}/status", timeout=0.2)
    assert time.monotonic() - started >= 0.01 * len(response.content)
    assert "status" in response.json()


def test_too_large_is_as_large_as_asked(sandbox, listing):
    sandbox.faults.add("too_large", mib=2)
    response = listing("alibaba")
    assert len(response.content) > 2 << 20
    assert len(response.json()["Data"]) == 10


def test_close_quietly_ends_a_connection_that_looked_alive(sandbox, ask):
    sent: list[requests.PreparedRequest] = []
    ask("huawei", "cases", {"limit": "1"}, tamper=sent.append)
    head = [f"GET {sent[0].path_url} HTTP/1.1", *map(": ".join, sent[0].headers.items()), "", ""]
    sandbox.faults.add("close_quietly")
    with socket.create_connection(sandbox._servers["huawei"].server_address) as line:
        line.sendall("\r\n".join(head).encode())
        received = b"".join(iter(lambda: line.recv(65_536), b""))
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.endswith(b"}")
    assert b"connection:" not in received.lower()


# what the answer says


@vendors
def test_lists_can_be_null_missing_empty_or_short(sandbox, listing, vendor):
    sandbox.faults.add("null_list")
    assert rows(vendor, listing(vendor)) == (None, 20)
    sandbox.faults.add("null_list", total=0)
    assert rows(vendor, listing(vendor)) == (None, 0)
    sandbox.faults.add("missing_list")
    assert rows(vendor, listing(vendor)) == ("gone", 20)
    sandbox.faults.add("empty_list")
    assert rows(vendor, listing(vendor)) == ([], 0)
    sandbox.faults.add("short_page", drop=4)
    page, total = rows(vendor, listing(vendor))
    assert (len(page), total) == (6, 20)
    sandbox.faults.add("small_pages", size=3)
    page, total = rows(vendor, listing(vendor))
    assert (len(page), total) == (3, 20)


@vendors
@pytest.mark.parametrize("total", [5, 10_000, -1, "20"])
def test_the_total_can_be_wrong(sandbox, listing, vendor, total):
    sandbox.faults.add("wrong_total", total=total)
    page, stated = rows(vendor, listing(vendor))
    assert (len(page), stated) == (10, total)
    sandbox.faults.add("wrong_total", drop=True)
    assert rows(vendor, listing(vendor))[1] is None


@vendors
def test_a_detail_can_be_poisoned(sandbox, ask, vendor):
    ticket_id = sandbox.store.tickets(vendor, 0)[3].ticket_id
    name = {"alibaba": "CreateTime", "huawei": "create_time", "tencent": "CreateTime"}[vendor]
    sandbox.faults.add("poison_detail", ticket=ticket_id, field=name)
    assert detail(ask, vendor, ticket_id)[name] == {"broken": True}
    sandbox.faults.add("poison_detail", ticket=ticket_id)
    assert detail(ask, vendor, ticket_id) is None


@vendors
def test_a_field_can_say_something_else(sandbox, ask, listing, vendor):
    name = {"alibaba": "Status.Value", "huawei": "status", "tencent": "StatusId"}[vendor]
    ticket_id = sandbox.store.tickets(vendor, 0)[3].ticket_id

    def value(row):
        return row["Status"].get("Value") if vendor == "alibaba" else row.get(name)

    sandbox.faults.add("set_field", field=name, value="新状态", times=2)
    assert {value(row) for row in rows(vendor, listing(vendor))[0]} == {"新状态"}
    assert value(detail(ask, vendor, ticket_id)) == "新状态"
    sandbox.faults.add("set_field", field=name, drop=True)
    assert value(detail(ask, vendor, ticket_id)) is None


@vendors
def test_the_order_can_be_another_every_time(sandbox, ask, vendor):
    action, params = LIST[vendor]
    size = {"limit": 20} if vendor == "huawei" else {"PageSize": 20}
    straight = ids(vendor, ask(vendor, action, params | size))
    sandbox.faults.add("any_order")
    crossed = [ids(vendor, ask(vendor, action, params | size)) for _ in range(2)]
    assert straight != crossed[0] != crossed[1]
    assert sorted(straight) == sorted(crossed[0]) == sorted(crossed[1])


@vendors
def test_a_ticket_vanishes_while_paging_and_the_rest_moves_up(sandbox, listing, vendor):
    before = ids(vendor, listing(vendor, 2))
    sandbox.faults.add("vanish_while_paging", page=1)
    first = listing(vendor, 1)
    assert rows(vendor, first)[1] == 20
    second = listing(vendor, 2)
    assert rows(vendor, second)[1] == 19
    assert ids(vendor, second) == before[1:]


@vendors
def test_tickets_appear_while_paging_and_rows_come_twice(sandbox, listing, vendor):
    sandbox.faults.add("insert_while_paging", rows=3, page=1)
    first, second = listing(vendor, 1), listing(vendor, 2)
    assert (rows(vendor, first)[1], rows(vendor, second)[1]) == (20, 23)
    assert len({*ids(vendor, first)} & {*ids(vendor, second)}) == 3


@vendors
def test_somebody_speaks_while_the_ticket_is_read(sandbox, ask, vendor):
    case = sandbox.store.ticket(sandbox.store.add_ticket(vendor, messages=2))
    sandbox.faults.add("speak_while_reading", ticket=case.ticket_id, messages=2, close=True)
    detail(ask, vendor, case.ticket_id)
    assert len(case.talks) == 4
    assert case.is_closed


# the limit and the log


def test_a_rate_limits_each_account_and_action(two):
    _, ask = two
    said = [ask("huawei", "cases").status_code for _ in range(3)]
    assert said == [200, 200, 429]
    assert ask("huawei", "config/problems").status_code == 200
    assert ask("huawei", "cases", index=1).status_code == 200
    assert code(ask("tencent", "GetMCTicketList")) is None


def test_calls_from_many_threads_are_all_counted(sandbox, listing):
    def work():
        for _ in range(10):
            listing("tencent")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sandbox.calls) == 40
    assert all(seen.status == 200 and seen.signature for seen in sandbox.calls)
