"""The whole house: databases, sandbox, Airflow with its DAGs, tables."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import psutil
import pytest

from include.sandbox.servers import databases, processes
from tests.command_blocks import find_blocks

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(
        databases.find() is None or databases.find_source() is None,
        reason="no database servers on this machine",
    ),
]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def base() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="osm-demo-"))
    path.chmod(0o755)
    yield path
    processes.end_recorded(path / "processes")
    databases.stop(path / "warehouse", forget=True)
    databases.stop_source(path / "source", forget=True)
    subprocess.run(["rm", "-rf", path], check=True)


def demo(base: Path, *options: str) -> subprocess.Popen[str]:
    # Not the port of everybody's choice: two demos that look at once both find it free.
    given = ("--base", base, "--port", str(processes.free_port()), "--accounts", "1")
    return subprocess.Popen(
        [sys.executable, "-m", "include.sandbox.demo", *given, "--tickets", "10", *options],
        cwd=ROOT,
        # The demo has a source of its own: what the shell names is not touched.
        env=os.environ | {"PYTHONPATH": str(ROOT), "SOURCE_URL": "postgresql://u:p@127.0.0.1:1/x"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_of(base: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("AIRFLOW_HOME", "")]
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if any(str(base) in word for word in words):
            found.append(" ".join(words))
    return found


def test_a_demo_fills_every_table_through_airflow_and_leaves_no_process(base):
    """With Airflow's own database where production has it; the next test has it in a file."""
    with demo(base, "--once", "--metadata", "postgresql") as running:
        said, _ = running.communicate(timeout=300)
    assert running.returncode == 0, said
    assert "metadata database up to date, on postgresql" in said
    assert not list((base / "airflow").glob("*.db"))
    assert "all counts are equal" in said
    assert "sync_tickets: success" in said
    assert said.count("snapshot_customer_service: success") == 2
    assert "build_reports: success" in said
    assert said.count("session_mapping") == 2
    assert processes_of(base) == []
    for key in (base / "airflow" / "keys").iterdir():
        assert key.stat().st_mode & 0o077 == 0


def follow(base: Path, *blocks: str) -> subprocess.CompletedProcess[str]:
    """What the commands say in a shell that knows of nothing but the demo's folder."""
    own = ("AIRFLOW", "PYTHONPATH", "WAREHOUSE", "SOURCE", "ALERT", "SECRET", "SANDBOX")
    environ = {name: text for name, text in os.environ.items() if not name.startswith(own)}
    text = "\n".join(blocks).replace(".local/demo/", f"{shlex.quote(str(base))}/")
    return subprocess.run(
        ["bash", "-uc", text], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120
    )


def test_the_tour_breaks_an_account_is_told_and_mends_it_as_it_is_told(base):
    blocks = [block.text for block in find_blocks("tour", (ROOT / "docs/tour.md").read_text())]
    first, breaks, told, mends = blocks

    def alerts(*blocks: str) -> list[dict[str, str]]:
        told = json.loads(follow(base, first, *blocks).stdout.splitlines()[-1])
        return [alert for alert in told if "demo-huawei-1" in alert["title"]]

    with demo(base) as running:
        try:
            assert running.stdout
            said = "".join(takewhile(lambda line: "docs/tour.md" not in line, running.stdout))
            assert f"Commands     . {base}/environment" in said
            assert (base / "environment").stat().st_mode & 0o077 == 0
            assert "failing" not in follow(base, first).stdout
            assert follow(base, first, "airflow dags list-import-errors").returncode == 0
            assert "#autherror" in follow(base, first, breaks).stderr
            (alert,) = alerts(told)
            assert alert["type"] == "warning"
            assert "accounts add" in alert["message"]
            assert [alert["type"] for alert in alerts(mends)] == ["warning", "info"]
        finally:
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=60)
    assert processes_of(base) == []


@pytest.mark.parametrize(
    "word",
    [
        "sandbox: 3 vendors",
        pytest.param(
            "snapshot_customer_service: success",
            marks=pytest.mark.skipif(not os.environ.get("FULL"), reason="a whole start: FULL=1"),
        ),
    ],
)
def test_a_demo_on_sqlite_that_is_stopped_early_leaves_no_process(base, word):
    with demo(base) as running:
        assert running.stdout
        said = list(takewhile(lambda line: word not in line, running.stdout))
        assert running.poll() is None, said
        running.send_signal(signal.SIGTERM)
        more, _ = running.communicate(timeout=60)
    assert running.returncode == 0, more
    assert processes_of(base) == []
