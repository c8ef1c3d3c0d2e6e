"""A fourth vendor costs its two folders: nothing else of this project is touched, and all works.

Nimbus is Huawei under another name, made at test time beside a copy of everything else.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.secrets import new_key

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("include", "dags", "plugins", "sql", "tests", "pyproject.toml")
FOLDERS = ("include/vendors", "include/sandbox/vendors")
NAMES = {
    "huawei": "nimbus",
    "Huawei": "Nimbus",
    "HUAWEI": "NIMBUS",
    '"1", "华为", "华为云"': '"9", "雨云"',  # no alias may mean two vendors
    "TS-": "NS-",  # in the sandbox no two vendors' tickets have ids of one form
}


def files(root: Path) -> dict[str, bytes]:
    """Every file that a checkout has, by its path."""
    found = [file for part in PARTS for file in [root / part, *(root / part).rglob("*")]]
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in found
        if file.is_file() and "__pycache__" not in file.parts
    }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project with the two folders of another vendor."""
    house = tmp_path_factory.mktemp("house")
    for name, content in files(ROOT).items():
        (house / name).parent.mkdir(parents=True, exist_ok=True)
        (house / name).write_bytes(content)
    for folder in FOLDERS:
        shutil.copytree(house / folder / "huawei", house / folder / "nimbus")
        for file in (house / folder / "nimbus").iterdir():
            text = file.read_text("utf-8")
            for old, new in NAMES.items():
                text = text.replace(old, new)
            file.write_text(text, "utf-8")
    return house


def run(house: Path, *command: str, given: str = "", **environ: str) -> str:
    """What Python prints in the copied house; it ends with 0."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house), "PYTHONDONTWRITEBYTECODE": "1", **environ},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def sandbox(house: Path) -> Iterator[Any]:
    """What the copied sandbox tells of itself."""
    command = [sys.executable, "-m", "include.sandbox", "--accounts", "1", "--tickets", "40"]
    with subprocess.Popen(
        command,
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()


def test_nothing_is_touched_outside_the_two_folders(house):
    before, after = files(ROOT), files(house)
    assert {name: after.get(name) for name in before} == before
    added = {str(Path(name).parent) for name in after.keys() - before.keys()}
    assert added == {f"{folder}/nimbus" for folder in FOLDERS}


def test_the_fourth_client_keeps_the_contract(house):
    contract = ["tests/vendors/test_contract.py", "tests/vendors/test_registry.py"]
    options = ["-k", "nimbus or registry", "-p", "no:cacheprovider", "-q"]
    told = run(house, "-m", "pytest", *contract, *options)
    assert int(told.split(" passed")[0].split()[-1]) > 50


def test_its_tickets_are_synchronised_reported_and_checked(house, sandbox, warehouse_url):
    told = sandbox["vendors"]["nimbus"]
    environ = {
        "AIRFLOW_HOME": "",
        "WAREHOUSE_URL": warehouse_url,
        "SECRET_KEYS": new_key("k1"),
        "NIMBUS_BASE_URL": told["base_url"],
        "NIMBUS_IAM_URL": told["iam_url"],
        "CALLS_PER_SECOND": "900",
    }
    key = told["accounts"][0]

    def osm(*arguments: str, given: str = "") -> str:
        return run(house, "-m", "include", *arguments, given=given, **environ)

    add = ["add", "main", "--vendor", "NIMBUS", "--access-key", key["access_key"]]
    osm("accounts", *add, given=key["secret_key"])
    osm("refresh", "--vendor", "nimbus")
    osm("sync", "--vendor", "nimbus")
    osm("build-reports")
    tickets = list(csv.DictReader(io.StringIO(osm("report", "v_ticket").lstrip("\ufeff"))))
    assert len(tickets) == 40
    assert {ticket["vendor"] for ticket in tickets} == {"NIMBUS"}
    ends = {(ticket["is_closed"], ticket["is_resolved"]) for ticket in tickets}
    assert ends == {("0", ""), ("1", "0"), ("1", "1")}  # a cancelled one is closed, not resolved
    assert "nimbus answers and lets us list" in osm("check")
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        for table in ("cloud_osm_list", "cloud_osm_product", "cloud_osm_source"):
            types = connection.exec_driver_sql(f"select distinct type from {table}").scalars()
            assert set(types) == {"NIMBUS"}, table


def test_each_dag_that_reads_vendors_has_a_group_or_task_for_it(house, tmp_path):
    code = (
        "from airflow.dag_processing.dagbag import DagBag\n"
        "bag = DagBag('dags', bundle_path='dags', bundle_name='dags-folder')\n"
        "assert not bag.import_errors, bag.import_errors\n"
        "names = [task for dag in bag.dags.values() for task in dag.task_ids if 'nimbus' in task]\n"
        "print('FOUND', *sorted(names))\n"
    )
    environ = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    told = run(house, "-c", code, **environ)
    names = told.split("FOUND")[1].split()
    assert {"nimbus", "nimbus.accounts", "nimbus.tickets", "nimbus.again"} <= {*names}
