"""The command line, on a real database and against the sandbox."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer
from typer.testing import CliRunner

from include.__main__ import app
from include.cli.console import EXITS, Exit, Progress, exit_of, masker, verb, worst
from include.errors import (
    AlreadyRunningError,
    AuthError,
    ConfigError,
    PartialError,
    SupersededError,
    UnavailableError,
)
from include.sandbox.vendors.server import WIRES, Sandbox
from include.secrets import KeyRing, new_key
from include.vendors.registry import VENDORS
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tables import metadata
from include.warehouse.tickets.accounts import add_account
from tests.faults.kit.own_server import until

ROOT = Path(__file__).resolve().parents[1]
K1, K2 = new_key("k1"), new_key("k2")
CANARY = "canarySECRETcanarySECRET"
VERBS = (
    "migrate",
    "check",
    "vendors",
    "sync",
    "refresh",
    "snapshot",
    "build-reports",
    "report",
    "status",
    "verify",
)
ACCOUNT_VERBS = ("add", "list", "encrypt", "rotate", "new-key")


@pytest.fixture(scope="module")
def module_url(warehouse_server):
    url = warehouse_server.create_migrated()
    yield url
    warehouse_server.drop(url)


@pytest.fixture
def warehouse_url(module_url, warehouse_server):
    """One database for this file: every test begins with empty tables."""
    warehouse_server.run(*(f"delete from {name}" for name in metadata.tables), url=module_url)
    return module_url


@pytest.fixture(scope="module")
def vendors():
    with Sandbox(seed=7, accounts=2, tickets=6) as running:
        yield running


@pytest.fixture
def sandbox(vendors):
    vendors.faults.clear()
    return vendors


@pytest.fixture
def environ(warehouse_url, sandbox):
    oldest = min(
        case.created_at
        for vendor in VENDORS
        for index in (0, 1)
        for case in sandbox.store.tickets(vendor, index)
    )
    return {
        "WAREHOUSE_URL": warehouse_url,
        "SECRET_KEYS": K1,
        "CALLS_PER_SECOND": "900",
        "SYNC_SINCE": (oldest - timedelta(days=1)).isoformat(),
        **sandbox.environment(),
    }


@pytest.fixture
def osm(environ):
    """``osm("status", "--json")``: one call of the command line, in this process."""

    def run(*arguments, stdin="", **changes):
        return CliRunner().invoke(app, [*arguments], input=stdin, env={**environ, **changes})

    return run


@pytest.fixture
def rows(warehouse_url):
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)

    def look(query):
        with engine.begin() as connection:
            result = connection.execute(sa.text(query))
            return [tuple(row) for row in result] if result.returns_rows else []

    return look


@pytest.fixture
def accounts(warehouse_url, sandbox):
    """The first account of each vendor, as the sandbox issued it."""
    warehouse = Warehouse.open(warehouse_url)
    made = [sandbox.account(vendor) for vendor in VENDORS]
    for account in made:
        add_account(warehouse, KeyRing.parse(K1), account, now=datetime.now(UTC))
    warehouse.close()
    return made


def told(result, code):
    """What a verb printed; it ended with *code*, showed no secret, and raised nothing."""
    assert result.exit_code == code, result.output
    assert CANARY not in result.output
    assert "Traceback" not in result.output
    return result.output


def document(result, code):
    told(result, code)
    return json.loads(result.stdout)


# Help and usage


@pytest.mark.parametrize("path", [(), *((name,) for name in VERBS), ("accounts",)])
def test_every_help_names_the_exit_codes(path):
    output = told(CliRunner().invoke(app, [*path, "--help"]), 0)
    assert "Exit codes: 0 done" in " ".join(output.split())


@pytest.mark.parametrize("name", ACCOUNT_VERBS)
def test_no_verb_takes_a_secret_key_as_an_argument(name):
    output = told(CliRunner().invoke(app, ["accounts", name, "--help"]), 0)
    assert not re.search(r"--[a-z-]*secret", output)


def test_vendors_are_told_one_a_line():
    assert told(CliRunner().invoke(app, ["vendors"]), 0).split("\n") == [*VENDORS, ""]


def test_help_imports_nothing_slow():
    code = (
        "import sys; import include.__main__;"
        "print({'sqlalchemy', 'requests', 'alembic', 'cryptography', 'pymysql', 'psycopg2'}"
        " & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["sync", "--vendor", "aws"], "aws"),
        (["sync", "--since", "yesterday"], "not a moment like 2026-01-31"),
        (["sync", "--until", "2026-01-01"], "`until` needs `since`"),
        (["sync", "--since", "2026-01-02", "--until", "2026-01-01"], "must lie before `until`"),
        (["sync", "--since", "2999-01-01"], "in the past"),
        (["sync", "--since", "0001-01-01"], "must not lie before 2000-01-01"),
        (["snapshot", "--accept-vanished", "-1"], "greater than or equal"),
        (["snapshot", "--accept-vanished", "all"], "an integer"),
        (["build-reports", "--since", "2026-13-01"], "not a day like 2026-01-31"),
        (["verify", "--limit", "-1"], "greater than or equal to 0"),
        (["accounts", "add"], "Missing"),
        (["resync"], "No such command"),
    ],
)
def test_wrong_usage_is_said_and_ends_with_2(arguments, problem):
    assert problem in " ".join(told(CliRunner().invoke(app, arguments), 2).split())


# Settings and the database


@pytest.mark.parametrize("name", ["sync", "refresh", "snapshot", "status", "verify"])
def test_without_a_database_one_line_says_what_to_set(name):
    result = CliRunner().invoke(app, [name])
    told(result, 2)
    assert result.stdout == ""
    assert result.stderr.startswith("error: WAREHOUSE_URL is not set: give the database we write")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "code", "problem"),
    [
        ({"WAREHOUSE_URL": f"nonsense {CANARY}"}, 2, "WAREHOUSE_URL is not a URL like"),
        ({"WAREHOUSE_URL": f"postgresql://u:{CANARY}@h/d"}, 2, "must begin with mysql+pymysql"),
        ({"SECRET_KEYS": f"k1:{CANARY}"}, 2, "is not the base64 of 32 bytes"),
        ({"OPEN_MESSAGES": "perhaps"}, 2, "OPEN_MESSAGES must be 1 or 0"),
        (
            {"WAREHOUSE_URL": f"mysql+pymysql://nobody:{CANARY}@127.0.0.1:1/x"},
            1,
            "error: warehouse 2003: Can't connect",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line_without_its_secrets(osm, changes, code, problem):
    result = osm("status", **changes)
    assert problem in told(result, code)
    assert result.output.count("\n") == 1


def test_with_json_an_error_is_a_document_too(osm):
    found = document(osm("status", "--json", SECRET_KEYS="broken"), 2)
    assert found["error"]["class"] == "ConfigError"
    assert "SECRET_KEYS" in found["error"]["message"]


def test_a_database_without_our_schema_is_refused_before_anything_else(osm, database_url):
    for name in ("sync", "refresh", "status", "verify"):
        output = told(osm(name, WAREHOUSE_URL=database_url), 2)
        assert "run `python -m include migrate`" in output


def test_migrate_brings_an_empty_database_up_to_date_and_may_be_repeated(osm, database_url):
    assert "it was empty" in told(osm("migrate", WAREHOUSE_URL=database_url), 0)
    assert "already" in told(osm("migrate", WAREHOUSE_URL=database_url), 0)
    assert told(osm("status", WAREHOUSE_URL=database_url), 0)


def test_migrate_prints_the_script_without_a_database():
    result = CliRunner().invoke(app, ["migrate", "--sql"])
    assert "CREATE TABLE cloud_osm_list" in told(result, 0).replace("`", "")
    assert result.stdout.count("\n") > 50


# Accounts


ADD = ("accounts", "add", "a-1", "--vendor", "Alibaba", "--access-key", "LTAI5tAbCdEfGhIjKlMn")


def test_a_secret_from_stdin_is_encrypted_and_never_shown(osm, rows):
    result = osm(*ADD, "--name", "主账号", "--region", "cn-hangzhou", stdin=f"{CANARY}\n")
    assert "a-1 (alibaba): added" in told(result, 0)
    ((stored, vendor, name),) = rows("select secret_key_secret, type, name from cloud_user")
    assert stored.startswith("v1:k1:")
    assert (vendor, name) == ("ALIBABA", "主账号")
    output = told(osm("accounts", "list"), 0)
    assert "LTAI…Mn" in output
    assert "encrypted (k1)" in output
    assert "LTAI5tAbCdEfGhIjKlMn" not in output
    (listed,) = document(osm("accounts", "list", "--json"), 0)
    assert (listed["account_id"], listed["storage"], listed["problem"]) == (
        "a-1",
        "encrypted",
        None,
    )


@pytest.mark.parametrize(
    ("stdin", "problem"),
    [
        ("", "stdin must hold the secret key and nothing else"),
        (f"{CANARY}\n{CANARY}\n", "one line, not 2"),
        ("short\n", "fewer than 8 characters"),
    ],
)
def test_what_is_no_secret_key_is_refused(osm, rows, stdin, problem):
    assert problem in told(osm(*ADD, stdin=stdin), 2)
    assert rows("select count(*) from cloud_user") == [(0,)]


def test_another_accounts_row_is_not_overwritten(osm):
    told(osm(*ADD, stdin=CANARY), 0)
    again = [*ADD[:4], "huawei", *ADD[5:]]
    assert "belongs to an account of alibaba" in told(osm(*again, stdin=CANARY), 2)
    other = [*ADD[:-1], "another-access-key"]
    assert "another access key" in told(osm(*other, stdin=CANARY), 2)
    assert "updated" in told(osm(*other, "--replace-key", stdin=CANARY), 0)


def test_a_connection_stands_for_the_secret(osm, rows):
    told(osm(*ADD, "--connection", "osm_a1"), 0)
    assert rows("select secret_key_secret from cloud_user") == [("conn:osm_a1",)]
    assert "AIRFLOW_CONN_OSM_A1 is not set" in told(osm("accounts", "list"), 0)
    given = osm("accounts", "list", AIRFLOW_CONN_OSM_A1=f"generic://:{CANARY}@")
    assert "AIRFLOW_CONN" not in told(given, 0)


def test_plain_keys_are_encrypted_then_rotated_by_one_command_each(osm, rows):
    rows(
        "insert into cloud_user (id, type, secret_id, secret_key_secret)"
        f" values ('p-1', 'ALIBABA', 'access-of-p-1', '{CANARY}')"
    )
    assert "not encrypted" in told(osm("accounts", "list"), 0)
    assert "1 encrypted, 0 unchanged, 0 failed" in told(osm("accounts", "encrypt"), 0)
    assert "0 encrypted, 1 unchanged, 0 failed" in told(osm("accounts", "encrypt"), 0)
    rotated = told(osm("accounts", "rotate", SECRET_KEYS=f"{K2},{K1}"), 0)
    assert "1 encrypted with k2" in rotated
    assert "k1 may leave SECRET_KEYS" in rotated
    assert "encrypted (k2)" in told(osm("accounts", "list", SECRET_KEYS=K2), 0)


def test_rows_that_cannot_be_rewritten_are_named_and_end_the_verb_red(osm, rows):
    rows(
        "insert into cloud_user (id, type, secret_id, secret_key_secret)"
        f" values ('x-1', 'nobody', 'access-of-x-1', '{CANARY}')"
    )
    assert "account x-1 (nobody): type is 'nobody'" in told(osm("accounts", "encrypt"), 2)


def test_a_new_key_is_printed_alone_on_stdout_and_fits_the_setting():
    result = CliRunner().invoke(app, ["accounts", "new-key", "--id", "k7"])
    told(result, 0)
    assert KeyRing.parse(result.stdout.strip()).ids == ("k7",)
    assert "SECRET_KEYS" in result.stderr
    assert result.stdout.strip() not in result.stderr


# Sync, refresh, status, verify


def test_sync_fills_the_tables_and_the_second_time_finds_nothing_new(osm, accounts, rows, sandbox):
    first = document(osm("sync", "--json"), 0)
    assert first["outcome"] == "done"
    assert [(r["account"], r["outcome"]) for r in first["results"]] == [
        (account.account_id, "done") for account in accounts
    ]
    assert sum(r["counts"]["written"] for r in first["results"]) == 18
    assert rows("select count(*) from cloud_osm_list") == [(18,)]
    before = rows("checksum table cloud_osm_list, cloud_osm_detail")
    assert "done" in told(osm("sync"), 0)
    assert rows("checksum table cloud_osm_list, cloud_osm_detail") == before
    assert rows("select distinct triggered_by from sync_run")[0][0].startswith("sync by ")
    secrets = [account.secret_key for account in accounts]
    assert not [secret for secret in secrets if secret in str(rows("select * from sync_run"))]


def test_without_accounts_sync_is_green_with_a_hint(osm):
    assert "no account to read: add one with" in told(osm("sync"), 0)
    assert document(osm("sync", "--json"), 0)["results"] == []


def test_accounts_are_chosen_by_vendor_and_by_id(osm, accounts):
    found = document(osm("sync", "--vendor", "HUAWEI", "--json"), 0)
    assert [result["account"] for result in found["results"]] == ["huawei-1"]
    found = document(osm("sync", "--account", "alibaba-1", "--account", "nowhere", "--json"), 2)
    assert [(r["account"], r["outcome"]) for r in found["results"]] == [
        ("nowhere", "not usable"),
        ("alibaba-1", "done"),
    ]


def test_one_bad_account_does_not_stop_the_others(osm, accounts, rows):
    rows("update cloud_user set secret_key_secret = 'v1:k9:AAAA' where id = 'alibaba-1'")
    rows(f"update cloud_user set secret_key_secret = '{CANARY}' where id = 'huawei-1'")
    found = document(osm("sync", "--json"), 1)
    assert {r["account"]: r["outcome"] for r in found["results"]} == {
        "alibaba-1": "not usable",
        "huawei-1": "failed",
        "tencent-1": "done",
    }
    errors = {r["account"]: r["error"] for r in found["results"]}
    assert errors["alibaba-1"]["class"] == "ConfigError"
    assert errors["huawei-1"]["class"] == "AuthError"
    assert "account owner" in errors["huawei-1"]["whose_turn"]
    result = osm("sync")
    assert "error: huawei-1: huawei" in told(result, 1)
    assert "error: huawei-1" in result.stderr
    assert "error" not in result.stdout


def test_quarantined_tickets_make_a_run_partial_and_status_says_whose_turn_it_is(
    osm, accounts, sandbox
):
    ticket = sandbox.store.tickets("huawei", 0)[0].ticket_id
    sandbox.faults.add("poison_detail", vendor="huawei", ticket=ticket, times=9)
    (result,) = document(osm("sync", "--vendor", "huawei", "--json"), 3)["results"]
    assert (result["outcome"], result["counts"]["failed"]) == ("partial", 1)
    output = told(osm("status"), 0)
    assert "PartialError" in output
    assert ticket in output
    assert "our turn: the code or the vendor's API changed" in output
    found = document(osm("status", "--json"), 0)
    (standing,) = found["standings"]
    assert (standing["outcome"], standing["quarantined"]) == ("partial", 1)
    assert standing["done_at"] is None


def test_an_account_that_is_being_read_ends_with_5(osm, accounts, warehouse_url):
    warehouse = Warehouse.open(warehouse_url)
    with ledger.hold(warehouse, "huawei-1", "tickets", vendor="HUAWEI", request=Request("test")):
        (result,) = document(osm("sync", "--account", "huawei-1", "--json"), 5)["results"]
        assert result["outcome"] == "already running"
        assert document(osm("sync", "--json"), 5)["outcome"] == "already running"
    warehouse.close()


def test_a_dry_run_writes_nothing(osm, accounts, rows):
    result = osm("sync", "--dry-run", "--json")
    found = document(result, 0)
    assert sum(r["counts"]["written"] for r in found["results"]) == 18
    for table in ("cloud_osm_list", "cloud_osm_detail", "sync_run", "sync_state"):
        assert rows(f"select count(*) from {table}") == [(0,)]
    assert "nothing was written" in told(osm("sync", "--dry-run"), 0)


def test_a_backfill_reads_its_window_again(osm, accounts):
    told(osm("sync"), 0)
    found = document(osm("sync", "--since", "2020-01-01", "--vendor", "tencent", "--json"), 0)
    assert found["results"][0]["counts"]["written"] == 6


def test_a_vendor_that_is_switched_off_is_left_out_with_a_word(osm, accounts):
    result = osm("sync", "--json", TENCENT_ENABLED="0")
    assert {r["vendor"] for r in document(result, 0)["results"]} == {"alibaba", "huawei"}
    assert "tencent-1: TENCENT_ENABLED is off" in result.stderr
    asked = osm("sync", "--vendor", "tencent", TENCENT_ENABLED="0")
    assert "set TENCENT_ENABLED=1" in told(asked, 2)


def test_refresh_reads_each_vendors_catalogue_once(osm, accounts, rows, sandbox):
    told(osm("refresh"), 0)
    (products,) = rows("select count(*), count(distinct type) from cloud_osm_product")
    assert products == (sum(len(sandbox.store.shelves[v].products) for v in VENDORS), 3)


def test_refresh_goes_on_with_the_next_account_where_keys_are_refused(osm, accounts, rows, sandbox):
    second = sandbox.account("alibaba", 1)
    arguments = ["accounts", "add", "alibaba-2", "--vendor", "alibaba", "--access-key"]
    told(osm(*arguments, second.access_key, stdin=second.secret_key), 0)
    rows(f"update cloud_user set secret_key_secret = '{CANARY}' where id = 'alibaba-1'")
    found = document(osm("refresh", "--vendor", "alibaba", "--json"), 0)
    assert [r["account"] for r in found["results"]] == ["alibaba-2"]


def test_a_catalogue_that_shrank_is_refused_until_it_is_accepted(osm, accounts, sandbox, rows):
    told(osm("refresh"), 0)
    sandbox.faults.add("empty_list", vendor="alibaba", action="ListProducts", times=9)
    result = osm("refresh", "--vendor", "alibaba")
    assert "nothing was stored" in told(result, 1)
    assert "data owner's turn" in result.stderr
    told(osm("refresh", "--vendor", "alibaba", "--accept-vanished"), 0)
    query = "select count(*) from cloud_osm_product where type = 'ALIBABA' and active = 1"
    assert rows(query) == [(0,)]


def test_verify_finds_no_difference_after_a_sync_and_names_one_after_a_hand_edit(
    osm, accounts, rows
):
    told(osm("refresh"), 0)
    told(osm("sync"), 0)
    assert "no differences" in told(osm("verify", "--deep"), 0)
    ((ticket, message),) = rows(
        "select case_id, message_id from cloud_osm_detail join cloud_osm_list"
        " on cloud_id = case_id and vendor = cloud_osm_list.type"
        " where status = 0 and vendor = 'HUAWEI' limit 1"
    )
    rows(f"delete from cloud_osm_detail where case_id = '{ticket}' and message_id = '{message}'")
    result = osm("verify")
    assert "huawei-1: 1 wrongly complete" in told(result, 1)
    assert "fail: every_complete_ticket_has_its_messages (1)" in result.stdout
    found = document(osm("verify", "--vendor", "huawei", "--deep", "--json"), 4)
    (tickets, catalogue) = found["results"]
    assert tickets["comparison"]["kinds"] == {"wrongly complete": 1, "message missing": 1}
    assert catalogue["outcome"] == "done"


def test_status_knows_accounts_that_no_run_has_taken(osm, accounts, rows):
    rows("update cloud_user set enabled = 0 where id = 'tencent-1'")
    output = told(osm("status"), 0)
    assert "alibaba-1 (alibaba): never read; run `python -m include sync`" in output
    assert "tencent-1" not in output
    told(osm("sync", "--vendor", "alibaba"), 0)
    output = told(osm("status"), 0)
    assert "alibaba-1 (alibaba): never read" not in output
    found = document(osm("status", "--json"), 0)
    assert found["standings"][0]["outcome"] == "done"
    assert found["standings"][0]["lag_seconds"] < 600
    assert found["rows"]["cloud_osm_list"] == 6


# Check


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
    assert "failed   rights: no DELETE on cloud_osm_detail; no DELETE on sync_quarantine" in output
    assert "check-check-check" not in output


# The console


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (PartialError("x"), 3),
        (AlreadyRunningError("x"), 5),
        (SupersededError("x"), 5),
        (AuthError("x"), 1),
        (UnavailableError("x"), 1),
        (KeyError("x"), 1),
    ],
)
def test_the_class_of_an_error_decides_the_exit_code(error, code):
    assert exit_of(error) == code


def test_the_worst_of_several_outcomes_decides():
    order = [Exit.FAILED, Exit.USAGE, Exit.DIFFERENT, Exit.PARTIAL, Exit.RUNNING, Exit.DONE]
    for number, code in enumerate(order):
        assert worst(order[number:]) == code
    assert worst([]) == Exit.DONE
    assert {*EXITS.values()} <= {*order, Exit.INTERRUPTED}


def test_an_error_nobody_expected_is_one_line_unless_debug_is_on(capsys, monkeypatch):
    @verb
    def broken():
        masker.add(CANARY)
        raise KeyError(f"lost {CANARY}\n\x1b[31m")

    with pytest.raises(typer.Exit) as end:
        broken()
    assert end.value.exit_code == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: KeyError: 'lost ***")
    assert "--debug" in shown
    assert shown.count("\n") == 1
    assert "\x1b" not in shown
    monkeypatch.setattr("include.cli.console.flags.debug", True)
    with pytest.raises(typer.Exit):
        broken()
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert CANARY not in shown


def test_progress_is_a_line_now_and_then_where_no_person_looks():
    stream = io.StringIO()
    with Progress("sync", 3, every_seconds=0.02, stream=stream) as progress:
        progress.advance()
        progress.update("a-2: 7 listed")
        deadline = time.monotonic() + 5
        while "7 listed" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    line = stream.getvalue().splitlines()[-1]
    assert re.fullmatch(r"sync: \d+ s, 1/3 done, a-2: 7 listed", line)


def test_progress_is_a_bar_on_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    with Progress("sync", 3, stream=stream) as progress:
        progress.advance()
        progress.update("[a-2] 7 listed")
    assert "1/3" in stream.getvalue()
    assert "\x1b[" in stream.getvalue()


# As a process


def test_the_module_runs_as_a_program(environ, accounts):
    done = subprocess.run(
        [sys.executable, "-m", "include", "sync", "--json"],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "done"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_stop_says_so_in_the_ledger_and_is_gone_while_calls_hang(
    environ, accounts, sandbox, rows, how
):
    [detail, *_] = WIRES["huawei"].DETAILS
    sandbox.faults.add("hang", vendor="huawei", action=detail, times=None)
    with subprocess.Popen(
        [sys.executable, "-m", "include", "sync", "--account", "huawei-1"],
        env={**os.environ, **environ, "CALLS_AT_ONCE": "4"},
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # A shell that started us in the background had us, and our children, ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            until(lambda: sandbox.faults.list()[0]["hits"] == 4, 30)
            process.send_signal(how)
            began = time.monotonic()
            _, shown = process.communicate(timeout=20)
        finally:
            process.kill()  # nothing is left for other tests to stumble over
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert "stopped; what was stored stays" in shown
    assert rows("select outcome from sync_run") == [("stopped",)]
