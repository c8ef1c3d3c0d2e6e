"""Runs tasks of ``sync_tickets`` as a worker of Airflow does.

Each has a process of its own, watched by Airflow's supervisor, which asks Airflow's API whether the
task may go on. Arguments: the form as JSON, then the ids of tasks, in their order.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.executors.workloads import ExecuteTask
from airflow.models.dagrun import DagRun, get_or_create_dagrun
from airflow.sdk import timezone
from airflow.sdk.api.client import Client
from airflow.sdk.execution_time.supervisor import supervise_task
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy.orm import Session

DAG = "sync_tickets"


def begin(session: Session, form: dict[str, Any]) -> DagRun:
    """Make the DAG known, and a run of it by hand."""
    manager = DagBundlesManager()
    manager.sync_bundles_to_db(session=session)
    session.commit()
    [bundle] = manager.get_all_dag_bundles()
    bag = BundleDagBag(bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    sync_bag_to_db(bag, bundle.name, bundle.version)
    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(bag.dags[DAG]))
    now = timezone.utcnow()
    return get_or_create_dagrun(
        dag=dag,
        run_id=DagRun.generate_run_id(run_type=DagRunType.MANUAL, logical_date=None, run_after=now),
        logical_date=None,
        data_interval=None,
        run_after=now,
        conf=form,
        triggered_by=DagRunTriggeredByType.TEST,
        triggering_user_name="a test",
        start_date=now,
        session=session,
    )


def main(form: str, *names: str) -> None:
    client = Client(
        base_url="http://in-process.invalid./",
        token="",
        transport=InProcessExecutionAPI().transport,
    )
    with create_session() as session:
        run = begin(session, json.loads(form))
        for name in names:
            ready, _ = run.update_state(session=session)
            [ti] = [one for one in ready if one.task_id == name]
            ti.try_number += 1
            ti.state = TaskInstanceState.QUEUED
            session.commit()
            work = ExecuteTask.make(ti)
            supervise_task(
                ti=work.ti,  # type: ignore[arg-type]  # as executors do
                bundle_info=work.bundle_info,
                dag_rel_path=work.dag_rel_path,
                token="",
                client=client,
            )
            session.expire_all()


if __name__ == "__main__":
    main(*sys.argv[1:])
