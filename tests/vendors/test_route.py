"""What broke the way to a vendor, told without a password."""

from __future__ import annotations

import socket
import ssl

import pytest
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError

from include.vendors.route import Route

DIRECT = Route("acme", "https://api.acme.example/v1")
PROXIED = Route("acme", "https://api.acme.example", "http://me:canary@proxy.example:3128")


def told(route, error):
    outer = RuntimeError("raised because of it")
    outer.__cause__ = error
    broken = route.explain(outer, seconds=5, scrub=lambda text: text.replace("KEY", "***"))
    return f"{broken.cause} -> {broken.step}"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "unknown"), "the name cannot be resolved"),
        (ConnectionRefusedError(111, "refused"), "the connection is refused"),
        (TimeoutError("timed out"), "no answer within 5 s"),
    ],
)
def test_host_port_and_proxy_are_named_without_whoever_uses_it(error, words):
    assert told(DIRECT, error).startswith(f"api.acme.example:443: {words}")
    through = "api.acme.example:443 through the proxy proxy.example:3128"
    assert told(PROXIED, error).startswith(f"{through}: {words}")


def test_a_proxy_that_wants_a_password_and_one_that_forbids_are_told_apart():
    tunnel = "Tunnel connection failed: "
    assert "VENDOR_PROXY=http://user:password@" in told(PROXIED, OSError(f"{tunnel}407 Who?"))
    forbidden = told(PROXIED, OSError(f"{tunnel}403 No"))
    assert "the proxy says 403 No" in forbidden
    assert "let api.acme.example:443 through" in forbidden


def test_a_certificate_that_is_not_believed_may_be_that_of_an_inspection():
    error = ssl.SSLCertVerificationError("failed")
    error.verify_message = "self-signed certificate in certificate chain"
    assert "TLS inspection? Have api.acme.example:443 excepted" in told(DIRECT, error)


def test_what_nobody_can_mend_from_here_is_told_in_its_own_words_without_keys():
    assert told(DIRECT, ConnectionResetError(104, "reset KEY")) == (
        "api.acme.example:443: ConnectionResetError: [Errno 104] reset *** -> "
    )


def test_a_page_instead_of_an_answer_may_be_another_address():
    assert "`curl -v https://api.acme.example` shows it" in DIRECT.step_for_a_page
    assert "ACME_…_URL" in DIRECT.step_for_a_page


def test_who_is_reached_and_says_nothing_is_not_behind_a_firewall():
    error = ReadTimeoutError(HTTPConnectionPool("acme"), "/", "Read timed out.")
    error.__cause__ = TimeoutError("timed out")
    assert told(DIRECT, error) == "api.acme.example:443: there, but no answer came in time -> "
