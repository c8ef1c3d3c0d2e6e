"""All words of a verdict, from one place: templates with named parameters, by key.

A second language is a second table with the same keys and parameters (``words_zh.py``). A reason is
a sentence; a next step is one too, and names a command, a setting or a place in Airflow's UI in
backticks. What is shown around verdicts has its words in ``labels.py``, what is told in
``alert_words.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Final

from include.work import alert_words, labels
from include.work.words_zh import CHINESE

ENGLISH: Final = {
    # states and how severe they are
    "state.broken": "broken",
    "state.late": "late",
    "state.refused": "refused",
    "state.offended": "offended",
    "state.failing": "failing",
    "state.silent": "silent",
    "state.never_ran": "never ran",
    "state.waiting": "waiting",
    "state.switched_off": "switched off",
    "state.quarantined": "quarantined",
    "state.running": "running",
    "state.fresh": "fresh",
    "severity.error": "error",
    "severity.warn": "warn",
    "severity.ok": "ok",
    # who acts
    "who.nobody": "nobody",
    "who.operator": "the operator",
    "who.account_owner": "the account owner",
    "who.data_owner": "the data owner",
    "who.developers": "the developers of this tool",
    # what a verdict is about
    "name.tickets": "{name} tickets",
    "name.catalog": "{name} catalogue",
    "name.snapshot": "customer-service snapshot",
    "name.build": "reports",
    "name.run": "SQL checks",
    "name.check": "check {name}",
    "name.other": "{name} {entity}",
    "name.ticket": "{name} ticket {ticket}",
    "name.scheduler": "the scheduler",
    "name.dag-processor": "the DAG processor",
    "name.pool": "the pool {name}",
    # how many, and how long
    "one.run": "1 run",
    "many.run": "{count} runs",
    "one.ticket": "1 ticket",
    "many.ticket": "{count} tickets",
    "one.row": "1 row",
    "many.row": "{count} rows",
    "span.d": "{count} d",
    "span.h": "{count} h",
    "span.min": "{count} min",
    "span.under": "under 1 min",
    "span.beginning": "the beginning",
    # why data is as it is
    "why.failed": "{error}",
    "why.failed_late": "{error} The data is of {ago} ago.",
    "why.late": "No run has failed, and still the data is of {ago} ago.",
    "why.catching_up": "Runs are catching up; the data is of {ago} ago.",
    "why.no_mark": "No run has read it from beginning to end.",
    "why.ahead": "The watermark lies ahead of every run.",
    "why.never": "No run has taken it yet.",
    "why.begun": "No run of it was completed yet.",
    "why.first": "Its first run is under way.",
    "why.silent": "Its run has shown no sign of life since {since}.",
    "why.refused": "The newest snapshot was refused: {rows} of {tables} had vanished. What was"
    " published before stays.",
    "why.offended": "{rows} against: {sentence}",
    "why.quarantined": "{tickets} in quarantine; of the oldest, {ticket}: {error}",
    "why.account_off": "The account is switched off.",
    "why.vendor_off": "{vendor} is not read: it is switched off.",
    "why.experimental_off": "{vendor} is not read: its API is experimental and switched off.",
    "why.removed": "The account is no longer there; its tickets stay.",
    "why.site_off": "No account that is read leads to this site any more.",
    # what stops runs
    "why.stop.silent": "{name} gives no sign of life since {since}.",
    "why.stop.not_started": "{name} was never started.",
    "why.stop.not_imported": "{name} cannot be imported since {since}: {detail}",
    "why.stop.gone": "{name} is no longer found by Airflow since {since}.",
    "why.stop.not_found": "{name} was never found by Airflow.",
    "why.stop.paused": "{name} is switched off: no run since {since}.",
    "why.stop.paused_never_ran": "{name} is switched off, and never ran.",
    "why.stop.paused_waiting": "{name} is switched off while it has {runs} waiting: no run since"
    " {since}.",
    "why.stop.queued": "{name} has {runs} in the queue since {since}.",
    "why.stop.full": "{name} has {runs} in the queue since {since}, behind those that are active.",
    "why.stop.starved": "{name} has tasks that wait, and none that runs, since {since}.",
    "why.stop.no_pool": "{name} does not exist, or has no slot, and tasks want it.",
    # what to do about a stop
    "step.stop.silent": "Start it: `airflow {subject}`; its log says why it ended.",
    "step.stop.not_started": "Start it: `airflow {subject}`.",
    "step.stop.not_imported": "Mend what the reason names; Airflow, `Dags`, `Import errors`, or"
    " `airflow dags list-import-errors`, has all of it.",
    "step.stop.gone": "Put `{subject}.py` back into the folder of DAGs, or correct `dags_folder`"
    " ({detail}).",
    "step.stop.not_found": "Put `{subject}.py` into the folder of DAGs, or correct `dags_folder`"
    " ({detail}).",
    "step.stop.paused": "Switch it on: Airflow, `Dags`, the switch beside `{subject}`; or `airflow"
    " dags unpause {subject}`.",
    "step.stop.queued": "Look into the log of `airflow scheduler`: it says why it starts no run.",
    "step.stop.full": "Wait, or end one of the runs: Airflow, `Dags`, `{subject}`, `Runs`.",
    "step.stop.starved": "Look for a worker and a free place: `parallelism`, and the slots under"
    " Airflow, `Admin`, `Pools`.",
    "step.stop.no_pool": "Add it, or slots: Airflow, `Admin`, `Pools`, or `airflow pools set"
    " {subject} 128 ours`.",
    # what to do about data
    "step.late": "Look at the runs of `{dag}` in Airflow; without Airflow start one: `{command}`.",
    "step.wait": "Wait: the next run of `{dag}` goes on from there.",
    "step.never": "Wait for the next run of `{dag}`, or start one: `{command}`.",
    "step.refused": "Look at the source; if it is right: `python -m include snapshot"
    " --accept-vanished {rows}`, or trigger `snapshot_customer_service` with it; a later snapshot"
    " that shows no more gone confirms it, too.",
    "step.offended": "Look at some of them: `python -m include verify`; then accept or correct"
    " them.",
    "step.account_off": "To read it again, run `python -m include accounts enable` with its id.",
    "step.vendor_off": "To read it, set `{variable}=1` in the environment of Airflow.",
    "step.removed": "To read it again, run `python -m include accounts add` with its id; to be told"
    " of it no more, `accounts remove`.",
    "step.again": "Run it again as before; `python -m include status` tells it for two days.",
    # what to do about an error, by its class
    "step.ConfigError": "Correct the setting, key or right that the reason names, then run"
    " `python -m include check`.",
    "step.AlreadyRunningError": "Wait: another run does the work; `python -m include status` shows"
    " it.",
    "step.CheckError": "Look at what the reason names, `python -m include verify` shows examples;"
    " then accept or correct it.",
    "step.PartialError": "Wait: every run tries them again; `python -m include status` lists them.",
    "step.OutOfTimeError": "Wait: the next run goes on from there; or run `python -m include"
    " sync`.",
    "step.AuthError": "Look at key, permissions and clock in the vendor's console; a new key goes"
    " in with `python -m include accounts add`, and `python -m include check` tries it.",
    "step.NotFoundError": "Wait: the next run of `sync_tickets` notes that the vendor no longer"
    " shows it.",
    "step.RejectedError": "Send {maintainer} the reason, its request id and the log of the run (in"
    " a terminal: `--debug` before the verb): the code or the vendor's API changed.",
    "step.Exception": "Send {maintainer} the log of the run (in a terminal: `--debug` before the"
    " verb): it is an error in the code.",
    "step.RateLimitError": "Wait: the next run tries again; if it stays so, lower"
    " `CALLS_PER_SECOND`.",
    "step.UnavailableError": "Wait: the next run tries again; `python -m include check` tries it"
    " now.",
    "step.in_vain.RateLimitError": "Trying again has not helped: lower `CALLS_PER_SECOND`, or find"
    " who else calls with the account's key.",
    "step.in_vain.UnavailableError": "Trying again has not helped: run `python -m include check` on"
    " the machine that runs it, then ask whoever keeps the other side.",
    # how to test the way to a host
    "step.way.name": "Test the name on the machine that runs it: `getent hosts {host}`; then mend"
    " its DNS, or {setting}.",
    "step.way.port": "Test the way on the machine that runs it: `curl -v telnet://{host}:{port}`;"
    " then mend the firewall, or {setting}.",
    "step.way.proxy": "Test the proxy on the machine that runs it: `curl -v -x http://{proxy}"
    " https://{host}/`; then mend it, or `VENDOR_PROXY`.",
    "step.way.wait": "Wait: every run tries again. To know sooner: {step}",
    "setting.vendor": "the address (the region of the account, `{vendor}_BASE_URL`), or name a"
    " proxy in `VENDOR_PROXY`",
    "setting.source": "`SOURCE_URL`",
    "setting.warehouse": "`WAREHOUSE_URL`",
    # all together
    "sum.none": "Nothing is read yet",
    "sum.off": "Every account is switched off",
    "sum.fresh": "All is fresh: nothing failed, nothing is late",
    "sum.first": "Nothing failed and nothing is late; {count} of {all} wait for a first run",
    "sum.unknown": "Nothing failed and nothing is late, as far as the tables tell",
    "sum.trouble": "{count} of {all} need a look",
    "sum.trouble_one": "1 of {all} needs a look",
    "sum.count": "{count} {state}",
    "sum.and": ", ",
    "sum.brief": "{severity}: {counts}",
    "sum.brief_worst": "{severity}: {counts}: {name} {state}{span}: {reason} {who}: {step}",
    "sum.span": " for {span}",
    "sum.none_brief": "nothing is read",
    "sum.not_asked": " (Airflow was not asked)",
}


class Language(StrEnum):
    """What people read; the values are those of HTML's ``lang``."""

    ENGLISH = "en"
    CHINESE = "zh"


