"""One API call against a port that misbehaves. Nothing sleeps: the clock is the test's."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import time
import tracemalloc
from datetime import timedelta
from email.utils import format_datetime

import pytest

from include.errors import (
    AuthError,
    ContractError,
    NotFoundError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    VendorError,
)
from include.models import Account
from include.vendors import answers, http
from include.vendors.answers import ask_in_bounds
from include.vendors.http import ApiSession, Classified, error_class
from include.vendors.rate import RateLimit
from tests.vendors.wire import Wire, answer, head, reset_after, send, silence, trickle

ACCOUNT = Account("7", "acme", "AKIDcanary0001", "secretCanary/0001+x=")
TABLE = {
    "Throttling": RateLimitError,
    "Throttling.Forever": RejectedError,
    "Wrong": AuthError,
    "Gone": NotFoundError,
    "Busy": UnavailableError,
}
HALF = b'{"tickets": [{"title": "a title that gets c'


class Seal:
    """Signs with a number that is used once."""

    def __init__(self):
        self.numbers = itertools.count(1)

    def __call__(self, request):
        request.headers["x-nonce"] = str(next(self.numbers))


def classify(status, headers, body):
    code = body.get("error", "")
    return Classified(
        error_class(TABLE, code) if code else None,
        code,
        body.get("message", ""),
        body.get("id", ""),
        body.get("wait"),
    )


@pytest.fixture
def api(clock):
    """Opens a session of one account; closes all of them."""
    opened = []

    def open_session(url, proxy=""):
        rate = RateLimit(1000, monotonic=clock.monotonic, sleep=clock.sleep)
        times = {"now": clock.now, "sleep": clock.sleep}
        session = ApiSession(ACCOUNT, url, Seal(), classify, rate, proxy=proxy, **times)
        opened.append(session)
        return session

    yield open_session
    for session in opened:
        session.close()


def outcome(session, **call):
    """The answer's object, or the error."""
    try:
        return session.call("Read", "POST", **call).value
    except VendorError as error:
        return error


def failing(code, status=200, **more):
    return answer(json.dumps({"error": code} | more).encode(), status)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(failing("Throttling", 429), id="W2 throttled"),
        pytest.param(answer(b"slow down", 429), id="W2 throttled without JSON"),
        pytest.param(answer(b'{"ok": 1}', 500), id="W4 500 with JSON that looks right"),
        pytest.param(answer(b"<html>", 502, Content_Type="text/html"), id="W4 502 with HTML"),
        pytest.param(answer(b"", 503), id="W4 503 with nothing"),
        pytest.param(failing("NeverHeardOf", 504), id="W4 504 with a code nobody knows"),
        pytest.param(answer(b"", 408), id="408"),
        pytest.param(failing("Busy"), id="W10 a passing error under 200"),
        pytest.param(send(b""), id="W5 closed before the answer"),
        pytest.param(reset_after(b""), id="W5 reset before the answer"),
        pytest.param(reset_after(head(Content_Length="99") + HALF), id="W6 reset in mid-body"),
        pytest.param(send(head(Content_Length="99") + HALF), id="W7 ends early, length announced"),
        pytest.param(send(head(Connection="close") + HALF), id="W7 ends early, no length"),
        pytest.param(send(head(Transfer_Encoding="chunked") + b"9\r\n{"), id="W7 cut chunk"),
        pytest.param(send(head(Transfer_Encoding="chunked") + b"xyz\r\n"), id="broken chunk"),
        pytest.param(send(head(Transfer_Encoding="chunked") + b"-9\r\n{"), id="negative chunk"),
        pytest.param(send(b"HTTP/1.1 200 OK\r\nContent-Le"), id="ends in the headers"),
        pytest.param(send(b"SSH-2.0-OpenSSH\r\n"), id="another protocol"),
        pytest.param(answer(HALF), id="W8 cut JSON, length right"),
        pytest.param(answer(b'{"ok": NaN}'), id="W8 not a JSON number"),
        pytest.param(answer(b"[" * 100_000), id="W8 nested without end"),
        pytest.param(answer(b"", 200), id="W9 empty"),
        pytest.param(answer(b"<html>log in"), id="W9 HTML"),
        pytest.param(answer(b"[]"), id="W9 a list"),
        pytest.param(answer(b"\x1f\x8b broken", Content_Encoding="gzip"), id="broken compression"),
    ],
)
@pytest.mark.parametrize("times", [1, 4])
def test_a_passing_fault_is_tried_again_and_signed_anew(api, clock, fault, times):
    with Wire(*[fault] * times, answer()) as wire:
        session = api(wire.url)
        assert outcome(session) == {"ok": 1}
        assert session.calls == len(wire.requests) == times + 1
        assert len(set(wire.headers("x-nonce"))) == times + 1
        assert sum(clock.slept) > 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(failing("Throttling"), RateLimitError, id="W2 throttled"),
        pytest.param(answer(b"", 500), UnavailableError, id="W4 500"),
        pytest.param(reset_after(b""), UnavailableError, id="W5 reset"),
        pytest.param(send(head(Connection="close") + HALF), UnavailableError, id="W7 ends early"),
        pytest.param(answer(HALF), ContractError, id="W8 cut JSON"),
        pytest.param(answer(b'{"ok": 1'), ContractError, id="W8 the last byte is missing"),
        pytest.param(answer(b""), ContractError, id="W9 empty"),
        pytest.param(answer(b'"text"'), ContractError, id="W9 a text"),
        pytest.param(answer(b"3"), ContractError, id="W9 a number"),
    ],
)
def test_a_lasting_fault_ends_after_five_attempts(api, fault, error):
    with Wire(fault) as wire:
        session = api(wire.url)
        result = outcome(session)
        assert type(result) is error or type(result).__bases__ == (error,)
        assert session.calls == len(wire.requests) == 5


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(failing("NeverHeardOf"), RejectedError, id="W10 unknown code"),
        pytest.param(failing("Throttling.Forever"), RejectedError, id="the longest prefix wins"),
        pytest.param(failing("Wrong", 403), AuthError, id="wrong key"),
        pytest.param(failing("Gone", 404), NotFoundError, id="not found"),
        pytest.param(answer(b"<html>", 404), RejectedError, id="404 with HTML"),
        pytest.param(send(head(401) + b"<html>"), RejectedError, id="401, HTML without a length"),
        pytest.param(answer(b'{"ok": 1}', 201), ContractError, id="another success"),
        pytest.param(answer(b"x", 302, Location="http://127.0.0.1:9/"), ContractError, id="302"),
    ],
)
def test_a_final_answer_costs_one_call(api, fault, error):
    with Wire(fault) as wire:
        session = api(wire.url)
        assert type(outcome(session)) is error
        assert session.calls == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "http://no-such-host.invalid"])
