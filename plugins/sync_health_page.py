"""The page "Sync health": what is fresh, what failed, whose turn it is, and the way on from there.

Airflow's login does not cover a plugin's application, so every route asks for it, and for the
right to see the DAG whose work is shown; the form asks for that to start a run.
"""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException as AnyHTTPException
from sync_health_form import fields_of, has_run, read_dag, read_sent, reason_of, start_run
from sync_health_rendering import HEADERS, TEMPLATES, language_of, query, render
from sync_health_runbook import read_runbook
from sync_health_view import DAGS, view

from include.errors import ConfigError, SyncError
from include.runtime import connections
from include.runtime.stops import find_stops
from include.work.verdicts.evaluation import evaluate
from include.work.verdicts.turns import advise
from include.work.words.speech import TABLES, Language, say, speaking

if TYPE_CHECKING:
    from include.work.stops import Stop

app = FastAPI(
    title="Sync health",
    dependencies=[Depends(requires_access_dag("GET", param_dag_id="sync_tickets"))],
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
)
MAY_START: Final = [Depends(requires_access_dag("POST", DagAccessEntity.RUN))]
"""Of the DAG in the path."""
# What Airflow has loaded is much, and stays. Each collection while thousands of verdicts are made
# would walk through all of it: a third of the time.
gc.freeze()


@app.get("/page")
def page(request: Request, user: GetUserDep) -> HTMLResponse:
    """The page. A warehouse that cannot be read is told in words, with HTTP 503."""

    def may_start(dag_id: str) -> bool:
        return get_auth_manager().is_authorized_dag(
            method="POST",
            access_entity=DagAccessEntity.RUN,
            details=DagDetails(id=dag_id),
            user=user,
        )

    now = datetime.now(UTC)
    stops, unknown = _ask_airflow(now)
    with speaking(language_of(request)):
        try:
            with connections.workplace(uses_keys=False) as place:
                has_source = connections.names_source()
                found = evaluate(place, stops, now=now, has_source=has_source)
                values = view(place, found, request.query_params, may_start)
        except SyncError as error:
            advice = advise(type(error).__name__, str(error))
            return _failure(
                request,
                503,
                say("page.unreadable"),
                str(error),
                f"{advice} {say('page.unreadable_step')}",
            )
        return render("sync_health.html", request, values | {"unknown": unknown})


def _ask_airflow(now: datetime) -> tuple[list[Stop] | None, str]:
    """What keeps runs from starting; or why nobody knows, which the rest of the page survives."""
    try:
        return find_stops(now=now), ""
    except ConfigError as error:
        return None, str(error)


@app.get("/start/{dag_id}", dependencies=MAY_START)
async def form(request: Request, dag_id: str) -> HTMLResponse:
    """The form of a DAG of ours, with the query filled in; after a start it tells of the run."""
    dag = await _dag_of_ours(request, dag_id)
    filled = parse_qs(request.url.query, keep_blank_values=True, max_num_fields=1000)
    started = filled.get("started", [""])[0]
    if started and not await has_run(request, dag_id, started):
        started = ""
    return _form(request, dag, filled, started=started)


@app.post("/start/{dag_id}", dependencies=MAY_START)
async def start(request: Request, dag_id: str) -> Response:
    """Start a run by what the form says, and lead to it; what Airflow refuses is told."""
    sent = await read_sent(request)
    dag = await _dag_of_ours(request, dag_id)
    fields = fields_of(dag["params"] or {}, {}, language_of(request))
    conf = {field.name: field.read(sent.get(field.name, [])) for field in fields}
    answer = await start_run(request, dag_id, conf)
    if not answer.is_success:
        # As it was sent: a box that is not ticked is in no form, so that all fields are named.
        again = {field.name: sent.get(field.name, []) for field in fields}
        status = answer.status_code
        return _form(request, dag, again, refused=reason_of(answer), status=status)
    run_id = answer.json()["dag_run_id"]
    to = f"{quote(dag_id, safe='')}{query(request, started=run_id)}"
    return RedirectResponse(to, 303, HEADERS)


async def _dag_of_ours(request: Request, dag_id: str) -> dict[str, Any]:
    if dag_id not in DAGS:
        raise HTTPException(404)
    return await read_dag(request, dag_id)


def _form(
    request: Request,
    dag: dict[str, Any],
    filled: dict[str, list[str]],
    *,
    started: str = "",
    refused: str = "",
    status: int = 200,
) -> HTMLResponse:
    dag_id = dag["dag_id"]
    run = f"dags/{quote(dag_id, safe='')}/runs/{quote(started, safe='')}" if started else ""
    with speaking(language_of(request)):
        values = {
            "dag_id": dag_id,
            "is_paused": dag["is_paused"],
            "fields": fields_of(dag["params"] or {}, filled, language_of(request)),
            "run": run,
            "refused": refused,
        }
        return render("sync_health_form.html", request, values, status)


@app.get("/runbook")
def runbook(request: Request) -> HTMLResponse:
    """The runbook, whose sections the page names; 404 in words where it is not deployed."""
    with speaking(language_of(request)):
        html = read_runbook()
        if html is None:
            return _failure(request, 404, say("page.status.404"), "", say("runbook.none"))
        return render("sync_health_runbook.html", request, {"runbook": html})


@app.get("/style.css")
def style() -> Response:
    """The page's own style sheet: the content policy allows no other, and none in the page."""
    text = (TEMPLATES / "sync_health.css").read_text("utf-8")
    return Response(text, media_type="text/css", headers=HEADERS)


@app.exception_handler(AnyHTTPException)
def refused(request: Request, error: AnyHTTPException) -> HTMLResponse:
    """Who is not logged in, or may not do it, or is lost, in words."""
    status = error.status_code
    with speaking(language_of(request)):
        key = status if f"page.status.{status}" in TABLES[Language.ENGLISH] else 405
        step = say("form.elsewhere" if error.detail == "cross-site" else f"page.step.{key}")
        reason = "" if error.detail == "cross-site" else f"HTTP {status}: {error.detail}"
        return _failure(request, status, say(f"page.status.{key}"), reason, step)


@app.exception_handler(Exception)
def broken(request: Request, error: Exception) -> HTMLResponse:
    """An error nobody expected, in words; the server writes where it came from into its log."""
    name = type(error).__name__
    with speaking(language_of(request)):
        return _failure(
            request,
            500,
            say("page.broken"),
            say("page.broken_reason", name=name),
            f"{advise(name)} {say('page.broken_step')}",
        )


def _failure(request: Request, status: int, headline: str, reason: str, step: str) -> HTMLResponse:
    values = {"status": status, "headline": headline, "reason": reason, "step": step}
    return render("sync_health_failure.html", request, values, status)
