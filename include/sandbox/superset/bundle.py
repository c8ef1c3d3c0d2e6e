"""``examples/superset`` as the bundle that Superset imports, and the import by its REST API."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any, Final

import requests
import sqlalchemy as sa
import yaml

from include.errors import ConfigError
from include.sandbox.servers.private import ROOT

FOLDER: Final = ROOT / "examples" / "superset"
DATABASE: Final = "databases/warehouse.yaml"
MASK: Final = "X" * 10
"""What stands for a password in a bundle: Superset asks for it, or takes it from the request."""
SECONDS: Final = 120


def pack(report_url: str) -> bytes:
    """The zip of all files, with the address of *report_url* in place of the example's.

    Its type is *assets*: Superset overwrites what it has of an earlier one, and leaves all else.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in sorted(FOLDER.rglob("*.yaml")):
            name, text = path.relative_to(FOLDER).as_posix(), path.read_text("utf-8")
            if name == "metadata.yaml":
                text = yaml.safe_dump(yaml.safe_load(text) | {"type": "assets"})
            if name == DATABASE:
                masked = sa.make_url(report_url).set(password=MASK)
                address = masked.render_as_string(hide_password=False)
                text = yaml.safe_dump(yaml.safe_load(text) | {"sqlalchemy_uri": address})
            bundle.writestr(f"superset/{name}", text)
    return content.getvalue()


def load(superset_url: str, user: str, password: str, report_url: str) -> list[str]:
    """Import the bundle into a Superset that runs; the paths of its dashboards.

    *report_url*: the warehouse, as the user of ``sql/grants/mysql_report.sql``. Raises ConfigError
    with Superset's own words.
    """
    with requests.Session() as session:
        session.headers["Accept"] = "application/json"  # without it errors are pages
        secret = {"username": user, "password": password, "provider": "db"}
        token = _asked(session, "POST", f"{superset_url}/api/v1/security/login", json=secret)
        session.headers["Authorization"] = f"Bearer {token['access_token']}"
        csrf = _asked(session, "GET", f"{superset_url}/api/v1/security/csrf_token/")
        session.headers.update({"X-CSRFToken": csrf["result"], "Referer": superset_url})
        passwords = {DATABASE: sa.make_url(report_url).password}
        _asked(
            session,
            "POST",
            f"{superset_url}/api/v1/assets/import/",
            files={"bundle": ("superset.zip", pack(report_url), "application/zip")},
            data={"passwords": json.dumps(passwords)},
        )
    return [f"/superset/dashboard/{slug}/" for slug in slugs()]


def slugs() -> list[str]:
    """The last part of each dashboard's path."""
    return [path.stem for path in sorted((FOLDER / "dashboards").glob("*.yaml"))]


def _asked(session: requests.Session, method: str, url: str, **sent: Any) -> Any:
    """Superset's answer. Raises ConfigError that says what it refused."""
    try:
        answer = session.request(method, url, timeout=SECONDS, **sent)
    except requests.RequestException as error:
        raise ConfigError(f"Superset does not answer at {url}: {error}") from None
    if not answer.ok:
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        why = answer.text if is_json else "its log says why"
        raise ConfigError(f"Superset refuses {method} {url}: {answer.status_code}, {why}")
    return answer.json()
