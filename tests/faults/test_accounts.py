"""Faults of ``cloud_user``: one bad row fails under its own name, and keeps nobody else."""

from __future__ import annotations

import logging
import re
from contextlib import closing

import pytest

from include.errors import AuthError, ConfigError
from include.pipelines.tickets.sync import sync_tickets
from include.secrets import KeyRing, new_key
from include.vendors.registry import VENDORS, open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account, list_accounts, load_accounts
from tests.faults.kit import invariants
from tests.faults.kit.scene import FULL, NOW, of_accounts

OLD, NEW = new_key("old-one"), new_key("new-one")
RING = KeyRing.parse(f"{NEW},{OLD}")


@pytest.fixture
def warehouse(scene):
    """The scene's warehouse with its nine accounts in ``cloud_user``, encrypted."""
    with closing(Warehouse.open(scene.url)) as opened:
        for account in scene.accounts:
            add_account(opened, RING, account, now=NOW)
        yield opened


@pytest.fixture
def judged(scene, truth, warehouse, record_property, caplog):
    """``judged(bad ids, ring)`` runs what ``cloud_user`` gives; returns the errors by account.

    The named accounts must fail and keep their rows, without a call; the others end right.
    """
    caplog.set_level(logging.INFO)

    def judge(bad_ids, ring=RING):
        before, looked = scene.rows(), invariants.look(scene)
        accounts, bad = load_accounts(warehouse, ring)
        errors = {one.account_id: one.error for one in bad}
        usable = []
        for account in accounts:
            try:
                open_client(account, scene.sandbox.settings()).close()
                usable.append(account)
            except ConfigError as error:
                errors[account.account_id] = error
        assert scene.sandbox.calls == []
        ended = scene.run(usable)
        others = {account.account_id for account in scene.accounts} - set(bad_ids)
        rows, found = truth(scene), scene.rows()
        is_right = set(ended) == others and not any(one.error for one in ended.values())
        is_right &= of_accounts(found, others) == of_accounts(rows, others)
        is_kept = of_accounts(found, bad_ids) == of_accounts(before, bad_ids)
        is_loud = set(bad_ids) <= errors.keys() if errors else not bad_ids
        verdict = "silent" if not (is_right and is_kept and is_loud) else "loud"
        record_property(
            "fault", f"accounts 0 {verdict if errors else verdict.replace('loud', 'right')}"
        )
        assert verdict == "loud", (errors, ended)
        invariants.nothing_lost(scene, looked)
        invariants.nothing_doubled(scene)
        said = caplog.text + "".join(map(str, errors.values()))
        for account in scene.accounts:
            assert account.secret_key not in said
        return errors

    return judge


def store(scene, account_id, **columns):
    """Change a row by hand."""
    values = ", ".join(f"{name} = '{value}'" for name, value in columns.items())
    scene.execute(f"update cloud_user set {values} where id = '{account_id}'")


def test_k4_a_row_that_cannot_be_used_fails_alone_and_before_any_call(scene, judged):
    store(scene, "alibaba-1", region_id="evil.com/")
    store(scene, "alibaba-2", secret_id="")
    store(scene, "huawei-1", region_id="x@127.0.0.1")
    store(scene, "huawei-2", secret_key_secret=" ")
    store(scene, "tencent-1", type="AZURE")
    store(scene, "tencent-2", secret_id="AKID with blanks")
    errors = judged(["alibaba-1", "alibaba-2", "huawei-1", "huawei-2", "tencent-1", "tencent-2"])
    named = {
        "alibaba-1": "region",
        "alibaba-2": "secret_id",
        "huawei-1": "region",
        "huawei-2": "secret_key_secret",
        "tencent-1": "AZURE|azure",
        "tencent-2": "secret_id",
    }
    assert errors.keys() == named.keys()
    for account_id, word in named.items():
        assert isinstance(errors[account_id], ConfigError)
        assert re.search(word, str(errors[account_id])), errors[account_id]


