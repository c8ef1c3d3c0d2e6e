"""Runs of sync_ticket: one ticket, now."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import ParamValidationError

from include.vendors.registry import VENDORS

FORM = {"vendors": list(VENDORS), "accounts": None}


def test_a_ticket_is_stored_by_its_id_and_the_task_says_what_came_of_it(
    airflow_db, dagbag, look, sandbox
):
    ticket_id = sandbox.store.truth()["huawei"]["accounts"][0]["tickets"]["closed"][0]
    run = dagbag.dags["sync_ticket"].test(
        logical_date=None, run_conf={**FORM, "tickets": [ticket_id, "nobodys"]}
    )
    assert run.state == "success"
    told = run.get_task_instance("ticket").xcom_pull(task_ids="ticket")
    assert [(t["ticket"], t["account"], t["state"]) for t in told] == [
        (ticket_id, "huawei-1", "complete"),
        ("nobodys", "", "unknown"),
    ]
    assert look("select cloud_id, complete from cloud_osm_list") == [(ticket_id, 1)]


def test_a_form_without_a_ticket_is_refused(airflow_db, dagbag, look):
    with pytest.raises(ParamValidationError):
        dagbag.dags["sync_ticket"].test(logical_date=None, run_conf={**FORM, "tickets": []})


def test_a_ticket_with_a_blank_at_its_end_is_refused(airflow_db, dagbag, look):
    run = dagbag.dags["sync_ticket"].test(
        logical_date=None, run_conf={**FORM, "tickets": ["T1", "T1 "]}
    )
    assert run.state == "failed"
    assert look("select count(*) from sync_run") == [(0,)]


def test_it_waits_behind_no_other_run(dagbag):
    found = dagbag.dags["sync_ticket"]
    assert found.max_active_runs > 1
    assert {task.pool for task in found.tasks} == {"default_pool"}
