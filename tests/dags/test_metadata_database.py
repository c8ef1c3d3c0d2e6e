"""Airflow's own database on PostgreSQL, as airflow.cfg.example recommends for production."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.airflow
def test_airflow_sets_up_and_finds_its_database_on_postgresql(source_server, tmp_path):
    url = source_server.create()
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    (keys / "fernet.key").write_text("y1tSLJ2mbRbcI2jnSKnhXBbMhwCbB6XSORx7m0KTNLw=")
    for name in ("jwt.key", "api.key"):
        (keys / name).write_text("x" * 64)
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW_CONFIG": str(ROOT / "airflow.cfg.example"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "ETL_ROOT": str(ROOT),
        "PYTHONPATH": str(ROOT),
    }
    for command in ("migrate", "check"):
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", command],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert source_server.run("select count(*) from dag", url=url) == 0
    told = subprocess.run(
        [sys.executable, "-m", "include", "check", "--json"],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    found = [one["detail"] for one in json.loads(told.stdout) if one["what"] == "Airflow"]
    assert found == ["The scheduler was never started.", "The DAG processor was never started."]
    assert re.fullmatch(r"(check: \d+ s, still at work\n)*", told.stderr)  # on a busy machine
    source_server.drop(url)
