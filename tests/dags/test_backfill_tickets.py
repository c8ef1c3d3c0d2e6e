"""Runs of backfill_tickets."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import ParamValidationError

from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request

FORM = {"vendors": ["huawei"], "accounts": None, "open_messages": False, "dry_run": False}
SPAN = {"since": "2020-01-01T00:00:00Z", "until": None}


def test_a_span_is_read_again_beside_the_sync_and_leaves_its_watermark(airflow_db, dagbag, look):
    assert dagbag.dags["sync_tickets"].test(logical_date=None, run_conf=FORM).state == "success"
    synced = look("select * from sync_state where entity = 'tickets' order by account_id")
    run = dagbag.dags["backfill_tickets"].test(logical_date=None, run_conf={**FORM, **SPAN})
    assert run.state == "success"
    assert look("select * from sync_state where entity = 'tickets' order by account_id") == synced
    read = look(
        "select sum(if(entity = 'backfill', written, 0)), sum(if(entity = 'tickets', written, 0))"
        " from sync_run where outcome = 'done'"
    )
    assert read[0][0] == read[0][1] > 0


def test_without_a_beginning_there_is_no_backfill(airflow_db, dagbag):
    with pytest.raises(ParamValidationError):
        dagbag.dags["backfill_tickets"].test(logical_date=None, run_conf=FORM)


def test_a_backfill_that_is_under_way_holds_up_no_scheduled_sync(
    airflow_db, dagbag, look, warehouse
):
    """Nor a sync a backfill: each account has a lock for either, and each DAG runs of its own."""
    asked = Request("test")
    for under_way, dag_id, conf in (
        ("backfill", "sync_tickets", FORM),
        ("tickets", "backfill_tickets", {**FORM, **SPAN}),
    ):
        with ledger.hold(warehouse, "huawei-1", under_way, vendor="huawei", request=asked):
            run = dagbag.dags[dag_id].test(logical_date=None, run_conf=conf)
        states = {t.task_id: str(t.state) for t in run.get_task_instances()}
        assert (run.state, states["huawei.tickets"]) == ("success", "success")
    assert dagbag.dags["backfill_tickets"].get_task("huawei.tickets").max_active_tis_per_dag == 2
