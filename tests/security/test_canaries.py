"""Every secret of a whole installation is looked for wherever something of a run is left behind."""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
import time
import traceback
import uuid
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from include.errors import AuthError, ConfigError
from include.models import Account
from include.sandbox.desk import sample
from include.sandbox.vendors.server import Sandbox
from include.secrets import KeyRing, new_key
from include.source.postgres import SourceDatabase
from include.vendors.registry import VENDORS, load_settings
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account, list_accounts, load_accounts
from include.warehouse.tickets.tables import cloud_user
from tests.builders import DAY
from tests.dags.conftest import as_connection
from tests.plugins.direct import open_page
from tests.security.conftest import environment
from tests.security.test_keys import dump

ROOT = Path(__file__).resolve().parents[2]
SYNC = {
    "vendors": list(VENDORS),
    "accounts": [],
    "open_messages": False,
    "dry_run": False,
}
SNAPSHOT = {"full": False, "accept_vanished": None}


class Canaries:
    """The secrets, by name, in each spelling in which they could leak; where one was found."""

    def __init__(self) -> None:
        self.environ: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.places: set[str] = set()
        self.found: list[str] = []

    def add(self, name: str, secret: str) -> None:
        """Look for *secret* from now on."""
        assert len(secret) >= 8, name
        self.secrets[name] = secret

    def look(self, place: str, *texts: object, but: str = "") -> None:
        """Search *texts* and their reprs; secrets whose name begins with *but* may be there."""
        self.places.add(place)
        whole = "\n".join(part for text in texts for part in (str(text), repr(text)))
        assert len(whole) > 20, f"{place} is empty"
        for name, secret in self.secrets.items():
            spellings = {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()}
            if not (but and name.startswith(but)) and any(one in whole for one in spellings):
                self.found.append(f"{name} in {place}")


@pytest.fixture
def vendors():
    with Sandbox(seed=20260101, accounts=1, tickets=6) as running:
        yield running


@pytest.fixture
def ring():
    return new_key("k1")


@pytest.fixture
def canaries(warehouse_url, vendors, source_url, ring, monkeypatch):
    """An installation with everything that may be secret, and failures that echo it."""
    made = Canaries()
    environ = environment(vendors, warehouse_url, ring) | {"SOURCE_URL": source_url}
    for name, url in (("database", warehouse_url), ("source", source_url)):
        password = sa.make_url(url).password or ""
        if len(password) >= 8:  # the server that somebody else runs may have a short one
            made.add(f"{name} password", password)
    made.add("encryption key", ring.partition(":")[2])
    opened = Warehouse.open(warehouse_url)
    for vendor in VENDORS:
        good = vendors.account(vendor)
        bad = Account(f"{vendor}-bad", vendor, f"access-of-{vendor}-bad", f"wrong-SECRET-{vendor}")
        for account in (good, bad):
            made.add(f"access key of {account.account_id}", account.access_key)
            made.add(f"secret key of {account.account_id}", account.secret_key)
        add_account(opened, KeyRing.parse(ring), good, now=DAY)
        add_account(opened, KeyRing.parse(ring), bad, now=DAY)
    # The right access key with the wrong secret: the vendor echoes what it would have signed.
    vendors.change_key("alibaba", 0, "another-SECRET-of-alibaba")
    # One key is kept in a connection of Airflow, one as plain text, as users had it.
    huawei, tencent = vendors.account("huawei"), vendors.account("tencent")
    environ["AIRFLOW_CONN_OF_HUAWEI"] = json.dumps({"password": huawei.secret_key})
    add_account(opened, KeyRing.parse(ring), huawei, connection_id="of_huawei", now=DAY)
    plain = sa.update(cloud_user).where(cloud_user.c.id == "tencent-1")
    opened.transact(lambda c: c.execute(plain.values(secret_key_secret=tencent.secret_key)))
    opened.close()
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    sample.create(source_url, seed=7, now=DAY, scale=0.0, queue=False)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", as_connection(warehouse_url, "mysql"))
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMER_SERVICE", as_connection(source_url, "postgres"))
    made.environ = environ
    return made


@pytest.fixture
def metrics():
    """All that Airflow counts and times while the test runs, with its tags."""
    from airflow.observability import stats
    from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
    from airflow.sdk.observability import stats as stats_of_tasks

    told = []

    class Collector:
        def tell(self, *given, **more):
            told.append((given, more))

        incr = decr = gauge = timing = tell

        def timer(self, *given, **more):
            self.tell(*given, **more)
            return NoStatsLogger.timer()

    for one in (stats, stats_of_tasks):
        one.initialize(factory=Collector, export_legacy_names=True)
    yield told
    for one in (stats, stats_of_tasks):
        one.initialize(factory=NoStatsLogger, export_legacy_names=True)