def test_w5_a_host_that_cannot_be_reached_is_unavailable(api, url):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    session = api(url.format(port=port))
    assert type(outcome(session)) is UnavailableError
    assert session.calls == 5


@pytest.mark.parametrize(
    ("url", "proxy", "told"),
    [
        ("http://127.0.0.1:9", "", "127.0.0.1:9: the connection is refused"),
        (
            "https://no-such-host.invalid",
            "",
            "no-such-host.invalid:443: the name",
        ),
        (
            "https://vendor.invalid",
            "http://127.0.0.1:9",
            "vendor.invalid:443 through the proxy 127.0.0.1:9: the connection is refused",
        ),
        (
            "http://vendor.invalid",
            "http://user:a-password@no-proxy.invalid:3128",
            "vendor.invalid:80 through the proxy no-proxy.invalid:3128: the name",
        ),
    ],
)
def test_who_cannot_be_reached_is_named_and_so_is_the_proxy(api, url, proxy, told):
    error = outcome(api(url, proxy))
    assert type(error) is UnavailableError
    assert told in str(error)
    assert "a-password" not in str(error)


def an_hour_later(clock):
    return format_datetime(clock.now() + timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (lambda clock: answer(b"", 429, Retry_After="17"), 17),
        (lambda clock: failing("Throttling", wait=0.75), 0.75),
        (lambda clock: answer(b"", 429, Retry_After="117"), 117),
        (lambda clock: answer(b"", 429, Retry_After="soon"), None),
        (lambda clock: answer(b"", 429, Retry_After="\xb2"), None),
        (lambda clock: answer(b"", 429, Retry_After="-5"), None),
    ],
)
def test_w1_the_wait_that_was_asked_for_is_kept(api, clock, fault, seconds):
    with Wire(fault(clock), answer()) as wire:
        session, begun = api(wire.url), clock.monotonic()
        assert outcome(session) == {"ok": 1}
        waited = clock.monotonic() - begun
        if seconds is None:
            assert waited < 2
        else:
            assert seconds <= waited < seconds + 2


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (lambda clock: failing("Throttling", wait=9_999), 9_999),
        (lambda clock: answer(b"", 429, Retry_After="121"), 121),
        (lambda clock: answer(b"", 429, Retry_After="9" * 400), float("inf")),
        (lambda clock: answer(b"", 429, Retry_After=an_hour_later(clock)), 3_600),
    ],
)
def test_w1_a_longer_wait_than_we_wait_ends_the_call_at_once_and_is_told(api, clock, fault, hint):
    with Wire(fault(clock), answer()) as wire:
        session, begun = api(wire.url), clock.monotonic()
        error = outcome(session)
        assert type(error) is RateLimitError
        assert error.retry_after == pytest.approx(hint, abs=2)
        assert f"asks for a rest of {error.retry_after:g} s" in str(error)
        assert (session.calls, len(wire.requests)) == (1, 1)
        outcome(session)  # nor does the next call sleep the hint out
        assert clock.monotonic() - begun < 3


