"""A warehouse, a source and vendors, as Airflow finds them."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from include.secrets import KeyRing, new_key
from include.vendors.registry import VENDORS
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account
from tests.builders import DAY
from tests.plugins.conftest import airflow_app, stranger, visitor  # noqa: F401  # fixtures


def as_connection(url, conn_type):
    url = sa.make_url(url)
    return json.dumps(
        {
            "conn_type": conn_type,
            "host": url.host,
            "port": url.port,
            "login": url.username,
            "password": url.password,
            "schema": url.database,
        }
    )


@pytest.fixture
def ring():
    return new_key("k1")


@pytest.fixture
def warehouse(warehouse_url):
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()


@pytest.fixture
def look(warehouse, warehouse_url, sandbox, ring, monkeypatch):
    """A warehouse with one account a vendor, as the Airflow connection; ``look(query)``."""
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", as_connection(warehouse_url, "mysql"))
    monkeypatch.setenv("SECRET_KEYS", ring)
    monkeypatch.setenv("CALLS_PER_SECOND", "500")
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    for vendor in VENDORS:
        add_account(warehouse, KeyRing.parse(ring), sandbox.account(vendor), now=DAY)

    def run(query):
        return warehouse.transact(lambda c: [tuple(row) for row in c.execute(sa.text(query))])

    return run


@pytest.fixture
def customer_service(source_url, monkeypatch):
    """A small sample source, as the Airflow connection; its URL."""
    from include.sandbox.desk import sample

    sample.create(source_url, seed=7, now=DAY, scale=0.0, queue=True)
    connection = as_connection(source_url, "postgres")
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMER_SERVICE", connection)
    return source_url
