"""What each vendor refuses, in its own words, and what it must accept."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import requests

from include.sandbox.vendors.alibaba import api as wire
from include.vendors.huawei import signature as huawei_signature
from include.vendors.tencent import signature as tencent_signature

LIST = {
    "alibaba": ("ListTickets", {"PageNumber": "1", "PageSize": "10"}),
    "huawei": ("cases", {"limit": "10"}),
    "tencent": ("GetMCTicketList", {"PageSize": 10}),
}


def error_of(vendor, response):
    """HTTP status and code of a refusal, after a look at the body's form."""
    body = response.json()
    if vendor == "alibaba":
        assert body["RequestId"]
        assert body["Message"]
        assert body["HostId"]
        return response.status_code, body["Code"]
    if vendor == "huawei":
        assert body["request_id"] == response.headers["X-Request-Id"]
        assert body["error_msg"].startswith("Incorrect IAM authentication information: ")
        return response.status_code, body["error_code"]
    assert body["Response"]["RequestId"]
    assert response.headers["Content-Type"] == "application/json"
    return response.status_code, body["Response"]["Error"]["Code"]


def total(vendor, response):
    assert response.status_code == 200, response.text
    body = response.json()
    if vendor == "tencent":
        return body["Response"]["Data"]["Total"]
    return body["TotalCount" if vendor == "alibaba" else "total_count"]


@pytest.mark.parametrize("vendor", LIST)
def test_a_good_signature_is_accepted(ask, vendor):
    assert total(vendor, ask(vendor, *LIST[vendor])) == 20


@pytest.mark.parametrize(
    ("vendor", "expected"),
    [
        ("alibaba", (400, "SignatureDoesNotMatch")),
        ("huawei", (401, "APIGW.0301")),
        ("tencent", (200, "AuthFailure.SignatureFailure")),
    ],
)
def test_a_wrong_secret_is_refused(ask, vendor, expected):
    assert error_of(vendor, ask(vendor, *LIST[vendor], secret="wrong")) == expected


@pytest.mark.parametrize(
    ("vendor", "expected"),
    [
        ("alibaba", (404, "InvalidAccessKeyId.NotFound")),
        ("huawei", (401, "APIGW.0301")),
        ("tencent", (200, "AuthFailure.SecretIdNotFound")),
    ],
)
def test_an_unknown_key_is_refused(ask, vendor, expected):
    assert error_of(vendor, ask(vendor, *LIST[vendor], key="nobody")) == expected


@pytest.mark.parametrize(
    ("vendor", "minutes", "expected"),
    [
        ("alibaba", 16, (400, "InvalidTimeStamp.Expired")),
        ("alibaba", -16, (400, "InvalidTimeStamp.Expired")),
        ("huawei", 16, (401, "APIGW.0301")),
        ("huawei", -16, (401, "APIGW.0301")),
        ("tencent", 6, (200, "AuthFailure.SignatureExpire")),
        ("tencent", -6, (200, "AuthFailure.SignatureExpire")),
    ],
)
def test_a_wrong_clock_is_refused(ask, vendor, minutes, expected):
    late = timedelta(minutes=minutes)
    assert error_of(vendor, ask(vendor, *LIST[vendor], late=late)) == expected


@pytest.mark.parametrize(
    ("vendor", "minutes"), [("alibaba", 14), ("huawei", -14), ("tencent", 4), ("tencent", -4)]
)
def test_a_slightly_wrong_clock_is_accepted(ask, vendor, minutes):
    late = timedelta(minutes=minutes)
    assert total(vendor, ask(vendor, *LIST[vendor], late=late)) == 20


def test_the_data_clock_has_no_part_in_it(ask, sandbox):
    sandbox.store.advance(timedelta(days=400))
    for vendor in LIST:
        assert total(vendor, ask(vendor, *LIST[vendor])) == 20


