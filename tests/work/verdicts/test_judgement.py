"""All that is judged, and what keeps runs from starting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.settings import Settings
from include.work.health import BrokenCheck
from include.work.stops import Cause, Stop
from include.work.verdicts.judgement import judge
from include.work.verdicts.summary import headline
from include.work.verdicts.turns import Turn
from include.work.verdicts.verdict import Severity, State
from tests.facts import (
    ALL_DAGS,
    BUILD,
    CATALOG,
    DAY,
    HOUR,
    NOW,
    OTHERS,
    account,
    facts,
    failed,
    judged,
    standing,
    stop,
)


@pytest.mark.parametrize("entity", ["catalog/HUAWEI", "build", "run"])
def test_reports_checks_and_catalogues_that_never_ran_have_a_verdict(entity):
    found = judged(facts(standing()))[entity]
    assert (found.state, found.severity) == (State.NEVER_RAN, Severity.ERROR)


def test_snapshots_are_expected_where_there_is_a_source_alone():
    assert "snapshot" not in judged(facts(standing()))
    found = judged(replace(facts(standing()), has_source=True))
    assert found["snapshot"].state is State.NEVER_RAN
    assert not judge(facts(accounts=()))


@pytest.mark.parametrize(
    ("info", "why"),
    [
        (account(is_enabled=False), "The account is switched off."),
        (account(vendor="tencent"), "Tencent is not read: its API is experimental"),
    ],
)
def test_who_is_switched_off_is_told_and_nobody_has_to_act(info, why):
    settings = Settings()
    found = judged(facts(accounts=(info,), settings=settings))
    (verdict,) = found.values()
    assert (verdict.state, verdict.severity) == (State.SWITCHED_OFF, Severity.OK)
    assert (verdict.who, verdict.reason[: len(why)]) == ("", why)
    assert verdict.next_step
    assert headline([verdict], is_airflow_asked=True) == "Every account is switched off"


def test_an_account_whose_row_is_gone_and_a_site_without_one_are_left_out():
    of = (standing(account_id="gone", lag_seconds=10**6), *OTHERS)
    found = judged(facts(*of, accounts=()))
    for subject in ("tickets/gone", "catalog/HUAWEI"):
        assert (found[subject].state, found[subject].severity) == (
            State.SWITCHED_OFF,
            Severity.OK,
        )


def test_an_account_that_cannot_be_used_is_broken_whatever_its_runs_say():
    info = account(problem="account main (huawei): secret_id is empty")
    found = judged(facts(standing(), *OTHERS, accounts=(info,)))["tickets/main"]
    assert (found.state, found.severity, found.turn) == (
        State.BROKEN,
        Severity.ERROR,
        Turn.OPERATOR,
    )
    assert found.reason == f"{info.problem}."


@pytest.mark.parametrize(("level", "severity"), [("fail", "error"), ("warn", "warn")])
def test_a_check_that_found_offences_has_a_verdict_of_its_own(level, severity):
    check = BrokenCheck("every_zero_was_proved", level, "Each zero is proved.", 7, NOW - DAY)
    found = judged(facts(standing(), *OTHERS, checks=[check]))
    verdict = found["check/every_zero_was_proved"]
    assert (verdict.state, verdict.severity, verdict.who) == (
        State.OFFENDED,
        severity,
        "the data owner",
    )
    assert (verdict.since_at, verdict.reason) == (
        NOW - DAY,
        "7 rows against: Each zero is proved.",
    )
    assert found["run"].state is State.FRESH


@pytest.mark.parametrize(("hours", "is_told"), [(1, True), (47, True), (49, False)])
def test_a_run_by_hand_that_failed_is_told_for_two_days(hours, is_told):
    of = standing("backfill", **failed("AuthError"))
    of = replace(of, ended_at=NOW - hours * HOUR)
    found = judged(facts(standing(), *OTHERS, of)).get("backfill/main")
    assert bool(found) is is_told
    if found:
        assert (found.state, found.severity) == (State.FAILING, Severity.WARN)
    assert "backfill/main" not in judged(facts(standing(), *OTHERS, standing("backfill")))


STOPS: dict[str, tuple[Stop, State, Severity, str]] = {
    "a dead scheduler": (
        stop(Cause.SILENT, "scheduler", *ALL_DAGS),
        State.BROKEN,
        Severity.ERROR,
        "The scheduler gives no sign of life since 2026-06-01 11:00 UTC.",
    ),
    "a scheduler that never was": (
        stop(Cause.NOT_STARTED, "scheduler", *ALL_DAGS),
        State.BROKEN,
        Severity.ERROR,
        "The scheduler was never started.",
    ),
    "a DAG that cannot be imported": (
        stop(Cause.NOT_IMPORTED, detail="ImportError: x"),
        State.BROKEN,
        Severity.ERROR,
        "sync_tickets cannot be imported since 2026-06-01 11:00 UTC: ImportError: x",
    ),
    "a DAG that is gone": (
        stop(Cause.GONE),
        State.BROKEN,
        Severity.ERROR,
        "sync_tickets is no longer found by Airflow since 2026-06-01 11:00 UTC.",
    ),
    "a DAG that never was": (
        stop(Cause.NOT_FOUND),
        State.BROKEN,
        Severity.ERROR,
        "sync_tickets was never found by Airflow.",
    ),
    "a pool that is gone": (
        stop(Cause.NO_POOL, "default_pool", *ALL_DAGS),
        State.BROKEN,
        Severity.ERROR,
        "The pool default_pool does not exist, or has no slot, and tasks want it.",
    ),
    "a DAG that is off": (
        stop(Cause.PAUSED),
        State.SWITCHED_OFF,
        Severity.WARN,
        "sync_tickets is switched off: no run since 2026-06-01 11:00 UTC.",
    ),
    "a DAG that is off while a run waits": (
        stop(Cause.PAUSED, runs=2),
        State.SWITCHED_OFF,
        Severity.WARN,
        "sync_tickets is switched off while it has 2 runs waiting: no run since 2026-06-01 11:00"
        " UTC.",
    ),
    "a run in the queue": (
        stop(Cause.QUEUED, runs=3),
        State.WAITING,
        Severity.WARN,
        "sync_tickets has 3 runs in the queue since 2026-06-01 11:00 UTC.",
    ),
    "tasks without a worker": (
        stop(Cause.STARVED),
        State.WAITING,
        Severity.WARN,
        "sync_tickets has tasks that wait, and none that runs, since 2026-06-01 11:00 UTC.",
    ),
}


@pytest.mark.parametrize("name", STOPS)
def test_what_stops_runs_has_a_verdict_and_leaves_nothing_fresh_that_it_halts(name):
    of, state, severity, reason = STOPS[name]
    verdicts = judge(facts(standing(), *OTHERS, stops=(of,)))
    found = {verdict.subject: verdict for verdict in verdicts}
    told = found[f"airflow/{of.subject}"]
    assert (told.state, told.severity, told.reason) == (state, severity, reason)
    assert (told.turn, told.since_at) == (Turn.OPERATOR, NOW - HOUR)
    halted = found["tickets/main"]
    assert (halted.state, halted.severity, halted.cause) == (state, Severity.WARN, told.subject)
    assert (halted.reason, halted.next_step) == (told.reason, told.next_step)
    assert (found["run"].state is State.FRESH) is ("check_data" not in of.halted)
    assert "fresh" not in headline(verdicts, is_airflow_asked=True)


def test_a_dag_that_never_ran_and_is_off_says_both():
    never = Stop(Cause.PAUSED, "check_data", None, frozenset({"check_data"}))
    found = judged(facts(standing(), CATALOG, BUILD, stops=(never,)))
    assert found["airflow/check_data"].reason == "check_data is switched off, and never ran."
    assert found["run"].state is State.SWITCHED_OFF
    assert found["run"].severity is Severity.ERROR


def test_a_run_behind_another_halts_nothing():
    full = Stop(Cause.FULL, "sync_tickets", NOW - HOUR, frozenset(), runs=1)
    found = judged(facts(standing(), *OTHERS, stops=(full,)))
    assert found["tickets/main"].state is State.FRESH
    assert found["airflow/sync_tickets"].state is State.WAITING


def test_late_data_that_is_halted_is_as_severe_as_it_is_old():
    off = stop(Cause.PAUSED)
    found = judged(facts(standing(lag_seconds=7201), *OTHERS, stops=(off,)))["tickets/main"]
    assert (found.state, found.severity) == (State.SWITCHED_OFF, Severity.ERROR)


def test_nobody_waits_for_a_next_run_that_does_not_come():
    off = stop(Cause.PAUSED)
    of = standing(**failed())
    found = judged(facts(of, *OTHERS, stops=(off,)))["tickets/main"]
    assert (found.state, found.turn) == (State.FAILING, Turn.OPERATOR)
    assert found.reason == "UnavailableError: why."
    assert found.next_step == (
        "Switch it on: Airflow, `Dags`, the switch beside `sync_tickets`; or `airflow dags unpause"
        " sync_tickets`."
    )
    of = standing(**failed("AuthError"))
    found = judged(facts(of, *OTHERS, stops=(off,)))["tickets/main"]
    assert (found.turn, found.cause) == (Turn.ACCOUNT_OWNER, "")


def test_the_most_urgent_comes_first_and_what_was_left_out_last():
    accounts = (*map(account, ("a", "b", "c", "d")), account("off", is_enabled=False))
    of = (
        standing(account_id="a"),
        standing(account_id="b", **failed()),
        standing(account_id="c", lag_seconds=9000),
        standing(account_id="d", lag_seconds=2000),
    )
    order = [verdict.subject for verdict in judge(facts(*of, *OTHERS, accounts=accounts))]
    assert order[:3] == ["tickets/c", "tickets/d", "tickets/b"]
    assert order[-1] == "tickets/off"
