"""Snapshots, reports and checks through Airflow, from a real source into a real warehouse."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from include.errors import CheckError, ConfigError
from include.vendors.registry import VENDORS
from tests.dags.conftest import as_connection

SNAPSHOT = {"full": False, "accept_vanished": None}


def states(run):
    return {t.task_id: str(t.state) for t in run.get_task_instances()}


def do(url, statement):
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql(statement)


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
    assert states(first) == {"snapshot": "success", "publish": "success", "watcher": "skipped"}
    present = "select table_name, present from cs_snapshot_table where snapshot_id = 1 and"
    names = "('queue_mapping', 'seat', 'session', 'session_mapping', 'supplier')"
    assert look(f"{present} table_name in {names} order by 1") == counted(customer_service)
    again = dag.test(logical_date=None, run_conf=SNAPSHOT)
    assert again.state == "success"
    assert states(again) == {"snapshot": "success", "publish": "skipped", "watcher": "skipped"}
    asked = look("select distinct triggered_by from sync_run where entity = 'snapshot'")
    assert all(who.startswith("airflow ") for (who,) in asked)


def test_a_refused_snapshot_is_red_until_the_stated_number_is_accepted(snapshot, customer_service):
    snapshot()
    do(customer_service, "delete from busi_seat_mapping")
    with pytest.raises(CheckError, match=r"accept_vanished \d+") as refused:
        snapshot()
    number = int(str(refused.value).partition("accept_vanished ")[2].partition(")")[0])
    done = snapshot(accept_vanished=number)
    assert done["closed"] == number
    assert done["snapshot_id"] == 3


def test_a_full_comparison_reads_every_row_and_changes_none(snapshot):
    everything = snapshot()["rows_read"]
    assert snapshot()["rows_read"] < everything
    full = snapshot(full=True)
    assert (full["rows_read"], full["opened"], full["closed"]) == (everything, 0, 0)


def test_the_settings_reach_the_snapshot(snapshot, customer_service, monkeypatch):
    monkeypatch.setenv("SNAPSHOT_VANISH_LIMIT", "1")
    monkeypatch.setenv("SNAPSHOT_FULL_HOURS", "0")
    everything = snapshot()["rows_read"]
    do(customer_service, "delete from busi_seat_mapping where mod(id, 2) = 0")
    assert 0 < snapshot()["closed"] < everything
    assert snapshot()["rows_read"] > everything // 2


def test_an_unknown_field_of_a_form_is_refused_before_anything_is_read(snapshot, look):
    with pytest.raises(ConfigError, match="unknown in the form: accept; known: accept_vanished"):
        snapshot(accept=7)
    assert look("select count(*) from cs_snapshot") == [(0,)]


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


def test_without_a_connection_the_next_step_is_named(look):
    from include.runtime import connections

    with pytest.raises(ConfigError, match="no Airflow connection `customer_service`: add one"):
        connections.source()


def test_a_connection_without_a_database_is_refused_by_name(monkeypatch):
    from include.runtime import connections

    bare = json.dumps({"conn_type": "postgres", "host": "127.0.0.1", "login": "u"})
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMER_SERVICE", bare)
    with pytest.raises(ConfigError, match="`customer_service` names no database"):
        connections.source()


def test_the_setting_serves_where_there_is_no_connection(look, source_url, monkeypatch):
    from include.runtime import connections

    monkeypatch.setenv("SOURCE_URL", source_url)
    assert "7 tables readable" in connections.source().describe()


def test_a_password_with_signs_of_a_url_arrives_as_it_is(monkeypatch):
    from include.runtime import connections

    url = sa.URL.create("postgresql", "us er", "p@ss:/?#%word", "127.0.0.1", 1, "some/db")
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMER_SERVICE", as_connection(url, "postgres"))
    made = sa.make_url(connections.url_of("customer_service", "postgresql+psycopg2", 5432))
    assert (made.username, made.password, made.database) == ("us er", "p@ss:/?#%word", "some/db")


def test_reports_follow_every_table_of_snapshots_and_tickets(dagbag):
    from include.customer_service import SOURCE_TABLES

    waits_for = {asset.name for asset in dagbag.dags["build_reports"].schedule.objects}
    assert {f"cs_{table.name}" for table in SOURCE_TABLES} < waits_for
    assert {"cloud_osm_list", "cloud_osm_detail"} < waits_for
    told = {
        outlet.name
        for name in ("snapshot_customer_service", "sync_tickets")
        for outlet in dagbag.dags[name].get_task("publish").outlets
    }
    assert waits_for == told


def test_checks_are_red_when_a_row_is_wrong_and_still_ask_the_vendors(
    airflow_db, dagbag, look, warehouse, sandbox
):
    form = {"vendors": list(VENDORS), "accounts": []}
    every = {**form, "since": None, "until": None, "open_messages": False, "dry_run": False}
    conf = {**form, "accept_vanished": False}
    assert dagbag.dags["refresh_catalog"].test(logical_date=None, run_conf=conf).state == "success"
    assert dagbag.dags["sync_tickets"].test(logical_date=None, run_conf=every).state == "success"
    run = dagbag.dags["check_data"].test(logical_date=None, run_conf=form)
    assert run.state == "success", states(run)
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
    assert found["tables"] == found["huawei.tickets"] == found["watcher"] == "failed"
    assert found["alibaba.tickets"] == found["tencent.tickets"] == "success"


def test_tickets_that_wait_for_the_next_sync_are_no_offence():
    from include.pipelines.comparison import Comparison
    from include.runtime import checks

    compared = Comparison("a", "huawei", "tickets")
    compared.note("incomplete", "1")
    compared.note("reopened", "2")
    compared.note("behind", "2")
    assert checks.find_offence(compared) is None
    compared.note("missing", "3")
    offence = checks.find_offence(compared)
    assert isinstance(offence, CheckError)
    assert "a differs from the vendor: 1 missing;" in str(offence)
