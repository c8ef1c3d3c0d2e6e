"""All verdicts in a line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.work.stops import Cause
from include.work.verdicts.judgement import judge
from include.work.verdicts.summary import brief, headline
from include.work.verdicts.verdict import Facts
from tests.facts import (
    BUILD,
    CATALOG,
    CHECKS,
    MINUTE,
    NOW,
    OTHERS,
    SNAPSHOT,
    WAITING,
    account,
    facts,
    failed,
    standing,
    stop,
)

# "All is fresh" must never be said of these.
NOT_FRESH: dict[str, Facts] = {
    "DAGs are switched off": facts(
        standing(), *OTHERS, stops=(stop(Cause.PAUSED, "build_reports"),)
    ),
    "checks never ran": facts(standing(), CATALOG, SNAPSHOT, BUILD),
    "reports were never built": facts(standing(), CATALOG, SNAPSHOT, CHECKS),
    "reports are nine days old": facts(
        standing(), CATALOG, SNAPSHOT, replace(BUILD, lag_seconds=2 * 86_400), CHECKS
    ),
    "an account is new": facts(
        standing(), *OTHERS, accounts=(account(), account("new", created_at=NOW - MINUTE))
    ),
    "a first run is under way": facts(
        standing(outcome="running", lag_seconds=None, done_at=None), *OTHERS
    ),
    "Airflow was not asked": facts(standing(), *OTHERS, stops=None),
    "every account is off": facts(accounts=(account(is_enabled=False),)),
    "a ticket waits": facts(standing(quarantined=1), *OTHERS, waiting={"main": WAITING}),
}


@pytest.mark.parametrize("name", NOT_FRESH)
def test_all_is_fresh_is_never_said_of_what_is_not(name):
    of = NOT_FRESH[name]
    told = headline(judge(of), is_airflow_asked=of.stops is not None)
    assert "All is fresh" not in told


def test_all_is_fresh_is_said_where_it_is_so():
    told = headline(judge(facts(standing(), *OTHERS)), is_airflow_asked=True)
    assert told == "All is fresh: nothing failed, nothing is late"


BRIEF: dict[str, tuple[Facts, str]] = {
    "well": (facts(standing(), *OTHERS), "ok: 5 fresh"),
    "well, as far as the tables tell": (
        facts(standing(), *OTHERS, stops=None),
        "ok: 5 fresh (Airflow was not asked)",
    ),
    "late and failing": (
        facts(
            standing(lag_seconds=12_600),
            standing("catalog", "HUAWEI", **failed("AuthError")),
            *OTHERS[1:],
        ),
        "error: 1 late, 1 failing, 3 fresh: main tickets late for 3 h: No run has failed, and still"
        " the data is of 3 h 30 min ago. the operator: Look at the runs of `sync_tickets` in"
        " Airflow; without Airflow start one: `python -m include sync`.",
    ),
    "failing over fresh data": (
        facts(standing(**failed("AuthError", 2, ago=20 * MINUTE)), *OTHERS),
        "warn: 1 failing, 4 fresh: main tickets failing for 20 min: AuthError: why. the account"
        " owner: Look at key, permissions and clock in the vendor's console; a new key goes in with"
        " `python -m include accounts add`, and `python -m include check` tries it.",
    ),
    "nothing there": (facts(accounts=()), "ok: nothing is read"),
    "switched off": (
        facts(accounts=(account(is_enabled=False),)),
        "ok: nothing is read",
    ),
}


@pytest.mark.parametrize("name", BRIEF)
def test_a_line_for_cron_says_how_severe_what_and_who_acts(name):
    of, line = BRIEF[name]
    told = brief(judge(of), now=NOW, is_airflow_asked=of.stops is not None)
    assert told == line
