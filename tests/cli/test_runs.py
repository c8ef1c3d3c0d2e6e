"""`sync` and `refresh`, in this process and as programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.sandbox.vendors.server import WIRES
from include.vendors.registry import VENDORS
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.cli.invoked import CANARY, document, told
from tests.contents import contents
from tests.faults.kit.own_server import until

ROOT = Path(__file__).resolve().parents[2]


def test_sync_fills_the_tables_and_the_second_time_finds_nothing_new(osm, accounts, rows, sandbox):
    first = document(osm("sync", "--json"), 0)
    assert first["outcome"] == "done"
    assert [(r["account"], r["outcome"]) for r in first["results"]] == [
        (account.account_id, "done") for account in accounts
    ]
    assert sum(r["counts"]["written"] for r in first["results"]) == 18
    assert rows("select count(*) from cloud_osm_list") == [(18,)]
    before = contents(rows, "cloud_osm_list", "cloud_osm_detail")
    assert "done" in told(osm("sync"), 0)
    assert contents(rows, "cloud_osm_list", "cloud_osm_detail") == before
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
    assert "1 ticket in quarantine; of the oldest, " in output
    assert ticket in output
    assert "the developers of this tool: Send the developers of this tool the reason" in output
    found = document(osm("status", "--json"), 0)
    (standing,) = found["standings"]
    assert (standing["outcome"], standing["quarantined"]) == ("partial", 1)
    assert standing["done_at"] is None
    verdict = next(of for of in found["verdicts"] if of["subject"] == "tickets/huawei-1")
    assert (verdict["state"], verdict["severity"]) == ("quarantined", "warn")
    (item,) = found["quarantined"]
    assert item["verdict"]["next_step"] == verdict["next_step"]


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
    assert "(the data owner: Look at " in result.stderr
    told(osm("refresh", "--vendor", "alibaba", "--accept-vanished"), 0)
    query = "select count(*) from cloud_osm_product where type = 'ALIBABA' and active = 1"
    assert rows(query) == [(0,)]


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
def test_all_accounts_of_a_run_that_is_told_to_stop_say_so_in_the_ledger_and_are_read_by_the_next(
    osm, environ, accounts, sandbox, rows, warehouse_url, how
):
    """One waits for tickets, one for a list, and one for a row that another program has locked."""
    alibaba, huawei = WIRES["alibaba"], WIRES["huawei"]
    for vendor, action in (("huawei", next(iter(huawei.DETAILS))), ("alibaba", alibaba.TICKETS)):
        sandbox.faults.add("hang", vendor=vendor, action=action, times=None)
    before = contents(rows, "cloud_osm_list", "cloud_osm_detail")

    waiting = (
        "select id from information_schema.processlist where db = database()"
        " and info like '%cloud_osm_list%' and id <> connection_id()"
    )

    def hangs():
        hits = [rule["hits"] for rule in sandbox.faults.list()]
        return hits == [4, 1] and rows(waiting)

    with (
        sa.create_engine(warehouse_url, poolclass=sa.NullPool).connect() as holder,
        subprocess.Popen(
            [sys.executable, "-m", "include", "sync"],
            env={**os.environ, **environ, "CALLS_AT_ONCE": "4", "ACCOUNTS_AT_ONCE": "3"},
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            # A shell that started us in the background had us, and our children, ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process,
    ):
        try:
            holder.exec_driver_sql("select id from cloud_osm_list for update").all()
            until(hangs, 30)
            process.send_signal(how)
            began = time.monotonic()
            _, shown = process.communicate(timeout=20)
        finally:
            process.kill()  # nothing is left for other tests to stumble over
        assert time.monotonic() - began < 10
        until(lambda: not rows(waiting))  # nor does its transaction wait for us
    assert process.returncode == 130
    assert "stopped; what was stored stays" in shown
    assert rows("select outcome, error_class from sync_run") == [
        ("stopped", "KeyboardInterrupt")
    ] * len(accounts)
    assert contents(rows, "cloud_osm_list", "cloud_osm_detail") == before
    sandbox.faults.clear()
    told(osm("sync"), 0)
    assert rows("select count(*), count(distinct type, cloud_id) from cloud_osm_list") == [(18, 18)]


def test_one_ticket_is_read_now_with_its_messages_by_its_own_or_the_rows_id(
    osm, accounts, rows, sandbox
):
    closed = sandbox.store.truth()["huawei"]["accounts"][0]["tickets"]["closed"]
    first, second = closed[0], closed[1]
    insert = "insert into cloud_osm_list (id, cloud_id, type) values ('row-7', '{}', '1')"
    rows(insert.format(second))
    found = document(osm("sync", "--ticket", first, "--ticket", "row-7", "--json"), 0)
    told = [(t["ticket"], t["account"], t["state"]) for t in found["tickets"]]
    assert told == [(first, "huawei-1", "complete"), (second, "huawei-1", "complete")]
    assert rows("select id, complete from cloud_osm_list where id = 'row-7'") == [("row-7", 1)]
    held = "select count(distinct case_id) from cloud_osm_detail where vendor = 'HUAWEI'"
    assert rows(held) == [(2,)]
    assert rows("select entity, written from sync_run") == [("ticket", 2)]


def test_a_ticket_that_no_account_knows_is_told_and_leaves_nothing(osm, accounts, rows):
    shown = osm("sync", "--ticket", "nobodys")
    assert "nobodys: none of the accounts knows it" in told(shown, 3)
    assert rows("select count(*) from cloud_osm_list") == [(0,)]


@pytest.mark.parametrize("ticket_id", ["T1 ", " T1", "T1\u3000"])
def test_a_ticket_id_with_a_blank_at_an_end_is_refused_by_name(
    osm, accounts, rows, sandbox, ticket_id
):
    del sandbox.calls[:]
    shown = told(osm("sync", "--ticket", "T0", "--ticket", ticket_id), 2)
    assert f"ticket ids with a blank at an end: {ticket_id!r}: write them without" in shown
    assert sandbox.calls == []


def test_one_ticket_does_not_wait_for_the_run_that_holds_the_account(
    osm, accounts, rows, sandbox, warehouse_url
):
    ticket_id = sandbox.store.truth()["huawei"]["accounts"][0]["tickets"]["closed"][0]
    opened = Warehouse.open(warehouse_url)
    try:
        with ledger.hold(
            opened, "huawei-1", "tickets", vendor="huawei", request=Request("a long run")
        ):
            found = document(osm("sync", "--ticket", ticket_id, "--json"), 0)
    finally:
        opened.close()
    assert found["tickets"][0]["state"] == "complete"


def test_a_ticket_and_a_backfill_do_not_go_together(osm, accounts):
    told(osm("sync", "--ticket", "T1", "--since", "2026-01-01"), 2)


def test_a_refused_key_says_nothing_of_the_tickets_that_the_account_reads(
    osm, accounts, rows, sandbox
):
    told(osm("sync", "--account", "huawei-1"), 0)
    ticket_id = rows("select cloud_id from cloud_osm_list limit 1")[0][0]
    rows("update cloud_user set secret_key_secret = 'another-secret-key' where id = 'huawei-1'")
    found = document(osm("sync", "--ticket", ticket_id, "--account", "huawei-1", "--json"), 1)
    assert found["tickets"][0]["state"] == "failed"
    assert found["tickets"][0]["error"]["class"] == "AuthError"
    assert rows("select count(*) from cloud_osm_list where missing_since is not null") == [(0,)]
