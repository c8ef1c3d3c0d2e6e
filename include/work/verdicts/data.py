"""The verdict on one thing that a schedule renews, on a failed run, on a ticket in quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from include.settings import Settings
from include.work.health import Quarantined, Standing
from include.work.schedules import SCHEDULES
from include.work.verdicts.turns import Advice, Turn, advise, name_of
from include.work.verdicts.verdict import Facts, Severity, State, Verdict, worst
from include.work.words.speech import say, say_count, say_moment, say_sentence, say_span

IN_VAIN_TIMES: Final = 3
IN_VAIN_AFTER: Final = timedelta(hours=6)
"""What should pass by itself, and has failed so often or for so long, is the operator's turn."""
TICKET: Final = "ticket"
CATCHING_UP: Final = ("running", "more")
"""Outcomes of a run that is at work, or whose rest the next one reads."""


def judge_data(
    facts: Facts,
    about: Verdict,
    of: Standing | None,
    created_at: datetime | None,
    problem: str | None,
) -> Verdict:
    """The verdict on what a schedule renews, as if nothing kept its next run from starting."""
    late = _lateness(facts, about.entity, of, created_at)
    if problem:
        broken = replace(
            about, state=State.BROKEN, severity=Severity.ERROR, reason=say_sentence(problem)
        )
        advice = advise("ConfigError", maintainer=facts.settings.maintainer)
        return replace(advised(broken, advice), error_class="ConfigError")
    if of and of.error_class:
        return judge_failed(facts, about, of, late)
    if of and of.outcome == "silent":
        reason = say("why.silent", since=say_moment(of.heartbeat_at))
        silent = replace(about, state=State.SILENT, since_at=of.heartbeat_at, reason=reason)
        return _wait(facts, silent, worst(late, Severity.WARN))
    if of is None or of.done_at is None:
        return _judge_first(facts, about, of, late)
    if late is not Severity.OK or of.lag_seconds is None or of.is_ahead:
        return _judge_late(facts, about, of, late)
    if about.entity == "tickets" and of.quarantined:
        return _quarantined(facts, about, of)
    return replace(about, reason=of.error_text) if of.error_text else about


def _judge_first(facts: Facts, about: Verdict, of: Standing | None, late: Severity) -> Verdict:
    """What no run has read to its end."""
    if of and of.outcome in CATCHING_UP:
        return _wait(facts, replace(about, state=State.RUNNING, reason=say("why.first")))
    unread = replace(about, state=State.NEVER_RAN, reason=say("why.begun" if of else "why.never"))
    if late is Severity.OK:
        return _wait(facts, unread, step="step.never")
    return _for(facts, Turn.OPERATOR, unread, late, "step.never")


def _judge_late(facts: Facts, about: Verdict, of: Standing, late: Severity) -> Verdict:
    """No run failed, and still the data is too old, or nothing says of when it is."""
    verdict = replace(about, state=State.LATE)
    if of.lag_seconds is None:
        verdict = replace(verdict, reason=say("why.no_mark"))
        return _for(facts, Turn.OPERATOR, verdict, Severity.WARN, "step.late")
    if of.is_ahead:
        return _wait(facts, replace(verdict, reason=say("why.ahead")), Severity.WARN)
    ago = say_span(of.lag_seconds)
    limits = facts.settings.late_after[SCHEDULES[about.entity].kind]
    since = facts.now - timedelta(seconds=of.lag_seconds - limits.warn_s)
    verdict = replace(verdict, since_at=since)
    longest = timedelta(seconds=limits.error_s)
    if of.outcome == "more" or (
        of.outcome == "running" and of.started_at and facts.now - of.started_at < longest
    ):
        verdict = replace(verdict, reason=say("why.catching_up", ago=ago))
        return _wait(facts, verdict, Severity.WARN)
    verdict = replace(verdict, reason=say("why.late", ago=ago))
    return _for(facts, Turn.OPERATOR, verdict, late, "step.late")


def judge_ticket(item: Quarantined, settings: Settings) -> Verdict:
    """A ticket in quarantine: what its list shows of it."""
    error = say_sentence(f"{item.error_class}: {item.error_text}")
    verdict = Verdict(
        f"{TICKET}/{item.account_id}/{item.ticket_id}",
        TICKET,
        item.account_id,
        "",
        say("name.ticket", name=item.account_id, ticket=item.ticket_id),
        State.QUARANTINED,
        Severity.WARN,
        item.first_at,
        item.attempts,
        error,
        error_class=item.error_class,
    )
    in_vain = item.attempts >= IN_VAIN_TIMES
    return advised(
        verdict,
        advise(item.error_class, item.error_text, maintainer=settings.maintainer, in_vain=in_vain),
    )


