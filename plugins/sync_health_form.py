"""A form that starts a run of a DAG, with what the page knows already filled in.

Airflow's own dialog takes nothing from a link (its version 3.3 has no parameter for it). The fields
come from the DAG's params, and the run is started by Airflow's REST API inside this process, with
the cookie of whoever sent the form: rights, rules and the audit log are Airflow's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import httpx
from fastapi import HTTPException, Request

from include.work.words.speech import Language

LARGEST: Final = 200_000
"""Bytes of a form."""
MOST_FIELDS: Final = 1_000
_SHOWN: Final = 2_000
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form. *kind*: ``choices``, ``lines``, ``flag``, ``number`` or ``text``."""

    name: str
    title: str
    help: str
    kind: str
    value: Any
    choices: tuple[str, ...] = ()
    is_optional: bool = False

    def read(self, said: list[str]) -> Any:
        """What was sent as the value that the param wants; what it cannot be Airflow refuses."""
        text = said[0].strip() if said else ""
        match self.kind:
            case "choices":
                return said
            case "lines":
                return [line.strip() for line in "\n".join(said).splitlines() if line.strip()]
            case "flag":
                return bool(said)
            case "number" if text.lstrip("-").isdecimal():
                return int(text)
        return text or (None if self.is_optional else "")


def fields_of(
    params: Mapping[str, Any], filled: Mapping[str, list[str]], language: Language
) -> list[Field]:
    """The fields of a DAG with its defaults, and over them what is *filled* in."""
    fields = []
    for name, param in params.items():
        schema = param.get("schema") or {}
        types = schema.get("type")
        types = types if isinstance(types, list) else [types]
        choices = (schema.get("items") or {}).get("enum") or ()
        kind = "text"
        if "array" in types:
            kind = "choices" if choices else "lines"
        elif "boolean" in types:
            kind = "flag"
        elif {"integer", "number"} & {*types}:
            kind = "number"
        field = Field(
            name,
            _of_two(str(schema.get("title") or name), " | ", language),
            _of_two(str(schema.get("description_md") or ""), "\n\n", language),
            kind,
            param.get("value"),
            tuple(map(str, choices)),
            "null" in types,
        )
        if name in filled:
            said = [one for one in filled[name] if not choices or one in choices]
            field = replace(field, value=field.read(said))
        fields.append(field)
    return fields


def _of_two(text: str, between: str, language: Language) -> str:
    """The half of a text of a DAG's form, which has Chinese before English; else all of it."""
    parts = text.split(between)
    return parts[language is not Language.CHINESE] if len(parts) == len(Language) else text


async def call_airflow(
    request: Request, method: str, path: str, body: Any = None
) -> httpx.Response:
    """Airflow's REST API, asked by whoever sent *request*, without a network."""
    kept = {
        name: request.headers[name]
        for name in ("cookie", "authorization")
        if name in request.headers
    }
    transport = httpx.ASGITransport(app=request.scope["airflow"])
    async with httpx.AsyncClient(transport=transport, base_url=str(request.base_url)) as client:
        # With a referer the run is one that was started in the UI.
        headers = kept | {"referer": str(request.url)}
        url = f"{_root(request)}/api/v2/{path}"
        return await client.request(method, url, json=body, headers=headers)


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", "")).partition("/sync-health")[0]


async def read_dag(request: Request, dag_id: str) -> dict[str, Any]:
    """What Airflow tells of a DAG. Raises HTTPException where it does not."""
    answer = await call_airflow(request, "GET", f"dags/{quote(dag_id, safe='')}/details")
    if answer.status_code != 200:
        raise HTTPException(answer.status_code, reason_of(answer))
    told: dict[str, Any] = answer.json()
    return told


async def start_run(request: Request, dag_id: str, conf: Mapping[str, Any]) -> httpx.Response:
    """Start a run by hand; Airflow's answer."""
    path = f"dags/{quote(dag_id, safe='')}/dagRuns"
    return await call_airflow(request, "POST", path, {"logical_date": None, "conf": dict(conf)})


async def has_run(request: Request, dag_id: str, run_id: str) -> bool:
    """Whether there is this run, and whoever asks may see it."""
    path = f"dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"
    answer = await call_airflow(request, "GET", path)
    return answer.status_code == 200


async def read_sent(request: Request) -> dict[str, list[str]]:
    """The fields of the form that was sent. Raises HTTPException for one of another site.

    The session's cookie is not sent along with one either, since it is ``SameSite=Lax``; but that
    is the browser's and Airflow's doing, and not seen here.
    """
    if not _is_ours(request):
        raise HTTPException(403, "cross-site")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise HTTPException(413)
    try:
        return parse_qs(
            body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise HTTPException(400) from None


def _is_ours(request: Request) -> bool:
    """Whether a page of this address sent it: browsers say so in one header or the other."""
    site = request.headers.get("sec-fetch-site")
    if site:
        return site == "same-origin"
    sent_by = urlsplit(request.headers.get("origin", "")).netloc
    return bool(sent_by) and sent_by == request.headers.get("host")


def reason_of(answer: httpx.Response) -> str:
    """Why Airflow refused, in its words."""
    try:
        told = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
    return str(told)[:_SHOWN]
