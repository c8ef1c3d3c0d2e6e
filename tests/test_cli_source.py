"""The command line on the customer-service database: `snapshot`, and what `check` tells of it."""

from __future__ import annotations

import json
import os
import re

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from include.__main__ import app
from include.sandbox.desk import sample as desk
from tests.builders import DAY

TABLES = ("seat", "supplier", "busi_supplier_mapping", "busi_seat_mapping", "session")
ALL_TABLES = (*TABLES, "session_mapping", "queue_mapping")


@pytest.fixture
def osm(warehouse_url, source_url):
    """``osm("snapshot", "--json")``: one call of the command line, in this process."""
    environ = {"WAREHOUSE_URL": warehouse_url, "SOURCE_URL": source_url}

    def run(*arguments, code=0, **changes):
        result = CliRunner().invoke(app, [*arguments], env={**environ, **changes})
        assert result.exit_code == code, result.output
        password = sa.make_url(source_url).password
        assert not password or password not in result.output
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def sample(source_url):
    """Rows in every table; ``sample(statement)`` changes them."""
    desk.create(source_url, seed=7, now=DAY, scale=0.0, queue=True)

    def run(statement):
        with sa.create_engine(source_url, poolclass=sa.NullPool).begin() as connection:
            result = connection.execute(sa.text(statement))
            return result.scalar() if result.returns_rows else result.rowcount

    return run


@pytest.fixture
def reader(source_server, source_url):
    """The URL of a role that may connect, and no more; ``reader(grant)`` lets it do that."""
    name = f"reader_{os.getpid()}"
    source_server.run(f"create role {name} login password 'reader-of-tables'")

    def allow(*grants):
        source_server.run(*(f"grant {grant} to {name}" for grant in grants), url=source_url)
        made = sa.make_url(source_url).set(username=name, password="reader-of-tables")
        return made.render_as_string(hide_password=False)

    yield allow
    source_server.run(f"drop owned by {name}", url=source_url)
    source_server.run(f"drop role {name}")


def findings(osm, code=1, **changes):
    found = json.loads(osm("check", "--json", code=code, **changes).stdout)
    return {f["what"]: (f["verdict"], f"{f['detail']} {f['next_step']}".strip()) for f in found}


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
    assert "CheckError" in status
    assert "data owner's turn" in status
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


def test_check_tells_what_a_snapshot_would_find(osm, reader):
    every = [f"select on {table}" for table in ALL_TABLES]
    found = findings(osm, code=0, SOURCE_URL=reader(*every))
    verdict, detail = found["customer-service database"]
    assert verdict == "ok"
    assert re.match(r"PostgreSQL 1\d[^,]*, database \w+, as reader_\d+$", detail)
    assert found["source tables"] == ("ok", "the 6 tables are there and readable")
    assert found["source table queue_mapping"] == ("ok", "there: it is read too")
    assert found["source rights"] == ("ok", "the role may read, and no more")
    assert found["source encryption"] == ("ok", "none, on this machine alone")


def test_check_warns_of_a_role_that_may_write(osm, reader):
    every = [f"select on {table}" for table in ALL_TABLES]
    found = findings(osm, code=0, SOURCE_URL=reader(*every, "update on seat", "delete on session"))
    assert found["source rights"][0] == "warning"
    assert (
        "the role may write seat, session; our connections are read-only"
        in (found["source rights"][1])
    )
    assert "is a superuser" in findings(osm, code=0)["source rights"][1]


def test_check_names_the_table_that_may_not_be_read(osm, reader):
    url = reader(*(f"select on {table}" for table in ALL_TABLES if table != "supplier"))
    verdict, detail = findings(osm, SOURCE_URL=url)["customer-service database"]
    assert verdict == "failed"
    assert "GRANT SELECT ON supplier TO reader_" in detail


def test_check_says_that_there_is_no_live_queue(osm, sample):
    sample("drop table queue_mapping")
    verdict, detail = findings(osm, code=0)["source table queue_mapping"]
    assert verdict == "off"
    assert "no live queue" in detail


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("alter table seat rename column host to domain", "column seat.host is missing"),
        ("drop table session_mapping", "there is no table session_mapping"),
    ],
)
def test_check_names_what_is_not_as_agreed(osm, sample, statement, words):
    sample(statement)
    verdict, detail = findings(osm)["customer-service database"]
    assert verdict == "failed"
    assert words in detail


def test_check_says_that_the_source_does_not_answer(osm, source_url):
    url = sa.make_url(source_url).set(port=1).render_as_string(hide_password=False)
    assert findings(osm, SOURCE_URL=url)["customer-service database"][0] == "failed"
