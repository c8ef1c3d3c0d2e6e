"""The page without a server around it, for tests of what stands behind it."""

from __future__ import annotations

import importlib
from typing import Any

import pytest


def open_page(monkeypatch: pytest.MonkeyPatch, plugins: str) -> Any:
    """What an administrator gets of the page."""
    monkeypatch.syspath_prepend(plugins)
    from airflow.api_fastapi.app import create_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.requests import Request

    create_auth_manager()
    scope = {"type": "http", "method": "GET", "path": "/page", "root_path": "", "scheme": "http"}
    request = Request(scope | {"query_string": b"", "headers": [], "server": ("localhost", 80)})
    user = SimpleAuthManagerUser(username="someone", role="admin")
    return importlib.import_module("sync_health_page").page(request, user)
