"""An Airflow of our own to measure through, started as the demo starts its own."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa
import typer

from include.sandbox.demo import airflow
from include.sandbox.demo.airflow import Api, DemoError
from include.sandbox.servers import processes
from include.sandbox.vendors.server import Sandbox
from include.vendors.registry import setting_names


@contextmanager
def started(
    environ: dict[str, str], home: Path, dags: Collection[str], workers: int = 0
) -> Iterator[Api]:
    """An Airflow of our own with *dags* parsed and so many *workers* of Celery; gone at the end."""
    logs = home / "started"
    logs.mkdir()
    airflow.migrate(environ, logs / "migrate.log")
    began = airflow.utcnow()
    with ExitStack() as stack:
        running = airflow.start(environ, logs, home / "processes", workers)
        stack.callback(airflow.stop, running)

        def alive() -> None:
            for name, process in running.items():
                if process.poll() is not None:
                    raise DemoError(f"{name} has ended: {(logs / name).with_suffix('.log')}")

        api = Api(environ["AIRFLOW__API__BASE_URL"], airflow.password(home))
        airflow.wait_until("Airflow", lambda: ", ".join(api.unhealthy()), alive, typer.echo)
        api.log_in()

        def missing() -> str:
            return ", ".join(dag for dag in dags if not api.is_parsed(dag, began))

        airflow.wait_until("DAGs", missing, alive, typer.echo)
        yield api


def environment(
    home: Path, metadata: str, url: str, sandbox: Sandbox, key: str, broker: str = ""
) -> dict[str, str]:
    """What every component is started with; *metadata* and *broker* are as in ``prepare``."""
    at, ours = sa.make_url(url), setting_names()
    connection = {
        "conn_type": "mysql",
        "host": at.host,
        "port": at.port,
        "login": at.username,
        "password": at.password,
        "schema": at.database,
    }
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith("AIRFLOW_")
    }
    return {
        **kept,
        **airflow.prepare(home, processes.free_port(), metadata, broker),
        "AIRFLOW_CONN_WAREHOUSE": json.dumps(connection),
        "SECRET_KEYS": key,
        **sandbox.environment(),
    }
