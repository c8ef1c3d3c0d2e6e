"""Databases, sandbox, clock; nothing else."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from pymysql.constants import CLIENT

from include.sandbox.servers import databases
from include.vendors import http
from include.vendors.registry import setting_names
from tests import figures

if TYPE_CHECKING:
    from include.sandbox.vendors.server import Sandbox

ROOT = Path(__file__).resolve().parents[1]
NAMED = os.environ.get("WAREHOUSE_URL", "")
SERVERS = ["private", "named"] if NAMED else ["private"]
NAMED_SOURCE = os.environ.get("SOURCE_URL", "")
SOURCES = ["private", "named"] if NAMED_SOURCE else ["private"]
DESK_TABLES = ROOT / "include" / "sandbox" / "desk" / "schema.sql"
PRIVATE = pytest.StashKey[Path]()
numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Decide where the shared servers live, and where Airflow does before anyone imports it."""
    if hasattr(config, "workerinput"):
        config.stash[PRIVATE] = Path(config.workerinput["private_server"])
    else:
        # Not pytest's own folder: root's server runs as another user, who could not reach it.
        base = Path(tempfile.mkdtemp(prefix="osm-test-"))
        base.chmod(0o755)
        config.stash[PRIVATE] = base
        # A time limit around us must not leave the server behind: SIGTERM ends us like Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Nobody but those whom a test trusts by name. The driver would read all authorities that this
    # machine knows, at every connection, which takes longer than the connection.
    os.environ["SSL_CERT_FILE"] = os.devnull
    home = tempfile.mkdtemp(prefix="osm-airflow-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ.update(
        {
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__FERNET_KEY": "y1tSLJ2mbRbcI2jnSKnhXBbMhwCbB6XSORx7m0KTNLw=",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        }
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a pytest-xdist worker where the shared servers are."""
    node.workerinput["private_server"] = str(node.config.stash[PRIVATE])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the shared servers, in the process that outlives all workers."""
    if not hasattr(config, "workerinput"):
        databases.stop_source(config.stash[PRIVATE] / "source", forget=True)
        databases.stop(config.stash[PRIVATE], forget=True)


def pytest_report_header() -> list[str]:
    found = [databases.find(), databases.find_source()]
    lines = [f"private server: {one.version if one else 'none found'}" for one in found]
    if NAMED:
        lines.append(f"WAREHOUSE_URL: {databases.version(NAMED)}")
    if NAMED_SOURCE:
        lines.append(f"SOURCE_URL: {databases.version(NAMED_SOURCE)}")
    return lines


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a database or Airflow by the fixtures it asks for, or by its folder.

    Each worker begins with its share of the list: the first with all of Airflow, which takes long
    to load, the second with the longest test.
    """
    for item in items:
        asked = getattr(item, "fixturenames", ())
        folder = item.path.relative_to(ROOT).parent.as_posix()
        if {"warehouse_server", "source_server"} & {*asked} or folder == "tests/sandbox/servers":
            item.add_marker("db")
        if {"airflow_db", "dagbag"} & {*asked} or folder in ("tests/dags", "tests/plugins"):
            item.add_marker("airflow")
    items.sort(key=lambda item: not item.get_closest_marker("airflow"))
    demo = [item for item in items if item.path.name == "test_demo.py"]
    others = [item for item in items if item not in demo]
    share = len(items) // getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = [*others[:share], *demo, *others[share:]]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the fault suite found."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ())]
    for line in figures.lines(reports):
        terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def _no_settings_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads, let alone writes, what the developer's environment points at."""
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _warnings_of_vendors_are_new() -> None:
    """Each test hears what its vendors say, whoever heard it before."""
    http.forget_warnings()


@dataclass
class Server:
    """A MySQL family server on which databases of our own may come and go."""

    url: str = field(repr=False)
    prefix: str
    template: str = ""
    copy: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)
    shape: Any = None

    def create(self) -> str:
        """A new empty database; returns its URL."""
        return databases.create_database(self.url, f"{self.prefix}_{next(numbers)}")

    def drop(self, url: str) -> None:
        """Drop a database of ours; fails when a test still holds a transaction open there."""
        self.run("set lock_wait_timeout = 10", f"drop database `{sa.make_url(url).database}`")

    def run(self, *statements: str, url: str = "") -> None:
        engine = sa.create_engine(url or self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execution_options(no_parameters=True)
            for statement in statements:
                connection.exec_driver_sql(statement)

    def create_migrated(self) -> str:
        """A new database at the newest revision: a copy of one that was migrated once."""
        if not self.template:
            from include.warehouse.schema import views
            from include.warehouse.schema.migrations import upgrade

            self.template = self.create()
            engine = sa.create_engine(self.template, poolclass=sa.NullPool)
            upgrade(engine)
            source = sa.make_url(self.template).database
            for name in sa.inspect(engine).get_table_names():
                self.copy.append(f"create table `{name}` like `{source}`.`{name}`")
                self.empty.append(f"delete from `{name}`")
            # All other tables are empty; MySQL copies no row whose table generates a column.
            rows = f"insert into alembic_version select * from `{source}`.alembic_version"
            self.copy.append(rows)
            self.empty.append(rows)
            self.copy += views.statements().values()
            with engine.connect() as connection:
                self.shape = self._shape(connection)
        if self.idle:
            return self.idle.pop()
        url = self.create()
        self.run(*self.copy, url=url)
        return url

    def take_back(self, url: str) -> None:
        """Keep a migrated database for the next test, emptied; drop one whose tables changed."""
        with self.engine.begin() as connection:
            connection.execution_options(no_parameters=True)
            connection.exec_driver_sql(f"use `{sa.make_url(url).database}`")
            is_whole = self._shape(connection) == self.shape
            if is_whole:
                connection.exec_driver_sql("set innodb_lock_wait_timeout = 10")
                connection.exec_driver_sql(";".join(self.empty))
        if is_whole:
            self.idle.append(url)
        else:
            self.drop(url)

    @cached_property
    def engine(self) -> sa.Engine:
        """For what is done after a test: takes several statements at once, keeps no connection."""
        at_once = {"client_flag": CLIENT.MULTI_STATEMENTS}
        return sa.create_engine(self.url, poolclass=sa.NullPool, connect_args=at_once)

    @staticmethod
    def _shape(connection: sa.Connection) -> Any:
        """Sums of what a test may have altered: tables, views, columns, indexes of the database."""
        return [
            connection.exec_driver_sql(
                f"select count(*), sum(crc32(concat_ws('/', {columns})))"
                f" from information_schema.{kind} where table_schema = database()"
            ).one()
            for kind, columns in (
                ("columns", "table_name, column_name, column_type, is_nullable"),
                ("statistics", "table_name, index_name, column_name, seq_in_index"),
            )
        ]


@pytest.fixture(scope="session", params=SERVERS)
def warehouse_server(
    request: pytest.FixtureRequest, worker_id: str, testrun_uid: str
) -> Iterator[Server]:
    """The private server, and the one that WAREHOUSE_URL names; its own database stays alone."""
    if request.param == "named":
        url = sa.make_url(NAMED).set(database="").render_as_string(hide_password=False)
    else:
        if databases.find() is None and not databases.has_docker():
            pytest.skip("no database server here: `make setup`")
        base = request.config.stash[PRIVATE]
        with (base / "lock").open("w") as lock:  # the first worker starts it, the others wait
            fcntl.flock(lock, fcntl.LOCK_EX)
            url = databases.start(base)
    server = Server(url, f"osm_test_{testrun_uid[:6]}_{worker_id}")
    yield server
    for url in [*server.idle, *filter(None, [server.template])]:
        server.drop(url)


@pytest.fixture
def database_url(warehouse_server: Server) -> Iterator[str]:
    """A new empty database."""
    url = warehouse_server.create()
    yield url
    warehouse_server.drop(url)


@pytest.fixture
def warehouse_url(warehouse_server: Server) -> Iterator[str]:
    """A database with our tables, at the newest revision, and nothing in them."""
    url = warehouse_server.create_migrated()
    yield url
    warehouse_server.take_back(url)


@dataclass
class SourceServer:
    """A PostgreSQL server on which copies of the customer-service tables may come and go."""

    url: str = field(repr=False)
    prefix: str
    template: str = ""

    def create(self) -> str:
        """A new database with the seven tables, empty; returns its URL."""
        if not self.template:
            url = databases.create_database(self.url, f"{self.prefix}_template")
            self.run(DESK_TABLES.read_text(), url=url)
            self.template = url
        template, name = sa.make_url(self.template).database, f"{self.prefix}_{next(numbers)}"
        self.run(f"create database {name} template {template}")
        return sa.make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def create_encoded(self, encoding: str) -> str:
        """The same, in an encoding of its own."""
        name = f"{self.prefix}_{next(numbers)}"
        self.run(
            f"create database {name} encoding '{encoding}' template template0"
            " lc_collate 'C' lc_ctype 'C'"
        )
        url = sa.make_url(self.url).set(database=name).render_as_string(hide_password=False)
        self.run(DESK_TABLES.read_text(), url=url)
        return url

    def drop(self, url: str) -> None:
        """Drop a database of ours; fails when a test still holds a transaction open there."""
        name = sa.make_url(url).database
        in_use = (  # autovacuum may be at work there as well
            "select count(*) from pg_stat_activity where xact_start is not null"
            " and backend_type = 'client backend' and datname ="
        )
        deadline = time.monotonic() + 10  # a killed client's backend needs a moment to notice
        while self.run(f"{in_use} '{name}'") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not self.run(f"{in_use} '{name}'"), f"{name}: a transaction is still open"
        self.run(f"drop database {name} with (force)")

    def settle(self) -> None:
        """Wait for all that is open on the server: until then, rows are new to a snapshot."""
        newest = self.run("select pg_current_xact_id()::text::numeric")
        oldest = "select pg_snapshot_xmin(pg_current_snapshot())::text::numeric"
        deadline = time.monotonic() + 60
        while self.run(oldest) <= newest:
            assert time.monotonic() < deadline, "a transaction stays open on the tests' server"
            time.sleep(0.05)

    def run(self, *statements: str, url: str = "") -> Any:
        """Execute each by itself, outside a transaction; the last one's first value, if any."""
        engine = sa.create_engine(
            url or self.url,
            poolclass=sa.NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"client_encoding": "UTF8"},
        )
        value = None
        with engine.connect() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                value = result.scalar() if result.returns_rows else None
        return value


@pytest.fixture(scope="session", params=SOURCES)
def source_server(
    request: pytest.FixtureRequest, worker_id: str, testrun_uid: str
) -> Iterator[SourceServer]:
    """The private PostgreSQL, and the one that SOURCE_URL names; its own database stays alone."""
    if request.param == "named":
        url = sa.make_url(NAMED_SOURCE).set(database="postgres").render_as_string(False)
    else:
        if databases.find_source() is None and not databases.has_docker():
            pytest.skip("no PostgreSQL here: `make setup`")
        base = request.config.stash[PRIVATE]
        with (base / "source.lock").open("w") as lock:  # the first worker starts it
            fcntl.flock(lock, fcntl.LOCK_EX)
            url = databases.start_source(base / "source")
    server = SourceServer(url, f"osm_test_{testrun_uid[:6]}_{worker_id}")
    yield server
    if server.template:
        server.drop(server.template)


@pytest.fixture
def source_url(source_server: SourceServer) -> Iterator[str]:
    """A new database with the seven customer-service tables, empty."""
    url = source_server.create()
    yield url
    source_server.drop(url)


@dataclass
class Clock:
    """A time that passes only when somebody sleeps."""

    moment: datetime = datetime(2026, 1, 10, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """All vendors on loopback: one account each, with 20 tickets."""
    from include.sandbox.vendors.server import Sandbox

    with Sandbox(seed=7, accounts=1, tickets=20) as running:
        yield running


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """Airflow's metadata database, one a process."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def dagbag() -> Any:
    """All DAGs, parsed anew: a DAG remembers the ``run_conf`` of its last ``test()``."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(ROOT / "dags", bundle_path=ROOT / "dags", bundle_name="dags-folder")


@pytest.fixture
def airflow_at_work(airflow_db: None) -> None:
    """The metadata database as it is while scheduler and processor work, all DAGs switched on."""
    from tests.airflow_at_work import start_work

    start_work()
