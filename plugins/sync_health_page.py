"""The page "Sync health": what is fresh, what failed, and whose turn it is.

Airflow's login does not cover a plugin's application, so every route asks for it, and for the
right to see the DAG whose work is shown. Everything on the page may have come from a vendor: it is
escaped, and the browser is told to load nothing from elsewhere and to run no script.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include import runtime
from include.errors import SyncError
from include.health import Health, Standing, read_health, whose_turn
from include.models import VENDORS

if TYPE_CHECKING:
    from include.warehouse.accounts import AccountInfo

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

LATE_SECONDS: Final = {"tickets": 60 * 60, "catalog": 2 * 24 * 60 * 60}
"""Lag at which data counts as late: four runs of sync_tickets, two of refresh_catalog."""

STATES: Final = {
    "unusable": "bad",
    "failed": "bad",
    "silent": "bad",
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
TONES: Final = {
    "bad": "failed",
    "warn": "to look at",
    "good": "fresh",
    "busy": "running",
    "idle": "not read",
}
TURNS: Final = {
    "silent": "nobody's turn: the next run takes over",
    "stopped": "nobody's turn: the next run goes on where it was stopped",
    "late": "the operator's turn: is the DAG switched on, is the scheduler running?",
    "never read": "the operator's turn: switch the DAG on, or trigger it",
}
"""Whose turn it is where no error says so."""
SIGNS: Final = {
    "silent": "The run has shown no sign of life for ten minutes.",
    "stopped": "The run was stopped before its end.",
    "late": "No run has failed, and still the data is older than it should be.",
    "never read": "No run has taken it yet.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """The tickets of an account, or the catalogue of a vendor. *standing*: None before any run."""

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
        return self.tone != "idle" and self.standing is not None and _is_late(self.standing)


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
        experimental = runtime.experimental_vendors()
        with runtime.warehouse() as warehouse:
            health = read_health(warehouse, now=now)
            accounts = runtime.account_infos(warehouse)
    except SyncError as error:
        return _render(503, now=now, reason=str(error), turn=whose_turn(type(error).__name__))
    return _render(200, **_view(health, accounts, experimental, now))


@app.get("/style.css")
def style() -> Response:
    """The page's own style sheet: the content policy allows no other, and none in the page."""
    text = (TEMPLATES / "sync_health.css").read_text("utf-8")
    return Response(text, media_type="text/css", headers=HEADERS)


@app.exception_handler(Exception)
def broken(request: Request, error: Exception) -> HTMLResponse:
    """An error nobody expected, in words; the server writes where it came from into its log."""
    name = type(error).__name__
    return _render(500, now=datetime.now(UTC), reason=name, turn=whose_turn(name))


def _view(
    health: Health, accounts: list[AccountInfo], experimental: dict[str, bool], now: datetime
) -> dict[str, Any]:
    """Everything the template shows."""
    off = {vendor for vendor, is_on in experimental.items() if not is_on}
    tickets = list(_ticket_lines(health.standings, accounts, off))
    catalog = list(_catalog_lines(health.standings, accounts, off))
    lines = [*tickets, *catalog]
    turns = Counter(turn.partition(":")[0] for turn in _turns(lines, health))
    return {
        "now": now,
        "has_accounts": bool(accounts),
        "tickets": _most_urgent(tickets),
        "catalog": _most_urgent(catalog),
        "tones": Counter(line.tone for line in lines),
        "troubled": sum(line.tone in ("bad", "warn") for line in lines),
        "read": sum(line.tone != "idle" for line in lines),
        "turns": sorted(turns.items(), key=lambda item: (item[0].startswith("nobody"), item[0])),
        "plain": sum(info.storage == "plain" for info in accounts),
        "warnings": [
            (info.account_id, warning)
            for info in accounts
            for warning in info.warnings
            if info.storage != "plain"
        ],
        "experimental": experimental,
        "quarantined": health.quarantined,
        "rows": health.rows,
    }
