"""Airflow's connections as databases."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from include.errors import ConfigError
from tests.dags.conftest import as_connection


def test_without_a_connection_the_next_step_is_named(look):
    from include.runtime import connections

    with pytest.raises(ConfigError, match="no Airflow connection `customer_service`: add one"):
        connections.source()


def test_a_connection_without_a_database_is_refused_by_name(monkeypatch):
    from include.runtime import connections

    bare = json.dumps({"conn_type": "postgres", "host": "127.0.0.1", "login": "u"})
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMER_SERVICE", bare)
    with pytest.raises(ConfigError, match="`customer_service` names no database"):
        connections.source()


def test_the_setting_serves_where_there_is_no_connection(look, source_url, monkeypatch):
    from include.runtime import connections

    monkeypatch.setenv("SOURCE_URL", source_url)
    assert "7 tables readable" in connections.source().describe()


def test_a_password_with_signs_of_a_url_arrives_as_it_is(monkeypatch):
    from include.runtime import connections

    url = sa.URL.create("postgresql", "us er", "p@ss:/?#%word", "127.0.0.1", 1, "some/db")
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMER_SERVICE", as_connection(url, "postgres"))
    made = sa.make_url(connections.url_of("customer_service", "postgresql+psycopg2", 5432))
    assert (made.username, made.password, made.database) == ("us er", "p@ss:/?#%word", "some/db")


def test_the_log_of_a_task_tells_once_which_databases_it_is_about(
    look, customer_service, warehouse_url, caplog
):
    from include.runtime import customer_service as tasks

    caplog.set_level("INFO", logger="include.runtime.connections")
    form = {"full": False, "accept_vanished": None}
    tasks.take_snapshot(form, None, form, "airflow test")
    urls = {
        "warehouse": sa.make_url(warehouse_url),
        "customer service": sa.make_url(customer_service),
    }
    told = [text for name, _, text in caplog.record_tuples if name.endswith("connections")]
    assert sorted(told) == sorted(
        f"the {name} is database {url.database} at {url.host}:{url.port}"
        for name, url in urls.items()
    )


def test_the_log_of_a_task_tells_settings_that_are_none(look, monkeypatch, caplog):
    from include.runtime import connections
    from include.vendors.registry import warn_of_strange_variables

    monkeypatch.setenv("SYNC_RUN_MINUTES", "5")
    warn_of_strange_variables.cache_clear()
    for _ in range(2):
        with connections.workplace():
            pass
    warn_of_strange_variables.cache_clear()
    assert len([text for text in caplog.messages if "SYNC_RUN_MINUTES is no setting" in text]) == 1
