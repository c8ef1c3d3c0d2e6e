"""Real runs: a table that changed raises an event that tells of it, any other none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from include.vendors.registry import VENDORS
from tests.builders import an_account
from tests.dags.test_snapshot_customer_service import SNAPSHOT
from tests.dags.test_sync_tickets import FORM, add

VENDOR = {"vendors": list(VENDORS)}
REFRESH = {**VENDOR, "accounts": [], "accept_vanished": False}
SYNC = {**VENDOR, **FORM}


@pytest.fixture
def run(airflow_db, airflow_at_work, dagbag, monkeypatch):
    """``run(dag_id, conf)``: the states of the tasks, and what the events of the run tell."""
    monkeypatch.setenv("TENCENT_ENABLED", "1")

    def go(dag_id, conf):
        from airflow.models.asset import AssetEvent, AssetModel

        from tests.airflow_at_work import session

        done = dagbag.dags[dag_id].test(logical_date=None, run_conf=conf)
        with session() as s:
            rows = s.execute(
                sa.select(AssetModel.name, AssetEvent.extra)
                .join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
                .where(AssetEvent.source_run_id == done.run_id)
            ).all()
        assert len({name for name, _ in rows}) == len(rows), "one event a table"
        return {t.task_id: str(t.state) for t in done.get_task_instances()}, dict(rows)

    return go


def counted(look, *tables):
    return {name: look(f"select count(*) from {name}")[0][0] for name in tables}


def test_each_table_of_tickets_that_changed_tells_rows_completeness_and_watermark(
    run, look, sandbox
):
    before = datetime.now(UTC)
    states, told = run("sync_tickets", SYNC)
    assert states["publish"] == "success"
    assert {name: event["rows"] for name, event in told.items()} == counted(
        look, "cloud_osm_list", "cloud_osm_detail", "cloud_osm_source"
    )
    read_until = look("select min(watermark_at) from sync_state where entity = 'tickets'")[0][0]
    for event in told.values():
        assert event["complete"] is True
        watermark = datetime.fromisoformat(event["watermark"])
        assert watermark == read_until.replace(tzinfo=UTC)
        assert watermark >= before

    again, nothing = run("sync_tickets", SYNC)
    assert (again["publish"], nothing) == ("skipped", {})


def test_only_the_table_that_changed_raises_an_event(run, look, warehouse):
    run("sync_tickets", SYNC)
    # Another program asks for a reading, by its word: the messages are as they were.
    mine = "where complete = 0 order by id limit 1"
    ((ticket,),) = look(f"select id from cloud_osm_list {mine}")
    warehouse.transact(
        lambda c: c.exec_driver_sql(f"update cloud_osm_list set status = 0 where id = '{ticket}'")
    )
    states, told = run("sync_tickets", SYNC)
    assert states["publish"] == "success"
    assert {name: event["rows"] for name, event in told.items()} == {"cloud_osm_list": 1}


def test_an_account_that_failed_makes_the_event_incomplete(run, look, warehouse, ring):
    add(warehouse, ring, an_account("huawei", account_id="huawei-bad"))
    _, told = run("sync_tickets", SYNC)
    assert {(event["complete"], event["watermark"]) for event in told.values()} == {(False, None)}


def test_a_single_ticket_tells_of_itself_alone(run, look, sandbox):
    ticket = sandbox.store.truth()["huawei"]["accounts"][0]["tickets"]["closed"][0]
    form = {**VENDOR, "accounts": None, "tickets": [ticket]}
    states, told = run("sync_ticket", form)
    assert states["publish"] == "success"
    assert told["cloud_osm_list"]["rows"] == 1
    states, told = run("sync_ticket", form)
    assert (states["publish"], told) == ("skipped", {})


def test_a_refresh_tells_of_the_tables_that_it_changed(run, look):
    states, told = run("refresh_catalog", REFRESH)
    tables = ("product", "product_type", "product_category", "source")
    assert states["publish"] == "success"
    rows = counted(look, *(f"cloud_osm_{name}" for name in tables))
    assert {name: event["rows"] for name, event in told.items()} == {
        name: count for name, count in rows.items() if count
    }
    assert {event["complete"] for event in told.values()} == {True}
    look_again, nothing = run("refresh_catalog", REFRESH)
    assert (look_again["publish"], nothing) == ("skipped", {})


def test_a_snapshot_tells_of_the_tables_that_it_changed(run, look, customer_service):
    _, told = run("snapshot_customer_service", SNAPSHOT)
    for name, event in told.items():
        assert event["rows"] == event["present"] == counted(look, name)[name]
        assert event["complete"] is True
        ((moment,),) = look("select snapshot_at from cs_snapshot where snapshot_id = 1")
        assert datetime.fromisoformat(event["watermark"]) == moment.replace(tzinfo=UTC)
    with sa.create_engine(customer_service, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql("update busi_seat_mapping set id = id + 1000000 where id = 1")
    _, told = run("snapshot_customer_service", SNAPSHOT)
    assert len(told) <= 1


def test_a_build_tells_of_the_reports(run, look):
    run("sync_tickets", SYNC)
    states, told = run("build_reports", {"since": None})
    assert states["publish"] == "success"
    assert told["reports"]["rows"] == sum(told["reports"]["tables"].values()) > 0
