"""Who cannot prove who he is learns nothing from us: vendors, the warehouse, the source."""

from __future__ import annotations

import dataclasses
import http.server
import re
import shutil
import ssl
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
import sqlalchemy as sa
from urllib3.exceptions import SSLError

from include.errors import ConfigError, UnavailableError
from include.sandbox.servers import databases, mysql, postgres, private
from include.source.postgres import SourceDatabase
from include.vendors.http import ApiSession, Classified
from include.vendors.rate import RateLimit
from include.vendors.request import HttpRequest
from include.vendors.transport import Transport
from include.warehouse.mysql import Warehouse
from tests.builders import an_account
from tests.security import certificates
from tests.security.certificates import BAD, HOST, KINDS
from tests.security.plain import plain_mysql
from tests.vendors.wire import Wire, tunnel

ROOT = Path(__file__).resolve().parents[2]
refused: set[tuple[str, str]] = set()

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason=f"{HOST} is this machine on Linux alone"
)


@pytest.fixture(scope="module")
def folder():
    """Where servers may look, also those that run as another user."""
    made = Path(tempfile.mkdtemp(prefix="osm-tls-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def ca(folder):
    return str(certificates.make(folder))


class _Answer(http.server.BaseHTTPRequestHandler):
    seen: ClassVar[list[str]] = []

    def do_GET(self):
        self.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A visitor who hangs up is what we test."""


@pytest.fixture
def vendor(folder, ca):
    """``vendor(kind)``: the URL of a vendor with such a certificate."""
    running = []

    def start(kind):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"{kind}.crt", folder / f"{kind}.key")
        server = _Server((HOST, 0), _Answer)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        running.append(server)
        return f"https://{HOST}:{server.server_port}"

    _Answer.seen.clear()
    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def warehouse(folder, ca):
    """``warehouse(kind)``: the URL of a database server that now has such a certificate."""
    if databases.find() is None:
        pytest.skip("no database server program here")
    base, shown = folder / "mysql", [folder / "shown.crt", folder / "shown.key"]

    def command(*arguments):
        return [
            *mysql.FAMILY.command(*arguments),
            *(f"--bind-address=127.0.0.1,{HOST}", f"--ssl-ca={ca}"),
            *(f"--ssl-cert={shown[0]}", f"--ssl-key={shown[1]}"),
        ]

    family = dataclasses.replace(mysql.FAMILY, command=command)
    show(folder, "good", shown)
    url = private.start(family, base, private.silent)
    database = databases.create_database(url, "osm_tls")

    def become(kind):
        show(folder, kind, shown)
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            maria = "MariaDB" in connection.exec_driver_sql("select version()").scalar_one()
            connection.exec_driver_sql("flush ssl" if maria else "alter instance reload tls")
        return sa.make_url(database).set(host=HOST).render_as_string(hide_password=False)

    yield become
    private.stop(family, base, forget=True)


@pytest.fixture(scope="module")
def source(folder, ca):
    """``source(kind)``: the URL of a PostgreSQL that now has such a certificate, or none."""
    if databases.find_source() is None:
        pytest.skip("no PostgreSQL here")
    base = folder / "postgres"

    def command(*arguments):
        return [
            *postgres.FAMILY.command(*arguments),
            "-c",
            f"listen_addresses=127.0.0.1,{HOST}",
        ]

    family = dataclasses.replace(postgres.FAMILY, command=command)
    url = private.start(family, base, private.silent)
    data = private.data_of(base)
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")

    def become(kind):
        if kind:
            show(folder, kind, [data / "server.crt", data / "server.key"], owner=data.owner())

        def run(statement):
            with engine.connect() as connection:
                return connection.exec_driver_sql(statement).scalar()

        before = run("select pg_conf_load_time()")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"alter system set ssl = {'on' if kind else 'off'}")
        assert run("select pg_reload_conf()")
        while run("select pg_conf_load_time()") == before:
            time.sleep(0.01)
        return sa.make_url(url).set(host=HOST).render_as_string(hide_password=False)

    yield become
    private.stop(family, base, forget=True)


def show(folder, kind, places, owner=None):
    """Put the certificate and its key where a server looks for them."""
    for suffix, place in zip((".crt", ".key"), places, strict=True):
        shutil.copyfile(folder / f"{kind}{suffix}", place)
        if owner:
            place.chmod(0o600)
            shutil.chown(place, owner)


def visit(url, ca, proxy=""):
    with closing(Transport(url, proxy, authorities=ca)) as transport:
        request = HttpRequest("GET", transport.host, "/", "", {})
        return transport.send(request, {}, connect_seconds=5, read_seconds=5)


@pytest.mark.parametrize("kind", BAD)
def test_a_vendor_with_a_bad_certificate_is_refused(vendor, ca, kind):
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        visit(vendor(kind), ca)
    assert _Answer.seen == []
    refused.add(("vendor", kind))


def test_a_vendor_with_a_good_certificate_is_answered(vendor, ca):
    assert visit(vendor("good"), ca).status == 200


@pytest.mark.parametrize("kind", BAD)
def test_a_proxy_vouches_for_no_vendor(vendor, ca, kind):
    with Wire(tunnel) as proxy, pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        visit(vendor(kind), ca, proxy.url)
    assert _Answer.seen == []


def test_a_vendor_behind_a_proxy_is_answered_under_tls(vendor, ca):
    with Wire(tunnel) as proxy:
        url = vendor("good")
        assert visit(url, ca, proxy.url).status == 200
        assert proxy.requests[0].startswith(f"CONNECT {url.removeprefix('https://')} ".encode())


def call(url, clock, proxy=""):
    """A call as it is made, which believes only what it brought along."""
    rate = RateLimit(99, monotonic=clock.monotonic, sleep=clock.sleep)
    api = ApiSession(
        an_account(),
        url,
        lambda request: None,
        lambda *_: Classified(),
        rate,
        proxy=proxy,
        sleep=clock.sleep,
    )
    with closing(api):
        api.call("List", "GET")


@pytest.mark.parametrize("kind", KINDS)
def test_an_authority_that_nobody_knows_vouches_for_no_vendor(vendor, kind, clock, monkeypatch, ca):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, ca)  # who runs us decides nothing either
    with pytest.raises(UnavailableError, match="certificate is not believed"):
        call(vendor(kind), clock)
    assert _Answer.seen == []


def test_a_certificate_that_is_not_believed_is_told_as_such_behind_a_proxy(vendor, clock):
    with Wire(tunnel) as proxy, pytest.raises(UnavailableError, match="is it TLS inspection"):
        call(vendor("good"), clock, proxy.url)


def ask(url, ca):
    with closing(Warehouse.open(url, ca=ca)) as opened:
        return opened.transact(lambda c: c.exec_driver_sql("show status like 'ssl_version'").one())


STEPS = {
    "self-signed": "correct {}_CA",
    "wrong-name": "write a host that (it|the certificate) names into {}_URL",
}
"""What to do about a bad certificate."""


@pytest.mark.parametrize("kind", BAD)
def test_a_warehouse_with_a_bad_certificate_is_refused(warehouse, ca, kind):
    step = STEPS.get(kind, "renew the server's certificate").format("WAREHOUSE")
    with pytest.raises(ConfigError, match=f"certificate verify failed.*{step}"):
        ask(warehouse(kind), ca)
    refused.add(("warehouse", kind))


def test_a_warehouse_with_a_good_certificate_is_used_encrypted(warehouse, ca):
    assert ask(warehouse("good"), ca)[1].startswith("TLSv1.")
    with pytest.raises(ConfigError, match="certificate verify failed"):
        ask(warehouse("good"), "")  # the system's authorities do not know it


def test_a_warehouse_that_offers_no_encryption_learns_neither_name_nor_password():
    """What somebody in between would send, who takes the offer out of the server's greeting."""
    heard: list[bytes] = []
    with plain_mysql(HOST, heard) as port:
        url = f"mysql+pymysql://osm:a-password@{HOST}:{port}/osm"
        with pytest.raises(ConfigError, match=r"SSL is required.*switch TLS on there"):
            ask(url, "")
    assert heard == [b""]


def describe(url, ca):
    with SourceDatabase.open(url, ca=ca).connect() as connection, connection.cursor() as cursor:
        cursor.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("kind", BAD)
def test_a_source_with_a_bad_certificate_is_refused(source, ca, kind):
    # The driver does not tell an expired one from one that nobody knows.
    with pytest.raises(ConfigError, match=STEPS.get(kind, "correct {}_CA").format("SOURCE")):
        describe(source(kind), ca)
    refused.add(("source", kind))


def test_a_source_with_a_good_certificate_is_read_encrypted(source, ca):
    assert describe(source("good"), ca) is True
    with pytest.raises(ConfigError, match="correct SOURCE_CA"):
        describe(source("good"), "")


def test_a_source_that_offers_no_encryption_is_refused(source, ca):
    with pytest.raises(ConfigError, match="does not support SSL"):
        describe(source(""), ca)


def test_nine_of_nine_bad_certificates_were_refused(record_property):
    if len(refused) < 9:  # each is red by itself where it is accepted
        pytest.skip("some of the tests above ran in another worker")
    record_property("figure", f"bad certificates refused {len(refused)} of 9, good ones accepted")


UNVERIFIED = re.compile(
    r"verify\s*=\s*False|CERT_NONE|CERT_OPTIONAL|_create_unverified_context|check_hostname\s*=\s*False"
    r"|disable_warnings|ssl_verify|sslmode[\"']?\s*[:=]\s*[\"'](?!verify-full)|InsecureRequestWarning"
    r"|ssl_disabled|assert_hostname|--insecure|curl\s+-k\b"
)


def test_no_line_of_ours_switches_verification_off():
    files = [
        path for part in ("include", "dags", "plugins", "sql") for path in (ROOT / part).rglob("*")
    ]
    files += [ROOT / "airflow.cfg.example", ROOT / "compose.yaml", ROOT / "Makefile"]
    texts = {
        path: path.read_text("utf-8") for path in files if path.is_file() and path.suffix != ".pyc"
    }
    assert len(texts) > 150
    assert not [str(path) for path, text in texts.items() if UNVERIFIED.search(text)]
    assert UNVERIFIED.search("requests.get(url, verify=False)")
    assert UNVERIFIED.search("psycopg2.connect(sslmode='require')")
