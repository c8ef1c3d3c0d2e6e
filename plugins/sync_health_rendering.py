"""How the page's answers are made: templates, headers, the language of whoever reads them.

Everything shown may have come from a vendor: it is escaped. The browser is told to load nothing
from elsewhere and to run one script, the page's own, by its hash.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from include.vendors.registry import DECLARED, VENDORS
from include.work.words.speech import Language, say, say_moment, say_span

TEMPLATES: Final = Path(__file__).parent / "templates"
SCRIPT: Final = (TEMPLATES / "sync_health.js").read_text("utf-8")
_HASH: Final = b64encode(sha256(SCRIPT.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; connect-src 'self';"
    f" script-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}
RELOAD_SECONDS: Final = 60
EXPERIMENTAL: Final = {name for name in VENDORS if not DECLARED[name].is_official}


def language_of(request: Request) -> Language:
    """What ``?lang=`` says, else what the browser prefers of what we speak; English."""
    asked = request.query_params.get("lang", "")
    if asked in [*Language]:
        return Language(asked)
    preferred = []
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, parameter = part.strip().partition(";")
        weight = re.fullmatch(r"\s*q=([01](?:\.\d{1,3})?)\s*", parameter)
        preferred.append((-(float(weight[1]) if weight else 1.0), tag.lower()[:2]))
    known = (tag for weight, tag in sorted(preferred, key=lambda of: of[0]) if weight)
    return Language(next((tag for tag in known if tag in [*Language]), Language.ENGLISH))


def query(request: Request, **changes: object) -> str:
    """The query of a link to the same view with *changes*; None leaves a parameter out."""
    kept = {name: request.query_params.get(name) for name in ("lang", "show", "q", "page")}
    said = {name: value for name, value in (kept | changes).items() if value}
    return f"?{urlencode(said)}" if said else ""


def in_language(request: Request, path: str) -> str:
    """A path of ours that keeps the language which the query says, if it does."""
    asked = request.query_params.get("lang")
    if asked not in [*Language]:
        return path
    return f"{path}{'&' if '?' in path else '?'}lang={asked}"


def switched(request: Request, language: Language) -> str:
    """The query of what is shown, in another language."""
    kept = [item for item in request.query_params.multi_items() if item[0] != "lang"]
    return f"?{urlencode([*kept, ('lang', language)])}"


def render(
    template: str, request: Request, values: Mapping[str, Any], status: int = 200
) -> HTMLResponse:
    """An answer in the language that is spoken. *up*: the way back to Airflow's own address."""
    depth = request.url.path.partition("/sync-health/")[2].count("/")
    text = PAGES.get_template(template).render(
        values, request=request, language=language_of(request), up="../" * (depth + 1)
    )
    return HTMLResponse(text, status, HEADERS)


def _plain(text: object) -> str:
    """One line of *text*: control characters and direction marks would garble what is around."""
    return "".join(char if char.isprintable() else " " for char in str(text))


def _code(text: object) -> Markup:
    """Words of ours, with what stands in backticks as code; escaped."""
    parts = _plain(text).split("`")
    if len(parts) % 2 == 0:  # one of them has no other
        return escape("`".join(parts))
    return Markup().join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


PAGES: Final = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters |= {
    "plain": _plain,
    "code": _code,
    "stamp": _stamp,
    "span": say_span,
    "moment": say_moment,
}
PAGES.globals |= {
    "say": say,
    "query": query,
    "in_language": in_language,
    "switched": switched,
    "script": Markup(SCRIPT),  # noqa: S704 - a file of ours, which the policy knows by its hash
    "EXPERIMENTAL": EXPERIMENTAL,
    "LANGUAGES": {Language.CHINESE: "中文", Language.ENGLISH: "English"},
    "RELOAD_SECONDS": RELOAD_SECONDS,
}
