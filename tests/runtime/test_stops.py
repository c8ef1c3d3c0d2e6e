"""What Airflow's own database tells of runs that do not start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from include.errors import ConfigError
from tests import airflow_at_work as airflow
from tests.airflow_at_work import DAGS


@pytest.fixture
def find(airflow_at_work):
    """``find()``: what is stopped, by its subject."""
    from include.runtime.stops import find_stops

    def look():
        return {stop.subject: stop for stop in find_stops(now=datetime.now(UTC))}

    return look


def age(stop):
    return round((datetime.now(UTC) - stop.since).total_seconds() / 60)


def test_where_all_is_well_nothing_is_told(find):
    assert find() == {}


def test_the_dags_are_those_of_the_folder():
    from include.runtime.stops import OURS

    assert sorted(OURS) == sorted(path.stem for path in DAGS.glob("*.py"))


def test_a_dag_that_is_switched_off_starts_no_run(find):
    run_id = airflow.trigger("sync_tickets", 90, "success")
    airflow.switch_off("sync_tickets", "check_data")
    found = find()
    assert list(found) == ["sync_tickets", "check_data"]
    stop = found["sync_tickets"]
    assert (stop.cause, age(stop)) == ("paused", 90)
    assert stop.halted == {"sync_tickets"}
    assert run_id
    assert (found["check_data"].cause, found["check_data"].since) == ("paused", None)


def test_what_a_person_starts_may_be_switched_off_until_a_run_waits_for_it(find):
    airflow.switch_off("sync_ticket", "backfill_tickets")
    assert find() == {}
    airflow.trigger("sync_ticket", 0, conf={"tickets": ["T1"]})
    stop = find()["sync_ticket"]
    assert (stop.cause, stop.runs, stop.since) == ("paused", 1, None)


def test_who_has_no_customer_service_may_leave_its_dag_switched_off(find):
    airflow.switch_off("snapshot_customer_service")
    assert find() == {}
    airflow.trigger("snapshot_customer_service", 200, "success")
    assert find()["snapshot_customer_service"].cause == "paused"


def test_a_file_that_cannot_be_imported_is_told_with_its_reason(find, tmp_path):
    from airflow.models.dag import DagModel

    for path in DAGS.glob("*.py"):
        broken = "import nowhere\n" if path.stem == "sync_tickets" else ""
        (tmp_path / path.name).write_text(path.read_text() + broken)
    last_read = datetime.now(UTC) - timedelta(minutes=40)
    with airflow.session() as session:
        session.execute(sa.update(DagModel).values(last_parsed_time=last_read))
    for _ in range(2):
        airflow.read_files(tmp_path)
    stop = find()["sync_tickets"]
    assert stop.cause == "not_imported"
    assert stop.detail == "ModuleNotFoundError: No module named 'nowhere'"
    assert age(stop) == 40
    assert list(find()) == ["sync_tickets"]
    airflow.read_files(DAGS)
    assert find() == {}


def test_another_teams_broken_file_is_not_ours(find, tmp_path):
    from airflow.models.errors import ParseImportError

    for path in DAGS.glob("*.py"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "theirs.py").write_text("import airflow, nowhere  # a dag\n")
    airflow.read_files(tmp_path)
    with airflow.session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ParseImportError)) == 1
    assert find() == {}


def test_a_dag_whose_file_is_gone_is_told(find, tmp_path):
    for path in DAGS.glob("*.py"):
        if path.stem != "build_reports":
            (tmp_path / path.name).write_text(path.read_text())
    airflow.read_files(tmp_path)
    stop = find()["build_reports"]
    assert stop.cause == "gone"


def test_a_dag_that_was_never_read_is_told(find):
    from airflow.models.dag import DagModel

    with airflow.session() as session:
        session.execute(sa.delete(DagModel).where(DagModel.dag_id == "refresh_catalog"))
    assert find()["refresh_catalog"].cause == "not_found"


@pytest.mark.parametrize("ended", [False, True])
def test_a_scheduler_without_a_heartbeat_halts_every_dag(find, ended):
    from airflow.jobs.job import Job

    airflow.fall_silent("SchedulerJob", 0 if ended else 5)
    if ended:  # told to: it leaves its row in another state
        with airflow.session() as session:
            session.execute(
                sa.update(Job).where(Job.job_type == "SchedulerJob").values(state="success")
            )
    airflow.trigger("sync_tickets", 60)
    (stop,) = find().values()
    assert (stop.subject, stop.cause) == ("scheduler", "silent")
    assert age(stop) == (0 if ended else 5)
    assert len(stop.halted) == len(list(DAGS.glob("*.py")))


def test_one_of_two_schedulers_is_enough(find):
    from airflow.jobs.job import Job

    airflow.fall_silent("SchedulerJob", 5)
    Job(job_type="SchedulerJob").prepare_for_execution()
    assert find() == {}


def test_without_a_dag_processor_what_was_read_goes_on(find):
    airflow.fall_silent("DagProcessorJob", 30)
    (stop,) = find().values()
    assert (stop.subject, stop.halted) == ("dag-processor", frozenset())


def test_an_airflow_that_was_never_started_is_told_in_two_lines(airflow_db):
    from airflow.jobs.job import Job
    from airflow.models.dag import DagModel

    from include.runtime.stops import OURS, find_stops

    with airflow.session() as session:
        for table in (Job, DagModel):
            session.execute(sa.delete(table))
    found = find_stops(now=datetime.now(UTC))
    assert [(stop.subject, stop.cause, stop.since) for stop in found] == [
        ("scheduler", "not_started", None),
        ("dag-processor", "not_started", None),
    ]
    assert [stop.halted for stop in found] == [set(OURS)] * 2


def test_a_run_that_waits_is_told_after_a_while(find):
    airflow.trigger("sync_tickets", 3)
    assert find() == {}
    airflow.trigger("sync_tickets", 9)
    stop = find()["sync_tickets"]
    assert (stop.cause, stop.runs, age(stop)) == ("queued", 2, 9)
    assert stop.halted == {"sync_tickets"}


def test_a_run_that_waits_for_the_one_before_it_halts_nothing(find):
    active = airflow.trigger("snapshot_customer_service", 70, "running")
    airflow.let_tasks(active, "running", 70)
    airflow.trigger("snapshot_customer_service", 10)
    stop = find()["snapshot_customer_service"]
    assert (stop.cause, stop.runs, stop.halted) == ("full", 1, frozenset())


def test_tasks_that_wait_while_none_runs_are_told(find):
    run_id = airflow.trigger("check_data", 20, "running")
    airflow.let_tasks(run_id, "queued", 3)
    assert find() == {}
    airflow.let_tasks(run_id, "scheduled", 12)
    stop = find()["check_data"]
    assert (stop.cause, age(stop)) == ("starved", 12)
    airflow.let_tasks(run_id, "running", 12)
    assert find() == {}


def test_a_database_that_is_not_airflows_is_said_in_words(find, monkeypatch, tmp_path):
    airflow.look_elsewhere(monkeypatch, tmp_path)
    with pytest.raises(ConfigError, match="Airflow's database does not answer: no such table"):
        find()


@pytest.fixture
def pool(find):
    """``pool(slots)``: the default pool as an operator leaves it; None: gone."""
    from airflow.models.pool import Pool

    def leave(slots):
        with airflow.session() as session:
            where = sa.delete(Pool) if slots is None else sa.update(Pool).values(slots=slots)
            session.execute(where.where(Pool.pool == Pool.DEFAULT_POOL_NAME))

    yield leave
    with airflow.session() as session:
        session.execute(sa.delete(Pool))
        session.add(Pool(pool=Pool.DEFAULT_POOL_NAME, slots=128, include_deferred=False))


@pytest.mark.parametrize("slots", [None, 0])
def test_without_the_default_pool_nothing_goes_on(find, pool, slots):
    pool(slots)
    (stop,) = find().values()
    assert (stop.subject, stop.cause) == ("default_pool", "no_pool")
    assert len(stop.halted) == len(list(DAGS.glob("*.py")))


def test_a_pool_without_a_limit_is_there(find, pool):
    pool(-1)
    assert find() == {}


def test_a_pool_that_an_operator_gave_a_task_and_took_away_is_told(find):
    from airflow.models.taskinstance import TaskInstance

    run_id = airflow.trigger("check_data", 2, "running")
    airflow.let_tasks(run_id, "scheduled", 2)
    with airflow.session() as session:
        task = sa.update(TaskInstance).where(TaskInstance.run_id == run_id)
        session.execute(task.values(pool="vendors"))
    stop = find()["vendors"]
    assert (stop.cause, stop.halted, age(stop)) == ("no_pool", {"check_data"}, 2)
