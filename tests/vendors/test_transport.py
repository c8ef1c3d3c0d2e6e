"""What goes out, to a vendor and to a proxy, byte by byte."""

from __future__ import annotations

import base64
from contextlib import closing

import pytest
from urllib3.exceptions import HTTPError

from include.vendors.request import HttpRequest
from include.vendors.transport import HEADERS, Transport
from tests.vendors.wire import Wire, answer, send

BODY = '{"text":"工单"}'.encode()


def visit(url, proxy="", body=b""):
    with closing(Transport(url, proxy)) as transport:
        headers = {**HEADERS, "Host": transport.host}
        request = HttpRequest("POST", transport.host, f"{transport.path}/a", "b=1", headers, body)
        return transport.send(request, {}, connect_seconds=5, read_seconds=5)


def test_a_request_bears_its_headers_its_length_and_nothing_else():
    with Wire(answer()) as wire:
        assert visit(f"{wire.url}/v1/", body=BODY).body == b'{"ok": 1}'
        head, _, body = wire.requests[0].partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        assert line == "POST /v1/a?b=1 HTTP/1.1"
        said = {**HEADERS, "Host": wire.url.removeprefix("http://"), "Content-Length": len(BODY)}
        assert sorted(fields) == sorted(f"{name}: {value}" for name, value in said.items())
        assert body == BODY


def test_a_proxy_is_told_the_whole_address_and_who_we_are():
    with Wire(answer()) as proxy:
        visit("http://someone:secret@Vendor.invalid/v1", with_login(proxy))
        assert proxy.requests[0].startswith(b"POST http://vendor.invalid/v1/a?b=1 HTTP/1.1\r\n")
        assert proxy.headers("host") == ["vendor.invalid"]
        assert logins(proxy) == ["us@er:p:äw"]


def test_a_proxy_is_asked_for_a_way_through_and_told_who_we_are_alone():
    with Wire(send(b"HTTP/1.1 407 Who\r\n\r\n")) as proxy:
        with pytest.raises(HTTPError, match="407 Who"):
            visit("https://vendor.invalid", with_login(proxy))
        assert proxy.requests[0].startswith(b"CONNECT vendor.invalid:443 ")
        assert proxy.headers("user-agent") == []
        assert logins(proxy) == ["us@er:p:äw"]


def test_a_proxy_that_wants_no_login_gets_none():
    with Wire(answer()) as proxy:
        visit("http://vendor.invalid", proxy.url)
        assert logins(proxy) == []


def with_login(proxy):
    return proxy.url.replace("http://", "http://us%40er:p%3A%C3%A4w@")


def logins(proxy):
    said = proxy.headers("proxy-authorization")
    return [base64.b64decode(one.removeprefix("Basic ")).decode("latin-1") for one in said]
