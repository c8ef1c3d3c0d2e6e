"""The checks as a run: outcomes are kept, and what fails says since when."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from include.errors import AlreadyRunningError, ConfigError
from include.pipelines import checks
from include.pipelines.checks import CheckResult
from include.warehouse.bookkeeping import checks as files
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from tests.builders import DAY

LATER = DAY + timedelta(days=1)
PLAIN = "insert into cloud_user (id, secret_id, secret_key_secret) values ('a-1', 'x', 'plain')"
ORPHAN = (
    "insert into cloud_osm_detail (id, case_id, message_id, vendor) values ('1', 'T', 'M', 'V')"
)
OUTCOMES = (
    "select name, level, offences, checked_at, failing_since_at from sync_check"
    " where offences > 0 or failing_since_at is not null order by name"
)


@pytest.fixture
def change(warehouse):
    def run(statement):
        with warehouse.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    return run


@pytest.fixture
def run(warehouse):
    def run(now=DAY, **options):
        return checks.run(warehouse, now=now, request=Request("test"), **options)

    return run


def naive(moment):
    return moment.replace(tzinfo=None)


def test_every_check_leaves_a_row_and_a_run_in_the_ledger(run, rows):
    results = run()
    assert all(result.ok for result in results)
    assert rows("select name, level, sentence, offences, sample from sync_check order by name") == [
        (result.name, result.level, result.sentence, 0, "[]")
        for result in sorted(results, key=lambda result: result.name)
    ]
    ledger_row = "select account_id, vendor, entity, outcome, listed from sync_run"
    assert rows(ledger_row) == [("checks", "CHECKS", "run", "done", len(results))]
    assert checks.find_failure(results) is None


def test_a_check_fails_since_it_first_did_until_it_holds_again(run, rows, change):
    change(PLAIN)
    run(now=DAY)
    run(now=LATER)
    name = "every_secret_key_is_encrypted"
    assert rows(OUTCOMES) == [(name, "warn", 1, naive(LATER), naive(DAY))]
    change("update cloud_user set secret_key_secret = 'v1:k:x'")
    run(now=LATER)
    assert rows(OUTCOMES) == []
    change("update cloud_user set secret_key_secret = 'plain'")
    run(now=LATER)
    assert rows(OUTCOMES) == [(name, "warn", 1, naive(LATER), naive(LATER))]


def test_offences_of_level_fail_make_an_error_and_those_of_level_warn_do_not(run, change):
    change(PLAIN)
    assert checks.find_failure(run()) is None
    change(ORPHAN)
    results = run()
    found = {result.name: result for result in results if not result.ok}
    assert found["every_message_has_a_ticket"] == CheckResult(
        "every_message_has_a_ticket",
        "fail",
        "Every message belongs to a ticket of the same vendor.",
        1,
        ({"vendor": "V", "case_id": "T", "messages": 1},),
    )
    error = checks.find_failure(results)
    assert str(error) == (
        f"1 of {len(results)} checks failed: every_message_has_a_ticket (1);"
        " `python -m include verify` shows examples"
    )


def test_examples_are_kept_as_json(run, rows, change):
    change(ORPHAN)
    run()
    ((sample,),) = rows("select sample from sync_check where offences > 0")
    assert json.loads(sample) == [{"vendor": "V", "case_id": "T", "messages": 1}]


def test_a_check_that_no_longer_exists_leaves_no_row(run, rows, change):
    change(
        "insert into sync_check (name, level, sentence, offences, sample, checked_at)"
        " values ('gone', 'fail', 'It held.', 7, '[]', '2026-01-01')"
    )
    run()
    assert rows("select count(*) from sync_check where name = 'gone'") == [(0,)]


def test_looking_stores_nothing(warehouse, rows, change):
    change(ORPHAN)
    results = list(checks.look(warehouse, now=DAY))
    assert len([result for result in results if not result.ok]) == 1
    assert rows("select (select count(*) from sync_check), (select count(*) from sync_run)") == [
        (0, 0)
    ]


def test_the_name_of_each_check_is_told_before_it_runs(run):
    told: list[str] = []
    results = run(progress=told.append)
    assert told == [result.name for result in results]


def test_two_runs_at_once_do_not_mix(run, warehouse):
    with (
        ledger.hold(warehouse, "checks", "run", vendor="CHECKS", request=Request("other")),
        pytest.raises(AlreadyRunningError),
    ):
        run()


def test_a_check_that_cannot_be_run_is_named_and_the_stored_outcomes_stay(
    run, rows, tmp_path, monkeypatch
):
    run(now=DAY)
    before = rows("select * from sync_check order by name")
    (tmp_path / "it_holds.sql").write_text("-- level: fail\n-- It holds.\nselect nonsense(1)")
    monkeypatch.setattr(files, "CHECKS", tmp_path)
    with pytest.raises(ConfigError, match=r"check it_holds: warehouse 1305: .*nonsense"):
        run(now=LATER)
    assert rows("select * from sync_check order by name") == before
    assert rows("select outcome from sync_run order by started_at") == [("done",), ("failed",)]
