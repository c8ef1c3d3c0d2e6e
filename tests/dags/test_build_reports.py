"""What build_reports waits for."""

from __future__ import annotations


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
