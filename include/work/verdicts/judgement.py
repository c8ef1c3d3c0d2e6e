"""The judgement of everything: one verdict a thing, the same for page, `status`, table and alerts.

Pure: facts in, verdicts out. The words are those of ``words/verdicts.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from include.settings import Settings
from include.vendors.registry import DECLARED, VENDORS, is_switched_on, switch_of
from include.warehouse.tickets.accounts import AccountInfo
from include.work.health import Standing, catalog_owner
from include.work.schedules import SCHEDULES
from include.work.stops import Cause, Stop
from include.work.verdicts.data import advised, judge_data, judge_failed
from include.work.verdicts.turns import Turn, advise, name_of
from include.work.verdicts.verdict import Facts, Severity, State, Verdict, urgency, worst
from include.work.words.speech import say, say_count, say_moment, say_sentence

TOLD_FOR: Final = timedelta(days=2)
"""For so long a failed run that nobody schedules is told."""
AIRFLOW: Final = "airflow"
"""The entity of what stops runs."""
CHECK: Final = "check"
OF_STOPS: Final = {
    Cause.SILENT: (State.BROKEN, Severity.ERROR),
    Cause.NOT_STARTED: (State.BROKEN, Severity.ERROR),
    Cause.NOT_IMPORTED: (State.BROKEN, Severity.ERROR),
    Cause.GONE: (State.BROKEN, Severity.ERROR),
    Cause.NOT_FOUND: (State.BROKEN, Severity.ERROR),
    Cause.NO_POOL: (State.BROKEN, Severity.ERROR),
    Cause.PAUSED: (State.SWITCHED_OFF, Severity.WARN),
    Cause.QUEUED: (State.WAITING, Severity.WARN),
    Cause.FULL: (State.WAITING, Severity.WARN),
    Cause.STARVED: (State.WAITING, Severity.WARN),
}


def judge(facts: Facts) -> list[Verdict]:
    """Every verdict, the most urgent first."""
    verdicts = [
        *judge_stops(facts.stops or (), facts.settings),
        *_tickets(facts),
        *_catalogs(facts),
        *_once(facts),
        *_by_hand(facts),
        *_checks(facts),
    ]
    return sorted(verdicts, key=urgency)


def judge_stops(stops: Iterable[Stop], settings: Settings) -> list[Verdict]:
    """What Airflow's database tells of runs that do not start."""
    return [_of_stop(stop, settings) for stop in stops]


def judge_metadata(why: str, settings: Settings) -> Verdict:
    """The verdict where Airflow should be asked and its database does not answer."""
    return Verdict(
        f"{AIRFLOW}/metadata",
        AIRFLOW,
        "",
        "",
        say("name.metadata"),
        State.BROKEN,
        Severity.ERROR,
        reason=say("why.metadata", error=say_sentence(why)),
        turn=Turn.OPERATOR,
        who=name_of(Turn.OPERATOR, settings.maintainer),
        next_step=say("step.metadata"),
    )


def _of_stop(stop: Stop, settings: Settings) -> Verdict:
    state, severity = OF_STOPS[stop.cause]
    key = "name." + (stop.subject if stop.subject in ("scheduler", "dag-processor") else "pool")
    is_dag = stop.subject in stop.halted or stop.cause is Cause.FULL
    name = stop.subject if is_dag else say(key, name=stop.subject)
    why = f"why.stop.{stop.cause}"
    if stop.cause is Cause.PAUSED and stop.runs:
        why += "_waiting"
    elif stop.cause is Cause.PAUSED and stop.since is None:
        why += "_never_ran"
    since = say_moment(stop.since)
    reason = say(why, name=name, since=since, detail=stop.detail, runs=say_count(stop.runs, "run"))
    return Verdict(
        f"{AIRFLOW}/{stop.subject}",
        AIRFLOW,
        "",
        "",
        name,
        state,
        severity,
        stop.since,
        reason=reason[:1].upper() + reason[1:] if not is_dag else reason,
        turn=Turn.OPERATOR,
        who=name_of(Turn.OPERATOR, settings.maintainer),
        next_step=say(f"step.stop.{stop.cause}", subject=stop.subject, detail=stop.detail),
    )


def _tickets(facts: Facts) -> Iterator[Verdict]:
    known = {of.account_id: of for of in facts.health.standings if of.entity == "tickets"}
    for info in facts.accounts:
        standing = known.pop(info.account_id, None)
        about = _about("tickets", info.account_id, info.vendor, info.name or info.account_id)
        if not info.is_enabled:
            yield _off(about, "account")
        elif not _is_read(info, facts.settings):
            yield _off(about, "vendor")
        else:
            yield _judge(facts, about, standing, info.created_at, info.problem)
    for account_id, standing in known.items():
        about = _about("tickets", account_id, standing.vendor.lower(), account_id)
        yield _off(about, "removed")


