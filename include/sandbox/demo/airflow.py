"""An Airflow of our own for the demo: its keys, its processes, and its REST API."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import psutil
import requests

from include.errors import SyncError
from include.sandbox.servers import processes

ROOT: Final = Path(__file__).resolve().parents[3]
HEALTH_SECONDS: Final = 180
RUN_SECONDS: Final = 1800
TELL_SECONDS: Final = 5
USER: Final = "admin"
EXECUTION_API: Final = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"


class Metadata(StrEnum):
    """Where Airflow keeps its own state."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class DemoError(SyncError):
    """The demo cannot go on; the text says where to look."""


def prepare(home: Path, port: int, metadata: str, broker: str = "") -> dict[str, str]:
    """Lay out *home* (configuration, keys, password: kept when there); the environment it needs.

    *metadata*: the URL of Airflow's own database on PostgreSQL; empty: SQLite, below *home*. There
    the API of people and that of tasks are two processes: Airflow writes its audit log on the event
    loop of the first, and would wait for a task's write in the same process, which waits for the
    event loop. *broker*: the URL of the Redis by which tasks get to Celery's workers; empty: the
    scheduler runs them.
    """
    keys = home / "keys"
    keys.mkdir(parents=True, exist_ok=True)
    keys.chmod(0o700)
    made = {
        "fernet.key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "jwt.key": secrets.token_urlsafe(64),
        "api.key": secrets.token_urlsafe(32),
        "passwords.json": json.dumps({USER: secrets.token_urlsafe(12)}),
    }
    for name, text in made.items():
        if not (keys / name).exists():
            processes.write_private(keys / name, text)
    shutil.copyfile(ROOT / "airflow.cfg.example", home / "airflow.cfg")
    if metadata:
        its_own = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata}
    else:
        its_own = {
            EXECUTION_API: f"http://127.0.0.1:{processes.free_port()}/execution/",
            # A sign of life may wait as long as any other write.
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "300",
        }
    if broker:
        its_own["AIRFLOW__CORE__EXECUTOR"] = "CeleryExecutor"
        its_own["AIRFLOW__CELERY__BROKER_URL"] = broker
    return {
        "ETL_ROOT": str(ROOT),
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(home / "airflow.cfg"),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        **its_own,
    }


def password(home: Path) -> str:
    """What the user of the UI logs in with."""
    return str(json.loads((home / "keys" / "passwords.json").read_text())[USER])


def migrate(environ: Mapping[str, str], log: Path) -> None:
    """Create the metadata database, or bring it up to date."""
    with log.open("ab") as file:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            check=False,
            env=dict(environ),
            stdout=file,
            stderr=file,
        )
    if done.returncode:
        raise DemoError(f"airflow db migrate failed: see {log}")


def start(
    environ: Mapping[str, str], logs: Path, record: Path, workers: int = 0
) -> dict[str, psutil.Popen]:
    """Start the components that are needed, each in a session of its own."""
    apis = {"api-server": ["api-server"]}
    if apart := environ.get(EXECUTION_API):
        apis["api-server"] += ["--apps", "core"]
        port = str(urlsplit(apart).port)
        apis["task-api"] = ["api-server", "--apps", "execution", "--port", port]
    commands = {
        **apis,
        # The log server would listen on all addresses; here the API server reads the files.
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "dag-processor": ["dag-processor"],
        **{
            name: ["celery", "worker", "--celery-hostname", f"{name}@%h", "--skip-serve-logs"]
            for name in (f"worker-{number + 1}" for number in range(workers))
        },
    }
    return {
        name: processes.start(
            [sys.executable, "-m", "airflow", *command],
            environ,
            logs / f"{name}.log",
            record=record,
        )
        for name, command in commands.items()
    }


def stop(running: Mapping[str, psutil.Popen]) -> None:
    """End the components, the APIs last: a task that is asked to end tells them so, and waits."""
    for are_apis in (False, True):
        processes.end(*(one for name, one in running.items() if ("api" in name) is are_apis))
    for one in running.values():
        one.poll()  # they were our children


