"""Mistakes with Airflow, as its own database tells them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from tests import airflow_at_work as airflow
from tests.airflow_at_work import DAGS
from tests.cli.check.mistakes.scene import Mistake, Scene, in_turn, say

WHAT: Final = "Airflow"


def copy_dags(scene: Scene, *, but: str = "", broken: str = "") -> None:
    """The folder of DAGs is another one, without a file, or with one that cannot be imported."""
    folder = scene.get("tmp_path")
    for path in DAGS.glob("*.py"):
        more = "import nowhere\n" if path.stem == broken else ""
        if path.stem != but:
            (folder / path.name).write_text(path.read_text() + more)
    airflow.read_files(folder)
    scene.stack.callback(airflow.read_files, DAGS)


def lose_the_folder(scene: Scene) -> None:
    airflow.read_files(scene.get("tmp_path"))
    scene.stack.callback(airflow.read_files, DAGS)


def wait_in_a_queue(scene: Scene) -> None:
    airflow.trigger("sync_tickets", 20)


def wait_for_a_worker(scene: Scene) -> None:
    run = airflow.trigger("sync_tickets", 20, "running")
    airflow.let_tasks(run, "queued", 20)


def upgrade_airflow_alone(scene: Scene) -> None:
    """The programs are newer than the database."""

    def put(revision: str) -> None:
        with airflow.session() as s:
            s.execute(sa.text("update alembic_version set version_num = :new"), {"new": revision})

    with airflow.session() as s:
        before = str(s.scalar(sa.text("select version_num from alembic_version")))
    put("29ce7909c52b")  # of Airflow 3.0
    scene.stack.callback(put, before)


MISTAKES: Final = (
    Mistake(
        "airflow-not-named",
        say(AIRFLOW_HOME="", AIRFLOW_CONFIG=""),
        WHAT,
        ("AIRFLOW_HOME and AIRFLOW_CONFIG are not set",),
        ("run `check` where the scheduler runs",),
        "off",
    ),
    Mistake(
        "dags-off",
        lambda scene: airflow.switch_off("sync_tickets"),
        WHAT,
        ("sync_tickets is switched off",),
        ("airflow dags unpause sync_tickets",),
        "warning",
    ),
    Mistake(
        "dag-cannot-be-imported",
        lambda scene: copy_dags(scene, broken="sync_tickets"),
        WHAT,
        ("sync_tickets cannot be imported", "No module named 'nowhere'"),
        ("airflow dags list-import-errors",),
    ),
    Mistake(
        "dag-file-missing",
        lambda scene: copy_dags(scene, but="build_reports"),
        WHAT,
        ("build_reports is no longer found",),
        ("build_reports.py", "dags_folder", str(DAGS)),
    ),
    Mistake(
        "dag-folder-wrong",
        lose_the_folder,
        WHAT,
        ("sync_tickets is no longer found by Airflow",),
        ("dags_folder", str(DAGS)),
    ),
    Mistake(
        "scheduler-dead",
        lambda scene: airflow.fall_silent("SchedulerJob", 10),
        WHAT,
        ("The scheduler gives no sign of life since",),
        ("`airflow scheduler`",),
    ),
    Mistake(
        "processor-dead",
        lambda scene: airflow.fall_silent("DagProcessorJob", 10),
        WHAT,
        ("The DAG processor gives no sign of life since",),
        ("`airflow dag-processor`",),
    ),
    Mistake(
        "pool-gone",
        lambda _: airflow.set_pool(None),
        WHAT,
        ("The pool default_pool does not exist, or has no slot",),
        ("airflow pools set default_pool 128",),
    ),
    Mistake(
        "pool-without-places",
        lambda _: airflow.set_pool(0),
        WHAT,
        ("The pool default_pool does not exist, or has no slot",),
        ("airflow pools set default_pool 128",),
    ),
    Mistake(
        "runs-wait",
        wait_in_a_queue,
        WHAT,
        ("sync_tickets has 1 run in the queue since",),
        ("the log of `airflow scheduler`",),
        "warning",
    ),
    Mistake(
        "tasks-wait",
        wait_for_a_worker,
        WHAT,
        ("sync_tickets has tasks that wait, and none that runs",),
        ("worker", "parallelism"),
        "warning",
    ),
    Mistake(
        "metadata-not-migrated",
        lambda scene: airflow.look_elsewhere(scene.patch, scene.get("tmp_path")),
        WHAT,
        ("its database has no tables of Airflow",),
        ("airflow db migrate",),
    ),
    Mistake(
        "metadata-of-another-version",
        upgrade_airflow_alone,
        WHAT,
        ("database is of another version", "29ce7909c52b"),
        ("airflow db migrate",),
    ),
    Mistake(
        "connection-of-another-warehouse",
        lambda scene: scene.patch.setenv(
            "AIRFLOW_CONN_WAREHOUSE", "mysql://osm:canary-of-a-connection@db.invalid:3306/other"
        ),
        "connection warehouse",
        (
            "database other at db.invalid:3306",
            "WAREHOUSE_URL",
            "database {database} at {host}:{port}",
        ),
        ("airflow connections delete warehouse",),
        "warning",
    ),
)
WITH_SOURCE: Final = (
    Mistake(
        "connection-of-another-source",
        in_turn(
            Scene.with_source,
            lambda scene: scene.patch.setenv(
                "AIRFLOW_CONN_CUSTOMER_SERVICE",
                "postgres://osm:canary-of-a-connection@desk.invalid:5432/other",
            ),
        ),
        "connection customer_service",
        ("database other at desk.invalid:5432", "SOURCE_URL", "database {database} at"),
        ("airflow connections delete customer_service",),
        "warning",
    ),
)
