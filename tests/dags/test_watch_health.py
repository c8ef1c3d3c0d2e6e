"""Real runs of watch_health: told from inside Airflow, and red where that fails."""

from __future__ import annotations

import pytest

from include.warehouse.mysql import Warehouse
from tests.receivers import webhook

TOKEN = "canarySECRETcanary"


@pytest.fixture
def hook():
    with webhook() as got:
        yield got


@pytest.fixture
def run(airflow_db, dagbag, look, hook, monkeypatch):
    """``run()``: the state of a run that tells the hook."""
    monkeypatch.setenv("ALERT_URLS", f"json://127.0.0.1:{hook.port}/{TOKEN}")
    monkeypatch.setenv("ALERT_DIGEST_AT", "never")

    def once():
        return dagbag.dags["watch_health"].test(logical_date=None).state

    return once


def age(warehouse):
    with warehouse.engine.begin() as connection:
        for name in ("noted_at", "changed_at", "turned_at"):
            connection.exec_driver_sql(f"update sync_alert set {name} = {name} - interval 5 minute")


def test_a_run_judges_stores_and_tells_what_it_saw_twice_and_is_green(run, look, warehouse, hook):
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(
            "update cloud_user set secret_key_secret = 'v1:k9:AAAA' where id = 'alibaba-1'"
        )
    assert run() == "success"
    assert look("select state from sync_status where subject = 'tickets/alibaba-1'") == [
        ("broken",)
    ]
    assert hook.titles == []
    age(warehouse)
    assert run() == "success"
    assert hook.titles[0] == "ERROR: alibaba-1 tickets: broken"
    hook.take()
    assert run() == "success"
    assert hook.titles == []


def test_a_run_is_red_when_a_channel_could_not_be_told_and_no_log_names_its_address(
    run, warehouse, hook, capfd, caplog
):
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(
            "update cloud_user set secret_key_secret = 'v1:k9:AAAA' where id = 'alibaba-1'"
        )
    assert run() == "success"
    age(warehouse)
    hook.is_down = True
    assert run() == "failed"
    said = "".join(capfd.readouterr()) + caplog.text
    assert "channel 1 (JSON): Failed to send JSON" in said
    assert TOKEN not in said


def test_beside_another_evaluation_a_run_is_green_and_leaves_the_telling_to_it(
    run, warehouse, warehouse_url, hook
):
    other = Warehouse.open(warehouse_url)
    with other.lock("alerts", stale=lambda _connection: False):
        assert run() == "success"
    other.close()
    assert hook.titles == []
