"""The deadline of a call where a read timeout would never fire: under TLS, through a proxy."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import itertools
import os
import socket
import ssl
import threading
import time
from contextlib import closing

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from urllib3.exceptions import HTTPError, SSLError

from include.vendors.deadline import Deadline
from include.vendors.request import HttpRequest
from include.vendors.transport import Transport
from tests.vendors.wire import Wire, answer, head, trickle

TIMEOUTS = {"connect_seconds": 5, "read_seconds": 5}


def read(transport):
    request = HttpRequest("GET", transport.host, "/", "", {})
    return transport.send(request, {}, **TIMEOUTS).body


@pytest.fixture
def certificate(tmp_path):
    """A file with a key and a certificate for 127.0.0.1, which is its own authority."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return str(file)


@contextlib.contextmanager
def secure_port(certificate, talk):
    """The URL of a TLS port at which ``talk(connection)`` serves one visitor."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve():
        plain, _ = listener.accept()
        try:
            with context.wrap_socket(plain, server_side=True) as connection:
                talk(connection)
        except OSError:
            plain.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@pytest.fixture
def secure_url(certificate):
    """A TLS port that begins an answer and then trickles."""
    stopped = threading.Event()

    def talk(connection):
        connection.recv(65536)
        connection.sendall(head())
        while not stopped.wait(0.02):
            connection.sendall(b" ")

    with secure_port(certificate, talk) as url:
        yield url
        stopped.set()


@pytest.fixture
def secure_proxy(certificate):
    """A proxy under TLS that lets one connection through."""

    def pass_on(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)

    def talk(ours):
        host, port = ours.recv(65536).split()[1].decode().split(":")
        with socket.create_connection((host, int(port))) as theirs:
            ours.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pass_on, args=(theirs, ours))
            back.start()
            pass_on(ours, theirs)
            theirs.shutdown(socket.SHUT_RDWR)
            back.join()

    with secure_port(certificate, talk) as url:
        yield url


def test_a_trickle_under_tls_within_the_tls_of_a_proxy_ends(secure_url, secure_proxy, certificate):
    transport = Transport(secure_url, secure_proxy, authorities=certificate)
    with closing(transport):
        begun = time.monotonic()
        with Deadline(0.3) as deadline, contextlib.suppress(HTTPError, OSError):
            read(transport)
        assert deadline.passed
        assert time.monotonic() - begun < 2


def test_a_trickle_under_tls_ends_at_the_deadline(secure_url, certificate):
    with closing(Transport(secure_url, authorities=certificate)) as transport:
        begun = time.monotonic()
        # Without a stated length, a body that is cut looks whole.
        with Deadline(0.3) as deadline, contextlib.suppress(HTTPError, OSError):
            read(transport)
        assert deadline.passed
        assert time.monotonic() - begun < 2


def test_a_certificate_nobody_vouches_for_is_refused(secure_url, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate)  # of the shell: ignored
    with closing(Transport(secure_url)) as transport, pytest.raises(SSLError):
        read(transport)


def test_a_trickle_through_a_proxy_ends_at_the_deadline():
    with (
        Wire(trickle(head(), itertools.repeat(b" ", 300))) as proxy,
        closing(Transport("http://vendor.invalid", proxy.url)) as transport,
    ):
        begun = time.monotonic()
        with Deadline(0.3) as deadline:
            read(transport)
        assert deadline.passed
        assert time.monotonic() - begun < 2
        assert proxy.requests[0].startswith(b"GET http://vendor.invalid/ ")


def test_a_deadline_that_passes_while_connecting_still_ends_the_call():
    drops = itertools.repeat(b" ", 300)
    with Wire(trickle(head(), drops)) as wire, closing(Transport(wire.url)) as transport:
        with Deadline(0) as deadline:
            time.sleep(0.05)
            begun = time.monotonic()
            with contextlib.suppress(HTTPError):
                read(transport)
            assert time.monotonic() - begun < 2
        assert deadline.passed


def test_a_deadline_that_was_kept_leaves_the_connection_alone():
    with Wire(answer()) as wire, closing(Transport(wire.url)) as transport:
        for _ in range(2):
            with Deadline(0.1) as deadline:
                assert read(transport) == b'{"ok": 1}'
            time.sleep(0.15)
            assert not deadline.passed
        assert wire.connections == 1


def test_a_forked_process_has_deadlines_of_its_own():
    with Deadline(60):
        child = os.fork()
        if child == 0:
            with Deadline(0.1) as deadline:
                time.sleep(1)
            os._exit(0 if deadline.passed else 1)
    assert os.waitpid(child, 0)[1] == 0
