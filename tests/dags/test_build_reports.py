"""What build_reports waits for."""

from __future__ import annotations


def test_reports_follow_every_table_of_snapshots_and_tickets(dagbag):
    from include.customer_service import SOURCE_TABLES
    from include.runtime import assets

    waits_for = {asset.name for asset in dagbag.dags["build_reports"].schedule.objects}
    assert waits_for == {*assets.SNAPSHOT_TABLES, *assets.TICKET_TABLES}
    assert {f"cs_{table.name}" for table in SOURCE_TABLES} < waits_for
    assert {"cloud_osm_list", "cloud_osm_detail"} < waits_for


def test_no_task_but_that_of_the_reports_raises_an_event_whatever_it_did(dagbag):
    from airflow.sdk import Asset

    outlets = {
        (dag_id, task.task_id): task.outlets
        for dag_id, dag in dagbag.dags.items()
        for task in dag.tasks
        if task.outlets
    }
    fixed = {key for key, of in outlets.items() if any(isinstance(one, Asset) for one in of)}
    assert fixed == {("build_reports", "publish")}
    assert {dag_id for dag_id, task_id in outlets if task_id == "publish"} == {
        "backfill_tickets",
        "build_reports",
        "refresh_catalog",
        "snapshot_customer_service",
        "sync_ticket",
        "sync_tickets",
    }
