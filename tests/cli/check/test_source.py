"""What `check` tells of the customer-service database."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa

from tests.cli.with_source import osm, reader, sample

__all__ = ["osm", "reader", "sample"]  # fixtures

TABLES = ("seat", "supplier", "busi_supplier_mapping", "busi_seat_mapping", "session")
ALL_TABLES = (*TABLES, "session_mapping", "queue_mapping")


def findings(osm, code=1, **changes):
    found = json.loads(osm("check", "--json", code=code, **changes).stdout)
    return {f["what"]: (f["verdict"], f"{f['detail']} {f['next_step']}".strip()) for f in found}


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


def test_check_warns_of_a_database_without_an_encoding(osm, source_server):
    url = source_server.create_encoded("SQL_ASCII")
    verdict, detail = findings(osm, code=0, SOURCE_URL=url)["source encoding"]
    assert verdict == "warning"
    assert "read where their bytes are UTF-8" in detail
    source_server.drop(url)
