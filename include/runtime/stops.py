"""What keeps runs of ours from starting while none is red: asked of Airflow's own database.

For processes that may ask it, the API server with our page and the command line; a task may not.
No DAG file imports this module: Airflow's models stand at its top.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final

import sqlalchemy as sa
from airflow.configuration import conf
from airflow.jobs.job import Job, JobState, health_check_threshold
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.models.pool import Pool
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from sqlalchemy.orm import Session

from include.errors import ConfigError
from include.work.schedules import BY_HAND, SCHEDULES, WATCH
from include.work.stops import Cause, Stop

OURS: Final = (*(schedule.dag_id for schedule in SCHEDULES.values()), *BY_HAND, WATCH)
OPTIONAL: Final = (SCHEDULES["snapshot"].dag_id, WATCH)
"""Stay switched off where there is no customer service, and where only `watch` evaluates."""
SCHEDULER, PROCESSOR = "SchedulerJob", "DagProcessorJob"  # Airflow's names
SERVICES: Final = {SCHEDULER: "scheduler", PROCESSOR: "dag-processor"}
"""What must run beside the API server, by the command of ``airflow`` that starts it."""
WAIT_SECONDS: Final = 300
"""What waits for longer is told."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What Airflow knows, by the type of a job or the id of a DAG of ours; rows of our queries."""

    beats: dict[str, Any]
    dags: dict[str, Any]
    errors: dict[str, Any]
    queued: dict[str, Any]
    active: dict[str, Any]
    tasks: dict[str, Any]
    last_runs: dict[str, Any]
    pools: dict[str, int]
    wanted: list[Any]


def find_stops(*, now: datetime) -> list[Stop]:
    """Ask Airflow for all of them. Raises ConfigError when its database does not answer."""
    try:
        with create_session(scoped=False) as session:
            facts = _read_facts(session)
    except sa.exc.SQLAlchemyError as error:
        words = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise ConfigError(f"Airflow's database does not answer: {words[:200]}") from error
    silent = dict(_find_silent(facts, now))
    stops = (_find_stop(dag_id, facts, now, silent) for dag_id in OURS)
    return [*silent.values(), *_find_missing_pools(facts), *(stop for stop in stops if stop)]


def find_base_url() -> str:
    """Where Airflow's pages are, by its configuration; empty where that does not say."""
    return (conf.get("api", "base_url", fallback="") or "").rstrip("/")


def _read_facts(session: Session) -> _Facts:
    beat, state = Job.latest_heartbeat, DagRun.state
    living = (DagRunState.QUEUED, DagRunState.RUNNING)
    jobs = (
        sa.select(
            Job.job_type,
            sa.func.max(sa.case((Job.state == JobState.RUNNING, beat))).label("running"),
            sa.func.max(beat).label("last"),
        )
        .where(Job.job_type.in_(SERVICES))
        .group_by(Job.job_type)
    )
    dags = sa.select(
        DagModel.dag_id,
        DagModel.is_paused,
        DagModel.is_stale,
        DagModel.last_parsed_time,
        DagModel.max_active_runs,
    ).where(DagModel.dag_id.in_(OURS))
    runs = (
        sa.select(
            DagRun.dag_id,
            state.label("state"),
            sa.func.count().label("number"),
            sa.func.min(DagRun.queued_at).label("since"),
        )
        .where(DagRun.dag_id.in_(OURS), state.in_(living))
        .group_by(DagRun.dag_id, state)
    )
    errors = sa.select(ParseImportError.filename, ParseImportError.stacktrace)
    last_runs = (
        sa.select(DagRun.dag_id, sa.func.max(DagRun.start_date).label("began_at"))
        .where(DagRun.dag_id.in_(sa.select(DagModel.dag_id).where(DagModel.is_paused)))
        .where(DagRun.dag_id.in_(OURS))
        .group_by(DagRun.dag_id)
    )
    alive = session.execute(runs).all()
    return _Facts(
        beats={row.job_type: row for row in session.execute(jobs)},
        dags={row.dag_id: row for row in session.execute(dags)},
        errors={PurePath(row.filename or "").stem: row for row in session.execute(errors)},
        queued={row.dag_id: row for row in alive if row.state == DagRunState.QUEUED},
        active={row.dag_id: row for row in alive if row.state == DagRunState.RUNNING},
        tasks={row.dag_id: row for row in session.execute(_tasks_of_active_runs())},
        last_runs={row.dag_id: row for row in session.execute(last_runs)},
        pools={row.pool: row.slots for row in session.execute(sa.select(Pool.pool, Pool.slots))},
        wanted=list(session.execute(_pools_of_active_runs())),
    )


