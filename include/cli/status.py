"""`status`: how everything fares, in verdicts, and the facts they rest on."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from include.cli import language
from include.cli.airflow import ask_airflow
from include.cli.console import Exit, report, report_json, say, session, utcnow
from include.cli.options import FailOn

if TYPE_CHECKING:
    from datetime import datetime

    from include.settings import Settings
    from include.work.health import Health, Standing
    from include.work.snapshot_health import SnapshotHealth
    from include.work.verdicts.evaluation import Evaluation
    from include.work.verdicts.verdict import Verdict


def status(*, fail_on: FailOn, brief: bool, as_json: bool) -> None:
    """Judge everything, say so, and end with 6 when something is as severe as *fail_on*.

    Writes nothing. Where Airflow cannot be asked from here, a line says so, and changes no code.
    Speaks Chinese where ``LANG`` does; JSON is English whoever asks for it.
    """
    from include.work.words.speech import Language, speaking

    is_chinese = language.is_chinese(os.environ) and not as_json
    with speaking(Language.CHINESE if is_chinese else Language.ENGLISH):
        _status(fail_on=fail_on, brief=brief, as_json=as_json)


def _status(*, fail_on: FailOn, brief: bool, as_json: bool) -> None:
    from include.warehouse.schema import revisions
    from include.work.verdicts import summary
    from include.work.verdicts.data import judge_ticket
    from include.work.verdicts.evaluation import evaluate

    now = utcnow()
    with session() as place:
        revisions.require_current(place.warehouse.engine)
        stops, why_not = ask_airflow()
        found = evaluate(place, stops, now=now)
        settings = place.settings
    said = {"is_airflow_asked": found.is_airflow_asked}
    if as_json:
        document = asdict(found.health) | {
            "severity": summary.severity_of(found.verdicts),
            "headline": summary.headline(found.verdicts, **said),
            "airflow": why_not or "asked",
            "verdicts": [asdict(verdict) for verdict in found.verdicts],
            "quarantined": [
                asdict(item) | {"verdict": asdict(judge_ticket(item, settings))}
                for item in found.health.quarantined
            ],
            "accounts": [asdict(info) for info in found.accounts],
        }
        report_json(document)
    elif brief:
        report(summary.brief(found.verdicts, now=now, **said))
    else:
        report(summary.headline(found.verdicts, **said))
        if why_not:
            report(f"Airflow: {why_not}")
        _show(found, settings)
    raise typer.Exit(exit_for(fail_on, found.verdicts))


def exit_for(fail_on: FailOn, verdicts: list[Verdict]) -> Exit:
    """What the verdicts end a verb with."""
    from include.work.verdicts.summary import severity_of
    from include.work.verdicts.verdict import SEVERITIES, Severity

    if fail_on is FailOn.NEVER:
        return Exit.DONE
    limit = SEVERITIES.index(Severity(fail_on))
    return Exit.TROUBLED if SEVERITIES.index(severity_of(verdicts)) <= limit else Exit.DONE


def _show(found: Evaluation, settings: Settings) -> None:
    from include.cli.tables import show
    from include.work.words.speech import say as words

    health = found.health
    if found.verdicts:
        show(
            _heads("what", "state", "severity", "since", "times", "who"),
            [
                (of.name, of.state.words, of.severity.words, _minute(of.since_at), of.times, of.who)
                for of in found.verdicts
            ],
            title=words("status.verdicts"),
        )
    for verdict in found.verdicts:
        if verdict.reason:
            report(words("status.line", name=verdict.name, why=_why(verdict)))
    if health.standings:
        _show_runs(health)
    plain = sum("not encrypted" in " ".join(info.warnings) for info in found.accounts)
    if plain:
        report(words("status.plain", count=plain))
    if health.snapshot:
        _show_snapshot(health.snapshot)
    if health.quarantined:
        _show_quarantine(health, settings)
    show(_heads("table", "rows"), list(health.rows.items()))
    if not found.accounts:
        say(words("status.none"))


def _heads(*names: str) -> tuple[str, ...]:
    """The headings of columns."""
    from include.work.words.speech import say as words

    return tuple(words(f"status.{name}") for name in names)


def _why(verdict: Verdict) -> str:
    """The reason, who acts and the next step, as the page has them."""
    from include.work.words.speech import say as words

    key = "status.why" if verdict.who else "status.why_off"
    said = {"reason": verdict.reason, "who": verdict.who, "step": verdict.next_step}
    return words(key, **said).rstrip()


def _show_runs(health: Health) -> None:
    from include.cli.tables import show
    from include.work.words.speech import say as words
    from include.work.words.speech import say_span

    show(
        _heads(
            "account",
            "vendor",
            "entity",
            "last_run",
            "outcome",
            "last_done",
            "read_up_to",
            "lag",
            "open",
            "incomplete",
            "quarantined",
            "gone",
        ),
        [
            (
                standing.account_id,
                standing.vendor.lower(),
                standing.entity,
                _minute(standing.started_at),
                words(f"page.outcome.{standing.outcome}"),
                _minute(standing.done_at) or words("status.never"),
                _minute(standing.watermark_at),
                "" if standing.lag_seconds is None else say_span(standing.lag_seconds),
                *_tickets(standing),
            )
            for standing in health.standings
        ],
        title=words("status.runs"),
    )


def _show_quarantine(health: Health, settings: Settings) -> None:
    from include.cli.tables import show
    from include.work.verdicts.data import judge_ticket
    from include.work.words.speech import say as words

    verdicts = [(item, judge_ticket(item, settings)) for item in health.quarantined]
    show(
        _heads("account", "ticket", "since", "times", "reason", "who", "step"),
        [
            (
                item.account_id,
                item.ticket_id,
                _minute(of.since_at),
                of.times,
                of.reason,
                of.who,
                of.next_step,
            )
            for item, of in verdicts
        ],
        title=words("status.quarantine", count=len(verdicts), all=health.rows["sync_quarantine"]),
    )


def _show_snapshot(snapshot: SnapshotHealth) -> None:
    from include.cli.tables import show
    from include.work.words.speech import say as words
    from include.work.words.speech import say_span

    show(
        _heads("customer_service", "present", "read", "opened", "closed", "unfit"),
        [
            (of.table_name, of.present, of.rows_read, of.opened, of.closed, of.unfit)
            for of in snapshot.tables
        ],
        title=words(
            "status.snapshot",
            number=snapshot.snapshot_id,
            moment=_minute(snapshot.snapshot_at),
            span=say_span(snapshot.age_seconds),
        ),
    )
    if snapshot.full_because:
        report(words("status.all_read", reason=snapshot.full_because))
    if snapshot.notes:
        report(words("status.notes", notes=snapshot.notes))


def _tickets(standing: Standing) -> tuple[int | None, ...]:
    if standing.entity != "tickets":
        return (None,) * 4
    return (standing.open, standing.incomplete, standing.quarantined, standing.gone)


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""
