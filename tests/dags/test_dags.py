"""Every DAG keeps the house's policies, and real runs of them tell the truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from include.vendors.registry import VENDORS

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "dags").glob("*.py"))
# What a person starts waits behind no other run; of everything else, one run at a time.
AT_ONCE = {"sync_ticket": 16, "sync_tickets": 8, "backfill_tickets": 4}
HEAVY = ("sqlalchemy.engine", "pymysql", "pandas", "requests", "alembic")


def test_every_file_is_a_dag_of_its_name_and_imports(dagbag):
    assert dagbag.import_errors == {}
    assert sorted(dagbag.dags) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_policies(dagbag, name):
    dag = dagbag.dags[name]
    assert dag.doc_md
    assert dag.tags
    assert dag.max_active_runs == AT_ONCE.get(name, 1)
    assert dag.catchup is False
    for task in dag.tasks:
        assert task.retry_policy is not None, task.task_id
        assert task.execution_timeout is not None, task.task_id
    assert [task.task_id for task in dag.leaves] == ["watcher"]
    assert dag.get_task("watcher").upstream_task_ids == set(dag.task_ids) - {"watcher"}


@pytest.mark.parametrize("name", NAMES)
def test_slow_accounts_of_a_vendor_take_no_place_that_others_need(dagbag, name):
    """A vendor's lane belongs to its task; there is no pool that could be missing."""
    for task in dagbag.dags[name].tasks:
        assert task.pool == "default_pool"
        if task.task_id.split(".")[0] in VENDORS and getattr(task, "expand_input", None):
            assert 1 <= task.max_active_tis_per_dag <= 4


def test_dags_serialise(dagbag):
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in dagbag.dags.values():
        assert DagSerialization.to_dict(dag)


def test_parsing_imports_nothing_slow_beyond_airflow_itself():
    code = (
        "import airflow.sdk, sys, runpy, pathlib\n"
        "before = set(sys.modules)\n"
        "for path in pathlib.Path('dags').glob('*.py'): runpy.run_path(str(path))\n"
        "print('\\n'.join(set(sys.modules) - before))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    loaded = result.stdout.split()
    assert "include.runtime.shape" in loaded
    assert not [name for name in loaded if name.startswith(HEAVY)]
    declared = {f"include.vendors.{name}" for name in (*VENDORS, "client", "registry")}
    known = {name for name in loaded if name.startswith("include.vendors.")}
    assert known == declared