TABLES: Final = {
    Language.ENGLISH: ENGLISH | labels.ENGLISH | alert_words.ENGLISH,
    Language.CHINESE: CHINESE | labels.CHINESE | alert_words.CHINESE,
}
_spoken: Final = ContextVar("language", default=Language.ENGLISH)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Let all words within be of *language*; what is stored, sent or parsed stays English."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def say(key: str, **values: object) -> str:
    """The words of *key*, with its parameters, in the language that is spoken."""
    return TABLES[_spoken.get()][key].format(**values)


def say_count(count: int, thing: str) -> str:
    """So many runs, tickets or rows."""
    return say(f"one.{thing}" if count == 1 else f"many.{thing}", count=f"{count:,}")


def say_sentence(text: str) -> str:
    """An error's text as a sentence, which it need not be."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…", "。", "！", "？")) else f"{text}."


def say_span(seconds: float, units: int = 2) -> str:
    """A length of time in its largest units."""
    rest, parts = int(seconds) // 60, []
    for name, minutes in (("d", 1440), ("h", 60), ("min", 1)):
        if rest >= minutes:
            parts.append(say(f"span.{name}", count=rest // minutes))
        rest %= minutes
    return " ".join(parts[:units]) or say("span.under")


def say_moment(moment: datetime | None) -> str:
    """A moment to the minute, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else say("span.beginning")
