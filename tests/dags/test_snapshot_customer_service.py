"""Runs of snapshot_customer_service, from a real source into a real warehouse."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

SNAPSHOT = {"full": False, "accept_vanished": None}


def states(run):
    return {t.task_id: str(t.state) for t in run.get_task_instances()}


def counted(url):
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return [
            (table, connection.exec_driver_sql(f"select count(*) from {table}").scalar())
            for table in ("queue_mapping", "seat", "session", "session_mapping", "supplier")
        ]


@pytest.fixture
def snapshot(look, customer_service):
    """``snapshot(full=True)``: what the task does with such a form."""
    from include.runtime import customer_service as tasks

    def take(**form):
        return tasks.take_snapshot(SNAPSHOT | form, form, SNAPSHOT, "airflow test")

    return take


def test_a_snapshot_arrives_and_tells_the_assets_only_when_something_changed(
    airflow_db, dagbag, look, customer_service
):
    dag = dagbag.dags["snapshot_customer_service"]
    first = dag.test(logical_date=None, run_conf=SNAPSHOT)
    assert states(first) == {"snapshot": "success", "publish": "success", "watcher": "success"}
    present = "select table_name, present from cs_snapshot_table where snapshot_id = 1 and"
    names = "('queue_mapping', 'seat', 'session', 'session_mapping', 'supplier')"
    assert look(f"{present} table_name in {names} order by 1") == counted(customer_service)
    again = dag.test(logical_date=None, run_conf=SNAPSHOT)
    assert again.state == "success"
    assert states(again) == {"snapshot": "success", "publish": "skipped", "watcher": "success"}
    asked = look("select distinct triggered_by from sync_run where entity = 'snapshot'")
    assert all(who.startswith("airflow ") for (who,) in asked)


def test_a_misspelt_field_makes_the_run_red(airflow_db, dagbag, look, customer_service):
    run = dagbag.dags["snapshot_customer_service"].test(
        logical_date=None, run_conf={**SNAPSHOT, "fulll": True}
    )
    assert run.state == "failed"
    assert look("select count(*) from sync_run where entity = 'snapshot'") == [(0,)]


@pytest.mark.parametrize("value", [0, -1, "many", 1.5])
def test_what_is_accepted_is_a_number_of_rows(dagbag, value):
    from airflow.sdk.exceptions import ParamValidationError

    params = dagbag.dags["snapshot_customer_service"].params
    with pytest.raises(ParamValidationError):
        params["accept_vanished"] = value
