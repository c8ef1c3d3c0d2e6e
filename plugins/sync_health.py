"""Puts the page "Sync health" into Airflow's menu. The page itself is ``sync_health_page.py``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class LazyApp:
    """An ASGI application that is imported on its first request.

    Every Airflow process imports this file, task processes too; the page and what it stands on
    would cost each of them seconds. ``.airflowignore`` keeps the page's own file from being taken
    for a plugin.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the page, which asks Airflow's own API as well."""
        scope["airflow"] = scope["app"]
        await import_module(self._module).app(scope, receive, send)


class SyncHealth(AirflowPlugin):
    """Registers the page; it asks for its own login, Airflow does not for a plugin's."""

    name = "sync_health"
    fastapi_apps: list[Any] = [  # noqa: RUF012 - Airflow's way to declare it
        {
            "app": LazyApp("sync_health_page"),
            "url_prefix": "/sync-health",
            "name": "Sync health",
        }
    ]
    external_views: list[Any] = [  # noqa: RUF012 - Airflow's way to declare it
        {
            "name": "Sync health",
            "href": "sync-health/page",
            "url_route": "sync_health",
            "destination": "nav",
            "category": "browse",
        }
    ]
