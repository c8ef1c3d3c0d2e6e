"""`snapshot`, and what `status` tells of it."""

from __future__ import annotations

import json
import re

from tests.cli.with_source import osm, sample

__all__ = ["osm", "sample"]  # fixtures

TABLES = ("seat", "supplier", "busi_supplier_mapping", "busi_seat_mapping", "session")
ALL_TABLES = (*TABLES, "session_mapping", "queue_mapping")


def test_a_snapshot_is_shown_table_by_table(osm, sample):
    output = osm("snapshot").stdout
    seats = sample("select count(*) from seat")
    assert re.search(rf"seat +{seats} +{seats} +0 +0 +{seats} ", output)
    assert "read: all rows (first snapshot)" in output
    sample("update seat set priority = priority + 1 where id = 1")
    taken = json.loads(osm("snapshot", "--json").stdout)
    assert taken["snapshot_id"] == 2
    assert taken["full_because"] is None
    (seat,) = [table for table in taken["tables"] if table["table_name"] == "seat"]
    assert (seat["opened"], seat["closed"], seat["present"]) == (1, 1, seats)
    full = json.loads(osm("snapshot", "--full", "--json").stdout)
    assert full["full_because"] == "asked for"
    assert [table["rows_read"] for table in full["tables"] if table["table_name"] == "seat"] == [
        seats
    ]


def test_a_refused_snapshot_ends_with_1_and_status_says_what_to_type(osm, sample):
    osm("snapshot")
    gone = sample("delete from busi_seat_mapping")
    refused = osm("snapshot", code=1)
    assert refused.stderr.startswith("error: busi_seat_mapping lost")
    status = osm("status").stdout
    assert f"`python -m include snapshot --accept-vanished {gone}`" in status
    assert "refused" in status
    assert "the data owner: Look at the source" in status
    osm("snapshot", "--accept-vanished", str(gone))
    assert "was refused" not in osm("status").stdout
    (state,) = [
        standing
        for standing in json.loads(osm("status", "--json").stdout)["standings"]
        if standing["entity"] == "snapshot"
    ]
    assert state["outcome"] == "done"
    assert state["gone"] == 0


def test_status_tells_the_present_rows_of_every_table(osm, sample):
    osm("snapshot")
    snapshot = json.loads(osm("status", "--json").stdout)["snapshot"]
    assert snapshot["age_seconds"] < 600
    assert snapshot["refused"] is None
    assert {of["table_name"]: of["present"] for of in snapshot["tables"]} == {
        table: sample(f"select count(*) from {table}") for table in ALL_TABLES
    }


def test_without_a_source_one_line_says_what_to_set(osm):
    result = osm("snapshot", code=2, SOURCE_URL="")
    assert result.stderr.startswith("error: SOURCE_URL is not set: give the customer-service")
