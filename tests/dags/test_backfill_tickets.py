"""Runs of backfill_tickets."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import ParamValidationError

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