def test_w1_the_waits_of_one_call_have_an_end_together(api, clock):
    with Wire(answer(b"", 429, Retry_After="50")) as wire:
        session, begun = api(wire.url), clock.monotonic()
        error = outcome(session)
        assert type(error) is RateLimitError
        assert error.retry_after == 50
        assert session.calls == 3
        assert 100 <= clock.monotonic() - begun <= http.WAIT_SECONDS


def test_w1_a_date_is_read_by_the_vendors_clock(api, clock):
    """Ours may be wrong: the difference of the two headers counts."""
    begun = clock.now() + timedelta(hours=5)
    fault = answer(
        b"",
        429,
        Date=format_datetime(begun, usegmt=True),
        Retry_After=format_datetime(begun + timedelta(seconds=30), usegmt=True),
    )
    with Wire(fault, answer()) as wire:
        before = clock.monotonic()
        assert outcome(api(wire.url)) == {"ok": 1}
        assert 30 <= clock.monotonic() - before < 32


def test_w12_an_answer_that_never_starts_is_tried_again(api, monkeypatch):
    monkeypatch.setattr(http, "READ_SECONDS", 0.1)
    with Wire(silence, answer()) as wire:
        session = api(wire.url)
        assert outcome(session) == {"ok": 1}
        assert session.calls == 2


def test_w12_who_is_reached_and_never_answers_is_named(api, monkeypatch):
    monkeypatch.setattr(http, "READ_SECONDS", 0.1)
    with Wire(silence) as wire:
        where = wire.url.removeprefix("http://")
        assert f"acme Read: {where}: there, but no answer came" in str(outcome(api(wire.url)))


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(trickle(head(Content_Length="99999"), itertools.repeat(b" ", 300)), id="body"),
        pytest.param(trickle(head(), itertools.repeat(b" ", 300)), id="body without a length"),
        pytest.param(
            trickle(head(Transfer_Encoding="chunked"), itertools.repeat(b"1\r\n \r\n", 300)),
            id="chunks",
        ),
        pytest.param(trickle(b"", itertools.repeat(b"H", 300)), id="status line"),
        pytest.param(
            trickle(b"HTTP/1.1 200 OK\r\nx-a: ", itertools.repeat(b"b", 300)), id="header"
        ),
        pytest.param(
            trickle(b"HTTP/1.1 302 OK\r\nLocation: /\r\n\r\n", itertools.repeat(b"b", 300)),
            id="body of a redirect",
        ),
    ],
)
def test_w13_a_trickle_ends_at_the_limit_of_the_whole_call(api, monkeypatch, act):
    monkeypatch.setattr(http, "CALL_SECONDS", 0.3)
    with Wire(act) as wire:
        session, begun = api(wire.url), time.monotonic()
        result = outcome(session)
        assert isinstance(result, UnavailableError)
        assert "no complete answer within" in str(result)
        assert time.monotonic() - begun < 2
        assert session.calls == 1


def test_w13_the_limit_counts_all_attempts_together(api, monkeypatch):
    monkeypatch.setattr(http, "READ_SECONDS", 0.2)
    monkeypatch.setattr(http, "CALL_SECONDS", 0.5)
    with Wire(silence) as wire:
        session = api(wire.url)
        assert "no complete answer within 0.5 s" in str(outcome(session))
        assert session.calls == 3


@pytest.mark.parametrize("kind", ["plain", "packed", "redirect"])
def test_w14_an_answer_that_is_too_large_is_given_up_at_the_limit(api, monkeypatch, kind):
    monkeypatch.setattr(answers, "BODY_BYTES", 2**20)
    if kind == "packed":
        act = answer(gzip.compress(b" " * (64 * 2**20)), Content_Encoding="gzip")
    else:
        start = head(302, Location="/") if kind == "redirect" else head()
        act = trickle(start, itertools.repeat(b" " * 2**16, 999), seconds=0)
    with Wire(act) as wire:
        session = api(wire.url)
        tracemalloc.start()
        result = outcome(session)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert isinstance(result, ContractError)
    assert "larger than 1 MiB" in str(result)
    assert peak < 8 * 2**20
    assert session.calls == 1


