"""What the page shows: verdicts beside their facts, links and charts, chosen and cut to a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from include import errors
from include.vendors.registry import VENDORS, switch_of
from include.work.history import DAYS, HOURS, History, read_histories
from include.work.schedules import BY_HAND, SCHEDULES
from include.work.traces import Trace
from include.work.verdicts.data import judge_ticket
from include.work.verdicts.judgement import AIRFLOW, CHECK
from include.work.verdicts.summary import headline, severity_of
from include.work.verdicts.turns import Turn
from include.work.verdicts.verdict import Severity, State, Verdict, is_left_out
from include.work.words.speech import say

if TYPE_CHECKING:
    from include.work.health import Standing
    from include.work.place import Workplace
    from include.work.verdicts.evaluation import Evaluation

LINES: Final = 100
"""Lines of a page."""
TONES: Final = ("bad", "warn", "good", "busy", "idle")
"""How lines are coloured, and what is counted so."""
ONE_TICKET: Final = BY_HAND[0]
_BAR, _GAP, _HEIGHT = 4, 1, 16
_HEIGHTS: Final = {"none": 2, "good": 8, "bad": _HEIGHT}
"""Of a chart's bars, so that nobody needs the colours."""


@dataclass(frozen=True, slots=True)
class Line:
    """A verdict beside the facts it rests on. *standing*: None before any run."""

    verdict: Verdict
    standing: Standing | None
    name: str = ""
    """What a person called the account."""
    accept: int = 0
    """Of a refused snapshot: how many rows had vanished."""

    @property
    def tone(self) -> str:
        """How the line is coloured."""
        return tone_of(self.verdict)

    @property
    def is_told(self) -> bool:
        """Whether there is more to say of it."""
        return bool(self.verdict.reason or self.verdict.next_step)

    @property
    def title(self) -> str:
        """What it is about: an account by its own name, all else by that of its verdict."""
        if self.verdict.entity == "tickets":
            return self.name or self.verdict.account_id
        name = self.verdict.name
        return name if "_" in name else name[:1].upper() + name[1:]

    @property
    def kind(self) -> str:
        """Which kind of thing it is, in words."""
        known = self.verdict.entity in {*SCHEDULES, CHECK, AIRFLOW}
        return say(f"page.kind.{self.verdict.entity if known else 'other'}")

    @property
    def trace(self) -> Trace | None:
        """The task that its newest run was."""
        return Trace.read(self.standing.triggered_by) if self.standing else None

    @property
    def dag_id(self) -> str:
        """The DAG that renews it; empty for what is none's."""
        of = self.verdict
        if of.entity == AIRFLOW:
            subject = of.subject.partition("/")[2]
            return subject if subject in DAGS else ""
        if of.entity in SCHEDULES or of.entity == CHECK:
            return SCHEDULES["run" if of.entity == CHECK else of.entity].dag_id
        return self.trace.dag_id if self.trace and self.trace.dag_id in DAGS else ""

    @property
    def filled(self) -> str:
        """The form of its DAG with what it is about filled in, as a path of ours."""
        of = self.verdict
        if not self.dag_id:
            return ""
        if of.entity == "catalog":
            return form_of(self.dag_id, {"vendors": of.vendor})
        if of.state is State.REFUSED:
            return form_of(self.dag_id, {"accept_vanished": str(self.accept)})
        return form_of(self.dag_id, {"accounts": of.account_id} if of.vendor in VENDORS else {})

    @property
    def anchor(self) -> str:
        """The section of the runbook that tells of it."""
        return anchor_of(self.verdict)

    def says(self, text: str) -> bool:
        """Whether a person who looks for *text* means it."""
        of = self.verdict
        said = (self.title, of.account_id, of.vendor, of.name, self.kind, of.state.words, of.state)
        return any(text in part.casefold() for part in (*said, of.error_class))


DAGS: Final = (*(schedule.dag_id for schedule in SCHEDULES.values()), *BY_HAND)


def tone_of(verdict: Verdict) -> str:
    """How a verdict is coloured: one of ``TONES``."""
    if is_left_out(verdict):
        return "idle"
    if verdict.severity is not Severity.OK:
        return "bad" if verdict.severity is Severity.ERROR else "warn"
    return "good" if verdict.state is State.FRESH else "busy"


def anchor_of(verdict: Verdict) -> str:
    """The section of the runbook: of the class of the error where it has one, else of the state."""
    known = isinstance(getattr(errors, verdict.error_class or "", None), type)
    if verdict.error_class:
        return verdict.error_class.lower() if known else "exception"
    return str(verdict.state)


