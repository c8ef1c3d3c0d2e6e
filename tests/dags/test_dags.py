"""Every DAG keeps the house's policies, and real runs of them tell the truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.secrets import KeyRing
from include.vendors.registry import VENDORS
from include.warehouse.tickets.accounts import add_account
from tests.builders import DAY, an_account

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "dags").glob("*.py"))
HEAVY = ("sqlalchemy.engine", "pymysql", "pandas", "requests", "alembic")


def test_every_file_is_a_dag_of_its_name_and_imports(dagbag):
    assert dagbag.import_errors == {}
    assert sorted(dagbag.dags) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_policies(dagbag, name):
    dag = dagbag.dags[name]
    assert dag.doc_md
    assert dag.tags
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    for task in dag.tasks:
        assert task.retry_policy is not None, task.task_id
        assert task.execution_timeout is not None, task.task_id
    assert [task.task_id for task in dag.leaves] == ["watcher"]
    assert dag.get_task("watcher").upstream_task_ids == set(dag.task_ids) - {"watcher"}


@pytest.mark.parametrize("name", NAMES)
def test_tasks_that_call_a_vendor_stand_in_its_pool(dagbag, name):
    for task in dagbag.dags[name].tasks:
        vendor = task.task_id.split(".")[0]
        calls = vendor in VENDORS and not task.task_id.endswith(".accounts")
        assert task.pool == (f"vendor_{vendor}" if calls else "default_pool")


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


def add(warehouse, ring, account):
    add_account(warehouse, KeyRing.parse(ring), account, now=DAY)


def states(run):
    return {(t.task_id, t.map_index): str(t.state) for t in run.get_task_instances()}


FORM: dict[str, Any] = {
    "accounts": [],
    "since": None,
    "until": None,
    "open_messages": False,
    "dry_run": False,
}


def test_both_dags_fill_every_table(airflow_db, dagbag, look, sandbox):
    vendors = {"vendors": list(VENDORS)}
    run = dagbag.dags["refresh_catalog"].test(
        logical_date=None, run_conf={**vendors, "accounts": [], "accept_vanished": False}
    )
    assert run.state == "success"
    run = dagbag.dags["sync_tickets"].test(logical_date=None, run_conf={**vendors, **FORM})
    assert run.state == "success"
    assert states(run)["watcher", -1] == "skipped"
    truth = sandbox.store.truth()
    for vendor in VENDORS:
        stored = dict(
            look(
                "select status, count(*) from cloud_osm_list"
                f" where type = '{vendor.upper()}' group by status"
            )
        )
        counts = truth[vendor]["accounts"][0]["counts"]
        assert stored == {0: counts["closed"], 1: counts["open"]}
    assert look("select count(*) from sync_run where outcome <> 'done'") == [(0,)]
    asked = look("select distinct triggered_by from sync_run where entity = 'tickets'")
    assert asked[0][0].startswith("airflow ")


def test_one_bad_account_is_red_by_its_own_name_and_the_others_arrive(
    airflow_db, dagbag, look, warehouse, ring
):
    add(warehouse, ring, an_account("huawei", account_id="huawei-bad"))
    run = dagbag.dags["sync_tickets"].test(
        logical_date=None, run_conf={"vendors": ["huawei", "alibaba"], **FORM}
    )
    assert run.state == "failed"
    mapped = {
        t.rendered_map_index: str(t.state)
        for t in run.get_task_instances()
        if t.task_id == "huawei.tickets"
    }
    assert mapped == {"huawei-1": "success", "huawei-bad": "failed"}
    assert look(
        "select account_id, outcome, error_class from sync_run"
        " where entity = 'tickets' order by account_id"
    ) == [
        ("alibaba-1", "done", None),
        ("huawei-1", "done", None),
        ("huawei-bad", "failed", "AuthError"),
    ]


@pytest.mark.parametrize(
    ("conf", "words"),
    [
        ({"vendor": ["huawei"]}, "unknown in the form: vendor"),
        ({"until": "2026-01-01T00:00:00Z"}, "`until` needs `since`"),
        ({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "before `until`"),
        ({"since": "2999-01-01T00:00:00Z"}, "in the past"),
        ({"accounts": ["nobody"]}, "nobody: no row of cloud_user"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_in_words(look, conf, words):
    from include.errors import ConfigError
    from include.runtime import tickets

    form = {"vendors": list(VENDORS), **FORM}
    with pytest.raises(ConfigError, match=words):
        tickets.account_groups("huawei", form | conf, conf, known=form)


def test_a_misspelt_key_makes_the_run_red_instead_of_reading_everything(airflow_db, dagbag, look):
    run = dagbag.dags["sync_tickets"].test(
        logical_date=None, run_conf={"vendors": list(VENDORS), **FORM, "acounts": ["huawei-1"]}
    )
    assert run.state == "failed"
    assert look("select count(*) from sync_run") == [(0,)]


def test_very_many_accounts_become_few_tasks():
    from include.runtime import tickets

    ids = [f"a{i:05}" for i in range(10_000)]
    groups = tickets.split_into_groups(ids)
    assert len(groups) == tickets.MOST_TASKS
    assert [account_id for group in groups for account_id in group] == ids
    assert tickets.split_into_groups([]) == []
    assert tickets.split_into_groups(["a", "b"]) == [["a"], ["b"]]