@pytest.mark.parametrize("vendor", ["alibaba", "tencent"])
def test_a_tampered_body_is_refused(ask, vendor):
    def tamper(request):
        request.body = request.body.replace(*(("1", "2") if vendor == "alibaba" else (b"1", b"2")))

    code = error_of(vendor, ask(vendor, *LIST[vendor], tamper=tamper))[1]
    assert code in ("SignatureDoesNotMatch", "AuthFailure.SignatureFailure")


@pytest.mark.parametrize(
    ("vendor", "header"),
    [
        ("alibaba", "x-acs-action"),
        ("alibaba", "x-acs-version"),
        ("huawei", "X-Time-Zone"),
        ("tencent", "X-TC-Action"),
        ("tencent", "Content-Type"),
    ],
)
def test_a_tampered_header_is_refused(ask, vendor, header):
    def tamper(request):
        request.headers[header] = request.headers.get(header, "") + "x"

    response = ask(vendor, *LIST[vendor], tamper=tamper)
    assert error_of(vendor, response)[1] in (
        "SignatureDoesNotMatch",
        "InvalidVersion",
        "APIGW.0301",
        "AuthFailure.SignatureFailure",
    )


def test_a_tampered_query_is_refused(ask):
    def tamper(request):
        request.url = request.url.replace("limit=10", "limit=11")

    assert error_of("huawei", ask("huawei", *LIST["huawei"], tamper=tamper))[0] == 401


@pytest.mark.parametrize(
    ("vendor", "header", "left_out"),
    [
        ("alibaba", "SignedHeaders=", "x-acs-signature-nonce;"),
        ("huawei", "SignedHeaders=", ";x-sdk-date"),
        ("tencent", "SignedHeaders=", "content-type;"),
    ],
)
def test_what_must_be_signed_must_be_signed(ask, vendor, header, left_out):
    def tamper(request):
        assert left_out in request.headers["Authorization"]
        request.headers["Authorization"] = request.headers["Authorization"].replace(left_out, "")

    code = error_of(vendor, ask(vendor, *LIST[vendor], tamper=tamper))[1]
    assert code in ("SignatureDoesNotMatch", "APIGW.0301", "AuthFailure.SignatureFailure")


@pytest.mark.parametrize(
    ("vendor", "code"),
    [
        ("alibaba", "MissingAccessKeyId"),
        ("huawei", "APIGW.0301"),
        ("tencent", "AuthFailure.InvalidAuthorization"),
    ],
)
def test_no_signature_is_refused(ask, vendor, code):
    def tamper(request):
        del request.headers["Authorization"]

    assert error_of(vendor, ask(vendor, *LIST[vendor], tamper=tamper))[1] == code


def test_alibaba_refuses_a_nonce_it_has_seen(ask, session):
    sent: list[requests.PreparedRequest] = []
    assert total("alibaba", ask("alibaba", *LIST["alibaba"], tamper=sent.append)) == 20
    assert error_of("alibaba", session.send(sent[0])) == (400, "SignatureNonceUsed")


@pytest.mark.parametrize("vendor", ["huawei", "tencent"])
def test_a_repeated_signature_is_refused_when_a_switch_asks_for_it(ask, session, sandbox, vendor):
    sent: list[requests.PreparedRequest] = []
    ask(vendor, *LIST[vendor], tamper=sent.append)
    assert total(vendor, session.send(sent[0])) == 20
    sandbox.faults.add("repeat_refused")
    assert total(vendor, session.send(sent[0])) == 20
    assert "SignatureRepeated" in session.send(sent[0]).text