def judge_failed(facts: Facts, about: Verdict, of: Standing, late: Severity) -> Verdict:
    """Runs failed: over fresh data a warning, over late data what the limits say."""
    refused = facts.health.snapshot.refused if facts.health.snapshot else None
    if about.entity == "snapshot" and of.error_class == "CheckError" and refused:
        reason = say(
            "why.refused", rows=say_count(refused.accept, "row"), tables=", ".join(refused.tables)
        )
        verdict = replace(
            about, state=State.REFUSED, since_at=refused.since_at, times=refused.times
        )
        advice = advise("CheckError", maintainer=facts.settings.maintainer)
        step = say("step.refused", rows=refused.accept)
    elif of.error_class == "PartialError" and of.quarantined and late is Severity.OK:
        return _quarantined(facts, about, of)
    else:
        state = State.FAILING if late is Severity.OK or of.lag_seconds is None else State.LATE
        verdict = replace(about, state=state, since_at=of.failing_since_at, times=of.failures)
        key = "why.failed_late" if state is State.LATE else "why.failed"
        error = say_sentence(f"{of.error_class}: {of.error_text or 'see the log of the task'}")
        reason = say(key, error=error, ago=say_span(of.lag_seconds or 0))
        since = of.failing_since_at or facts.now
        in_vain = of.failures >= IN_VAIN_TIMES or facts.now - since > IN_VAIN_AFTER
        advice = advise(
            of.error_class or "",
            of.error_text or "",
            maintainer=facts.settings.maintainer,
            in_vain=in_vain,
        )
        step = advice.next_step
    return replace(
        advised(verdict, advice),
        severity=worst(late, Severity.WARN),
        reason=reason,
        next_step=step,
        error_class=of.error_class or "",
        request_id=of.request_id or "",
    )


def _quarantined(facts: Facts, about: Verdict, of: Standing) -> Verdict:
    oldest = facts.health.waiting[about.account_id]
    ticket = judge_ticket(oldest, facts.settings)
    reason = say(
        "why.quarantined",
        tickets=say_count(of.quarantined, "ticket"),
        ticket=oldest.ticket_id,
        error=ticket.reason,
    )
    return replace(
        ticket,
        subject=about.subject,
        entity=about.entity,
        vendor=about.vendor,
        name=about.name,
        reason=reason,
    )


def _lateness(
    facts: Facts, entity: str, of: Standing | None, created_at: datetime | None
) -> Severity:
    """How severe the age of the data is; where there is none, the time for which there is none."""
    warn_s, error_s = facts.settings.late_after[SCHEDULES[entity].kind]
    if of and of.lag_seconds is not None:
        seconds: float | None = of.lag_seconds
    else:
        began = of and (of.failing_since_at or of.started_at)
        known = [moment for moment in (created_at, facts.health.began_at) if moment]
        since = began or max(known, default=None)
        seconds = (facts.now - since).total_seconds() if since else None
        if facts.health.began_at is None:  # nothing ever ran: an old account is no old trouble
            error_s = max(error_s, int(seconds or 0) + 1)
    if seconds is None:
        return Severity.WARN
    if seconds > error_s:
        return Severity.ERROR
    return Severity.WARN if seconds > warn_s else Severity.OK


def _wait(
    facts: Facts, verdict: Verdict, severity: Severity = Severity.OK, step: str = "step.wait"
) -> Verdict:
    """The verdict where nobody has to act: the next run does."""
    return _for(facts, Turn.NOBODY, verdict, severity, step)


def _for(facts: Facts, turn: Turn, verdict: Verdict, severity: Severity, step: str) -> Verdict:
    schedule = SCHEDULES[verdict.entity]
    who = name_of(turn, facts.settings.maintainer)
    next_step = say(step, dag=schedule.dag_id, command=schedule.command)
    return replace(verdict, severity=severity, turn=turn, who=who, next_step=next_step)


def advised(verdict: Verdict, advice: Advice) -> Verdict:
    """The verdict with who acts, and how."""
    return replace(verdict, turn=advice.turn, who=advice.who, next_step=advice.next_step)
