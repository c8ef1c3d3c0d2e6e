"""What is known of tickets, a snapshot, reports; and the verdict it amounts to."""

from __future__ import annotations

import pytest

from include.settings import Settings
from include.values import LATE_AFTER, Limits
from include.work.health import Standing
from include.work.snapshot_health import Refused, SnapshotHealth
from include.work.verdicts.judgement import judge
from include.work.verdicts.turns import Turn
from include.work.verdicts.verdict import Severity, State
from tests.facts import (
    BUILD,
    CATALOG,
    CHECKS,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    OTHERS,
    WAITING,
    account,
    facts,
    failed,
    judged,
    standing,
)

# What is known of an account's tickets; state, severity and turn that follow.
TICKETS: dict[str, tuple[Standing | None, State, Severity, Turn]] = {
    "read a minute ago": (standing(), State.FRESH, Severity.OK, Turn.NOBODY),
    "a later run is under way": (
        standing(outcome="running"),
        State.FRESH,
        Severity.OK,
        Turn.NOBODY,
    ),
    "just within the limit": (standing(lag_seconds=1800), State.FRESH, Severity.OK, Turn.NOBODY),
    "just beyond it": (standing(lag_seconds=1801), State.LATE, Severity.WARN, Turn.OPERATOR),
    "beyond the limit of an error": (
        standing(lag_seconds=7201),
        State.LATE,
        Severity.ERROR,
        Turn.OPERATOR,
    ),
    "late, and runs are catching up": (
        standing(lag_seconds=90_000, outcome="more"),
        State.LATE,
        Severity.WARN,
        Turn.NOBODY,
    ),
    "late, and a run reads it": (
        standing(lag_seconds=90_000, outcome="running"),
        State.LATE,
        Severity.WARN,
        Turn.NOBODY,
    ),
    "late, and a run reads it for ever": (
        standing(lag_seconds=90_000, outcome="running", started_at=NOW - 3 * HOUR),
        State.LATE,
        Severity.ERROR,
        Turn.OPERATOR,
    ),
    "failed over fresh data": (
        standing(**failed()),
        State.FAILING,
        Severity.WARN,
        Turn.NOBODY,
    ),
    "failed while a run is under way": (
        standing(**failed() | {"outcome": "running"}),
        State.FAILING,
        Severity.WARN,
        Turn.NOBODY,
    ),
    "failed over late data": (
        standing(**failed(), lag_seconds=1801),
        State.LATE,
        Severity.WARN,
        Turn.NOBODY,
    ),
    "failed over data that is late for long": (
        standing(**failed(times=9, ago=2 * HOUR), lag_seconds=7201),
        State.LATE,
        Severity.ERROR,
        Turn.OPERATOR,
    ),
    "failed twice": (standing(**failed(times=2)), State.FAILING, Severity.WARN, Turn.NOBODY),
    "failed three times in a row": (
        standing(**failed(times=3)),
        State.FAILING,
        Severity.WARN,
        Turn.OPERATOR,
    ),
    "failed once, and nothing since for seven hours": (
        standing(**failed(ago=7 * HOUR)),
        State.FAILING,
        Severity.WARN,
        Turn.OPERATOR,
    ),
    "the key is refused": (
        standing(**failed("AuthError")),
        State.FAILING,
        Severity.WARN,
        Turn.ACCOUNT_OWNER,
    ),
    "the vendor's API changed": (
        standing(**failed("ContractError", times=9)),
        State.FAILING,
        Severity.WARN,
        Turn.DEVELOPERS,
    ),
    "never done, failing since yesterday": (
        standing(**failed(ago=DAY), lag_seconds=None, done_at=None),
        State.FAILING,
        Severity.ERROR,
        Turn.OPERATOR,
    ),
    "no sign of life": (standing(outcome="silent"), State.SILENT, Severity.WARN, Turn.NOBODY),
    "no sign of life, and late": (
        standing(outcome="silent", lag_seconds=9000),
        State.SILENT,
        Severity.ERROR,
        Turn.NOBODY,
    ),
    "its first run is under way": (
        standing(outcome="running", lag_seconds=None, done_at=None),
        State.RUNNING,
        Severity.OK,
        Turn.NOBODY,
    ),
    "its first run was stopped": (
        standing(outcome="stopped", lag_seconds=None, done_at=None),
        State.NEVER_RAN,
        Severity.OK,
        Turn.NOBODY,
    ),
    "stopped after it was done": (
        standing(outcome="stopped"),
        State.FRESH,
        Severity.OK,
        Turn.NOBODY,
    ),
    "only a backfill read it": (
        standing(lag_seconds=None, watermark_at=None),
        State.LATE,
        Severity.WARN,
        Turn.OPERATOR,
    ),
    "a watermark ahead of all runs": (
        standing(is_ahead=True, lag_seconds=0),
        State.LATE,
        Severity.WARN,
        Turn.NOBODY,
    ),
    "no run ever took it": (None, State.NEVER_RAN, Severity.ERROR, Turn.OPERATOR),
}


