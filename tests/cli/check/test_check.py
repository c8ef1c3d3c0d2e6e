"""`check`: everything that runs need, tried."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from tests.cli.conftest import K1
from tests.cli.invoked import CANARY, document, told


def test_check_says_ok_to_everything_that_is(osm, accounts):
    lines = told(osm("check"), 0).splitlines()
    assert not [line for line in lines if line.startswith(("failed", "warning"))]
    for account in accounts:
        answers = f"ok       account {account.account_id}: {account.vendor} answers"
        assert any(line.startswith(answers) for line in lines)
    assert any(line.startswith("off      customer-service database: not conf") for line in lines)


def test_check_lists_what_fails_with_whose_turn_it_is_and_tries_the_rest(
    osm, accounts, rows, sandbox, tmp_path
):
    rows(f"update cloud_user set secret_key_secret = '{CANARY}' where id = 'huawei-1'")
    rows("update cloud_user set secret_key_secret = 'v1:k9:AAAA' where id = 'tencent-1'")
    sandbox.faults.add("clock_skew", vendor="alibaba", seconds=120)
    keys = tmp_path / "keys"
    keys.write_text(K1)
    keys.chmod(0o644)
    found = document(osm("check", "--json", SECRET_KEYS=f"file:{keys}"), 1)
    seen = {(f["what"], f["verdict"]): f["detail"] + " " + f["next_step"] for f in found}
    assert "account owner's turn" in seen["account huawei-1", "failed"]
    assert "not encrypted" in seen["account huawei-1", "warning"]
    assert "damaged" in seen["account tencent-1", "failed"]
    assert ("account alibaba-1", "ok") in seen
    assert re.search(r"1(19|20|21) s behind alibaba", seen["clock", "warning"])
    assert "chmod 600" in seen["secret keys", "warning"]


def test_check_names_a_variable_that_looks_like_a_setting_and_is_none(osm, accounts):
    found = document(osm("check", "--json", RUN_MINUTE="5", SYNC_OVERLAP="9"), 0)
    warnings = [f["detail"] for f in found if (f["what"], f["verdict"]) == ("settings", "warning")]
    assert warnings == [
        "RUN_MINUTE is no setting and is not read: was RUN_MINUTES meant?",
        "SYNC_OVERLAP is no setting and is not read: was OVERLAP_HOURS meant?",
    ]


def test_check_calls_each_vendor_once_or_twice(osm, accounts, sandbox):
    del sandbox.calls[:]
    told(osm("check"), 0)
    assert len(sandbox.calls) <= 4


def test_check_says_what_is_switched_off_or_missing(osm, accounts, rows):
    rows("update cloud_user set enabled = 0 where id = 'alibaba-1'")
    output = told(osm("check", SECRET_KEYS="", TENCENT_ENABLED="0"), 1)
    assert "off      account alibaba-1: alibaba: switched off" in output
    assert "warning  secret keys: SECRET_KEYS is not set" in output
    assert "encrypted with key k1, and SECRET_KEYS is not set" in output
    assert "failed   warehouse: not configured" in told(osm("check", WAREHOUSE_URL=""), 1)
    assert "failed   schema: the warehouse has" not in output


def test_check_names_the_setting_that_leaves_new_tickets_to_another_program(osm, accounts, rows):
    told(osm("sync"), 0)
    suggested = "set LEAVE_NEW_SECONDS to"
    assert suggested not in told(osm("check"), 0)
    now = int(datetime.now(UTC).timestamp() * 1000)
    insert = "insert into cloud_osm_list (id, cloud_id, type, create_time) values"
    old = now - 31 * 24 * 3600 * 1000
    rows(f"{insert} ('row-0', 'T0', 'HUAWEI', {old})")
    assert suggested not in told(osm("check"), 0)
    rows(f"{insert} ('row-1', 'T1', 'HUAWEI', {now}), ('row-2', 'T2', null, {now})")
    output = told(osm("check"), 0)
    assert "warning  another writer: it inserted 2 of the newest tickets" in output
    assert suggested in output
    assert suggested not in told(osm("check", LEAVE_NEW_SECONDS="120"), 0)


def test_check_names_the_rights_that_are_missing(osm, accounts, warehouse_server, warehouse_url):
    url = sa.make_url(warehouse_url)
    user = f"osm_check_{os.getpid()}"
    host = "127.0.0.1" if url.host == "127.0.0.1" else "%"
    try:
        warehouse_server.run(f"create user {user}@'{host}' identified by 'check-check-check'")
    except sa.exc.DBAPIError as error:
        pytest.skip(f"this server's user may not create users: {error.orig}")
    try:
        warehouse_server.run(
            f"grant select, insert, update on `{url.database}`.* to {user}@'{host}'"
        )
        limited = url.set(username=user, password="check-check-check")
        output = told(osm("check", WAREHOUSE_URL=limited.render_as_string(hide_password=False)), 1)
    finally:
        warehouse_server.run(f"drop user {user}@'{host}'")
    deleted_from = [
        *("cloud_osm_list", "cloud_osm_detail", "cloud_osm_product", "cloud_osm_product_type"),
        *("cloud_osm_source", "sync_quarantine", "sync_check", "sync_run", "cs_snapshot_table"),
    ]
    lacking = "; ".join(f"no DELETE on {name}" for name in deleted_from)
    assert f"failed   rights: {lacking}; " in output
    assert "check-check-check" not in output
