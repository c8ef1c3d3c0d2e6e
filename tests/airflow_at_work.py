"""Airflow's own database as its parts leave it while all is well, and how each comes to a stop."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.work.traces import Trace

DAGS = Path(__file__).resolve().parents[1] / "dags"
BUNDLE = "dags-folder"


@contextmanager
def session() -> Iterator[Any]:
    from airflow.utils.session import create_session

    with create_session(scoped=False) as opened:
        yield opened


def start_work() -> None:
    """Every DAG was read and is switched on, nothing waits, scheduler and processor are alive."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.jobs.job import Job
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.models.errors import ParseImportError

    with session() as s:
        for table in (Job, DagRun, ParseImportError):
            s.execute(sa.delete(table))
        known = set(s.scalars(sa.select(DagModel.dag_id)))
    if not known >= {path.stem for path in DAGS.glob("*.py")}:
        DagBundlesManager().sync_bundles_to_db()
        read_files(DAGS)
    with session() as s:
        well = {"is_paused": False, "is_stale": False, "has_import_errors": False}
        s.execute(sa.update(DagModel).values(well))
    set_pool(128)
    for job_type in ("SchedulerJob", "DagProcessorJob"):
        Job(job_type=job_type).prepare_for_execution()


def read_files(folder: Path) -> None:
    """What the DAG processor does with the files of a folder."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dag import DagModel

    bag = DagBag(folder, bundle_path=folder, bundle_name=BUNDLE)
    sync_bag_to_db(bag, BUNDLE, None)
    with session() as s:
        found = [path.name for path in folder.glob("*.py")]
        DagModel.deactivate_deleted_dags(bundle_name=BUNDLE, rel_filelocs=found, session=s)


def switch_off(*dag_ids: str) -> None:
    from airflow.models.dag import DagModel

    with session() as s:
        s.execute(sa.update(DagModel).where(DagModel.dag_id.in_(dag_ids)).values(is_paused=True))


def fall_silent(job_type: str, minutes: int) -> None:
    """The last heartbeat of a service was so long ago: it was killed."""
    from airflow.jobs.job import Job

    beat = datetime.now(UTC) - timedelta(minutes=minutes)
    with session() as s:
        s.execute(sa.update(Job).where(Job.job_type == job_type).values(latest_heartbeat=beat))


def stay_alive(minutes: int) -> None:
    """Both services will have shown a sign of life for so long."""
    for job_type in ("SchedulerJob", "DagProcessorJob"):
        fall_silent(job_type, -minutes)


def trigger(dag_id: str, minutes: int, state: str = "queued", conf: Any = None) -> str:
    """A run by hand that began to wait so long ago; its id."""
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.models.dagrun import DagRun
    from airflow.utils.types import DagRunTriggeredByType

    run = trigger_dag(dag_id, triggered_by=DagRunTriggeredByType.CLI, conf=conf)
    assert run
    began = datetime.now(UTC) - timedelta(minutes=minutes)
    values: dict[str, Any] = {"queued_at": began, "_state": state}
    if state != "queued":
        values["start_date"] = began
    with session() as s:
        s.execute(sa.update(DagRun).where(DagRun.run_id == run.run_id).values(values))
    return str(run.run_id)


def look_elsewhere(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Airflow's database is one that was never migrated."""
    from airflow import settings
    from sqlalchemy.orm import sessionmaker

    engine = sa.create_engine(f"sqlite:///{folder}/empty.db", poolclass=sa.NullPool)
    patch.setattr(settings, "NonScopedSession", sessionmaker(engine))
    patch.setattr(settings, "engine", engine)


def set_pool(slots: int | None) -> None:
    """The pool of all tasks has so many places; None: it is not there."""
    from airflow.models.pool import Pool

    with session() as s:
        s.execute(sa.delete(Pool).where(Pool.pool == Pool.DEFAULT_POOL_NAME))
        if slots is not None:
            s.add(Pool(pool=Pool.DEFAULT_POOL_NAME, slots=slots, include_deferred=False))


def let_tasks(run_id: str, state: str, minutes: int) -> None:
    """All tasks of a run are in *state*, and were scheduled so long ago."""
    from airflow.models.taskinstance import TaskInstance

    when = datetime.now(UTC) - timedelta(minutes=minutes)
    values = {"state": state, "scheduled_dttm": when}
    with session() as s:
        s.execute(sa.update(TaskInstance).where(TaskInstance.run_id == run_id).values(values))


def log_of(run_id: str, task_id: str, map_index: int, text: str) -> Trace:
    """A mapped task of a run failed, and its log, as Airflow keeps it, says *text*."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.log.file_task_handler import FileTaskHandler

    with session() as s:
        run = s.scalar(sa.select(DagRun).where(DagRun.run_id == run_id))
        task = s.scalar(
            sa.select(TaskInstance).where(
                TaskInstance.run_id == run_id, TaskInstance.task_id == task_id
            )
        )
        now = datetime.now(UTC)
        task.map_index, task.state, task.try_number = map_index, "failed", 1
        task.start_date, task.end_date = now - timedelta(minutes=1), now
        s.flush()
        folder = Path(os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"])
        path = folder / FileTaskHandler(str(folder))._render_filename(task, 1, session=s)
        path.parent.mkdir(parents=True, exist_ok=True)
        said = {"timestamp": now.isoformat(), "level": "error", "event": text}
        path.write_text(json.dumps(said) + "\n")
        return Trace(run.dag_id, run_id, task_id, map_index)


def asked_of(session: Any, run_id: str) -> tuple[Any, str | None]:
    """What a run was asked for, and by whom."""
    from airflow.models.dagrun import DagRun

    run = session.scalar(sa.select(DagRun).where(DagRun.run_id == run_id))
    return run.conf, run.triggering_user_name
