"""The page's place in Airflow."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.errors import SyncError
from include.secrets import new_key
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse

ROOT = Path(__file__).resolve().parents[2]
KEYS = new_key("k1")


@pytest.fixture(scope="module")
def airflow_app(airflow_db):
    """What ``airflow api-server`` serves, the execution API apart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret of sixty-four bytes or more " * 2)
        from airflow.api_fastapi.app import create_app

        yield create_app(apps="core")


@pytest.fixture
def stranger(airflow_app):
    from starlette.testclient import TestClient

    return TestClient(airflow_app, raise_server_exceptions=False)


@pytest.fixture
def visitor(stranger):
    """``visitor(role)``: a browser that is logged in."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    def log_in(role):
        user = SimpleAuthManagerUser(username="someone", role=role)
        stranger.cookies.set("_token", get_auth_manager().generate_jwt(user))
        return stranger

    return log_in


@pytest.fixture
def page(visitor):
    """``page()``: what a viewer sees; the status is 200 unless told."""
    viewer = visitor("viewer")

    def get(status=200):
        answer = viewer.get("/sync-health/page")
        assert answer.status_code == status
        return answer.text

    return get


def connection_of(url):
    url = sa.make_url(url)
    return {
        "conn_type": "mysql",
        "host": url.host,
        "port": url.port,
        "login": url.username,
        "password": url.password,
        "schema": url.database,
    }


@pytest.fixture
def warehouse(warehouse_url, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection_of(warehouse_url)))
    monkeypatch.setenv("SECRET_KEYS", KEYS)
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()


def run(warehouse, account_id, vendor="HUAWEI", error=None, entity="tickets", behind=60):
    mark = None if behind is None else datetime.now(UTC) - timedelta(seconds=behind)
    try:
        with ledger.hold(
            warehouse, account_id, entity, vendor=vendor, request=Request("test")
        ) as held:
            held.write(lambda connection: None, watermark_at=mark)
            if error is not None:
                raise error
    except SyncError:
        pass


def test_the_page_is_in_the_menu(visitor, monkeypatch):
    plugins = visitor("admin").get("/api/v2/plugins").json()["plugins"]
    (ours,) = [plugin for plugin in plugins if plugin["name"] == "sync_health"]
    assert ours["external_views"][0]["href"] == "sync-health/page"
    errors = visitor("admin").get("/api/v2/plugins/importErrors").json()
    assert errors["total_entries"] == 0


def test_the_plugin_costs_other_processes_nothing():
    code = (
        "import sys, airflow.sdk, airflow.plugins_manager\n"
        "before = set(sys.modules)\n"
        "sys.path.insert(0, 'plugins')\n"
        "import sync_health\n"
        "print('\\n'.join(set(sys.modules) - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["sync_health"]
