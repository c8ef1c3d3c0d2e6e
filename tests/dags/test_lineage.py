"""What each task tells OpenLineage that it reads and writes, by the provider's file transport."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.runtime.assets import CATALOG_TABLES, TICKET_TABLES
from include.vendors.registry import VENDORS
from tests.dags.test_assets import REFRESH, SYNC
from tests.dags.test_snapshot_customer_service import SNAPSHOT

pytest.importorskip("airflow.providers.openlineage", reason="make test-observability installs it")
ROOT = Path(__file__).resolve().parents[2]
RUN = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag("dags", bundle_path="dags", bundle_name="dags-folder")
for dag_id, conf in json.loads(sys.argv[1]):
    print(dag_id, bag.dags[dag_id].test(logical_date=None, run_conf=conf).state)
"""
HISTORIES = {table.history for table in SOURCE_TABLES}
VENDOR_TASKS = {f"sync_tickets.{v}.tickets": {(f"vendor://{v}", "tickets")} for v in VENDORS}


@pytest.fixture
def told(airflow_db, look, customer_service, tmp_path):
    """Inputs and outputs of the tasks of one run of each DAG, by job, and all that was told."""
    events = tmp_path / "events.json"
    transport = {"type": "file", "log_file_path": str(events), "append": True}
    runs = [
        ("refresh_catalog", REFRESH),
        ("snapshot_customer_service", SNAPSHOT),
        ("sync_tickets", SYNC),
        ("build_reports", {"since": None}),
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(runs)],
        cwd=ROOT,
        env={
            **os.environ,
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
            "AIRFLOW__OPENLINEAGE__NAMESPACE": "osm",
            "AIRFLOW__OPENLINEAGE__EXTRACTORS": "include.runtime.lineage.TaskLineage",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for dag_id, _ in runs:
        assert f"{dag_id} success" in done.stdout, done.stdout[-3000:]
    jobs: dict[str, dict[str, set[Any]]] = {}
    for line in events.read_text().splitlines():
        event = json.loads(line)
        job = jobs.setdefault(event["job"]["name"], {"inputs": set(), "outputs": set()})
        for side, found in job.items():
            found |= {(d["namespace"], d["name"]) for d in event.get(side) or ()}
    return jobs, events.read_text()


def test_each_task_tells_its_datasets_by_openlineages_naming_and_no_password(
    told, warehouse_url, customer_service
):
    mysql, postgres = sa.make_url(warehouse_url), sa.make_url(customer_service)
    host = f"{mysql.host}:{mysql.port}"

    told, text = told
    assert mysql.password
    assert mysql.password not in text

    def tables(names):
        return {(f"mysql://{host}", f"{mysql.database}.{name}") for name in names}

    for job, read in VENDOR_TASKS.items():
        assert told[job] == {"inputs": read, "outputs": tables(TICKET_TABLES)}
    for vendor in VENDORS:
        assert told[f"refresh_catalog.{vendor}"] == {
            "inputs": {(f"vendor://{vendor}", "catalog")},
            "outputs": tables(CATALOG_TABLES),
        }
    assert told["snapshot_customer_service.snapshot"] == {
        "inputs": {
            (
                f"postgres://{postgres.host}:{postgres.port or 5432}",
                f"{postgres.database}.public.{table.name}",
            )
            for table in SOURCE_TABLES
        },
        "outputs": tables(HISTORIES),
    }
    built = told["build_reports.build"]
    assert built["inputs"] == tables({*TICKET_TABLES, *CATALOG_TABLES, *HISTORIES})
    assert tables(["rpt_ticket", "rpt_conversation"]) < built["outputs"]
