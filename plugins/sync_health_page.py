"""The page "Sync health": what is fresh, what failed, and whose turn it is.

Airflow's login does not cover a plugin's application, so every route asks for it, and for the
right to see the DAG whose work is shown. Everything on the page may have come from a vendor: it is
escaped, and the browser is told to load nothing from elsewhere and to run no script.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.errors import ConfigError, SyncError
from include.runtime import connections
from include.runtime.stops import Stop, find_stops
from include.vendors.registry import DECLARED, VENDORS, is_switched_on
from include.work.accounts import list_accounts
from include.work.health import Health, Standing, catalog_owner, read_health
from include.work.schedules import SCHEDULES
from include.work.turns import whose_turn

if TYPE_CHECKING:
    from include.warehouse.tickets.accounts import AccountInfo

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

STATES: Final = {
    "unusable": "bad",
    "failed": "bad",
    "silent": "bad",
    "halted": "warn",
    "late": "warn",
    "never read": "warn",
    "partial": "warn",
    "stopped": "warn",
    "running": "busy",
    "fresh": "good",
    "off": "idle",
    "removed": "idle",
}
"""The states of a line, the most urgent first, and the tone each is shown in."""
CATCHING_UP: Final = ("running", "more")
"""Outcomes of a run that is at work, or whose rest the next one reads."""
TONES: Final = {
    "bad": "failed",
    "warn": "late, halted or incomplete",
    "good": "fresh",
    "busy": "running",
    "idle": "not read",
}
TURNS: Final = {
    "silent": "nobody's turn: the next run takes over",
    "stopped": "nobody's turn: the next run goes on where it was stopped",
    "late": "the operator's turn: look at the runs of its DAG in Airflow",
    "never read": "the operator's turn: switch the DAG on, or trigger it",
}
"""Whose turn it is where no error says so."""
OPERATOR: Final = "the operator's turn"
HALTED: Final = f"{OPERATOR}: no run of it starts, see above"
SIGNS: Final = {
    "silent": "The run has shown no sign of life for ten minutes.",
    "stopped": "The run was stopped before its end.",
    "late": "No run has failed, and still the data is older than it should be.",
    "never read": "No run has taken it yet.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """An account's tickets, a vendor's catalogue, the snapshot or the reports.

    *standing*: None before any run.
    """

    key: str
    name: str
    vendor: str
    state: str
    standing: Standing | None
    reason: str = ""
    turn: str = ""

    @property
    def tone(self) -> str:
        """How the line is coloured."""
        return STATES[self.state]

    @property
    def is_late(self) -> bool:
        """Whether its data is older than it should be, whatever its last run says."""
        return self.tone != "idle" and self.standing is not None and self.standing.is_late


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
    try:
        with connections.workplace(uses_keys=False) as place:
            off = {name for name in VENDORS if not is_switched_on(name, place.settings)}
            health = read_health(place.warehouse, now=now)
            accounts = list_accounts(place)
    except SyncError as error:
        headline, turn = "The warehouse cannot be read", "the operator's turn: mend it, then reload"
        return _failure(503, headline, str(error), turn)
    stops, unknown = _ask_airflow(now)
    view = _view(health, accounts, off, stops)
    return _render(200, failure=None, now=now, stops=stops, unknown=unknown, **view)


def _ask_airflow(now: datetime) -> tuple[list[Stop], str]:
    """What keeps runs from starting; or why nobody knows, which the rest of the page survives."""
    try:
        return find_stops(now=now), ""
    except ConfigError as error:
        return [], str(error)


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
    return _failure(500, "The page has an error", reason, whose_turn(name))


def _view(
    health: Health, accounts: list[AccountInfo], off: set[str], stops: list[Stop]
) -> dict[str, Any]:
    """Everything the template shows of them."""
    halted = {dag_id for stop in stops for dag_id in stop.halted}
    tickets = [_halt(of, halted) for of in _ticket_lines(health.standings, accounts, off)]
    catalog = [_halt(of, halted) for of in _catalog_lines(health.standings, accounts, off)]
    once = [_halt(of, halted) for of in _once_lines(health)]
    lines = [*tickets, *catalog, *once]
    asked = [line.turn for line in lines] + [item.whose_turn for item in health.quarantined]
    asked += [OPERATOR] * len(stops)
    turns = Counter(turn.partition(":")[0] for turn in asked if turn)
    return {
        "tickets": _most_urgent(tickets),
        "catalog": _most_urgent(catalog),
        "once": once,
        "snapshot": health.snapshot,
        "checks": health.checks,
        "tones": Counter(line.tone for line in lines),
        "troubled": sum(line.tone in ("bad", "warn") for line in lines),
        "read": sum(line.tone != "idle" for line in lines),
        "turns": sorted(turns.items(), key=lambda of: (of[0].startswith("nobody"), -of[1])),
        "switched_off": sorted(off & {info.vendor for info in accounts}),
        "plain_keys": sum(info.storage == "plain" for info in accounts),
        "quarantined": health.quarantined,
        "rows": health.rows,
    }


def _ticket_lines(
    standings: Iterable[Standing], accounts: Iterable[AccountInfo], off: set[str]
) -> Iterator[Line]:
    known = {of.account_id: of for of in standings if of.entity == "tickets"}
    for info in accounts:
        standing = known.pop(info.account_id, None)
        is_read = info.is_enabled and info.vendor not in off
        state = _state(standing, info.problem) if is_read else "off"
        yield _line(info.account_id, info.name, info.vendor, state, standing, info.problem)
    for account_id, standing in known.items():
        yield _line(account_id, "", standing.vendor.lower(), "removed", standing)


def _catalog_lines(
    standings: Iterable[Standing], accounts: Iterable[AccountInfo], off: set[str]
) -> Iterator[Line]:
    known = {of.account_id: of for of in standings if of.entity == "catalog"}
    vendors = {owner: of.vendor.lower() for owner, of in known.items()}
    read = {
        catalog_owner(info): info.vendor
        for info in accounts
        if info.is_enabled and info.vendor in VENDORS and info.vendor not in off
    }
    for owner, vendor in sorted((vendors | read).items()):
        state = _state(known.get(owner), None) if owner in read else "off"
        yield _line(owner, owner.partition(" ")[2], vendor, state, known.get(owner))


def _once_lines(health: Health) -> Iterator[Line]:
    """Lines of what some run has taken: who has no customer service need not be told each day."""
    known = {of.entity: of for of in health.standings if of.entity in ONCE}
    broken = sum(check.level == "fail" for check in health.checks)
    for entity, name in ONCE.items():
        if standing := known.get(entity):
            line = _line(entity, name, "", _state(standing, None), standing)
            if entity == "run" and broken and line.state == "fresh":
                reason = f"{broken} of level fail found offences, see below."
                line = replace(line, state="failed", reason=reason, turn=whose_turn("CheckError"))
            yield line


def _state(standing: Standing | None, problem: str | None) -> str:
    if problem:
        return "unusable"
    if standing is None:
        return "never read"
    if standing.outcome not in ("done", *CATCHING_UP):
        return standing.outcome if standing.outcome in STATES else "failed"
    if standing.is_late or standing.is_ahead:
        return "late"
    return "running" if standing.outcome in CATCHING_UP else "fresh"


def _halt(line: Line, halted: set[str]) -> Line:
    """The line, which is not fresh, and waits for no next run, where none starts."""
    of = line.standing
    if of is None or line.tone == "idle" or SCHEDULES[of.entity].dag_id not in halted:
        return line
    if line.state in ("fresh", "late") or of.outcome == "more":
        return replace(line, state="halted", reason="", turn="")  # told once for all, above
    return replace(line, turn=HALTED) if line.turn.startswith("nobody") else line


def _line(
    key: str,
    name: str,
    vendor: str,
    state: str,
    standing: Standing | None,
    problem: str | None = None,
) -> Line:
    """A line with its reason, and whose turn it is: what keeps it from being read comes first."""
    line = Line(key, name, vendor, state, standing)
    if line.tone == "idle":
        return line
    if problem:
        return replace(line, reason=problem, turn=whose_turn("ConfigError"))
    if standing is not None and standing.error_class and state not in ("silent", "stopped"):
        reason = f"{standing.error_class}: {standing.error_text or 'see the log of the task'}"
        return replace(line, reason=reason, turn=standing.whose_turn or "")
    if state == "late" and standing is not None and standing.outcome in CATCHING_UP:
        turn = "nobody's turn: it goes on by itself"
        return replace(line, reason="Runs are catching up.", turn=turn)
    if state == "late" and standing is not None and standing.is_ahead:
        reason = "The watermark lies ahead of every run: the next goes back to what is proven."
        return replace(line, reason=reason, turn="nobody's turn: the next run mends it")
    if state == "fresh" and standing is not None and standing.error_text:
        return replace(line, reason=standing.error_text)
    return replace(line, reason=SIGNS.get(state, ""), turn=TURNS.get(state, ""))


def _most_urgent(lines: list[Line]) -> dict[str, Any]:
    """The lines to show, the urgent ones first, and how many that leaves out."""
    order = list(STATES)
    lines = sorted(lines, key=lambda line: (order.index(line.state), line.vendor, line.key))
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


def _span(seconds: float, units: int = 2) -> str:
    """A length of time in its largest units."""
    rest, parts = int(seconds) // 60, []
    for name, minutes in (("d", 1440), ("h", 60), ("min", 1)):
        if rest >= minutes:
            parts.append(f"{rest // minutes} {name}")
        rest %= minutes
    return " ".join(parts[:units]) or "under 1 min"


PAGES: Final = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters |= {"plain": _plain, "stamp": _stamp, "span": _span}
EXPERIMENTAL: Final = {name for name in VENDORS if not DECLARED[name].is_official}
PAGES.globals |= {"TONES": TONES, "EXPERIMENTAL": EXPERIMENTAL}
