"""Who copies the commands of the documents, in order, on a bare server, gets what they promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.sandbox.desk import sample
from include.sandbox.servers import processes
from tests.builders import DAY
from tests.command_blocks import Block, find_blocks, find_comments, put_in_place, run_blocks
from tests.conftest import ROOT
from tests.deployed import DEPLOYED, copy
from tests.security.conftest import Users

TAKEN = ("examples", "airflow.cfg.example")
"""What the commands of README, "In production", take beside what is deployed."""
RUN = (
    "README.md: export WAREHOUSE_URL='mysql+pymysql://user:password@host:3306/osm'",
    "README.md: export ETL_ROOT=$PWD PYTHONPATH=$PWD AIRFLOW_HOME=$HOME/airflow"
    " AIRFLOW_CONFIG=$HOME/airflow/airflow.cfg",
    "README.md: AIRFLOW=http://127.0.0.1:8080",
)
NOT_RUN = {
    "README.md: Alibaba ─┐": "a drawing",
    "README.md: make demo": "test_demo.py runs what it does; `make test` is what runs this",
    "CONTRIBUTING.md: dags": "a drawing",
    "airflow.cfg.example: ETL_ROOT": "names of variables, which README sets",
    "airflow.cfg.example: AIRFLOW_CONN_WAREHOUSE={": "forms of values; tests/dags gives them",
    "docs/dashboards.md: make demo ARGS=--once": "ends never; test_superset.py runs what it does",
    "docs/dashboards.md: export SUPERSET_USER=": "needs a Superset, which test_superset.py has",
    "docs/performance.md: xychart-beta": "a drawing",
    "docs/metrics.md: [metrics]": "configuration; tests/dags/test_metrics.py has it",
    "docs/metrics.md: [openlineage]": "configuration; tests/dags/test_lineage.py has it",
    "docs/tour.md: . .local/demo/environment": "needs a demo, which test_demo.py has",
    "docs/tour.md: curl -s $SANDBOX_URL/keys": "as the first",
    "docs/tour.md: python -m include watch": "as the first",
    "docs/tour.md: echo second-secret": "as the first",
    "docs/scaling.md: make celery": "ends never; test_celery.py runs what it does",
    "docs/scaling.md: airflowVersion: 3.3.2": "needs a cluster; the page says it was not run",
}
"""By the beginning of its name, why a block is run by no test of ours."""
RUN_SECONDS = 120


def all_blocks() -> list[Block]:
    """Of all documents for people who install, run or change this."""
    found = []
    paths = {*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")}
    # These have the blocks of the English pages: tests/test_chinese_pages.py.
    paths = {path for path in paths if not path.name.endswith(".zh-CN.md")}
    for path in [ROOT / "README.md", *sorted(paths)]:
        document = path.relative_to(ROOT).as_posix()
        found += find_blocks(document, path.read_text("utf-8"))
    text = (ROOT / "airflow.cfg.example").read_text("utf-8")
    found += find_comments("airflow.cfg.example", text)
    return list(dict.fromkeys(found))


def sort_out(blocks: list[Block]) -> tuple[list[Block], list[Block]]:
    """Those that are run, and those that are not. Raises AssertionError for one nobody knows."""
    run = [block for block in blocks if block.name in RUN]
    left = {
        reason: [block for block in blocks if block.name.startswith(reason)] for reason in NOT_RUN
    }
    known = [*run, *(block for found in left.values() for block in found)]
    strange = [block.name for block in blocks if block not in known]
    assert not strange, f"neither run by a test nor in NOT_RUN with a reason: {strange}"
    gone = [name for name in (*RUN, *NOT_RUN) if not any(b.name.startswith(name) for b in known)]
    assert not gone, f"no document has them any more: {gone}"
    return run, [block for found in left.values() for block in found]


def test_each_block_of_the_documents_is_run_or_it_is_said_why_not():
    run, left = sort_out(all_blocks())
    assert [block.name for block in run] == [*RUN]
    assert {block.language for block in run} == {"sh"}
    assert len(run) + len(left) == len(all_blocks())


@pytest.mark.parametrize("language", ["sh", "", "yaml"])
def test_a_new_block_that_no_test_runs_is_told(language):
    text = (ROOT / "README.md").read_text("utf-8") + f"\n```{language}\nrm -r /\n```\n"
    with pytest.raises(AssertionError, match=r"neither run by a test nor.*README.md: rm -r /"):
        sort_out([*find_blocks("README.md", text), *all_blocks()])


def test_a_block_that_is_gone_is_told():
    with pytest.raises(AssertionError, match=r"no document has them any more: .*AIRFLOW=http"):
        sort_out([block for block in all_blocks() if "AIRFLOW=http" not in block.text])


def test_what_the_documents_let_make_do_is_a_target_of_the_makefile():
    texts = [path.read_text("utf-8") for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))]
    named = {name for text in texts for name in re.findall(r"`make ([a-z-]+)[^`]*`", text)}
    asked = [f"make {name}" for name in sorted(named)]
    for block in all_blocks():
        asked += re.findall("^make .*", block.text, re.MULTILINE)
    assert len(asked) > 12
    tried = "\n".join(line.replace("make", "make --dry-run", 1) for line in asked)
    subprocess.run(["bash", "-euc", tried], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture
def server(tmp_path):
    """The folder of a server that holds what README says, and no more."""
    said = " ".join((ROOT / "README.md").read_text("utf-8").split())
    needs = re.search(r"A server needs .*? First the tables:", said)
    assert needs
    for name in (*DEPLOYED, *TAKEN):
        assert f"`{name}/`" in needs[0] or f"`{name}`" in needs[0]
    assert "`include/` without `include/sandbox/`" in needs[0]
    copy(tmp_path / "osm", *DEPLOYED, *TAKEN)
    return tmp_path / "osm"


@pytest.fixture
def users(warehouse_server, worker_id):
    """The users of sql/grants, on a database with nothing in it."""
    made = Users(warehouse_server, warehouse_server.create(), f"doc_{worker_id}")
    try:
        made.allow("migrate")
        yield made
    finally:
        made.drop()


@pytest.fixture
def stand_ins(users, source_server, sandbox):
    """What README leaves open, and no more: three addresses, an access key, a port."""
    source, metadata = source_server.create(), source_server.create()
    sample.create(source, seed=7, now=DAY, scale=0.0, queue=True)
    yield {
        "mysql+pymysql://user:password@host:3306/osm": users.url("migrate"),
        "postgresql://reader:password@host/database": source,
        "postgresql+psycopg2://airflow:password@host/airflow": metadata,
        "--access-key AK ": f"--access-key {sandbox.account('huawei').access_key} ",
        "http://127.0.0.1:8080": f"http://127.0.0.1:{processes.free_port()}",
    }
    source_server.drop(source)
    source_server.drop(metadata)


@pytest.mark.airflow
@pytest.mark.skipif(
    not all(map(shutil.which, ("curl", "setsid"))), reason="no curl or setsid on this machine"
)
def test_who_copies_all_commands_has_tables_reports_and_an_airflow_at_work(
    server, stand_ins, users, sandbox, tmp_path
):
    home, log = tmp_path / "home", tmp_path / "log"
    home.mkdir()
    at = stand_ins["http://127.0.0.1:8080"]
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        **sandbox.environment(),  # in place of the vendors
        "CALLS_PER_SECOND": "500",
        "AIRFLOW__API__PORT": at.rpartition(":")[2],  # 8080 may be somebody's
        "AIRFLOW__API__BASE_URL": at,
    }
    blocks = put_in_place(sort_out(all_blocks())[0], stand_ins)
    remember = Block("this test", 1, "sh", "export -p > exported\n")
    typed = sandbox.account("huawei").secret_key
    with run_blocks([*blocks, remember], server, environ, log, typed=typed, seconds=300):
        printed = (log / "printed").read_text("utf-8")
        assert typed not in printed
        assert "main (huawei): added" in printed
        assert "v_ticket: 0 rows" not in printed
        assert (server / "tickets.xlsx").stat().st_size > 5000
        assert_private(home / "airflow" / "keys")
        (run_id,) = re.findall(r'"dag_run_id":\s*"([^"]+)"', printed)
        wait_for_success(stand_ins["postgresql+psycopg2://airflow:password@host/airflow"], run_id)

        found = json.loads(say(server, environ, "python -m include check --json"))
        assert [one["verdict"] for one in found if one["what"] == "Airflow"] == ["ok"]
        assert {one["verdict"] for one in found} <= {"ok", "warning", "off"}

        users.allow("report")
        (server / "tickets.xlsx").unlink()
        asked = [
            line
            for block in blocks
            for line in re.findall("^.* include report .*", block.text, re.M)
        ]
        assert len(asked) == 1
        for line in asked:
            say(server, environ, f"export WAREHOUSE_URL='{users.url('report')}'\n{line}")
        assert (server / "tickets.xlsx").stat().st_size > 5000


def assert_private(keys: Path) -> None:
    """Nobody but their owner reads the keys, whatever the shell's mask."""
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in keys.iterdir()}
    names = ("secret.keys", "fernet.key", "jwt.key", "api.key", "passwords.json")
    assert modes == dict.fromkeys(names, 0o600)


def wait_for_success(metadata_url: str, run_id: str) -> None:
    """The run that REST asked for ends green, and every DAG is switched on."""
    deadline, state = time.monotonic() + RUN_SECONDS, "queued"
    engine = sa.create_engine(metadata_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        on = connection.execute(sa.text("select dag_id from dag where not is_paused")).scalars()
        assert {*on} == {path.stem for path in (ROOT / "dags").glob("*.py")}
        query = sa.text("select state from dag_run where run_id = :run_id")
        while state not in ("success", "failed") and time.monotonic() < deadline:
            time.sleep(0.2)
            state = connection.execute(query, {"run_id": run_id}).scalar_one()
    assert state == "success"


def say(server: Path, environ: dict[str, str], text: str) -> str:
    """What a command prints in another shell with the same environment."""
    script = f". ./exported\n{text}\n"
    done = subprocess.run(
        ["bash", "-euc", script], cwd=server, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