class Api:
    """Airflow's REST API, with a token."""

    def __init__(self, url: str, password: str) -> None:
        self.url = url
        self._password = password
        self._session = requests.Session()
        self._session.trust_env = False  # it is on loopback: no proxy, no .netrc

    def call(self, method: str, path: str, body: Any = None, *, accept: int = 0) -> Any:
        """One call; *accept* is a status beside 2xx that is no failure. Raises DemoError."""
        try:
            answer = self._session.request(method, self.url + path, json=body, timeout=90)
        except requests.RequestException as error:
            raise DemoError(f"{method} {path}: {error}") from None
        if not answer.ok and answer.status_code != accept:
            raise DemoError(f"{method} {path}: HTTP {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None

    def log_in(self) -> None:
        """Get a token for the calls that follow."""
        token = self.call("POST", "/auth/token", {"username": USER, "password": self._password})
        self._session.headers["Authorization"] = f"Bearer {token['access_token']}"

    def unhealthy(self) -> list[str]:
        """The components that do not answer yet."""
        try:
            health = self.call("GET", "/api/v2/monitor/health")
        except DemoError:
            return ["api-server"]
        needed = ("metadatabase", "scheduler", "dag_processor")
        # While it starts, it may answer with less.
        return [name for name in needed if health.get(name, {}).get("status") != "healthy"]

    def is_parsed(self, dag_id: str, since: datetime) -> bool:
        """Whether the DAG was read after *since*. Raises DemoError when a DAG file is broken."""
        errors = self.call("GET", "/api/v2/importErrors")["import_errors"]
        if errors:
            first = errors[0]
            raise DemoError(f"{first['filename']} cannot be imported: {first['stack_trace']}")
        dag = self.call("GET", f"/api/v2/dags/{dag_id}", accept=404)
        parsed = dag.get("last_parsed_time")
        return bool(parsed) and datetime.fromisoformat(parsed) > since

    def switch_on(self, dag_id: str) -> None:
        """Let a DAG run when its schedule or its assets say so."""
        self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, **conf: Any) -> str:
        """Switch a DAG on, start a run by hand with *conf* in its form, and return its path."""
        self.switch_on(dag_id)
        path = f"/api/v2/dags/{dag_id}"
        run = self.call("POST", f"{path}/dagRuns", {"logical_date": None, "conf": conf})
        return f"{path}/dagRuns/{quote(run['dag_run_id'], safe='')}"

    def under_way(self, dag_id: str) -> str:
        """The runs of a DAG that have not ended, as words; nothing when there are none."""
        query = "state=queued&state=running&limit=10"
        runs = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns?{query}")["dag_runs"]
        return ", ".join(run["dag_run_id"] for run in runs)

    def last_event(self, dag_id: str) -> str:
        """When a DAG last told that an asset changed."""
        query = f"source_dag_id={dag_id}&order_by=-timestamp&limit=1"
        events = self.call("GET", f"/api/v2/assets/events?{query}")["asset_events"]
        if not events:
            raise DemoError(f"{dag_id} told of no change, although there was one")
        return str(events[0]["timestamp"])

    def run_since(self, dag_id: str, moment: str) -> str:
        """The path of the first run of a DAG that started at or after *moment*; or nothing."""
        path = f"/api/v2/dags/{dag_id}/dagRuns"
        query = f"start_date_gte={quote(moment)}&order_by=start_date&limit=1"
        runs = self.call("GET", f"{path}?{query}")["dag_runs"]
        return f"{path}/{quote(runs[0]['dag_run_id'], safe='')}" if runs else ""

    def progress(self, run: str) -> tuple[str, str]:
        """The state of a run, and in words how far its tasks are."""
        state = str(self.call("GET", run)["state"])
        if state == "queued":
            return state, "waiting for its turn"
        tasks = self.call("GET", f"{run}/taskInstances?limit=1000")["task_instances"]
        ended = [task for task in tasks if task["state"] in ("success", "failed", "skipped")]
        failed = [task["task_display_name"] for task in tasks if task["state"] == "failed"]
        words = f"{len(ended)} of {len(tasks)} tasks ended"
        return state, f"{words}, failed: {', '.join(failed)}" if failed else words


def wait_until(
    what: str, ready: Callable[[], str], alive: Callable[[], None], say: Callable[[str], None]
) -> None:
    """Wait until *ready* returns "": until then it says what is still missing.

    *alive* raises when waiting has become useless. Raises DemoError after three minutes.
    """
    started = told = time.monotonic()
    while missing := ready():
        alive()
        now = time.monotonic()
        if now > started + HEALTH_SECONDS:
            raise DemoError(f"{what}: not after {HEALTH_SECONDS} s: {missing}")
        if now > told + TELL_SECONDS:
            say(f"{what}: waiting for {missing}")
            told = now
        time.sleep(0.25)


def wait_for_runs(
    api: Api, runs: Mapping[str, str], alive: Callable[[], None], say: Callable[[str], None]
) -> None:
    """Wait until all runs have ended. Raises DemoError when one is not green, or hangs."""
    pending, said = dict(runs), dict[str, str]()
    deadline = time.monotonic() + RUN_SECONDS
    told = 0.0
    while pending:
        alive()
        for name, run in list(pending.items()):
            state, words = api.progress(run)
            if state in ("success", "failed"):
                del pending[name]
                say(f"{name}: {state}, {words}")
                if state == "failed":
                    raise DemoError(f"{name} failed: its task logs are in the UI and below logs/")
            elif time.monotonic() > told + TELL_SECONDS and said.get(name) != words:
                said[name] = words
                say(f"{name}: {state}, {words}")
        if time.monotonic() > told + TELL_SECONDS:
            told = time.monotonic()
        if time.monotonic() > deadline:
            raise DemoError(f"after {RUN_SECONDS} s still running: {', '.join(pending)}")
        time.sleep(0.5)


def utcnow() -> datetime:
    """Now."""
    return datetime.now(UTC)