@pytest.mark.parametrize("name", TICKETS)
def test_what_is_known_of_tickets_amounts_to_a_verdict(name):
    of, state, severity, turn = TICKETS[name]
    found = judged(facts(*filter(None, [of]), *OTHERS))["tickets/main"]
    assert (found.state, found.severity, found.turn) == (state, severity, turn)


def test_the_trouble_began_with_the_first_failure_and_has_its_request():
    of = standing(**failed("ContractError", times=5, ago=75 * MINUTE))
    found = judged(facts(of, *OTHERS))["tickets/main"]
    assert (found.since_at, found.times) == (NOW - 75 * MINUTE, 5)
    assert (found.error_class, found.request_id) == ("ContractError", "r-1")
    assert found.reason == "ContractError: why."
    assert found.who == "the developers of this tool"


def test_what_is_late_is_so_since_its_limit_was_passed():
    found = judged(facts(standing(lag_seconds=2400), *OTHERS))["tickets/main"]
    assert (found.since_at, found.times) == (NOW - 10 * MINUTE, 0)
    assert "40 min" in found.reason


def test_the_maintainer_is_called_by_name():
    settings = Settings(sandbox=True, maintainer="Data platform")
    of = standing(**failed("ContractError"))
    found = judged(facts(of, *OTHERS, settings=settings))["tickets/main"]
    assert found.who == "Data platform"
    assert "Send Data platform" in found.next_step


@pytest.mark.parametrize(
    ("created", "began", "severity"),
    [
        (NOW - 10 * MINUTE, NOW - 30 * DAY, Severity.OK),
        (NOW - HOUR, NOW - 30 * DAY, Severity.WARN),
        (NOW - DAY, NOW - 30 * DAY, Severity.ERROR),
        (NOW - 900 * DAY, NOW - HOUR, Severity.WARN),
        (NOW - 900 * DAY, None, Severity.WARN),
        (None, None, Severity.WARN),
    ],
)
def test_what_never_ran_is_told_by_the_time_it_could_have(created, began, severity):
    found = judged(facts(accounts=(account(created_at=created),), began_at=began))
    assert (found["tickets/main"].state, found["tickets/main"].severity) == (
        State.NEVER_RAN,
        severity,
    )


@pytest.mark.parametrize(
    ("of", "state"),
    [
        (standing(quarantined=2), State.QUARANTINED),
        (standing(**failed("PartialError"), quarantined=2), State.QUARANTINED),
        (standing(**failed("PartialError"), quarantined=2, lag_seconds=1801), State.LATE),
        (standing(**failed("AuthError"), quarantined=2), State.FAILING),
    ],
)
def test_an_account_whose_only_trouble_are_tickets_in_quarantine_says_so(of, state):
    found = judged(facts(of, *OTHERS, waiting={"main": WAITING}))["tickets/main"]
    assert (found.state, found.severity) == (state, Severity.WARN)
    if state is State.QUARANTINED:
        assert (found.since_at, found.times) == (NOW - DAY, 4)
        assert found.turn is Turn.DEVELOPERS
        assert "2 tickets in quarantine; of the oldest, T1: ContractError" in found.reason


def snapshot(refused: Refused | None) -> SnapshotHealth:
    return SnapshotHealth(1, NOW - HOUR, 3600, None, None, [], refused)


@pytest.mark.parametrize(
    ("lag", "severity"), [(3600, Severity.WARN), (7201, Severity.WARN), (28_801, Severity.ERROR)]
)
def test_a_refused_snapshot_states_the_number_to_accept(lag, severity):
    refused = Refused(NOW - 2 * HOUR, NOW - HOUR, 340, 3, ["seat", "supplier"])
    of = standing("snapshot", "customer_service", **failed("CheckError"), lag_seconds=lag)
    found = judged(facts(standing(), of, CATALOG, BUILD, CHECKS, snapshot=snapshot(refused)))
    verdict = found["snapshot"]
    assert (verdict.state, verdict.severity, verdict.turn) == (
        State.REFUSED,
        severity,
        Turn.DATA_OWNER,
    )
    assert (verdict.since_at, verdict.times) == (NOW - 2 * HOUR, 3)
    assert "340 rows of seat, supplier" in verdict.reason
    assert "--accept-vanished 340`" in verdict.next_step


def test_limits_are_the_operators_own():
    settings = Settings(sandbox=True, late_after={**LATE_AFTER, "tickets": Limits(60, 90)})
    found = judged(facts(standing(lag_seconds=91), *OTHERS, settings=settings))
    assert found["tickets/main"].severity is Severity.ERROR


def test_every_verdict_that_somebody_has_to_see_says_why_who_and_how():
    many = [of for of, *_ in TICKETS.values()]
    verdicts = [
        verdict
        for of in many
        for verdict in judge(facts(*filter(None, [of]), waiting={"main": WAITING}))
    ]
    for verdict in verdicts:
        if verdict.severity is not Severity.OK:
            assert verdict.reason, verdict
            assert verdict.who, verdict
            assert verdict.next_step.endswith("."), verdict
            assert "`" in verdict.next_step or "vendor's console" in verdict.next_step, verdict
