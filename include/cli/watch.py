"""`watch`: one evaluation outside Airflow, and what it tells."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import typer

from include.cli.airflow import PLACES, ask_airflow
from include.cli.console import Exit, masker, report, say, session, utcnow
from include.cli.options import FailOn
from include.cli.status import exit_for
from include.errors import AlreadyRunningError
from include.vendors.registry import load_settings

if TYPE_CHECKING:
    from include.settings import Settings
    from include.work.alerts.channels import Channel
    from include.work.alerts.watch import Outcome
    from include.work.verdicts.evaluation import Evaluation

PING_SECONDS: Final = 15


def watch(*, fail_on: FailOn, test: bool) -> None:
    """Judge, store, tell what changed, and ping where all of that was done.

    That it could not be done is told as well, once, and then raised. Raises ConfigError.
    """
    from include.work.alerts.watch_itself import find_file, tell_itself

    settings = load_settings()
    channels = _open_channels(settings)
    if test:
        raise typer.Exit(_test(channels, settings))
    path = find_file(settings, os.environ)
    try:
        found, outcome = _evaluate(channels)
    except AlreadyRunningError:
        report("another evaluation is under way, and tells")
        raise typer.Exit(Exit.DONE) from None
    except Exception as error:
        _show(tell_itself(error, channels, settings, path=path, now=utcnow()))
        raise
    again = tell_itself(None, channels, settings, path=path, now=utcnow())
    _show(outcome)
    _show(again)
    if outcome.failed or again.failed:
        raise typer.Exit(Exit.FAILED)
    _ping(settings)
    raise typer.Exit(exit_for(fail_on, found.verdicts))


def _open_channels(settings: Settings) -> list[Channel]:
    from include.work.alerts.channels import read_channels

    masker.add(settings.alert_ping_url.get_secret_value())
    channels = read_channels(settings.alert_urls.get_secret_value())
    for channel in channels:
        masker.add_all(channel.secrets)
    return channels


def _evaluate(channels: list[Channel]) -> tuple[Evaluation, Outcome]:
    from include.warehouse.schema import revisions
    from include.work.alerts.watch import watch as run
    from include.work.verdicts import summary
    from include.work.verdicts.judgement import judge_metadata
    from include.work.words.speech import Language, speaking

    with session() as place:
        revisions.require_current(place.warehouse.engine)
        stops, why_not = ask_airflow()
        is_there = any(os.environ.get(name, "").strip() for name in PLACES)
        with speaking(Language(place.settings.alert_language)):
            also = [judge_metadata(why_not, place.settings)] if stops is None and is_there else []
        now = utcnow()
        found, outcome = run(place, channels, stops, now=now, also=also, link=_link(stops))
    said = summary.brief(found.verdicts, now=now, is_airflow_asked=found.is_airflow_asked)
    report(said)
    if not channels:
        report("nobody is told: ALERT_URLS is not set")
    return found, outcome


def _link(stops: object) -> str:
    """Where the page is that shows all of it, if Airflow's configuration says so."""
    if stops is None:
        return ""
    from include.runtime.stops import find_base_url
    from include.work.alerts.watch import PAGE

    base = find_base_url()
    return f"{base}{PAGE}" if base else ""


def _show(outcome: Outcome) -> None:
    for name, title in outcome.told:
        report(f"told {name}: {title}")
    for name, why in outcome.failed.items():
        say(f"error: {name} could not be told: {why}; it is tried again by the next evaluation")


def _test(channels: list[Channel], settings: Settings) -> Exit:
    from include.work.alerts.messages import write_test
    from include.work.words.speech import Language, speaking

    if not channels:
        say("error: ALERT_URLS is not set: docs/operating.md, Alerts, says what it may hold")
        return Exit.USAGE
    code = Exit.DONE
    with speaking(Language(settings.alert_language)):
        message = write_test()
    for channel in channels:
        if problem := channel.send(message):
            say(f"error: {channel.name} failed: {problem}")
            code = Exit.FAILED
        else:
            report(f"{channel.name} took the test message")
    return code


def _ping(settings: Settings) -> None:
    """Tell a dead man's switch that we are alive. It tells by itself when that does not arrive."""
    import requests

    url = settings.alert_ping_url.get_secret_value()
    if not url:
        return
    try:
        answer = requests.get(url, timeout=PING_SECONDS)
    except requests.RequestException as error:
        say(f"warning: ALERT_PING_URL does not answer: {type(error).__name__}")
        return
    if not answer.ok:
        say(f"warning: ALERT_PING_URL answers {answer.status_code}")