def _catalogs(facts: Facts) -> Iterator[Verdict]:
    known = {of.account_id: of for of in facts.health.standings if of.entity == "catalog"}
    vendors = {owner: of.vendor.lower() for owner, of in known.items()}
    read: dict[str, list[AccountInfo]] = {}
    for info in facts.accounts:
        if info.vendor in VENDORS and _is_read(info, facts.settings):
            read.setdefault(catalog_owner(info), []).append(info)
    for owner, infos in read.items():
        vendors[owner] = infos[0].vendor
    for owner, vendor in sorted(vendors.items()):
        about = _about("catalog", owner, vendor, " ".join([vendor, *owner.split()[1:]]))
        if owner not in read:
            yield _off(about, "site")
            continue
        created = min((of.created_at for of in read[owner] if of.created_at), default=None)
        yield _judge(facts, about, known.get(owner), created)


def _once(facts: Facts) -> Iterator[Verdict]:
    """What there is one of, expected as soon as anything is read: snapshots where there is one."""
    known = {of.entity: of for of in facts.health.standings}
    if not known and not any(_is_read(info, facts.settings) for info in facts.accounts):
        return
    for entity in ("snapshot", "build", "run"):
        standing = known.get(entity)
        if entity == "snapshot" and not standing and not facts.has_source:
            continue
        about = _about(entity, standing.account_id if standing else "", "", "")
        yield _judge(facts, about, standing, None)


def _by_hand(facts: Facts) -> Iterator[Verdict]:
    """Failed runs of what has no schedule, or shares that of another entity, for a while."""
    for of in facts.health.standings:
        if of.entity in SCHEDULES or not of.error_class or not of.ended_at:
            continue
        if facts.now - of.ended_at > TOLD_FOR:
            continue
        name = say("name.other", name=of.account_id, entity=of.entity)
        about = _about(of.entity, of.account_id, of.vendor.lower(), of.account_id)
        verdict = judge_failed(facts, replace(about, name=name), of, Severity.OK)
        if verdict.turn is Turn.NOBODY:
            verdict = replace(verdict, next_step=say("step.again"))
        yield verdict


def _checks(facts: Facts) -> Iterator[Verdict]:
    for check in facts.health.checks:
        verdict = Verdict(
            f"{CHECK}/{check.name}",
            CHECK,
            "",
            "",
            say("name.check", name=check.name),
            State.OFFENDED,
            Severity.ERROR if check.level == "fail" else Severity.WARN,
            check.failing_since_at,
            reason=say(
                "why.offended", rows=say_count(check.offences, "row"), sentence=check.sentence
            ),
            error_class="CheckError",
        )
        advice = advise("CheckError", maintainer=facts.settings.maintainer)
        yield replace(advised(verdict, advice), next_step=say("step.offended"))


def _is_read(info: AccountInfo, settings: Settings) -> bool:
    """Whether runs take the account, or would if they could."""
    return info.is_enabled and (info.vendor not in VENDORS or is_switched_on(info.vendor, settings))


def _about(entity: str, account_id: str, vendor: str, name: str) -> Verdict:
    subject = entity if entity in ("snapshot", "build", "run") else f"{entity}/{account_id}"
    key = f"name.{entity}" if entity in SCHEDULES else "name.other"
    return Verdict(subject, entity, account_id, vendor, say(key, name=name, entity=entity))


def _off(about: Verdict, why: str) -> Verdict:
    """What a person left out: that is told, and nobody has to act."""
    values: dict[str, Any] = {}
    step = {"account": "account_off", "vendor": "vendor_off", "site": "account_off"}.get(why, why)
    key = f"why.{why}_off" if why != "removed" else "why.removed"
    if why == "vendor":
        values = {"vendor": about.vendor.capitalize()}
        if not DECLARED[about.vendor].is_official:
            key = "why.experimental_off"
    variable = switch_of(about.vendor) if about.vendor in VENDORS else ""
    return replace(
        about,
        state=State.SWITCHED_OFF,
        reason=say(key, **values),
        next_step=say(f"step.{step}", variable=variable),
    )


def _judge(
    facts: Facts,
    about: Verdict,
    of: Standing | None,
    created_at: datetime | None,
    problem: str | None = None,
) -> Verdict:
    """The verdict on what a schedule renews."""
    verdict = judge_data(facts, about, of, created_at, problem)
    stop = facts.halting.get(SCHEDULES[about.entity].dag_id)
    return _halt(verdict, stop, facts) if stop else verdict


def _halt(verdict: Verdict, stop: Stop, facts: Facts) -> Verdict:
    """The verdict where no next run starts: nothing is fresh, and nobody waits for that run."""
    if verdict.state is State.SWITCHED_OFF or verdict.state is State.BROKEN:
        return verdict
    cause = _of_stop(stop, facts.settings)
    if verdict.error_class or verdict.state is State.QUARANTINED:
        if verdict.turn is not Turn.NOBODY:
            return verdict
        return replace(
            verdict,
            turn=cause.turn,
            who=cause.who,
            next_step=cause.next_step,
            cause=cause.subject,
        )
    return replace(
        verdict,
        state=cause.state,
        severity=worst(verdict.severity, Severity.WARN),
        since_at=cause.since_at,
        reason=cause.reason,
        turn=cause.turn,
        who=cause.who,
        next_step=cause.next_step,
        cause=cause.subject,
    )
