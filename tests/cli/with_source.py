"""The command line with a customer-service database: fixtures."""

from __future__ import annotations

import os

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from include.__main__ import app
from include.sandbox.desk import sample as desk
from tests.builders import DAY


@pytest.fixture
def osm(warehouse_url, source_url):
    """``osm("snapshot", "--json")``: one call of the command line, in this process."""
    environ = {"AIRFLOW_HOME": "", "WAREHOUSE_URL": warehouse_url, "SOURCE_URL": source_url}

    def run(*arguments, code=0, **changes):
        result = CliRunner().invoke(app, [*arguments], env={**environ, **changes})
        assert result.exit_code == code, result.output
        password = sa.make_url(source_url).password
        assert not password or password not in result.output
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def sample(source_url):
    """Rows in every table; ``sample(statement)`` changes them."""
    desk.create(source_url, seed=7, now=DAY, scale=0.0, queue=True)

    def run(statement):
        with sa.create_engine(source_url, poolclass=sa.NullPool).begin() as connection:
            result = connection.execute(sa.text(statement))
            return result.scalar() if result.returns_rows else result.rowcount

    return run


@pytest.fixture
def reader(source_server, source_url):
    """The URL of a role that may connect, and no more; ``reader(grant)`` lets it do that."""
    name = f"reader_{os.getpid()}"
    source_server.run(f"create role {name} login password 'reader-of-tables'")

    def allow(*grants):
        source_server.run(*(f"grant {grant} to {name}" for grant in grants), url=source_url)
        made = sa.make_url(source_url).set(username=name, password="reader-of-tables")
        return made.render_as_string(hide_password=False)

    yield allow
    source_server.run(f"drop owned by {name}", url=source_url)
    source_server.run(f"drop role {name}")