def test_huawei_accepts_equal_names_in_either_order(ask, session, sandbox):
    account, url = sandbox.account("huawei"), sandbox.url("huawei")
    query = [("search_key", "问题"), ("search_key", "磁盘"), ("limit", "10")]
    moment = datetime.now(UTC).strftime(huawei_signature.DATE_FORMAT)
    headers = {"Host": url.removeprefix("http://"), "X-Sdk-Date": moment}
    canonical = huawei_signature.canonical_request(
        "GET", "/v2/servicerequest/cases", query, headers, headers, hashlib.sha256().hexdigest()
    )
    lines = canonical.split("\n")
    received = "&".join(urlencode([pair]) for pair in [query[2], *query[:2]])
    for signed in (canonical, "\n".join([*lines[:2], received, *lines[3:]])):
        text = huawei_signature.string_to_sign(signed, moment)
        seal = huawei_signature.signature(account.secret_key, text)
        headers["Authorization"] = huawei_signature.authorization(
            account.access_key, ["host", "x-sdk-date"], seal
        )
        response = session.get(
            f"{url}/v2/servicerequest/cases?{urlencode(query)}", headers=dict(headers)
        )
        assert total("huawei", response) == 0


def test_tencent_accepts_the_two_headers_that_its_own_client_signs(session, sandbox):
    account, url = sandbox.account("tencent"), sandbox.url("tencent")
    stamp = int(datetime.now(UTC).timestamp())
    headers = {"Host": url.removeprefix("http://"), "Content-Type": "application/json"}
    canonical = tencent_signature.canonical_request(
        "POST", "", headers, headers, hashlib.sha256(b"{}").hexdigest()
    )
    text = tencent_signature.string_to_sign(canonical, stamp)
    seal = tencent_signature.signature(account.secret_key, text, stamp)
    headers |= {
        "X-TC-Action": "GetMCTicketList",
        "X-TC-Version": "2023-01-04",
        "X-TC-Timestamp": str(stamp),
        "Authorization": tencent_signature.authorization(
            account.access_key, ["content-type", "host"], seal, stamp
        ),
    }
    assert total("tencent", session.post(f"{url}/", data=b"{}", headers=headers)) == 20


@pytest.fixture
def rpc(session, sandbox):
    """An RPC request to Alibaba; *wrong* replaces signed parameters afterwards."""
    count = iter(range(100))

    def asked(action, form=None, wrong=None, **params):
        account = sandbox.account("alibaba")
        params |= {
            "Action": action,
            "Version": "2021-06-10",
            "AccessKeyId": account.access_key,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": f"nonce {next(count)}",
            "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        text = wire.rpc_string_to_sign("POST", params | (form or {}))
        params["Signature"] = wire.rpc_signature(account.secret_key, text)
        return session.post(
            sandbox.url("alibaba") + "/", params=params | (wrong or {}), data=form or {}
        )

    return asked


def test_alibaba_accepts_the_rpc_signature(rpc):
    form = {"Keyword": "", "StatusList.1": "confirmed", "StatusList.2": "dealing"}
    response = rpc("ListTickets", form, Format="JSON", PageNumber="1", PageSize="10")
    assert 0 < total("alibaba", response) < 20
    refused = rpc("ListProducts", Format="JSON", Name="a b", wrong={"Name": "a+c"})
    assert error_of("alibaba", refused) == (400, "SignatureDoesNotMatch")


def test_alibaba_speaks_xml_to_an_rpc_request_without_a_format(rpc):
    good = rpc("ListTickets", PageNumber="1", PageSize="2")
    assert good.headers["Content-Type"] == "text/xml;charset=utf-8"
    assert good.text.startswith("<ListTicketsResponse>")
    assert good.text.count("<TicketId>") == 2
    bad = rpc("ListTickets", PageNumber="1", PageSize="2", wrong={"PageSize": "3"})
    assert bad.text.startswith("<Error>")
    assert "<Code>SignatureDoesNotMatch</Code>" in bad.text


def test_each_account_sees_its_own_tickets_only(two):
    sandbox, ask = two
    mine, other = ({case.ticket_id for case in sandbox.store.tickets("huawei", i)} for i in (0, 1))
    listed = ask("huawei", "cases", index=1).json()["incident_info_list"]
    assert {row["incident_id"] for row in listed} == other
    assert "OSM.01010015" in ask("huawei", f"cases/{min(mine)}", index=1).text
    assert ask("huawei", f"cases/{min(mine)}").json()["incident_detail_info"]
