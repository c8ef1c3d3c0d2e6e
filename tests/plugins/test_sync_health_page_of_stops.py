"""The page while Airflow starts no runs, in each of the ways in which no run is red."""

from __future__ import annotations

import re
from html import unescape

import pytest

from include.errors import UnavailableError
from tests import airflow_at_work as airflow
from tests.airflow_at_work import DAGS
from tests.plugins.pages import add, lines, run, without_our_script

FRESH = "All is fresh"


@pytest.fixture
def all_fresh(warehouse):
    """An account, its catalogue, a snapshot, reports and checks, all done just now."""
    add(warehouse, "good")
    run(warehouse, "good")
    run(warehouse, "HUAWEI", entity="catalog")
    run(warehouse, "customer_service", "POSTGRESQL", entity="snapshot")
    run(warehouse, "reports", "REPORTS", entity="build", behind=None)
    run(warehouse, "checks", "CHECKS", entity="run", behind=None)
    return warehouse


LINES = {
    "sync_tickets": "good",
    "refresh_catalog": "Huawei catalogue",
    "snapshot_customer_service": "Customer-service snapshot",
    "build_reports": "Reports",
    "check_data": "SQL checks",
}


def verdict(html):
    section = html.split('<section class="verdict ')[1].split("</section>")[0]
    return " ".join(unescape(re.sub("<[^>]*>", "", section.partition(">")[2])).split())


def states(html):
    told = lines(html)
    return {dag_id: told[name].split(" ")[0] for dag_id, name in LINES.items()}


def test_where_all_is_well_the_page_says_so(all_fresh, page):
    html = page()
    assert verdict(html) == "All is fresh: nothing failed, nothing is late"
    assert set(states(html).values()) == {"fresh"}


@pytest.mark.parametrize("dag_id", LINES)
def test_what_a_dag_renews_is_not_fresh_while_it_is_switched_off(all_fresh, page, visitor, dag_id):
    airflow.trigger(dag_id, 3, "success")
    answer = visitor("admin").patch(f"/api/v2/dags/{dag_id}", json={"is_paused": True})
    assert answer.status_code == 200
    html = page()
    assert states(html) == {**dict.fromkeys(LINES, "fresh"), dag_id: "switched"}
    assert FRESH not in html
    assert verdict(html) == "2 of 6 need a look the operator 2"
    told = lines(html)[dag_id]
    assert told.startswith("switched off Airflow")
    assert f"{dag_id} is switched off: no run since 20" in told
    assert f"the operator: Switch it on: Airflow, Dags, the switch beside {dag_id}" in told


def test_a_dead_scheduler_leaves_nothing_fresh(all_fresh, page):
    airflow.fall_silent("SchedulerJob", 90)
    html = page()
    assert set(states(html).values()) == {"broken"}
    told = lines(html)
    assert next(iter(told)) == "The scheduler"
    assert "The scheduler gives no sign of life since 20" in told["The scheduler"]
    assert "Start it: airflow scheduler" in told["The scheduler"]


def test_an_import_error_is_shown_and_never_obeyed(all_fresh, page, tmp_path):
    for path in DAGS.glob("*.py"):
        broken = "raise ValueError('<script>alert(1)</script>')\n"
        text = path.read_text() + (broken if path.stem == "build_reports" else "")
        (tmp_path / path.name).write_text(text)
    airflow.read_files(tmp_path)
    html = page()
    assert states(html)["build_reports"] == "broken"
    assert "<script>" not in without_our_script(html)
    assert "ValueError: &lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "Traceback" not in html


def test_a_dag_that_is_missing_halts_what_it_renews(all_fresh, page, tmp_path):
    for path in DAGS.glob("*.py"):
        if path.stem != "check_data":
            (tmp_path / path.name).write_text(path.read_text())
    airflow.read_files(tmp_path)
    html = page()
    assert states(html)["check_data"] == "broken"
    assert "check_data is no longer found by Airflow" in lines(html)["check_data"]


def test_a_run_that_waits_is_told_while_all_else_is_fresh(all_fresh, page):
    active = airflow.trigger("snapshot_customer_service", 70, "running")
    airflow.let_tasks(active, "running", 70)
    airflow.trigger("snapshot_customer_service", 10)
    html = page()
    assert set(states(html).values()) == {"fresh"}
    assert verdict(html) == "1 of 6 needs a look the operator 1"
    told = lines(html)["snapshot_customer_service"]
    assert "snapshot_customer_service has 1 run in the queue since 20" in told


def test_nobody_waits_for_a_next_run_that_does_not_come(all_fresh, page):
    run(all_fresh, "good", error=UnavailableError("away"))
    assert "nobody: Wait: the next run tries again" in lines(page())["good"]
    airflow.switch_off("sync_tickets")
    told = lines(page())["good"]
    assert told.startswith("failing Huawei")
    assert "UnavailableError: away" in told
    assert "the operator: Switch it on" in told


def test_the_page_goes_on_where_airflows_tables_answer_nothing(
    all_fresh, page, monkeypatch, tmp_path
):
    airflow.look_elsewhere(monkeypatch, tmp_path)
    html = page()
    assert set(states(html).values()) == {"fresh"}
    assert "Whether Airflow starts runs is unknown" in html
    assert "no such table" in html
