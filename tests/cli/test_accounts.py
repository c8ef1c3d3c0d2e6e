"""`accounts`: keys come in, are encrypted and rotated, and never shown."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from include.__main__ import app
from include.cli import accounts
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
    monkeypatch.setattr(accounts, "is_asked", lambda: True)
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
