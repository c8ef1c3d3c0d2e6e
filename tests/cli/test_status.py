"""`status`: how every account fares."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from include.cli.console import EPILOG, Exit
from tests import airflow_at_work as airflow
from tests.cli.invoked import document, told


def test_debug_tells_which_database_is_meant_and_no_password(osm, accounts, warehouse_url):
    url = sa.make_url(warehouse_url)
    told = osm("--debug", "status").stderr
    assert f"the warehouse is database {url.database} at {url.host}:{url.port}\n" in told
    assert url.password is None or url.password not in told.replace(str(url.database), "")
    assert "the warehouse is" not in osm("status").stderr


def test_status_knows_accounts_that_no_run_has_taken(osm, accounts, rows):
    rows("update cloud_user set enabled = 0 where id = 'tencent-1'")
    output = told(osm("status"), 0)
    assert "alibaba-1 tickets: No run has taken it yet. nobody: Wait for the next run" in output
    assert "tencent-1 tickets: The account is switched off." in output
    told(osm("sync", "--vendor", "alibaba"), 0)
    output = told(osm("status"), 0)
    assert "alibaba-1 tickets: No run" not in output
    found = document(osm("status", "--json"), 0)
    assert found["standings"][0]["outcome"] == "done"
    assert found["standings"][0]["lag_seconds"] < 600
    assert found["rows"]["cloud_osm_list"] == 6


@pytest.fixture
def all_fresh(osm, accounts):
    """Every account is read, and the rest that is expected has run."""
    for verb in ("sync", "refresh", "build-reports"):
        told(osm(verb), 0)


@pytest.fixture
def age(rows):
    """``age(hours)``: what the tickets of alibaba-1 show is so old."""

    def let(hours):
        moment = datetime.now(UTC) - timedelta(hours=hours)
        rows(
            f"update sync_state set watermark_at = '{moment:%Y-%m-%d %H:%M:%S}'"
            " where entity = 'tickets' and account_id = 'alibaba-1'"
        )

    return let


def test_a_line_for_cron_and_a_code_of_its_own(osm, all_fresh, age):
    line = told(osm("status", "--brief"), 0)
    assert line.startswith("ok: 1 never ran, ")
    assert line.endswith(" fresh (Airflow was not asked)\n")
    assert line.count("\n") == 1
    age(1)
    line = told(osm("status", "--brief"), 0)
    assert line.startswith("warn: 1 late, 1 never ran, ")
    assert "alibaba-1 tickets late for 30 min: No run has failed, and still" in line
    assert "the operator: Look at the runs of `sync_tickets`" in line
    assert told(osm("status", "--brief", "--fail-on", "warn"), 6) == line
    age(3)
    assert told(osm("status", "--brief"), 6).startswith("error: 1 late, ")
    told(osm("status"), 6)
    found = document(osm("status", "--json"), 6)
    assert (found["severity"], found["headline"]) == ("error", "1 of 8 needs a look")
    told(osm("status", "--fail-on", "never"), 0)


def test_the_code_is_no_other_ends(osm):
    assert [code for code in Exit if code == 6] == [Exit.TROUBLED]
    assert "6 `status` or `watch` found" in EPILOG
    told(osm("status", "--fail-on", "sometimes"), 2)
    told(osm("status", WAREHOUSE_URL="mysql+pymysql://u:p@127.0.0.1:1/x"), 1)


def test_without_airflows_environment_a_line_says_so_and_nothing_is_called_fresh(osm, all_fresh):
    output = told(osm("status"), 0)
    assert "Airflow: not asked whether runs start: AIRFLOW_HOME and AIRFLOW_CONFIG are" in output
    assert "All is fresh" not in output


def test_with_it_a_switched_off_dag_is_told_and_fails_where_a_warning_should(
    osm, all_fresh, airflow_at_work
):
    home = {"AIRFLOW_HOME": os.environ["AIRFLOW_HOME"]}
    assert "warn" not in told(osm("status", "--brief", **home), 0)
    airflow.switch_off("build_reports")
    line = told(osm("status", "--brief", "--fail-on", "warn", **home), 6)
    assert line.startswith("warn: 1 never ran, 2 switched off, ")
    assert "build_reports switched off: build_reports is switched off, and never ran." in line
    airflow.fall_silent("SchedulerJob", 10)
    line = told(osm("status", "--brief", **home), 6)
    assert "the scheduler broken for 10 min: The scheduler gives no sign of life" in line


def test_status_writes_nothing(osm, all_fresh, rows):
    told(osm("status"), 0)
    assert rows("select count(*) from sync_status") == [(0,)]