def test_an_answer_of_more_than_a_mebibyte_is_dropped_and_asked_for_alone(api):
    body = json.dumps({"text": "x" * 2**20}).encode()
    with Wire(answer(body)) as wire:
        session = api(wire.url)
        assert ask_in_bounds(lambda: session.call("List", "GET")).value["text"] == "x" * 2**20
        assert session.calls == 2
        assert session.call("List", "GET").value
        assert session.calls == 3


PACKED = gzip.compress(b'{"ok": 1}')
CHUNKED_HEAD = head(Content_Encoding="gzip", Transfer_Encoding="chunked")


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(answer(PACKED, Content_Encoding="gzip"), id="with a length"),
        pytest.param(send(head(Content_Encoding="gzip") + PACKED), id="without one"),
        pytest.param(
            send(CHUNKED_HEAD + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED)),
            id="in chunks",
        ),
    ],
)
def test_a_packed_answer_is_unpacked(api, act):
    with Wire(act) as wire:
        assert outcome(api(wire.url)) == {"ok": 1}
        assert wire.headers("accept-encoding") == ["gzip, deflate"]


TEXT = '{"text": "工单 🙂 𠮷"}'
CHINESE = '{"text": "工单"}'


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (TEXT.encode(), "application/json", "工单 🙂 𠮷"),
        (TEXT.encode(), "application/json; charset=UTF-8", "工单 🙂 𠮷"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "application/json", "工单 🙂 𠮷"),
        (CHINESE.encode("gbk"), "application/json;charset=gbk", "工单"),
        (CHINESE.encode("gbk"), 'application/json; charset="GBK"', "工单"),
        (CHINESE.encode("gbk"), "application/json", None),
        (CHINESE.encode(), "application/json;charset=no-such-thing", None),
        (CHINESE.encode(), "application/json;charset=rot13", None),
        (CHINESE.encode(), "application/json;charset=ascii", None),
    ],
)
def test_w15_text_is_read_as_declared_or_not_at_all(api, body, content_type, text):
    with Wire(answer(body, Content_Type=content_type)) as wire:
        result = outcome(api(wire.url))
        if text is None:
            assert isinstance(result, ContractError)
        else:
            assert result == {"text": text}


def test_w16_a_connection_closed_between_two_calls_goes_unnoticed(api):
    with Wire(answer(close=True)) as wire:
        session = api(wire.url)
        for _ in range(4):
            assert outcome(session) == {"ok": 1}
        # An attempt may have met the end of the old connection, which the port does not see.
        assert len(set(wire.headers("x-nonce"))) == len(wire.requests) == 4 <= session.calls


def test_a_connection_is_used_again(api):
    with Wire(answer()) as wire:
        session = api(wire.url)
        for _ in range(4):
            assert outcome(session) == {"ok": 1}
        assert wire.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_w17_a_redirect_is_never_followed(api, status):
    with Wire(answer()) as elsewhere:
        act = answer(b"moved", status, Location=f"{elsewhere.url}/catch")
        with Wire(act) as wire:
            session = api(wire.url)
            assert isinstance(outcome(session, form={"a": "b"}), ContractError)
            assert session.calls == 1
        assert elsewhere.requests == []
        assert elsewhere.connections == 0


@pytest.mark.parametrize(("hours", "side"), [(2, "ahead of"), (-2, "behind")])
def test_w18_a_refused_signature_tells_how_wrong_our_clock_is(api, clock, hours, side):
    theirs = format_datetime(clock.now() - timedelta(hours=hours), usegmt=True)
    body = json.dumps({"error": "Wrong", "message": "expired"}).encode()
    with Wire(answer(body, 400, Date=theirs)) as wire:
        result = outcome(api(wire.url))
        assert isinstance(result, AuthError)
        assert f"clock is 7200 s {side} the vendor's" in str(result)


def test_a_refused_signature_says_nothing_about_clocks_that_agree(api, clock):
    theirs = format_datetime(clock.now(), usegmt=True)
    with Wire(answer(b'{"error": "Wrong"}', 400, Date=theirs)) as wire:
        assert "clock" not in str(outcome(api(wire.url)))


def test_no_cookie_of_one_answer_goes_out_with_the_next(api):
    with Wire(answer(Set_Cookie="track=1; Path=/")) as wire:
        session = api(wire.url)
        for _ in range(2):
            assert outcome(session) == {"ok": 1}
        assert wire.headers("cookie") == []


