"""Airflow's own application with the page in it, and a warehouse behind it."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from include.secrets import KeyRing, new_key
from include.warehouse.mysql import Warehouse

KEYS = new_key("k1")
RING = KeyRing.parse(KEYS)


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
    """``page()``: what a viewer sees, in English; the status is 200 unless told."""
    viewer = visitor("viewer")

    def get(status=200, query=""):
        answer = viewer.get(f"/sync-health/page{query}")
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
def warehouse(warehouse_url, airflow_at_work, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection_of(warehouse_url)))
    monkeypatch.setenv("SECRET_KEYS", KEYS)
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()
