"""A distributed Airflow, of which a worker is lost while it writes: ``make test-celery``."""

from __future__ import annotations

import os
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from include.sandbox.servers import databases
from include.sandbox.vendors.server import Sandbox
from include.secrets import KeyRing, new_key
from include.vendors.registry import VENDORS
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account
from tests.benchmarks.service import environment, started
from tests.faults.kit.scene import Scene, read

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(not os.environ.get("CELERY"), reason="takes Celery: make test-celery"),
]
DAG = "sync_tickets"
TABLES = ("cloud_osm_list", "cloud_osm_detail", "sync_quarantine")
"""What is equal whenever it was read; a row of the others bears its own moment."""
WRITING = (
    "select p.host from information_schema.innodb_trx as t"
    " join information_schema.processlist as p on p.id = t.trx_mysql_thread_id"
    " where t.trx_state = 'LOCK WAIT' and t.trx_rows_modified > 0 and p.db = database()"
)
"""Where they connect from who wrote rows, committed nothing, and wait for a lock."""


@pytest.fixture
def broker(tmp_path):
    yield databases.start_broker(tmp_path / "broker")
    databases.stop_broker(tmp_path / "broker", forget=True)


@pytest.fixture
def metadata(source_server):
    url = databases.create_database(source_server.url, f"{source_server.prefix}_airflow")
    yield url
    source_server.drop(url)


@pytest.fixture
def clean_url(warehouse_server):
    url = warehouse_server.create_migrated()
    yield url
    warehouse_server.take_back(url)


def until(ready: Any, seconds: float) -> Any:
    """What *ready* returns as soon as that is something."""
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)
    return found


def worker_at(address: str) -> psutil.Process:
    """The worker, a child of ours, one of whose descendants connected from there."""
    port = int(address.rpartition(":")[2])
    [pid] = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.laddr and one.laddr.port == port and one.raddr and one.pid
    }
    process = psutil.Process(pid)
    return next(one for one in [process, *process.parents()] if one.ppid() == os.getpid())


def test_a_worker_killed_while_it_writes_costs_nothing(
    warehouse_url, clean_url, metadata, broker, tmp_path, record_property
):
    """Noticed within 90 s, tried again by another worker, and the tables equal a clean run."""
    key, home = new_key("k1"), tmp_path / "airflow"
    with Sandbox(seed=7, accounts=1, tickets=60) as sandbox:
        clean = Scene(sandbox, clean_url, accounts=[sandbox.account(one) for one in VENDORS])
        assert not [
            ended.error for ended in clean.run(now=datetime.now(UTC)).values() if ended.error
        ]
        with closing(Warehouse.open(warehouse_url)) as warehouse:
            for account in clean.accounts:
                add_account(warehouse, KeyRing.parse(key), account, now=datetime.now(UTC))
        environ = environment(home, metadata, warehouse_url, sandbox, key, broker)
        with started(environ, home, [DAG], workers=2) as api:
            engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
            with engine.connect() as holding, engine.connect() as looking:
                # Whoever stores a ticket has written its row, and waits to write its messages.
                holding.exec_driver_sql("select * from cloud_osm_detail for update")
                api.switch_on(DAG)
                host = until(lambda: looking.exec_driver_sql(WRITING).scalar(), 120)
                worker = worker_at(host)
                family = [worker, *worker.children(recursive=True)]
                for process in family:
                    process.kill()
                began = time.monotonic()

            def tried_again() -> list[Any]:
                path = f"/api/v2/dags/{DAG}/dagRuns/~/taskInstances?limit=1000"
                tasks = api.call("GET", path)["task_instances"]
                return [
                    one for one in tasks if one["state"] == "up_for_retry" or one["try_number"] > 1
                ]

            lost = until(tried_again, 180)
            noticed = time.monotonic() - began
            until(lambda: not api.under_way(DAG), 300)
            healed = time.monotonic() - began
            runs = api.call("GET", f"/api/v2/dags/{DAG}/dagRuns")["dag_runs"]
            assert {one["state"] for one in runs} == {"success"}
    assert read(engine, TABLES) == clean.rows(TABLES)
    assert noticed < 90
    record_property(
        "figure",
        f"worker killed -9 while it wrote: {len(lost)} tasks lost, noticed after {noticed:.0f} s,"
        f" healed after {healed:.0f} s, tables equal",
    )
