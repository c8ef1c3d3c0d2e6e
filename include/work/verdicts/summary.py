"""All verdicts in a line: the headline of the page and `status`, and the line for cron."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from include.work.verdicts.verdict import (
    SEVERITIES,
    STATES,
    Severity,
    State,
    Verdict,
    is_left_out,
    worst,
)
from include.work.words.speech import say, say_span


def severity_of(verdicts: Sequence[Verdict]) -> Severity:
    """The worst of all."""
    return worst(*(verdict.severity for verdict in verdicts))


def headline(verdicts: Sequence[Verdict], *, is_airflow_asked: bool) -> str:
    """How all of it is. "All is fresh" only where that is known of each."""
    read = [verdict for verdict in verdicts if not is_left_out(verdict)]
    troubled = sum(verdict.severity is not Severity.OK for verdict in read)
    first = sum(verdict.state is not State.FRESH for verdict in read)
    if troubled:
        key = "sum.trouble_one" if troubled == 1 else "sum.trouble"
        return say(key, count=troubled, all=len(read))
    if not read:
        return say("sum.off" if verdicts else "sum.none")
    if first:
        return say("sum.first", count=first, all=len(read))
    return say("sum.fresh" if is_airflow_asked else "sum.unknown")


def brief(verdicts: Sequence[Verdict], *, now: datetime, is_airflow_asked: bool) -> str:
    """One line for cron: how severe, how many of each state, and the most urgent of them."""
    note = "" if is_airflow_asked else say("sum.not_asked")
    severity = severity_of(verdicts)
    counted = Counter(verdict.state for verdict in verdicts if not is_left_out(verdict))
    counts = say("sum.and").join(
        say("sum.count", count=counted[state], state=state.words)
        for state in STATES
        if counted[state]
    )
    counts = counts or say("sum.none_brief")
    if severity is Severity.OK:
        return say("sum.brief", severity=severity.words, counts=counts) + note
    first = min(verdicts, key=lambda verdict: SEVERITIES.index(verdict.severity))
    span = ""
    if first.since_at:
        span = say("sum.span", span=say_span((now - first.since_at).total_seconds()))
    return (
        say(
            "sum.brief_worst",
            severity=severity.words,
            counts=counts,
            name=first.name,
            state=first.state.words,
            span=span,
            reason=first.reason,
            who=first.who,
            step=first.next_step,
        )
        + note
    )
