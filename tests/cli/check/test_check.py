"""`check`: everything that runs need, tried."""

from __future__ import annotations

import re

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
    assert (
        "the account owner: Look at key, permissions and clock"
        in seen["account huawei-1", "failed"]
    )
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


def test_check_says_what_is_switched_off_or_missing(osm, accounts, rows):
    rows("update cloud_user set enabled = 0 where id = 'alibaba-1'")
    output = told(osm("check", SECRET_KEYS="", TENCENT_ENABLED="0"), 1)
    assert "off      account alibaba-1: alibaba: switched off" in output
    assert "warning  secret keys: SECRET_KEYS is not set" in output
    assert "encrypted with key k1, and SECRET_KEYS is not set" in output
    assert "failed   warehouse: not configured" in told(osm("check", WAREHOUSE_URL=""), 1)
    assert "failed   schema: the warehouse has" not in output