def form_of(dag_id: str, fields: Mapping[str, str]) -> str:
    """The path of the form of a DAG with *fields* filled in."""
    path = f"start/{quote(dag_id, safe='')}"
    return f"{path}?{urlencode(fields)}" if fields else path


def chart(history: History) -> list[dict[str, str]]:
    """The bars of a history as paths of an SVG, one a tone: what failed is tall, nothing is low."""
    paths: dict[str, str] = {}
    for number, span in enumerate(history.spans):
        tone = "bad" if span.failed else "good" if span.runs else "none"
        height = _HEIGHTS[tone]
        top = _HEIGHT - height
        bar = f"M{number * (_BAR + _GAP)} {top}h{_BAR}v{height}h-{_BAR}z"
        paths[tone] = paths.get(tone, "") + bar
    return [{"tone": tone, "path": path} for tone, path in paths.items()]


def view(
    place: Workplace,
    found: Evaluation,
    asked: Mapping[str, str],
    may_start: Callable[[str], bool],
) -> dict[str, Any]:
    """Everything the template shows of it, in the language that is spoken.

    *asked*: the query, with ``q`` (a search), ``show`` (a tone) and ``page``. *may_start*: whether
    whoever looks may start a run of a DAG.
    """
    lines = _lines(found)
    text, tone = asked.get("q", "").strip().casefold(), asked.get("show", "")
    chosen = [
        line
        for line in lines
        if (not text or line.says(text)) and (tone not in TONES or line.tone == tone)
    ]
    pages = max(1, -(-len(chosen) // LINES))
    number = asked.get("page", "")
    page = min(pages, max(1, int(number) if number.isdecimal() and len(number) < 7 else 1))
    shown = chosen[(page - 1) * LINES : page * LINES]
    quarantined = [(of, judge_ticket(of, place.settings)) for of in found.health.quarantined]
    counted = [of for of in found.verdicts if not is_left_out(of)] + [of for _, of in quarantined]
    off = {of.vendor for of in found.verdicts if is_left_out(of) and of.vendor in VENDORS}
    off -= {of.vendor for of in found.verdicts if not is_left_out(of)}
    histories = read_histories(place.warehouse, _owners(shown), now=found.now)
    return {
        "now": found.now,
        "headline": headline(found.verdicts, is_airflow_asked=found.is_airflow_asked),
        "tone": {"error": "bad", "warn": "warn"}.get(severity_of(found.verdicts), "good"),
        "turns": [*Counter(of.who for of in sorted(counted, key=_is_nobodys) if of.who).items()],
        "tones": Counter(tone_of(of) for of in found.verdicts),
        "TONES": TONES,
        "lines": shown,
        "charts": {owner: (of, chart(of)) for owner, of in histories.items()},
        "chart_width": DAYS * 24 // HOURS * (_BAR + _GAP),
        "chart_height": _HEIGHT,
        "chart_span": {"days": DAYS, "hours": HOURS},
        "all": len(lines),
        "found": len(chosen),
        "page": page,
        "pages": pages,
        "first": (page - 1) * LINES + 1,
        "has_filter": bool(text or tone in TONES),
        "starts": {dag_id for dag_id in DAGS if may_start(dag_id)},
        "runbook": place.settings.runbook_url or "runbook",
        "anchor_of": anchor_of,
        "form_of": form_of,
        "ONE_TICKET": ONE_TICKET,
        "snapshot": found.health.snapshot,
        "switched_off": {name: switch_of(name) for name in sorted(off)},
        "plain_keys": sum(info.storage == "plain" for info in found.accounts),
        "quarantined": quarantined,
        "rows": found.health.rows,
    }


def _lines(found: Evaluation) -> list[Line]:
    standings = {(of.entity, of.account_id): of for of in found.health.standings}
    names = {info.account_id: info.name for info in found.accounts}
    of_checks = next((of for of in found.health.standings if of.entity == "run"), None)
    snapshot = found.health.snapshot
    accept = snapshot.refused.accept if snapshot and snapshot.refused else 0
    return [
        Line(
            verdict,
            of_checks
            if verdict.entity == CHECK
            else standings.get((verdict.entity, verdict.account_id)),
            names.get(verdict.account_id) or "",
            accept if verdict.entity == "snapshot" else 0,
        )
        for verdict in found.verdicts
    ]


def _is_nobodys(verdict: Verdict) -> bool:
    return verdict.turn is Turn.NOBODY


def _owners(lines: Sequence[Line]) -> Collection[tuple[str, str]]:
    """Whose history is shown."""
    return {
        (line.verdict.account_id, line.verdict.entity)
        for line in lines
        if line.standing and line.verdict.entity not in (CHECK, AIRFLOW)
    }
