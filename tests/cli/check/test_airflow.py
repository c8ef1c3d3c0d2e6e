"""What `check` tells of Airflow."""

from __future__ import annotations

import logging
import os

import pytest

from tests import airflow_at_work as airflow
from tests.cli.invoked import document


@pytest.fixture
def told(osm, airflow_at_work):
    """``told()``: verdict and words of each line about Airflow."""

    def check(code=0, **changes):
        home = {"AIRFLOW_HOME": os.environ["AIRFLOW_HOME"], **changes}
        found = document(osm("check", "--json", **home), code)
        return [
            (f["verdict"], f"{f['detail']} -> {f['next_step']}")
            for f in found
            if f["what"] == "Airflow"
        ]

    return check


def test_where_all_is_well_one_line_says_so(told):
    assert told() == [("ok", "its parts are alive, and each DAG starts its runs -> ")]


def test_what_a_person_switched_off_is_a_warning(told):
    airflow.switch_off("sync_tickets", "check_data")
    (tickets, checks) = told()
    assert tickets[0] == checks[0] == "warning"
    assert tickets[1].startswith("sync_tickets is switched off, and never ran.")
    assert tickets[1].endswith(
        " -> Switch it on: Airflow, `Dags`, the switch beside `sync_tickets`; or `airflow dags"
        " unpause sync_tickets`."
    )


def test_a_scheduler_that_died_fails_the_check(told):
    airflow.fall_silent("SchedulerJob", 10)
    ((verdict, words),) = told(code=1)
    assert verdict == "failed"
    assert words.startswith("The scheduler gives no sign of life since 20")
    assert "Start it: `airflow scheduler`" in words


def test_where_no_airflow_is_set_up_that_is_one_line_and_no_fault(told):
    ((verdict, words),) = told(AIRFLOW_HOME="")
    assert verdict == "off"
    assert "AIRFLOW_HOME and AIRFLOW_CONFIG are not set" in words


def test_a_database_without_its_tables_fails_the_check_of_who_named_it(told, monkeypatch, tmp_path):
    airflow.look_elsewhere(monkeypatch, tmp_path)
    ((verdict, words),) = told(code=1)
    assert verdict == "failed"
    assert "its database has no tables of Airflow" in words
    assert "`airflow db migrate`" in words


def test_a_connection_that_names_the_same_database_is_no_matter(told, monkeypatch, warehouse_url):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", warehouse_url.replace("mysql+pymysql", "mysql"))
    assert [verdict for verdict, _ in told()] == ["ok"]


def test_the_log_stays_ours(told):
    root = logging.getLogger()
    before = root.handlers[:], root.level
    told()
    assert (root.handlers, root.level) == before
