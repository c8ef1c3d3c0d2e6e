"""What keeps runs of ours from starting while none is red: asked of Airflow's own database.

For processes that may ask it, the API server with our page and the command line; a task may not.
No DAG file imports this module: Airflow's models stand at its top.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final, Literal

import sqlalchemy as sa
from airflow.jobs.job import Job, JobState, health_check_threshold
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from sqlalchemy.orm import Session

from include.errors import ConfigError
from include.work.schedules import BY_HAND, SCHEDULES

OURS: Final = (*(schedule.dag_id for schedule in SCHEDULES.values()), *BY_HAND)
OPTIONAL: Final = SCHEDULES["snapshot"].dag_id
"""Stays switched off where there is no customer service."""
SCHEDULER, PROCESSOR = "SchedulerJob", "DagProcessorJob"  # Airflow's names
SERVICES: Final = {
    SCHEDULER: ("the scheduler", "airflow scheduler"),
    PROCESSOR: ("the DAG processor", "airflow dag-processor"),
}
"""What must run beside the API server, and the command that starts it."""
WAIT_SECONDS: Final = 300
"""What waits for longer is told."""

Kind = Literal["broken", "off", "waiting"]
"""Broken; switched off by a person; or waiting for what may yet come by itself."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Something that keeps runs from starting or going on, and makes none of them red."""

    kind: Kind
    subject: str
    """A DAG's id, or the part of Airflow that is meant."""
    what: str
    """In words that *since* goes on from, where it is known."""
    since: datetime | None
    """Its beginning, or the last sign of the contrary, in UTC; None: there never was one."""
    next_step: str
    halted: frozenset[str]
    """The DAGs whose runs do not start, or do not go on, as long as it lasts."""


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
    return [*silent.values(), *(stop for stop in stops if stop)]


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
    for job_type, (name, command) in SERVICES.items():
        beat = facts.beats.get(job_type)
        limit = health_check_threshold(job_type, 0)
        if beat and beat.running and (now - beat.running).total_seconds() <= limit:
            continue
        what = "gives no sign of life" if beat else "was never started"
        halted = frozenset(OURS) if job_type == SCHEDULER else unread
        next_step = f"start it: `{command}`" + ("; its log says why it ended" if beat else "")
        yield job_type, Stop("broken", name, what, beat and beat.last, next_step, halted)


def _find_stop(dag_id: str, facts: _Facts, now: datetime, silent: Collection[str]) -> Stop | None:
    """What stops a DAG: the first that there is, without what follows from *silent* services."""

    def tell(kind: Kind, what: str, since: datetime | None, next_step: str) -> Stop:
        return Stop(kind, dag_id, what, since, next_step, frozenset((dag_id,)))

    dag, queued = facts.dags.get(dag_id), facts.queued.get(dag_id)
    if error := facts.errors.get(dag_id):
        lines = (error.stacktrace or "").strip().splitlines() or ["no reason was kept"]
        what = f"cannot be imported ({lines[-1].strip()[:200]})"
        # When it was last read without one: the error's own time is that of the latest try.
        return tell("broken", what, dag and dag.last_parsed_time, "mend what that names")
    if dag is None or dag.is_stale:
        if PROCESSOR in silent:
            return None
        what = "is no longer found by Airflow" if dag else "was never found by Airflow"
        step = f"put {dag_id}.py into the folder of DAGs"
        return tell("broken", what, dag and dag.last_parsed_time, step)
    if dag.is_paused:
        last = facts.last_runs.get(dag_id)
        began = last and last.began_at
        if not queued and (dag_id in BY_HAND or (dag_id == OPTIONAL and not began)):
            return None
        what = f"is switched off, with {_count(queued)}:" if queued else "is switched off:"
        what += " no run" if began else " it never ran"
        return tell("off", what, began, "switch it on in the list of DAGs")
    if SCHEDULER in silent:
        return None
    if queued and _has_waited(queued.since, now):
        what = f"has {_count(queued)} in the queue"
        active = facts.active.get(dag_id)
        if active and active.number >= (dag.max_active_runs or 1):
            step = "no more may be active than there are: wait, or end one"
            return replace(tell("waiting", what, queued.since, step), halted=frozenset())
        return tell("waiting", what, queued.since, "the scheduler's log says why")
    tasks = facts.tasks.get(dag_id)
    if tasks and not tasks.running and tasks.waiting_since:
        since = max(tasks.waiting_since, tasks.last_end or tasks.waiting_since)
        if _has_waited(since, now):
            step = "is there a worker, and a place: `parallelism`, the pool `default_pool`?"
            return tell("waiting", "has tasks that wait, and none that runs,", since, step)
    return None


def _count(queued: Any) -> str:
    return f"{queued.number} waiting {'run' if queued.number == 1 else 'runs'}"


def _has_waited(since: datetime | None, now: datetime) -> bool:
    return since is not None and (now - since).total_seconds() > WAIT_SECONDS