def _pools_of_active_runs() -> sa.Select[*tuple[Any, ...]]:
    """Which DAG's tasks want which pool, and since when the first of them waits for it."""
    task = TaskInstance
    return (
        sa.select(task.dag_id, task.pool, sa.func.min(task.scheduled_dttm).label("since"))
        .join(DagRun, (DagRun.dag_id == task.dag_id) & (DagRun.run_id == task.run_id))
        .where(DagRun.dag_id.in_(OURS), DagRun.state == DagRunState.RUNNING)
        .where(task.state == TaskInstanceState.SCHEDULED)
        .group_by(task.dag_id, task.pool)
    )


def _tasks_of_active_runs() -> sa.Select[*tuple[Any, ...]]:
    """By DAG: how many tasks run, since when others wait, and when one last ended."""
    task = TaskInstance
    is_waiting = task.state.in_((TaskInstanceState.SCHEDULED, TaskInstanceState.QUEUED))
    is_running = task.state == TaskInstanceState.RUNNING
    return (
        sa.select(
            task.dag_id,
            sa.func.sum(sa.case((is_running, 1), else_=0)).label("running"),
            sa.func.min(sa.case((is_waiting, task.scheduled_dttm))).label("waiting_since"),
            sa.func.max(task.end_date).label("last_end"),
        )
        .join(DagRun, (DagRun.dag_id == task.dag_id) & (DagRun.run_id == task.run_id))
        .where(DagRun.dag_id.in_(OURS), DagRun.state == DagRunState.RUNNING)
        .group_by(task.dag_id)
    )


def _find_silent(facts: _Facts, now: datetime) -> Iterator[tuple[str, Stop]]:
    """The services without a heartbeat, by their type of job."""
    unread = frozenset(i for i in OURS if i not in facts.dags or facts.dags[i].is_stale)
    for job_type, command in SERVICES.items():
        beat = facts.beats.get(job_type)
        limit = health_check_threshold(job_type, 0)
        if beat and beat.running and (now - beat.running).total_seconds() <= limit:
            continue
        cause = Cause.SILENT if beat else Cause.NOT_STARTED
        halted = frozenset(OURS) if job_type == SCHEDULER else unread
        yield job_type, Stop(cause, command, beat and beat.last, halted)


def _find_missing_pools(facts: _Facts) -> Iterator[Stop]:
    """The default pool, which every task of ours wants that was given no other, and those given."""
    halted = {Pool.DEFAULT_POOL_NAME: frozenset(OURS)}
    since: dict[str, Any] = {}
    for row in facts.wanted:
        halted[row.pool] = halted.get(row.pool, frozenset()) | {row.dag_id}
        since[row.pool] = min(filter(None, (row.since, since.get(row.pool))), default=None)
    for name, dags in halted.items():
        if facts.pools.get(name, 0) == 0:  # -1: without a limit
            yield Stop(Cause.NO_POOL, name, since.get(name), dags)


def _find_stop(dag_id: str, facts: _Facts, now: datetime, silent: Collection[str]) -> Stop | None:
    """What stops a DAG: the first that there is, without what follows from *silent* services."""

    def tell(cause: Cause, since: datetime | None, *, detail: str = "", runs: int = 0) -> Stop:
        halted = frozenset[str]() if cause is Cause.FULL else frozenset((dag_id,))
        return Stop(cause, dag_id, since, halted, detail, runs)

    dag, queued = facts.dags.get(dag_id), facts.queued.get(dag_id)
    if error := facts.errors.get(dag_id):
        lines = (error.stacktrace or "").strip().splitlines() or ["no reason was kept"]
        # When it was last read without one: the error's own time is that of the latest try.
        since = dag and dag.last_parsed_time
        return tell(Cause.NOT_IMPORTED, since, detail=lines[-1].strip()[:200])
    if dag is None or dag.is_stale:
        if PROCESSOR in silent:
            return None
        cause, folder = Cause.GONE if dag else Cause.NOT_FOUND, conf.get("core", "dags_folder")
        return tell(cause, dag and dag.last_parsed_time, detail=folder)
    if dag.is_paused:
        last = facts.last_runs.get(dag_id)
        began = last and last.began_at
        if not queued and (dag_id in BY_HAND or (dag_id in OPTIONAL and not began)):
            return None
        return tell(Cause.PAUSED, began, runs=queued.number if queued else 0)
    if SCHEDULER in silent:
        return None
    if queued and _has_waited(queued.since, now):
        active = facts.active.get(dag_id)
        is_full = active and active.number >= (dag.max_active_runs or 1)
        cause = Cause.FULL if is_full else Cause.QUEUED
        return tell(cause, queued.since, runs=queued.number)
    tasks = facts.tasks.get(dag_id)
    if tasks and not tasks.running and tasks.waiting_since:
        since = max(tasks.waiting_since, tasks.last_end or tasks.waiting_since)
        if _has_waited(since, now):
            return tell(Cause.STARVED, since)
    return None


def _has_waited(since: datetime | None, now: datetime) -> bool:
    return since is not None and (now - since).total_seconds() > WAIT_SECONDS
