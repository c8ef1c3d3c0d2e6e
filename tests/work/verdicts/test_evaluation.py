"""Verdicts of a real warehouse, and the table that keeps them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from include.errors import AuthError
from include.secrets import KeyRing, new_key
from include.settings import Settings
from include.warehouse.bookkeeping.tables import sync_status
from include.warehouse.mysql import Warehouse
from include.work.place import Workplace
from include.work.stops import Cause, Stop
from include.work.verdicts.evaluation import evaluate, store_verdicts
from include.work.verdicts.summary import headline
from tests.builders import an_account
from tests.facts import MINUTE, NOW, OTHERS, facts, judged, standing, stop
from tests.plugins.pages import run

KEYS = new_key("k1")


@pytest.fixture
def warehouse(warehouse_url):
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()


@pytest.fixture
def stored(warehouse):
    """``stored()``: what the view shows, by subject."""

    def look():
        query = sa.text("select * from v_sync_status")
        rows = warehouse.transact(lambda c: [dict(row) for row in c.execute(query).mappings()])
        return {row["subject"]: row for row in rows}

    return look


def store(warehouse, of, *, now=NOW, asked=True):
    store_verdicts(warehouse, list(judged(of).values()), now=now, is_airflow_asked=asked)


def test_an_evaluation_reads_facts_and_accounts_and_writes_nothing(warehouse):
    from include.warehouse.tickets.accounts import add_account

    now = datetime.now(UTC)
    add_account(warehouse, KeyRing.parse(KEYS), an_account(account_id="main"), now=now)
    run(warehouse, "main", error=AuthError("no such key", vendor="huawei"))
    place = Workplace.of(
        Settings(secret_keys=SecretStr(KEYS), sandbox=True), warehouse, lambda name: "", None
    )
    found = evaluate(place, [], now=datetime.now(UTC))
    tickets = next(of for of in found.verdicts if of.subject == "tickets/main")
    assert (tickets.state, tickets.reason) == ("failing", "AuthError: huawei: no such key.")
    assert [info.account_id for info in found.accounts] == ["main"]
    assert found.is_airflow_asked
    assert not evaluate(place, None, now=now).is_airflow_asked
    count = sa.select(sa.func.count()).select_from(sync_status)
    assert warehouse.transact(lambda c: c.scalar(count)) == 0
    assert "fresh" not in headline(found.verdicts, is_airflow_asked=True)


def test_the_table_holds_what_was_judged_word_for_word(warehouse, stored):
    of = facts(standing(lag_seconds=9000), *OTHERS)
    store(warehouse, of)
    rows = stored()
    assert set(rows) == set(judged(of))
    row, verdict = rows["tickets/main"], judged(of)["tickets/main"]
    for name in ("entity", "account_id", "vendor", "name", "severity", "times", "reason", "who"):
        assert row[name] == getattr(verdict, name)
    assert row["state"] == "late"
    assert row["next_step"] == verdict.next_step
    assert row["since_at"].replace(tzinfo=UTC) == verdict.since_at
    assert (row["cause"], row["error_class"], row["request_id"]) == (None, None, None)


def test_storing_again_replaces_and_what_is_gone_goes(warehouse, stored):
    store(warehouse, facts(standing(lag_seconds=9000), *OTHERS, stops=(stop(Cause.PAUSED),)))
    store(warehouse, facts(standing(), *OTHERS), now=NOW + MINUTE)
    rows = stored()
    assert "airflow/sync_tickets" not in rows
    assert rows["tickets/main"]["state"] == "fresh"
    store(warehouse, facts(standing(), *OTHERS), now=NOW + MINUTE)
    assert stored() == rows


def test_an_older_evaluation_overwrites_nothing(warehouse, stored):
    store(warehouse, facts(standing(), *OTHERS), now=NOW + MINUTE)
    store(warehouse, facts(standing(lag_seconds=9000), *OTHERS), now=NOW)
    assert stored()["tickets/main"]["state"] == "fresh"


def test_what_stops_airflow_stays_while_it_cannot_be_asked_and_grows_stale(warehouse, stored):
    now = datetime.now(UTC)
    off = Stop(Cause.PAUSED, "sync_tickets", None, frozenset({"sync_tickets"}))
    store(warehouse, facts(standing(), *OTHERS, stops=(off,)), now=now - timedelta(minutes=16))
    assert {row["is_stale"] for row in stored().values()} == {1}
    store(warehouse, facts(standing(), *OTHERS, stops=None), now=now, asked=False)
    rows = stored()
    assert rows["airflow/sync_tickets"]["state"] == "switched off"
    assert (rows["airflow/sync_tickets"]["is_stale"], rows["tickets/main"]["is_stale"]) == (1, 0)


def test_an_evaluator_that_died_shows_after_a_quarter_of_an_hour(warehouse, stored):
    now = datetime.now(UTC)
    for minutes, is_stale in ((14, 0), (16, 1)):
        warehouse.transact(lambda c: c.execute(sa.delete(sync_status)))
        store(warehouse, facts(standing(), *OTHERS), now=now - timedelta(minutes=minutes))
        assert stored()["tickets/main"]["is_stale"] == is_stale


def test_words_of_any_length_and_kind_are_kept(warehouse, stored):
    of = standing(
        outcome="failed",
        error_class="AuthError",
        error_text="工单 \U0001f600 " * 900,
        failures=1,
        failing_since_at=NOW,
    )
    long = replace(judged(facts(of, *OTHERS))["tickets/main"], who="w" * 500)
    store_verdicts(warehouse, [long], now=NOW, is_airflow_asked=True)
    row = stored()["tickets/main"]
    assert row["reason"] == long.reason[:3000]
    assert len(row["who"]) == 100
