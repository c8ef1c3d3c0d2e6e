"""Why a host cannot be reached, from the errors of real sockets."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from include.errors import UnavailableError
from include.hosts import Barrier, barrier_of, doubt, explain
from include.work.verdicts.turns import way_to_test


def test_a_name_that_nobody_knows_and_a_port_at_which_nobody_listens_are_told_apart():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(socket.gaierror) as unknown:
        socket.create_connection(("db.invalid", 1))
    with pytest.raises(ConnectionRefusedError) as refused:
        socket.create_connection(("127.0.0.1", port))
    assert barrier_of(unknown.value) is Barrier.UNKNOWN
    assert barrier_of(refused.value) is Barrier.REFUSED


@pytest.mark.parametrize(
    ("error", "barrier"),
    [
        (TimeoutError("timed out"), Barrier.SILENT),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Barrier.NO_WAY),
        (ConnectionResetError(errno.ECONNRESET, "reset"), None),
        (ValueError("no socket's"), None),
    ],
)
def test_what_was_reached_is_another_story(error, barrier):
    assert barrier_of(error) is barrier


def test_the_words_name_host_and_port():
    told = explain(Barrier.SILENT, "db", 3306, seconds=10)
    assert told == "db:3306: no answer within 10 s: a firewall may drop what we send"


@pytest.mark.parametrize("barrier", Barrier)
def test_what_tests_the_way_follows_from_the_words(barrier):
    told = str(UnavailableError(explain(barrier, "db", 3306, seconds=10), vendor="warehouse"))
    test = "getent hosts db" if barrier is Barrier.UNKNOWN else "curl -v telnet://db:3306"
    assert f"`{test}`" in way_to_test(told)
    assert "`WAREHOUSE_URL`" in way_to_test(told)


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (10, "renew the server's certificate"),
        (64, "write a host that it names into URL"),
        (18, "correct CA, the file of the authority"),
    ],
)
def test_a_certificate_is_doubted_by_what_is_wrong_with_it(code, step):
    error = ssl.SSLCertVerificationError()
    error.verify_code = code
    assert step in doubt(error, "URL", "CA")
