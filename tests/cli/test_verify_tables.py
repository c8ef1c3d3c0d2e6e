"""`verify` of the tables themselves: checks, and customer service with its source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from include.__main__ import app
from include.secrets import KeyRing, new_key
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account

ORPHAN = (
    "insert into cloud_osm_detail (id, case_id, message_id, vendor) values ('1', 'T', 'M', 'V')"
)
PLAIN = "insert into cloud_user (id, secret_id, type, enabled) values ('a-1', 'x', 'HUAWEI', 0)"


@pytest.fixture
def change(warehouse_url: str) -> Any:
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)

    return run


@pytest.fixture
def osm(warehouse_url: str) -> Any:
    """``osm("verify", "--json")``: one call of the command line."""

    def run(*arguments: str, **environ: str) -> Any:
        return CliRunner().invoke(app, arguments, env={"WAREHOUSE_URL": warehouse_url, **environ})

    return run


@pytest.fixture
def desk(source_server: Any) -> Iterator[str]:
    """The customer-service tables with one supplier."""
    url = source_server.create()
    source_server.run("insert into supplier (id, name) values (1, 'a shop')", url=url)
    yield url
    source_server.drop(url)


def test_checks_that_hold_are_counted_and_end_with_0(osm):
    result = osm("verify")
    assert result.exit_code == 0, result.output
    assert " checks hold" in result.stdout
    assert "customer service" not in result.stdout


def test_a_check_of_level_fail_ends_with_1_and_shows_examples(osm, change):
    change(ORPHAN)
    result = osm("verify")
    assert result.exit_code == 1
    assert (
        "fail: every_message_has_a_ticket (1): Every message belongs to a ticket of the"
        " same vendor.\n    vendor V, case_id T, messages 1\n"
    ) in result.stdout
    assert "error: 1 of " in result.stderr
    assert "(the data owner: Look at " in result.stderr
    assert "case_id T" not in osm("verify", "--limit", "0").stdout


def test_a_check_of_level_warn_is_told_and_ends_with_0(osm, change):
    change(PLAIN)
    change("update cloud_user set secret_key_secret = 'canary secret'")
    result = osm("verify")
    assert result.exit_code == 0
    assert "warn: every_secret_key_is_encrypted (1)" in result.stdout
    assert "canary secret" not in result.output


def test_json_has_every_check(osm, change):
    change(ORPHAN)
    result = osm("verify", "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["outcome"] == "failed"
    failed = [check for check in document["checks"] if not check["ok"]]
    assert failed == [
        {
            "name": "every_message_has_a_ticket",
            "level": "fail",
            "sentence": "Every message belongs to a ticket of the same vendor.",
            "offences": 1,
            "sample": [{"vendor": "V", "case_id": "T", "messages": 1}],
            "ok": False,
        }
    ]
    assert len(document["checks"]) > 30
    assert document["source"] == []
    assert [error["class"] for error in document["errors"]] == ["CheckError"]


def test_nothing_is_written(osm, change, warehouse_url):
    change(ORPHAN)
    osm("verify")
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        for table in ("sync_check", "sync_run", "sync_state"):
            assert connection.exec_driver_sql(f"select count(*) from {table}").scalar() == 0


def test_accounts_that_are_chosen_are_compared_alone(osm, change):
    change(ORPHAN)
    result = osm("verify", "--vendor", "huawei", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["checks"] == []


def test_customer_service_equals_its_source_after_a_snapshot_and_differs_after_a_change(
    osm, desk, source_server
):
    assert osm("snapshot", SOURCE_URL=desk).exit_code == 0
    result = osm("verify", SOURCE_URL=desk)
    assert result.exit_code == 0, result.output
    assert "supplier" in result.stdout
    source_server.run("update supplier set name = 'another shop'", url=desk)
    result = osm("verify", SOURCE_URL=desk)
    assert result.exit_code == 4
    assert "`python -m include snapshot` makes it equal" in result.stdout
    document = json.loads(osm("verify", "--json", SOURCE_URL=desk).stdout)
    assert document["outcome"] == "different"
    assert [of["table_name"] for of in document["source"] if not of["equal"]] == ["supplier"]
    (supplier,) = (of for of in document["source"] if of["table_name"] == "supplier")
    assert (supplier["source_rows"], supplier["warehouse_rows"]) == (1, 1)
    assert osm("snapshot", SOURCE_URL=desk).exit_code == 0
    assert osm("verify", SOURCE_URL=desk).exit_code == 0


def test_a_source_that_does_not_answer_hides_no_check(osm, change):
    change(ORPHAN)
    result = osm("verify", SOURCE_URL="postgresql://nobody:canary@127.0.0.1:1/none")
    assert result.exit_code == 1
    assert "fail: every_message_has_a_ticket" in result.stdout
    assert result.stderr.count("error: ") == 2
    assert "canary" not in result.output


@pytest.fixture
def vendor(sandbox, warehouse_url):
    """``vendor("sync")``: one call of the command line over a vendor's account, key and all."""
    key = new_key("k1")
    with closing(Warehouse.open(warehouse_url)) as warehouse:
        account = sandbox.account("alibaba")
        add_account(warehouse, KeyRing.parse(key), account, now=datetime.now(UTC))
    environ = {"WAREHOUSE_URL": warehouse_url, "SECRET_KEYS": key, "CALLS_PER_SECOND": "900"}

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, arguments, env={**environ, **sandbox.environment()})

    for verb in ("refresh", "sync"):
        assert run(verb).exit_code == 0
    return run
