"""Tasks of Airflow that are told to end (R2), in the processes that Airflow itself gives them.

A person who clears a running task, or marks it, has it end at its next sign of life: Airflow sends
SIGTERM, which it lets the task ignore, and SIGKILL five seconds later. A worker that has to go
passes its SIGTERM on, and waits.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil
import pytest
import sqlalchemy as sa

from include.sandbox.vendors.server import WIRES
from include.settings import Settings
from tests.dags.conftest import look, ring, warehouse
from tests.faults.kit.own_server import until, waiting
from tests.faults.test_process import FORM

__all__ = ["look", "ring", "warehouse"]  # fixtures

ROOT: Final = Path(__file__).resolve().parents[3]
START_SECONDS: Final = 240.0
"""Airflow takes some ten seconds to begin a task; a busy machine many times that."""
SECONDS: Final = 10.0
"""Five seconds after its SIGTERM Airflow kills: such a run could not say that it was stopped."""


@pytest.mark.airflow
def test_r2_a_task_that_is_cleared_while_calls_hang_is_gone_soon_and_says_stopped(
    airflow_db, look, sandbox, record_property
):
    [detail, *_] = WIRES["huawei"].DETAILS
    sandbox.faults.add("hang", vendor="huawei", action=detail, times=None)
    with worker():
        until(lambda: sandbox.faults.list()[0]["hits"] == Settings().calls_at_once, START_SECONDS)
        task = the_task("running")
        clear(task)
        until(lambda: is_gone(task.pid), SECONDS)
        until(lambda: the_task("restarting"))
    assert look("select outcome from sync_run") == [("stopped",)]
    record_property("fault", "process 0 loud")


@pytest.mark.airflow
def test_r2_a_task_whose_worker_has_to_go_while_it_writes_is_gone_soon_and_is_tried_again(
    airflow_db, look, warehouse_url, record_property
):
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with engine.connect() as holder:
        holder.exec_driver_sql("select id from cloud_osm_list for update").all()
        with worker() as process:
            until(lambda: waiting(warehouse_url), START_SECONDS)
            task = the_task("running")
            process.terminate()
            until(lambda: is_gone(task.pid), SECONDS)
            until(lambda: not waiting(warehouse_url))
            until(lambda: the_task("up_for_retry"))
    assert look("select outcome from sync_run") == [("stopped",)]
    record_property("fault", "process 0 loud")


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """Works on the tickets of Huawei's account; its task is asked every second how it is."""
    form = {"vendors": ["huawei"], **FORM}
    tasks = ("huawei.accounts", "huawei.tickets")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.kit.supervised", json.dumps(form), *tasks],
        cwd=ROOT,
        env=os.environ | {"AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def is_gone(pid: int) -> bool:
    """Whether it has ended; Airflow may look after it only seconds later."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def the_task(state: str) -> Any:
    """The newest mapped task, if it is in *state*."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    mapped = sa.select(TaskInstance).where(TaskInstance.map_index == 0)
    with create_session(scoped=False) as session:  # others' may remember rows of earlier tests
        task = session.scalars(mapped.order_by(TaskInstance.start_date.desc())).first()
        return task if task is not None and task.state == state else None


def clear(task: Any) -> None:
    """As the button does."""
    from airflow.models.taskinstance import clear_task_instances
    from airflow.utils.session import create_session

    with create_session(scoped=False) as session:
        clear_task_instances([session.get_one(type(task), task.id)], session)
