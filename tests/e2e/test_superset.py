"""The dashboards in a real Superset, read in a real browser: ``make test-superset``.

The pictures stay in ``.local/superset/pictures``, for somebody to look at.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from include.sandbox.servers import databases, processes
from include.sandbox.superset import bundle, server
from tests.e2e.superset_numbers import NUMBERS

pytestmark = pytest.mark.skipif(
    not os.environ.get("SUPERSET"), reason="takes Superset and Chromium: make test-superset"
)
ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / ".local" / "superset" / "pictures"
VIEWS = 4
"""Each dashboard in two languages and two widths."""
CHARTS = {
    path.stem: yaml.safe_load(path.read_text("utf-8"))
    for path in sorted((bundle.FOLDER / "charts").glob("*.yaml"))
}


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A demo that has run."""
    path = Path(tempfile.mkdtemp(prefix="osm-superset-"))
    path.chmod(0o755)
    command = [sys.executable, "-m", "include.sandbox.demo", "--once", "--base", str(path)]
    command += ["--port", str(processes.free_port())]
    try:
        subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
        yield path
    finally:
        processes.end_recorded(path / "processes")
        databases.stop(path / "warehouse", forget=True)
        databases.stop_source(path / "source", forget=True)
        subprocess.run(["rm", "-rf", path], check=True)


@pytest.fixture(scope="module")
def superset(base: Path) -> Iterator[str]:
    """What `make superset` runs, against that demo; its address."""
    home, port = base / "superset", processes.free_port()
    command = [sys.executable, "-m", "include.sandbox.superset", "start", "--demo", str(base)]
    command += ["--home", str(home), "--port", str(port)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout
        said = []
        for line in running.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        try:
            assert running.poll() is None, said
            assert "imported 3 dashboards" in "".join(said)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=60)


@pytest.fixture(scope="module")
def shown(base: Path, superset: str) -> list[dict[str, Any]]:
    """What a browser got and drew: an object a picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    script = Path(__file__).with_name("superset_pages.py")
    secret = server.password(base / "superset")
    python = server.VENV / "bin" / "python"
    asked = [superset, server.USER, secret, str(PICTURES), *bundle.slugs()]
    subprocess.run([python, script, *asked], check=True)
    found: list[dict[str, Any]] = json.loads((PICTURES / "shown.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def warehouse(base: Path, superset: str) -> Iterator[sa.Connection]:
    url = databases.create_database(databases.start(base / "warehouse"), databases.DATABASE)
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        yield connection


def test_no_chart_shows_an_error_in_any_language_or_width(shown):
    assert len(shown) == VIEWS * len(bundle.slugs())
    for picture in shown:
        wrong = {
            name: found["answer"][:300]
            for name, found in picture["charts"].items()
            if found["status"] != 200
        }
        assert (wrong, picture["wrong"], picture["raised"]) == ({}, [], []), picture["picture"]
        assert picture["holders"] == len(picture["charts"]) + 1  # the note below
    assert sum(len(picture["charts"]) for picture in shown) == VIEWS * len(CHARTS)


def test_every_chart_has_a_statement_to_be_compared_with():
    assert NUMBERS.keys() == CHARTS.keys()


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_shows_the_numbers_of_our_own_statement(name, shown, warehouse):
    title = CHARTS[name]["slice_name"]
    answers = [p["charts"][title]["answer"] for p in shown if title in p["charts"]]
    rows = [json.loads(answer)["result"][0]["data"] for answer in answers]
    assert len(rows) == VIEWS
    assert all(one for one in rows), "the chart is empty"
    if not NUMBERS[name]:
        return  # it changes by the minute
    today = (datetime.now(UTC) + timedelta(hours=8)).date()
    wanted = warehouse.execute(sa.text(NUMBERS[name]), {"today": today}).mappings().all()
    grained = CHARTS[name]["params"].get("time_grain_sqla") and CHARTS[name]["params"]["x_axis"]
    for found in rows:
        told = [{key: row.get(key) for key in wanted[0]} for row in found]
        for row in told:
            if grained:
                row[grained] = moment(row[grained])
        assert ordered(told) == ordered(wanted)


def ordered(rows: Any) -> list[dict[str, Any]]:
    """The rows as both sides can be compared by, in an order of its own."""
    return sorted(({key: plain(row[key]) for key in row} for row in rows), key=str)


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)


def plain(value: Any) -> Any:
    """A number to four decimals, as a share has in the database; a moment or day as text."""
    if isinstance(value, date):
        return str(value).removesuffix(" 00:00:00")
    if value is None or isinstance(value, str):
        return value
    return round(float(value), 4)
