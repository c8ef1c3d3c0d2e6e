"""The demo's customer service: a private PostgreSQL with a sample desk, and what happens there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from include.errors import ConfigError
from include.sandbox.desk import churn as desk_churn
from include.sandbox.desk import sample
from include.sandbox.servers import databases
from include.sandbox.servers.private import Say

SCALE: Final = 1 / 20
SEED: Final = 7


def start(base: Path, say: Say) -> str:
    """Run the PostgreSQL of *base*, with sample rows unless it holds some, and return its URL."""
    server = databases.start_source(base, say)
    url = databases.create_database(server, databases.SOURCE_DATABASE)
    what = f"customer service: {databases.version(server)}, private, port {_port(url)}"
    if _holds_rows(url):
        say(f"{what}, with the rows of earlier demos")
    else:
        now = datetime.now(UTC)
        made = sample.create(url, seed=SEED, now=now, scale=SCALE, queue=True, odd="some")
        say(f"{what}, with {sum(made.values()):,} sample rows")
    return url


def churn(url: str) -> str:
    """Let something happen to about one row in a hundred; what, in words."""
    done = desk_churn.churn(url, seed=SEED, now=datetime.now(UTC)).values()
    inserted, updated, deleted = (
        sum(counts)
        for counts in zip(*((d.inserted, d.updated, d.deleted) for d in done), strict=True)
    )
    return f"{inserted} rows inserted, {updated} updated, {deleted} deleted"


def environment(url: str) -> dict[str, str]:
    """Where the application finds it, in Airflow and on the command line."""
    at = sa.make_url(url)
    connection = {
        "conn_type": "postgres",
        "host": at.host,
        "port": at.port,
        "login": at.username,
        "password": at.password,
        "schema": at.database,
    }
    return {"SOURCE_URL": url, "AIRFLOW_CONN_CUSTOMER_SERVICE": json.dumps(connection)}


def refuse_other_snapshots(warehouse_url: str, source_url: str) -> None:
    """Raise ConfigError when the warehouse holds snapshots of another source than this one."""
    with sa.create_engine(source_url, poolclass=sa.NullPool).connect() as connection:
        ours = connection.exec_driver_sql(
            "select system_identifier::text from pg_control_system()"
        ).scalar_one()
    with sa.create_engine(warehouse_url, poolclass=sa.NullPool).connect() as connection:
        if "cs_snapshot" not in sa.inspect(connection).get_table_names():
            return
        query = sa.text("select count(*) from cs_snapshot where system_id <> :ours")
        count = connection.scalar(query, {"ours": ours})
    if count:
        raise ConfigError(
            f"the warehouse holds {count} snapshots of another customer-service database, which"
            " would be mixed with made-up rows: begin with `make demo ARGS=--fresh`, or name an"
            " empty database in WAREHOUSE_URL"
        )


def _holds_rows(url: str) -> bool:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        if "seat" not in sa.inspect(connection).get_table_names():
            return False
        return connection.exec_driver_sql("select 1 from seat limit 1").scalar() is not None


def _port(url: str) -> int | None:
    return sa.make_url(url).port
