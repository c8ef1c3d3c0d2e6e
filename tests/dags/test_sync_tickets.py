"""Runs of sync_tickets, from real forms to real tables."""

from __future__ import annotations

from typing import Any

from include.runtime import tickets
from include.secrets import KeyRing
from include.vendors.registry import VENDORS
from include.warehouse.tickets.accounts import add_account
from include.work.traces import Trace
from tests.builders import DAY, an_account

FORM: dict[str, Any] = {
    "accounts": [],
    "open_messages": False,
    "dry_run": False,
}


def add(warehouse, ring, account):
    add_account(warehouse, KeyRing.parse(ring), account, now=DAY)


def states(run):
    return {(t.task_id, t.map_index): str(t.state) for t in run.get_task_instances()}


def test_both_dags_fill_every_table(airflow_db, dagbag, look, sandbox):
    vendors = {"vendors": list(VENDORS)}
    run = dagbag.dags["refresh_catalog"].test(
        logical_date=None, run_conf={**vendors, "accounts": [], "accept_vanished": False}
    )
    assert run.state == "success"
    run = dagbag.dags["sync_tickets"].test(logical_date=None, run_conf={**vendors, **FORM})
    assert run.state == "success"
    assert states(run)["watcher", -1] == "success"
    truth = sandbox.store.truth()
    for vendor in VENDORS:
        stored = dict(
            look(
                "select status, count(*) from cloud_osm_list"
                f" where type = '{vendor.upper()}' group by status"
            )
        )
        counts = truth[vendor]["accounts"][0]["counts"]
        assert stored == {0: counts["closed"], 1: counts["open"]}
    assert look("select count(*) from sync_run where outcome <> 'done'") == [(0,)]
    asked = look("select distinct triggered_by from sync_run where entity = 'tickets'")
    traces = [Trace.read(who) for (who,) in asked]
    assert {(of.dag_id, of.task_id, of.map_index) for of in traces if of} == {
        ("sync_tickets", f"{vendor}.tickets", 0) for vendor in truth
    }


def test_one_bad_account_is_red_by_its_own_name_and_the_others_arrive(
    airflow_db, dagbag, look, warehouse, ring
):
    add(warehouse, ring, an_account("huawei", account_id="huawei-bad"))
    run = dagbag.dags["sync_tickets"].test(
        logical_date=None, run_conf={"vendors": ["huawei", "alibaba"], **FORM}
    )
    assert run.state == "failed"
    mapped = {
        t.rendered_map_index: str(t.state)
        for t in run.get_task_instances()
        if t.task_id == "huawei.tickets"
    }
    assert mapped == {"huawei-1": "success", "huawei-bad": "failed"}
    assert look(
        "select account_id, outcome, error_class from sync_run"
        " where entity = 'tickets' order by account_id"
    ) == [
        ("alibaba-1", "done", None),
        ("huawei-1", "done", None),
        ("huawei-bad", "failed", "AuthError"),
    ]


def test_reports_follow_what_a_red_task_stored(
    airflow_db, dagbag, look, warehouse, ring, monkeypatch
):
    monkeypatch.setattr(tickets, "MOST_TASKS", 1)
    add(warehouse, ring, an_account("huawei", account_id="huawei-bad"))
    run = dagbag.dags["sync_tickets"].test(
        logical_date=None, run_conf={"vendors": ["huawei"], **FORM}
    )
    assert run.state == "failed"
    assert states(run)["huawei.tickets", 0] == "failed"
    assert states(run)["publish", -1] == "success"
    assert look("select count(*) > 0 from cloud_osm_list") == [(1,)]


def test_a_misspelt_key_makes_the_run_red_instead_of_reading_everything(airflow_db, dagbag, look):
    run = dagbag.dags["sync_tickets"].test(
        logical_date=None, run_conf={"vendors": list(VENDORS), **FORM, "acounts": ["huawei-1"]}
    )
    assert run.state == "failed"
    assert look("select count(*) from sync_run") == [(0,)]