def test_k4_blanks_around_a_key_are_left_out_and_told(scene, judged, caplog):
    for account in scene.accounts[:4]:
        stored = f" {account.secret_key}\n"
        blank = {"secret_id": f" {account.access_key} ", "secret_key_secret": stored}
        store(scene, account.account_id, **blank)
    assert judged([]) == {}
    for account in scene.accounts[:4]:
        assert f"account={account.account_id} vendor={account.vendor}: blanks" in caplog.text


def test_k5_a_secret_that_cannot_be_decrypted_names_its_key_and_no_value(scene, warehouse, judged):
    account = scene.accounts[3]
    add_account(warehouse, KeyRing.parse(OLD), account, now=NOW)
    [(envelope,)] = scene.look("select secret_key_secret from cloud_user where id = 'huawei-1'")
    errors = judged(["huawei-1"], KeyRing.parse(NEW))
    assert list(errors) == ["huawei-1"]
    assert isinstance(errors["huawei-1"], ConfigError)
    assert "old-one" in str(errors["huawei-1"])
    assert envelope.rpartition(":")[2] not in str(errors["huawei-1"])


@pytest.mark.parametrize("vendor", VENDORS if FULL else VENDORS[:1])
def test_k6_a_key_that_changes_during_a_run_fails_it_and_the_next_attempt_reads_the_new_one(
    scene, truth, warehouse, record_property, vendor
):
    def change(counts):
        if counts.calls >= 5:
            scene.sandbox.change_key(vendor, 0, "theNewSecretOfTheOwner")

    settings = scene.sandbox.settings()
    [before], _ = load_accounts(warehouse, RING, account_ids=[f"{vendor}-1"])
    client = open_client(before, settings, sleep=scene.slept.append)
    with closing(client), pytest.raises(AuthError):
        sync_tickets(
            client,
            warehouse,
            before,
            settings=settings,
            now=NOW,
            request=Request("a test"),
            progress=change,
        )
    [(outcome, kind)] = scene.look(
        "select outcome, error_class from sync_run where account_id = :id"
        " order by started_at desc, run_id limit 1",
        id=before.account_id,
    )
    is_loud = (outcome, kind) == ("failed", "AuthError")
    add_account(warehouse, RING, scene.sandbox.account(vendor), now=NOW)
    [after], _ = load_accounts(warehouse, RING, account_ids=[f"{vendor}-1"])
    assert scene.run([after])[after.account_id].error is None
    mine, rows = of_accounts(scene.rows(), [after.account_id]), truth(scene)
    is_healed = mine == of_accounts(rows, [after.account_id])
    record_property("fault", f"accounts 0 {'loud' if is_loud and is_healed else 'silent'}")
    assert is_loud
    assert is_healed


def test_k7_two_rows_with_one_key_are_both_refused(scene, judged):
    twin = scene.accounts[1]
    store(scene, "alibaba-1", secret_id=twin.access_key)
    errors = judged(["alibaba-1", "alibaba-2"])
    assert errors.keys() == {"alibaba-1", "alibaba-2"}
    assert "also the access key of account alibaba-2" in str(errors["alibaba-1"])


def test_k8_an_account_that_is_switched_off_is_not_read_and_its_rows_stay(
    scene, truth, warehouse, record_property
):
    store(scene, "tencent-3", enabled=0)
    before = of_accounts(scene.rows(), ["tencent-3"])
    accounts, bad = load_accounts(warehouse, RING)
    ended = scene.run(accounts)
    assert not bad
    rows, found, others = truth(scene), scene.rows(), set(ended)
    is_right = not any(one.error for one in ended.values())
    is_right &= of_accounts(found, others) == of_accounts(rows, others)
    is_right &= of_accounts(found, ["tencent-3"]) == before
    record_property("fault", f"accounts 0 {'right' if is_right else 'silent'}")
    assert is_right
    assert others == {account.account_id for account in scene.accounts} - {"tencent-3"}
    off = [info.account_id for info in list_accounts(warehouse, RING) if not info.is_enabled]
    assert off == ["tencent-3"]
