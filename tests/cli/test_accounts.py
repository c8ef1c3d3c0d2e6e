"""`accounts`: keys come in, are encrypted and rotated, and never shown."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from include.__main__ import app
from include.cli import accounts as verbs
from include.secrets import KeyRing, new_key
from tests.cli.conftest import K1
from tests.cli.invoked import CANARY, document, told

K2 = new_key("k2")
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
    assert "1 encrypted, 0 unchanged, 0 failed" in told(osm("accounts", "encrypt", "--yes"), 0)
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
    assert "account x-1 (nobody): type is 'nobody'" in told(osm("accounts", "encrypt", "--yes"), 2)


def test_nobody_encrypts_a_key_that_another_program_may_read_without_saying_so(
    osm, rows, monkeypatch
):
    rows(
        "insert into cloud_user (id, type, secret_id, secret_key_secret)"
        f" values ('p-1', 'ALIBABA', 'access-of-p-1', '{CANARY}')"
    )
    stored = "select secret_key_secret = 'canarySECRETcanarySECRET' from cloud_user"
    refused = told(osm("accounts", "encrypt"), 2)
    assert "1 keys are plain text: p-1. A program that signs with the same rows" in refused
    assert "nobody can be asked here. Add --yes" in refused
    assert rows(stored) == [(1,)]
    monkeypatch.setattr(verbs, "is_asked", lambda: True)
    assert "nothing was encrypted" in told(osm("accounts", "encrypt", stdin="n\n"), 2)
    assert rows(stored) == [(1,)]
    assert "1 encrypted" in told(osm("accounts", "encrypt", stdin="y\n"), 0)
    assert rows(stored) == [(0,)]


def test_a_new_key_is_printed_alone_on_stdout_and_fits_the_setting():
    result = CliRunner().invoke(app, ["accounts", "new-key", "--id", "k7"])
    told(result, 0)
    assert KeyRing.parse(result.stdout.strip()).ids == ("k7",)
    assert "SECRET_KEYS" in result.stderr
    assert result.stdout.strip() not in result.stderr


def test_a_new_key_in_a_file_is_not_shown_and_its_setting_is(tmp_path):
    file = tmp_path / "secret.keys"
    output = told(CliRunner().invoke(app, ["accounts", "new-key", "--output", str(file)]), 0)
    assert f"SECRET_KEYS=file:{file}" in output
    assert file.read_text().strip().partition(":")[2] not in output
    again = CliRunner().invoke(app, ["accounts", "new-key", "--output", str(file)])
    assert "it is there already" in told(again, 2)


def test_accounts_are_switched_renamed_and_removed_by_whom_the_ledger_says(osm, rows):
    told(osm(*ADD, stdin=CANARY), 0)
    told(osm(*ADD[:2], "a-2", *ADD[3:-1], "another-access-key", stdin=CANARY), 0)
    output = told(osm("accounts", "disable", "a-1", "a-2"), 0)
    assert output.count("(alibaba): disabled") == 2
    assert "a-1 (alibaba): was off already" in told(osm("accounts", "disable", "a-1"), 0)
    assert "off" in told(osm("accounts", "list"), 0)
    assert "a-1 (alibaba): enabled" in told(osm("accounts", "enable", "a-1"), 0)
    assert "renamed to '主账号'" in told(osm("accounts", "rename", "a-1", "主账号"), 0)
    assert rows("select id, name, enabled from cloud_user order by id") == [
        ("a-1", "主账号", 1),
        ("a-2", None, 0),
    ]
    (changed,) = document(osm("accounts", "remove", "a-2", "--yes", "--json"), 0)
    assert (changed["account_id"], changed["tickets"], changed["has_others"]) == ("a-2", 0, True)
    noted = rows(
        "select account_id, substring_index(triggered_by, ' by ', 1), written, parameters"
        " from sync_run where entity = 'account' order by started_at, account_id"
    )
    assert noted == [
        ("a-1", "accounts disable", 1, "{}"),
        ("a-2", "accounts disable", 1, "{}"),
        ("a-1", "accounts disable", 0, "{}"),
        ("a-1", "accounts enable", 1, "{}"),
        ("a-1", "accounts rename", 1, '{"name": "主账号"}'),
        ("a-2", "accounts remove", 1, "{}"),
    ]


@pytest.mark.parametrize("verb", ["enable", "disable", "remove"])
def test_an_unknown_account_is_named_and_nothing_is_changed(osm, rows, verb):
    told(osm(*ADD, stdin=CANARY), 0)
    yes = ["--yes"] if verb == "remove" else []
    refused = told(osm("accounts", verb, "a-1", "nobody", *yes), 2)
    assert "no row of cloud_user has the id nobody: see `accounts list`" in refused
    assert rows("select enabled from cloud_user") == [(1,)]
    assert rows("select count(*) from sync_run where entity = 'account'") == [(0,)]


def test_a_removed_account_is_no_trouble_any_more_and_its_open_tickets_are_told(
    osm, rows, accounts
):
    told(osm("sync"), 0)
    tickets = rows("select count(*), sum(complete = 0) from cloud_osm_list where type = 'HUAWEI'")
    refused = told(osm("accounts", "remove", "huawei-1"), 2)
    assert f"{tickets[0][0]} tickets stay with their messages" in refused
    assert "nothing was removed: nobody can be asked here. Add --yes" in refused
    assert rows("select count(*) from cloud_user where id = 'huawei-1'") == [(1,)]
    output = told(osm("accounts", "remove", "huawei-1", "--yes"), 0)
    assert f"huawei-1: {tickets[0][1]} tickets are not complete: no other account" in output
    assert "back: `accounts add huawei-1 --vendor huawei" in output
    assert "huawei-1" not in osm("status").output
    found = document(osm("verify", "--json"), 4)["without_reader"]
    assert {stray["account_id"] for stray in found} == {"huawei-1"}
    assert (
        rows("select count(*), sum(complete = 0) from cloud_osm_list where type = 'HUAWEI'")
        == tickets
    )


def test_a_removed_account_that_is_added_again_finds_its_tickets(osm, rows, accounts):
    account = accounts[1]
    assert account.vendor == "huawei"
    told(osm("sync", "--account", "huawei-1"), 0)
    told(osm("accounts", "remove", "huawei-1", "--yes"), 0)
    again = ("accounts", "add", "huawei-1", "--vendor", "huawei", "--region", account.region)
    added = osm(*again, "--access-key", account.access_key, stdin=account.secret_key)
    assert "huawei-1 (huawei): added" in told(added, 0)
    (result,) = document(osm("sync", "--account", "huawei-1", "--json"), 0)["results"]
    assert result["counts"]["failed"] == 0
    verified = document(osm("verify", "--account", "huawei-1", "--json"), 4)  # no catalogue yet
    assert verified["without_reader"] == verified["results"][0]["comparison"]["differences"] == []


def test_who_says_no_removes_nothing(osm, rows, monkeypatch):
    told(osm(*ADD, stdin=CANARY), 0)
    monkeypatch.setattr(verbs, "is_asked", lambda: True)
    assert "nothing was removed" in told(osm("accounts", "remove", "a-1", stdin="n\n"), 2)
    assert rows("select count(*) from cloud_user") == [(1,)]
    told(osm("accounts", "remove", "a-1", stdin="y\n"), 0)
    assert rows("select count(*) from cloud_user") == [(0,)]
