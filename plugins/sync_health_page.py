"""The page "Sync health": what is fresh, what failed, and whose turn it is.

Airflow's login does not cover a plugin's application, so every route asks for it, and for the
right to see the DAG whose work is shown. Everything on the page may have come from a vendor: it is
escaped, and the browser is told to load nothing from elsewhere and to run no script.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.errors import ConfigError, SyncError
from include.runtime import connections
from include.runtime.stops import find_stops
from include.vendors.registry import DECLARED, VENDORS
from include.work.evaluation import Evaluation, evaluate
from include.work.health import Standing
from include.work.summary import headline, severity_of
from include.work.turns import advise
from include.work.verdict import Severity, State, Verdict, is_left_out
from include.work.verdict_of_data import judge_ticket
from include.work.verdicts import AIRFLOW, CHECK
from include.work.words import say_span

if TYPE_CHECKING:
    from include.settings import Settings
    from include.work.stops import Stop

TEMPLATES: Final = Path(__file__).parent / "templates"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
MOST_LINES: Final = 300
"""Lines of a table; those that need somebody come first, so only untroubled ones are left out."""

ONCE: Final = {"snapshot": "Customer-service snapshot", "build": "Reports", "run": "SQL checks"}
"""What there is one of, by entity."""
TONES: Final = {
    "bad": "errors",
    "warn": "warnings",
    "good": "fresh",
    "busy": "for the first time",
    "idle": "not read",
}
"""How lines are coloured, and what is counted so."""


@dataclass(frozen=True, slots=True)
class Line:
    """A verdict beside the facts it rests on. *standing*: None before any run."""

    verdict: Verdict
    standing: Standing | None
    name: str = ""
    """What a person called the account; else the site of a catalogue."""

    @property
    def tone(self) -> str:
        """How the line is coloured."""
        return tone_of(self.verdict)


def tone_of(verdict: Verdict) -> str:
    """How a verdict is coloured: one of ``TONES``."""
    if is_left_out(verdict):
        return "idle"
    if verdict.severity is not Severity.OK:
        return "bad" if verdict.severity is Severity.ERROR else "warn"
    return "good" if verdict.state is State.FRESH else "busy"


app = FastAPI(
    title="Sync health",
    dependencies=[Depends(requires_access_dag("GET", param_dag_id="sync_tickets"))],
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
)


@app.get("/page")
def page() -> HTMLResponse:
    """The page. A warehouse that cannot be read is told in words, with HTTP 503."""
    now = datetime.now(UTC)
    stops, unknown = _ask_airflow(now)
    try:
        with connections.workplace(uses_keys=False) as place:
            has_source = connections.names_source()
            found = evaluate(place, stops, now=now, has_source=has_source)
            settings = place.settings
    except SyncError as error:
        advice = advise(type(error).__name__, str(error))
        return _failure(503, "The warehouse cannot be read", str(error), str(advice))
    view = _view(found, settings)
    return _render(200, failure=None, now=now, unknown=unknown, **view)


def _ask_airflow(now: datetime) -> tuple[list[Stop] | None, str]:
    """What keeps runs from starting; or why nobody knows, which the rest of the page survives."""
    try:
        return find_stops(now=now), ""
    except ConfigError as error:
        return None, str(error)


@app.get("/style.css")
def style() -> Response:
    """The page's own style sheet: the content policy allows no other, and none in the page."""
    text = (TEMPLATES / "sync_health.css").read_text("utf-8")
    return Response(text, media_type="text/css", headers=HEADERS)


@app.exception_handler(Exception)
def broken(request: Request, error: Exception) -> HTMLResponse:
    """An error nobody expected, in words; the server writes where it came from into its log."""
    name = type(error).__name__
    reason = f"{name}, which nobody expected here"
    return _failure(500, "The page has an error", reason, str(advise(name)))


def _view(found: Evaluation, settings: Settings) -> dict[str, Any]:
    """Everything the template shows of it."""
    standings = {(of.entity, of.account_id): of for of in found.health.standings}
    names = {info.account_id: info.name for info in found.accounts}
    lines: dict[str, list[Line]] = {}
    for verdict in found.verdicts:
        key = (verdict.entity, verdict.account_id)
        name = names.get(verdict.account_id, "")
        if verdict.entity == "catalog":
            name = verdict.account_id.partition(" ")[2]
        lines.setdefault(verdict.entity, []).append(Line(verdict, standings.get(key), name))
    shown = {"tickets", "catalog", AIRFLOW, CHECK, *ONCE}
    quarantined = [(of, judge_ticket(of, settings)) for of in found.health.quarantined]
    asked = [of for of in found.verdicts if not is_left_out(of)] + [of for _, of in quarantined]
    turns = Counter(verdict.who for verdict in asked if verdict.who)
    off = {of.vendor for of in found.verdicts if is_left_out(of)}
    return {
        "headline": headline(found.verdicts, is_airflow_asked=found.is_airflow_asked),
        "tone": {"error": "bad", "warn": "warn"}.get(severity_of(found.verdicts), "good"),
        "stops": lines.get(AIRFLOW, []),
        "tickets": _shown(lines.get("tickets", [])),
        "catalog": _shown(lines.get("catalog", [])),
        "once": [line for entity in ONCE for line in lines.get(entity, [])],
        "others": [line for entity in lines.keys() - shown for line in lines[entity]],
        "snapshot": found.health.snapshot,
        "checks": lines.get(CHECK, []),
        "offences": {of.name: of.offences for of in found.health.checks},
        "tones": Counter(map(tone_of, found.verdicts)),
        "turns": sorted(turns.items(), key=lambda of: (of[0] == "nobody", -of[1])),
        "switched_off": sorted(off - {of.vendor for of in found.verdicts if not is_left_out(of)}),
        "plain_keys": sum(info.storage == "plain" for info in found.accounts),
        "quarantined": quarantined,
        "rows": found.health.rows,
    }


def _shown(lines: list[Line]) -> dict[str, Any]:
    """The lines to show, the urgent ones first, and how many that leaves out."""
    return {"shown": lines[:MOST_LINES], "left_out": max(0, len(lines) - MOST_LINES)}


def _failure(status: int, headline: str, reason: str, turn: str) -> HTMLResponse:
    failure = {"status": status, "headline": headline, "reason": reason, "turn": turn}
    return _render(status, failure=failure, now=datetime.now(UTC))


def _render(status: int, **values: Any) -> HTMLResponse:
    text = PAGES.get_template("sync_health.html").render(values)
    return HTMLResponse(text, status, HEADERS)


def _plain(text: object) -> str:
    """One line of *text*: control characters and direction marks would garble what is around."""
    return "".join(char if char.isprintable() else " " for char in str(text))


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


PAGES: Final = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters |= {"plain": _plain, "stamp": _stamp, "span": say_span}
EXPERIMENTAL: Final = {name for name in VENDORS if not DECLARED[name].is_official}
PAGES.globals |= {"TONES": TONES, "EXPERIMENTAL": EXPERIMENTAL, "ONCE": ONCE}
