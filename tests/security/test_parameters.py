"""Whatever a person writes into a trigger form is taken, or refused in words."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, date, datetime
from typing import Any

import pytest

from include.errors import SyncError
from include.pipelines import reports
from include.vendors.registry import VENDORS
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.histories import Past

pytestmark = pytest.mark.airflow
CASES = 200
SEED = 20260101
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2.5,
    10**30,
    "",
    " ",
    "1",
    "null",
    "[]",
    [],
    {},
    [[]],
    [None],
    [1],
    ["a" * 51],
    "'; drop table cloud_user; --",
    "{{ 7 * 7 }}",
    "${jndi:ldap://x}",
    "../../etc/passwd",
    "\x00",
    "a\nb",
    "\x1b[31m",
    "\u202e",
    "𠮷👍",
    "main",
    ["main"],
    ["main\n"],
    ["main"] * 501,
    ["'; --"],
    list(VENDORS),
    ["huawei"],
    ["HUAWEI"],
    "2026-01-31",
    "2026-01-31T00:00:00Z",
    "2026-02-30",
    "2026-02-30T00:00:00Z",
    "0001-01-01",
    "9999-12-31",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "1969-12-31T00:00:00Z",
    "2026-01-31T00:00:00+99:00",
    "20260131",
    "2026-W05-6",
    "yesterday",
    "!!python/object/apply:os.system ['id']",
    "cposix\nsystem\n",
    "x" * 100_000,
]


def a_form(dice: random.Random, known: list[str]) -> dict[str, Any]:
    """Some fields with odd values; now and then a field that is none."""
    form = {name: dice.choice(ODD) for name in known if dice.random() < 0.4}
    if dice.random() < 0.15:
        form[dice.choice([str(value)[:300] for value in ODD])] = dice.choice(ODD)
    return form


def run(dag_id: str, params: dict[str, Any], conf: dict[str, Any], known: list[str]) -> None:
    """What the tasks of a DAG do with their form before they reach a database."""
    from include.runtime import customer_service, tickets

    if dag_id == "snapshot_customer_service":
        customer_service.take_snapshot(params, conf, known, "test")
    elif dag_id == "build_reports":
        customer_service.build_reports(params, conf, known, "test")
    else:
        try:
            tickets.account_groups("huawei", params, conf, known)
        finally:
            if dag_id == "sync_tickets":
                tickets.sync_accounts([], params, "test")


def test_a_form_is_taken_or_refused_in_words(airflow_db, dagbag, monkeypatch, record_property):
    from airflow.sdk.definitions.param import ParamsDict
    from airflow.sdk.exceptions import AirflowException

    nowhere = {"conn_type": "mysql", "host": "127.0.0.1", "port": 1, "schema": "x"}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(nowhere))
    dice = random.Random(SEED)  # noqa: S311 - a test's dice
    ended = reached = 0
    for _ in range(CASES):
        dag = dagbag.dags[dice.choice(sorted(dagbag.dags))]
        known = list(dag.params)
        conf = a_form(dice, known)
        params = ParamsDict(copy.deepcopy(dag.params))
        try:
            params.update(conf)
            filled = params.validate()
            run(dag.dag_id, filled, conf, known)
        except SyncError as error:
            text = str(error)
            assert text.isprintable(), (dag.dag_id, conf)
            assert len(text) < 1000
            reached += "warehouse" in text
        except AirflowException as error:
            text = str(error)
        ended += 1
        assert "[SQL" not in text
        assert "Traceback" not in text
    assert reached > 20, "hardly any form was fine: the cases prove nothing"
    record_property("figure", f"trigger parameters  {ended} of {CASES} fine or refused in words")


@pytest.mark.parametrize("since", [date(1, 1, 1), date(9999, 12, 31)])
def test_reports_are_rebuilt_from_any_day_on(warehouse_url, since):
    warehouse = Warehouse.open(warehouse_url)
    now = datetime.now(UTC)
    with warehouse.engine.begin() as connection:
        Past(connection).snapshot(1, "2026-03-10 12:00")
    reports.build(warehouse, now=now, request=Request("test"))
    assert reports.build(warehouse, now=now, request=Request("test"), since=since)["rpt_build"]
    warehouse.close()
