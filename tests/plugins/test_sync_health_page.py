"""The page "Sync health", served by Airflow's own application over a real warehouse."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import re
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.errors import AuthError, CheckError, ContractError, PartialError
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.bookkeeping.tables import sync_check, sync_quarantine
from include.warehouse.customer_service import manifest
from include.warehouse.tickets.tables import cloud_user
from tests.builders import a_snapshot, a_table_of_a_snapshot
from tests.contents import contents
from tests.plugins.conftest import connection_of
from tests.plugins.pages import add, lines, run, without_our_script

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = """<script>alert(1)</script> "double" 'single' {{ 7 * 7 }} {% raw %} \u202egpj.exe"""
FOREIGN = r"<script|javascript:|\son\w+\s*=|\sstyle\s*=|https?://|//cdn"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt; &#34;double&#34; &#39;single&#39; {{ 7 * 7 }}"


def test_each_line_says_what_happened_and_whose_turn_it_is(warehouse, page):
    add(warehouse, "good", name="Main shop")
    run(warehouse, "good")
    add(warehouse, "refused")
    run(warehouse, "refused", error=AuthError("no such key", vendor="huawei", code="APIGW.0301"))
    add(warehouse, "poisoned")
    run(warehouse, "poisoned", error=PartialError("2 tickets wait in quarantine"))
    add(warehouse, "behind")
    run(warehouse, "behind", behind=3 * 3600 + 120)
    add(warehouse, "backfilled")
    run(warehouse, "backfilled", behind=None)
    add(warehouse, "new")
    add(warehouse, "resting", enabled=0)
    add(warehouse, "unknown", type="NETEASE")
    run(warehouse, "forgotten")
    run(warehouse, "HUAWEI", entity="catalog", behind=3600)
    html = page()
    told = lines(html)
    assert told["Main shop"].startswith("fresh good · Huawei · tickets")
    assert "Last run done under 1 min ago" in told["Main shop"]
    assert "Runbook" not in told["Main shop"]
    assert told["refused"].startswith("failing Huawei")
    assert "Last run failed" in told["refused"]
    assert "AuthError: huawei APIGW.0301: no such key" in told["refused"]
    assert "the account owner: Look at key, permissions and clock" in told["refused"]
    assert "partial" in told["poisoned"]
    assert "nobody: Wait: every run tries them again" in told["poisoned"]
    assert told["behind"].startswith("late Huawei")
    assert " 3 h 2 min " in told["behind"]
    assert "the operator: Look at the runs of sync_tickets" in told["behind"]
    assert told["backfilled"].startswith("late Huawei")
    assert told["new"].startswith("never ran Huawei")
    assert told["resting"].startswith("switched off Huawei")
    assert "broken" in told["unknown"]
    assert "type is 'NETEASE', not one of ALIBABA, HUAWEI, TENCENT" in told["unknown"]
    assert told["forgotten"].startswith("switched off Huawei")
    assert told["Huawei catalogue"].startswith("fresh")
    assert "Behind now 1 h" in told["Huawei catalogue"]
    assert "5 of 10 need a look" in html
    assert re.search(r"As of .*20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", html)
    assert [*told][:2] == ["unknown", "behind"]  # errors first


def test_each_site_of_a_vendor_has_a_line_of_its_own(warehouse, page):
    add(warehouse, "china", region_id="cn-north-4")
    add(warehouse, "abroad", region_id="ap-southeast-1")
    run(warehouse, "HUAWEI", entity="catalog")
    assert "never ran" in lines(page())["Huawei ap-southeast-3 catalogue"]
    run(warehouse, "HUAWEI ap-southeast-3", entity="catalog", error=AuthError("no right"))
    told = lines(page())
    assert told["Huawei catalogue"].startswith("fresh")
    assert told["Huawei ap-southeast-3 catalogue"].startswith("failing")


def test_a_catalogue_whose_site_no_account_leads_to_any_more_is_off(warehouse, page):
    add(warehouse, "abroad", region_id="ap-southeast-1")
    run(warehouse, "HUAWEI", entity="catalog", behind=30 * 24 * 3600)
    assert lines(page())["Huawei catalogue"].startswith("switched off")


def test_a_run_without_a_sign_of_life_is_told(warehouse, page):
    add(warehouse, "hanging")
    run(warehouse, "hanging")
    with ledger.hold(warehouse, "hanging", "tickets", vendor="HUAWEI", request=Request("test")):
        assert lines(page())["hanging"].startswith("fresh Huawei · tickets Last run running")
        warehouse.transact(
            lambda c: c.execute(
                sa.text("update sync_state set heartbeat_at = heartbeat_at - interval 1 hour")
            )
        )
        told = lines(page())["hanging"]
        assert "silent" in told
        assert "nobody: Wait: the next run of sync_tickets goes on" in told


def test_what_needs_somebody_comes_first_and_the_page_stays_bounded(warehouse, page):
    limit = importlib.import_module("sync_health_view").LINES
    rows = [
        {"id": f"a{i:05}", "secret_id": f"access-key-{i}", "type": "HUAWEI", "enabled": 0}
        for i in range(limit + 20)
    ]
    warehouse.transact(lambda connection: connection.execute(sa.insert(cloud_user), rows))
    add(warehouse, "zulu")
    told = lines(page())
    # What never ran comes before what a person left out.
    assert [*told][:3] == ["Reports", "SQL checks", "Huawei catalogue"]
    assert "zulu" in [*told][:5]
    first = [key for key in told if key.startswith("a0")]
    second = [key for key in lines(page(query="?page=2")) if key.startswith("a0")]
    assert len(first) + len(second) == limit + 20
    assert not {*first} & {*second}
    assert "Lines 1 to 100 of" in page(query="?page=0&lang=en")
    assert [*lines(page(query="?q=A00117"))][:1] == ["a00117"]
    assert [*lines(page(query="?q=ZUL"))][:1] == ["zulu"]
    assert "Nothing found" in page(query="?q=nowhere")


def test_counts_of_tables_quarantine_and_plain_keys(warehouse, page):
    add(warehouse, "open-book", secret_key_secret="a-plain-secret-key")
    failure = {
        "account_id": "open-book",
        "item_id": "T-1",
        "error_class": "ContractError",
        "error_text": "field id is missing",
        "first_at": datetime(2026, 1, 1, tzinfo=UTC),
        "last_at": datetime(2026, 1, 2, tzinfo=UTC),
        "attempts": 4,
    }
    warehouse.transact(lambda c: c.execute(sa.insert(sync_quarantine).values(failure)))
    html = page()
    assert "Keys stored as plain text: 1." in html
    assert "python -m include accounts encrypt" in html
    assert "never ran" in html
    told = lines(html)["T-1"]
    assert "open-book" in told
    assert "ContractError: field id is missing" in told
    assert "the developers of this tool: Send" in told
    assert (lines(html)["cloud_user"], lines(html)["cloud_osm_list"]) == ("1", "0")


def test_no_key_is_on_the_page(warehouse, page):
    add(warehouse, "sealed")
    add(warehouse, "plain", secret_key_secret="a-plain-secret-key")
    html = page()
    for secret in ("secret-of-", "access-of-", "a-plain-secret-key", "v1:k1:"):
        assert secret not in html


def test_an_experimental_vendor_is_marked_and_may_be_off(warehouse, page, monkeypatch):
    add(warehouse, "game", "tencent")
    add(warehouse, "shop", "alibaba")
    html = page()
    assert lines(html)["game"].startswith("switched off Tencent experimental")
    assert "TENCENT_ENABLED=1" in html
    assert "experimental" not in lines(html)["shop"]
    monkeypatch.setenv("TENCENT_ENABLED", "1")
    assert lines(page())["game"].startswith("never ran Tencent experimental")


def test_a_reference_to_a_missing_connection_spoils_one_line_only(warehouse, page):
    add(warehouse, "lost", secret_key_secret="conn:nowhere")
    add(warehouse, "good")
    run(warehouse, "good")
    told = lines(page())
    assert "there is no Airflow connection nowhere" in told["lost"]
    assert told["good"].startswith("fresh Huawei")


def test_hostile_text_is_shown_and_never_obeyed(warehouse, page):
    add(warehouse, "evil", name=HOSTILE, type=HOSTILE[:50])
    add(warehouse, "talkative")
    run(warehouse, "talkative", error=ContractError(HOSTILE, request_id=HOSTILE))
    failure = {
        "account_id": HOSTILE[:50],
        "item_id": HOSTILE[:64],
        "error_class": "ContractError",
        "error_text": HOSTILE,
        "first_at": datetime(2026, 1, 1, tzinfo=UTC),
        "last_at": datetime(2026, 1, 2, tzinfo=UTC),
        "attempts": 1,
    }
    warehouse.transact(lambda c: c.execute(sa.insert(sync_quarantine).values(failure)))
    html = page()
    assert html.count(ESCAPED) >= 4
    assert "\u202e" not in html
    assert not re.search(FOREIGN, without_our_script(html))


def snapshot(warehouse, number=1, tables=None, **changes):
    made = a_snapshot(number, **changes)
    rows = tables or [a_table_of_a_snapshot()]
    warehouse.transact(lambda connection: manifest.write(connection, made, rows))


def test_the_snapshot_and_the_reports_have_lines_of_their_own(warehouse, page):
    run(warehouse, "customer_service", "POSTGRESQL", entity="snapshot", behind=4 * 3600)
    run(warehouse, "reports", "REPORTS", entity="build", behind=None)
    snapshot(warehouse, full_because="first snapshot", notes="seat has columns we do not read: x")
    html = page()
    told = lines(html)
    assert told["Customer-service snapshot"].startswith("late Last run done")
    assert "4 h" in told["Customer-service snapshot"]
    assert "runs of snapshot_customer_service" in told["Customer-service snapshot"]
    assert told["Reports"].startswith("fresh Last run done")
    assert told["seat"].startswith("1,234 3 2 0")
    assert "All rows were read: first snapshot" in " ".join(re.sub("<[^>]*>", "", html).split())
    assert "seat has columns we do not read: x" in html
    assert "No account yet" not in html


def test_a_refused_snapshot_says_which_number_to_accept(warehouse, page):
    snapshot(warehouse)
    error = CheckError("seat lost 300 of 1234 rows, more than the limit of 20%")
    run(warehouse, "customer_service", "POSTGRESQL", entity="snapshot", error=error)
    over = [a_table_of_a_snapshot(vanished=300, over_limit=True)]
    snapshot(warehouse, 2, over, state="refused")
    html = page()
    told = lines(html)["Customer-service snapshot"]
    assert told.startswith("refused Last run failed")
    assert "300 rows of seat had vanished" in told
    assert "the data owner: Look at the source" in told
    assert "--accept-vanished 300" in told
    assert ">Snapshot 1<" in html  # what is published stays


def test_checks_that_found_offences_are_told_and_those_of_level_fail_are_red(warehouse, page):
    def broken(name, level):
        row = {
            "name": name,
            "level": level,
            "sentence": HOSTILE,
            "offences": 12,
            "sample": "[]",
            "checked_at": datetime(2026, 1, 2, tzinfo=UTC),
            "failing_since_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        warehouse.transact(lambda c: c.execute(sa.insert(sync_check).values(row)))
        return lines(page())

    run(warehouse, "checks", "CHECKS", entity="run", behind=None)
    assert "offences" not in page()
    told = broken("a_doubtful_thing", "warn")
    assert told["SQL checks"].startswith("fresh")
    assert told["check a_doubtful_thing"].startswith("offended")
    told = broken("a_wrong_thing", "fail")
    assert told["SQL checks"].startswith("fresh")
    assert told["check a_wrong_thing"].startswith("offended")
    assert "the data owner: Look at some of them" in told["check a_wrong_thing"]
    assert page().count(ESCAPED) == 2


def test_who_takes_no_snapshots_is_not_asked_to(warehouse, page):
    add(warehouse, "good")
    run(warehouse, "good")
    assert "snapshot" not in page().lower()


@pytest.mark.parametrize("variable", ["AIRFLOW_CONN_CUSTOMER_SERVICE", "SOURCE_URL"])
def test_who_names_a_source_and_has_no_snapshot_is_told(warehouse, page, monkeypatch, variable):
    monkeypatch.setenv(variable, "postgresql://reader:a-password@127.0.0.1/desk")
    add(warehouse, "good")
    html = page()
    assert lines(html)["Customer-service snapshot"].startswith("never ran")
    assert "a-password" not in html


def test_checks_and_reports_that_never_ran_have_lines(warehouse, page):
    add(warehouse, "good")
    run(warehouse, "good")
    told = lines(page())
    assert told["Reports"].startswith("never ran")
    assert told["SQL checks"].startswith("never ran")


def test_a_backfill_that_failed_is_told(warehouse, page):
    add(warehouse, "good")
    run(warehouse, "good", entity="backfill", error=AuthError("no such key", vendor="huawei"))
    told = lines(page())["Good backfill"]
    assert told.startswith("failing by hand Last run failed")
    assert "AuthError: huawei: no such key." in told


def test_hostile_names_of_the_source_are_shown_and_never_obeyed(warehouse, page):
    run(
        warehouse,
        "customer_service",
        "POSTGRESQL",
        entity="snapshot",
        error=ContractError(HOSTILE, request_id=HOSTILE),
    )
    hostile = [a_table_of_a_snapshot(HOSTILE[:64], vanished=1, over_limit=True)]
    snapshot(warehouse, 1, hostile, full_because=HOSTILE, notes=HOSTILE)
    snapshot(warehouse, 2, hostile, state="refused")
    html = page()
    assert html.count(ESCAPED) >= 3
    assert html.count("&lt;script&gt;") >= 5
    assert "\u202e" not in html
    assert not re.search(FOREIGN, without_our_script(html))


def hash_of_script():
    script = (ROOT / "plugins/templates/sync_health.js").read_bytes()
    return base64.b64encode(hashlib.sha256(script).digest()).decode()


@pytest.mark.parametrize("path", ["page", "style.css", "runbook", "start/sync_tickets"])
def test_the_browser_may_load_nothing_from_elsewhere_and_run_one_script_of_ours(
    warehouse, visitor, path
):
    answer = visitor("admin").get(f"/sync-health/{path}")
    assert answer.status_code == 200
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "script-src": f"'sha256-{hash_of_script()}'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "http" not in (ROOT / "plugins/templates/sync_health.css").read_text()


def test_looking_changes_nothing(warehouse, visitor, page):
    add(warehouse, "good")
    run(warehouse, "good")

    def stored():
        tables = ("sync_state", "sync_run", "cloud_user", "sync_quarantine", "cloud_osm_list")
        return warehouse.transact(lambda c: contents(c.exec_driver_sql, *tables))

    before = stored()
    page()
    assert stored() == before
    for method in ("post", "put", "patch", "delete"):
        answer = getattr(visitor("admin"), method)("/sync-health/page")
        assert answer.status_code == 405


def test_no_account_yet_says_how_to_add_one(warehouse, page):
    html = page()
    assert "No account yet" in html
    assert "python -m include accounts add" in html


def test_the_warehouse_comes_from_airflows_own_connections_too(
    warehouse, warehouse_url, page, monkeypatch
):
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    monkeypatch.delenv("AIRFLOW_CONN_WAREHOUSE")
    with create_session() as session:
        session.add(Connection(conn_id="warehouse", **connection_of(warehouse_url)))
    try:
        assert "No account yet" in page()
    finally:
        with create_session() as session:
            session.query(Connection).filter_by(conn_id="warehouse").delete()


def test_a_missing_connection_is_told_in_words(page, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_WAREHOUSE", raising=False)
    html = page(503)
    assert "there is no Airflow connection `warehouse`" in html
    assert "the operator: Correct the setting" in html
    assert "Traceback" not in html


def test_a_warehouse_that_is_down_is_told_in_words(page, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"mysql+pymysql://osm:a-password@127.0.0.1:{closed.getsockname()[1]}/osm"
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection_of(url)))
        html = page(503)
    assert "The warehouse cannot be read" in html
    assert "python -m include check" in html
    assert "Traceback" not in html
    assert "a-password" not in html


def test_a_database_without_our_tables_says_migrate(database_url, page, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection_of(database_url)))
    assert "run `python -m include migrate`" in page(503)


def test_an_error_nobody_expected_is_told_without_a_stack_trace(page):
    from airflow.api_fastapi.core_api.security import get_user

    def broken():
        raise KeyError("a secret")

    overrides = importlib.import_module("sync_health_page").app.dependency_overrides
    overrides[get_user] = broken
    try:
        html = page(500)
    finally:
        del overrides[get_user]
    assert "The page has an error" in html
    assert "KeyError" in html
    assert "the developers of this tool: Send" in html
    assert "Traceback" not in html
    assert "a secret" not in html
