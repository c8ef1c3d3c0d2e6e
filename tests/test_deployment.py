"""What is deployed runs without what is not: the sandbox, its programs, the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import sqlalchemy as sa

from include.secrets import new_key
from tests.deployed import DEPLOYED, copy

PAGE = re.compile(r"\bdocs/[\w.-]+\.md\b")
DAGS = """\
import sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag("dags", bundle_path="dags", bundle_name="dags-folder")
assert not bag.import_errors, bag.import_errors
run = bag.dags["sync_tickets"].test(logical_date=None, run_conf={"vendors": ["huawei"]})
print(run.state, sorted(name for name in sys.modules if name.startswith("include.sandbox")))
"""
EVERY_MODULE = """\
import importlib, pathlib, sys
# The provider of OpenLineage imports the other one, and is not there without it.
for path in {*pathlib.Path("include").rglob("*.py")} - {pathlib.Path("include/runtime/lineage.py")}:
    importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
print(sorted({"psutil", "numpy", "pytest", "hypothesis"} & set(sys.modules) - {*sys.argv[1:]}))
"""


@pytest.fixture
def deployed(tmp_path):
    """A copy of what a server gets."""
    copy(tmp_path, *DEPLOYED)
    return tmp_path


@pytest.fixture
def run(deployed, warehouse_url, sandbox):
    """``run("-m", "include", …)``: Python in the copy, which knows nothing of this checkout."""
    environ = {
        **os.environ,
        **sandbox.environment(),
        "PYTHONPATH": str(deployed),
        "AIRFLOW__CORE__DAGS_FOLDER": str(deployed / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(deployed / "plugins"),
        "WAREHOUSE_URL": warehouse_url,
        "SECRET_KEYS": new_key("k1"),
    }

    def start(*arguments, stdin=""):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=deployed,
            env=environ,
            input=stdin,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
        return done.stdout

    return start


def test_every_page_that_a_message_names_is_there(deployed):
    code = [*deployed.rglob("*.py"), *deployed.rglob("*.sql"), *deployed.rglob("*.toml")]
    named = {page for file in code for page in PAGE.findall(file.read_text(encoding="utf-8"))}
    assert len(named) > 2
    assert not {page for page in named if not (deployed / page).is_file()}


@pytest.mark.airflow
def test_dags_and_command_line_run_without_the_sandbox(
    airflow_db, deployed, run, warehouse_url, sandbox
):
    assert not (deployed / "include" / "sandbox").exists()
    account = sandbox.account("huawei")
    given = ("--vendor", "huawei", "--access-key", account.access_key)
    run("-m", "include", "migrate")
    run("-m", "include", "accounts", "add", "main", *given, stdin=account.secret_key)
    run("-m", "include", "refresh")
    assert run("-c", DAGS).splitlines()[-1] == "success []"
    for verb in (["sync"], ["build-reports"], ["status", "--fail-on", "never"], ["verify"]):
        run("-m", "include", *verb)
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        stored = connection.exec_driver_sql("select count(*) from cloud_osm_list").scalar()
    assert stored == len(sandbox.store.tickets("huawei", 0))


@pytest.mark.airflow
def test_no_deployed_module_needs_what_only_development_installs(run):
    already = run("-c", "import airflow.sdk, pandas, sys; print(*sys.modules)").split()
    assert run("-c", EVERY_MODULE, *already).splitlines()[-1] == "[]"