def test_proxies_and_passwords_of_the_shell_are_ignored(api, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password something")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("NO_PROXY", "")
    with Wire(answer()) as proxy, Wire(answer()) as wire:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert outcome(api(wire.url)) == {"ok": 1}
        assert wire.headers("authorization") == []
        assert proxy.connections == 0


ECHO = (
    "Specified signature is not matched with our calculation. server string to sign is:"
    "POST&%2F&AccessKeyId%3Dabc%26Keyword%3Dprivate"
)


@pytest.mark.parametrize(
    ("message", "kept", "lost"),
    [
        (ECHO, "not matched with our calculation", ["private", "AccessKeyId", "POST"]),
        ("wrong, StringToSign: POST\n/\nprivate", "wrong,", ["private", "POST"]),
        ("wrong, canonical request is\nPOST\n/private", "wrong,", ["private", "POST"]),
        (f"got {'0a1B' * 16} instead", "got *** instead", ["0a1B"]),
        (f"key {ACCOUNT.access_key} is off", "key *** is off", []),
        (f"secret {ACCOUNT.secret_key} is off", "secret *** is off", []),
        ("two\r\nlines\x1b[31m\u202eback", "two", ["\n", "\r", "\x1b", "\u202e"]),
        ("long " * 500, "long", ["long " * 70]),
    ],
)
def test_a_vendors_words_are_made_fit_for_a_log(api, message, kept, lost):
    canaries = [ACCOUNT.access_key, ACCOUNT.secret_key]
    with Wire(failing("Wrong", 403, message=message)) as wire:
        result = outcome(api(wire.url))
    assert kept in str(result)
    for text in (str(result), repr(result)):
        assert [word for word in lost + canaries if word in text] == []


def test_a_page_instead_of_an_answer_is_shown_without_keys(api):
    page = f"<html>log in again, {ACCOUNT.access_key}".encode()
    with Wire(answer(page, Content_Type="text/html; charset=utf-8")) as wire:
        error = outcome(api(wire.url))
    assert error.cause == (
        "acme Read: the answer is a web page instead of JSON (text/html; charset=utf-8):"
        " <html>log in again, ***"
    )
    assert error.step.startswith(f"`curl -v {wire.url}` shows it")
    assert str(error) == f"{error.cause}; {error.step}"


def test_a_redirect_is_told_with_the_site_and_never_followed(api):
    where = "https://portal.example/login?token=canary"
    with Wire(answer(b"", 302, Location=where)) as wire:
        error = outcome(api(wire.url))
    assert type(error) is ContractError
    assert "a redirect to https://portal.example, which we never follow" in error.cause
    assert len(wire.requests) == 1


def test_who_is_tried_twice_is_tried_twice(clock):
    rate = RateLimit(1000, monotonic=clock.monotonic, sleep=clock.sleep)
    with Wire(answer(b"", 503)) as wire:
        session = ApiSession(
            ACCOUNT, wire.url, Seal(), classify, rate, attempts=2, now=clock.now, sleep=clock.sleep
        )
        assert type(outcome(session)) is UnavailableError
        session.close()
        assert session.calls == 2


@pytest.mark.parametrize("start", ["{", "[", '"', "\ufeff{", " \r\n["])
def test_the_beginning_of_damaged_json_is_not_shown(api, start):
    with Wire(answer(f"{start} my password is".encode())) as wire:
        assert "password" not in str(outcome(api(wire.url)))


def test_the_request_id_is_in_the_message(api):
    known = "8C2F6E3A-25C7-5C37-A1F1-0242AC120002"
    with Wire(failing("Gone", 404, id=known), failing("Gone", 404, id="x" * 64)) as wire:
        session = api(wire.url)
        assert f"(request {known})" in str(outcome(session))
        assert "(request ***)" in str(outcome(session))


def test_query_form_and_payload_go_out_as_given(api):
    with Wire(answer()) as wire:
        session = api(wire.url + "/")
        session.call("Read", "GET", "/v2/a", params={"q": "工 单"}, headers={"x-b": "c"})
        session.call("Read", "POST", form={"a": "1 2"})
        session.call("Read", "POST", payload={"text": "工单"})
        get, form, payload = wire.requests
        assert get.startswith(b"GET /v2/a?q=%E5%B7%A5+%E5%8D%95 HTTP/1.1\r\n")
        assert b"x-b: c" in get
        assert form.endswith(b"\r\n\r\na=1+2")
        assert payload.endswith('\r\n\r\n{"text":"工单"}'.encode())
