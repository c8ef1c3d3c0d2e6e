"""Runs of check_data over real tables and vendors."""

from __future__ import annotations

import sqlalchemy as sa


def states(run):
    return {t.task_id: str(t.state) for t in run.get_task_instances()}


def test_checks_are_red_when_rows_were_deleted_and_the_vendors_bring_them_back(
    airflow_db, dagbag, look, warehouse, sandbox
):
    form = {"vendors": ["huawei"], "accounts": []}
    every = {**form, "open_messages": False, "dry_run": False}
    conf = {**form, "accept_vanished": False}
    assert dagbag.dags["refresh_catalog"].test(logical_date=None, run_conf=conf).state == "success"
    assert dagbag.dags["sync_tickets"].test(logical_date=None, run_conf=every).state == "success"
    run = dagbag.dags["check_data"].test(logical_date=None, run_conf=form)
    assert run.state == "success", states(run)
    held = "select vendor, case_id, message_id from cloud_osm_detail order by 1, 2, 3"
    before = look(held)
    warehouse.transact(
        lambda c: c.execute(
            sa.text(
                "delete d from cloud_osm_detail d join cloud_osm_list t on t.type = d.vendor"
                " and t.cloud_id = d.case_id where t.type = 'HUAWEI' and t.status = 0"
            )
        )
    )
    run = dagbag.dags["check_data"].test(logical_date=None, run_conf=form)
    assert run.state == "failed"
    found = states(run)
    assert (found["tables"], found["watcher"]) == ("failed", "upstream_failed")
    assert found["huawei.tickets"] == "success"
    assert look(held) == before
    run = dagbag.dags["check_data"].test(logical_date=None, run_conf=form)
    assert run.state == "success", states(run)