def test_no_secret_is_left_anywhere(
    canaries,
    metrics,
    warehouse_url,
    vendors,
    airflow_db,
    dagbag,
    ring,
    caplog,
    capfd,
    monkeypatch,
    record_property,
):
    caplog.set_level(logging.DEBUG, "include")
    states = [
        dagbag.dags[name].test(logical_date=None, run_conf=form).state
        for name, form in (
            ("sync_tickets", SYNC),
            ("snapshot_customer_service", SNAPSHOT),
        )
    ]
    assert states == ["failed", "success"]  # three bad accounts, and the one that was changed
    for number, call in enumerate(vendors.calls):
        canaries.add(f"signature {number}", call.signature)
    assert len(vendors.calls) > 20
    assert any("dagrun" in str(given) for given, _ in metrics)
    assert any("sync_tickets" in str(one) for one in metrics)
    canaries.look("metrics", metrics)
    _look_at_runs(canaries, capfd.readouterr(), caplog.text)
    _look_at_values(canaries, ring)
    _look_at_pages(canaries, monkeypatch)
    _look_at_the_command_line(canaries)
    _look_at_processes(canaries)
    tables = dump(warehouse_url)
    plain = vendors.account("tencent").secret_key
    assert tables.count(plain) == 1  # where its owner put it, and nowhere else
    canaries.look("database dump", tables.replace(plain, ""), but="access key")
    with sa.create_engine(warehouse_url, poolclass=sa.NullPool).connect() as connection:
        for table in ("sync_run", "sync_state", "sync_quarantine", "sync_check"):
            told = connection.exec_driver_sql(f"select * from {table}").all()
            canaries.look("ledger", table * 20, told)
        errors = connection.exec_driver_sql("select error_class from sync_run").scalars().all()
    assert errors.count("AuthError") >= 4
    assert canaries.found == []
    count = f"{len(canaries.secrets)} secrets, {len(canaries.places)} places"
    record_property("figure", f"canaries        found {len(canaries.found)} ({count})")


def _look_at_runs(canaries, printed, logged):
    """What Airflow keeps: its log files, its whole database, what tasks printed."""
    home = Path(os.environ["AIRFLOW_HOME"])
    canaries.look("task logs", printed.out, printed.err)
    canaries.look("application logs", logged)
    files = [path for path in home.rglob("*.log") if path.is_file()]
    canaries.look("log files", "files: " * 5, *(path.read_text(errors="replace") for path in files))
    engine = sa.create_engine(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    with engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            rows = connection.exec_driver_sql(f'select * from "{table}"').all()
            place = {"xcom": "XCom", "rendered_task_instance_fields": "rendered fields"}.get(table)
            if place:
                assert rows, table
            canaries.look(place or "Airflow's database", table * 20, rows)


def _look_at_values(canaries, ring):
    """What an exception tells, and objects on the way to one."""
    from include.runtime import tickets as tasks

    for account in ("alibaba-1", *(f"{vendor}-bad" for vendor in VENDORS)):
        with pytest.raises(AuthError) as caught:
            tasks.sync_accounts([account], SYNC, "a test")
        canaries.look("exceptions", caught.value, vars(caught.value))
        canaries.look("tracebacks", "".join(traceback.format_exception(caught.value)))
    settings = load_settings()
    opened = Warehouse.open(settings.warehouse_url.get_secret_value())
    source = SourceDatabase.open(settings.source_url.get_secret_value())
    keys = KeyRing.parse(ring)
    found, _ = load_accounts(opened, keys, references=lambda _: "a-reference-to-nothing")
    infos = list_accounts(opened, keys)
    canaries.look("reprs", settings, opened, opened.engine, source, keys, found, but="access key")
    canaries.look("reprs", infos)
    opened.close()


def _look_at_pages(canaries, monkeypatch):
    page = open_page(monkeypatch, str(ROOT / "plugins"))
    assert page.status_code == 200
    canaries.look("page", page.body.decode(), dict(page.headers))


def _look_at_the_command_line(canaries):
    from include.__main__ import app

    for words in (
        "status",
        "status --json",
        "accounts list",
        "accounts list --json",
        "check",
        "--debug sync --account alibaba-1 --account huawei-bad",
        "sync --json --account tencent-bad",
    ):
        result = CliRunner().invoke(app, words.split(), env=canaries.environ)
        assert result.exception is None or isinstance(result.exception, SystemExit), words
        canaries.look("command line", result.output, result.stderr)


def _look_at_processes(canaries):
    """A run of its own, and what everybody on the machine sees of it meanwhile."""
    process = subprocess.Popen(
        [sys.executable, "-m", "include", "sync"],
        cwd=ROOT,
        env=os.environ | canaries.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    ours = psutil.Process(process.pid)
    seen: list[object] = []
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):  # ended, or ended and not waited for yet
            seen += [ours.cmdline(), ours.name()]
            seen += [child.cmdline() for child in ours.children(recursive=True)]
        time.sleep(0.05)
    canaries.look("process list", seen)
    canaries.look("command line", process.communicate()[0])


def test_passwords_of_settings_are_registered_with_the_masker_of_airflow(
    warehouse_url, airflow_db, monkeypatch
):
    from airflow.sdk._shared.secrets_masker import redact

    from include.runtime import connections

    urls = [sa.make_url(warehouse_url), sa.make_url("postgresql://reader@127.0.0.1/desk")]
    words = [f"canary-of-{name}-{uuid.uuid4().hex}" for name in ("warehouse", "source")]
    for name, url, word in zip(("WAREHOUSE_URL", "SOURCE_URL"), urls, words, strict=True):
        secret = url.set(password=word).render_as_string(hide_password=False)
        monkeypatch.setenv(name, secret)
    assert redact(f"{words}") == f"{words}"
    connections.source()
    with pytest.raises(ConfigError), connections.warehouse():  # it is not the server's password
        pass
    assert not [word for word in words if word in str(redact(f"{words}"))]
