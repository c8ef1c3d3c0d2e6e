"""Private database servers: found on this machine, run on loopback below one folder, stopped again.

The warehouse is a MariaDB or MySQL, the source of the customer-service tables a PostgreSQL, the
broker of Celery's workers a Redis. A server listens on 127.0.0.1 alone, keeps everything below its
*base* folder and lets in only an administrator with a random password, whose URL stands in
``base/url`` (mode 600).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from include.sandbox.servers import mysql, postgres, private, redis
from include.sandbox.servers.private import (
    ROOT,
    Program,
    Say,
    answers,
    has_docker,
    silent,
    version,
)
from include.vendors.registry import load_settings

__all__ = [
    "answers",
    "create_database",
    "find",
    "find_source",
    "has_docker",
    "install",
    "start",
    "start_broker",
    "start_source",
    "stop",
    "stop_broker",
    "stop_source",
    "version",
]

BASE: Final = ROOT / ".local" / "warehouse"
SOURCE_BASE: Final = ROOT / ".local" / "source"
DATABASE: Final = "osm"
SOURCE_DATABASE: Final = "customer_service"


def find() -> Program | None:
    """The MariaDB or MySQL server of this machine, if there is one that can be run."""
    return mysql.find()


def find_source() -> Program | None:
    """The PostgreSQL server of this machine, if there is one that can be run."""
    return postgres.find()


def start(base: Path, say: Say = silent) -> str:
    """Run the MySQL family server of *base*, unless it runs, and return its administrator's URL.

    It goes on running when we end. Data and, where it is free, the port stay as they were.
    Raises ConfigError when no server can be had or it does not come up.
    """
    return private.start(mysql.FAMILY, base, say)


def start_source(base: Path, say: Say = silent) -> str:
    """Run the PostgreSQL server of *base*: as ``start``."""
    return private.start(postgres.FAMILY, base, say)


def start_broker(base: Path, say: Say = silent) -> str:
    """Run the Redis server of *base*, which needs the packages of Celery: as ``start``."""
    return private.start(redis.FAMILY, base, say)


def stop(base: Path, *, forget: bool = False) -> bool:
    """Stop the server of *base*; with *forget* delete its data. False: none was running."""
    return private.stop(mysql.FAMILY, base, forget=forget)


def stop_source(base: Path, *, forget: bool = False) -> bool:
    """Stop the PostgreSQL server of *base*: as ``stop``."""
    return private.stop(postgres.FAMILY, base, forget=forget)


def stop_broker(base: Path, *, forget: bool = False) -> bool:
    """Stop the Redis server of *base*: as ``stop``."""
    return private.stop(redis.FAMILY, base, forget=forget)


def install(say: Say, environ: Mapping[str, str] = os.environ) -> None:
    """See to it that both databases can be had. Raises ConfigError that says what is missing."""
    settings = load_settings(environ)
    for family, url in (
        (mysql.FAMILY, settings.warehouse_url.get_secret_value()),
        (postgres.FAMILY, settings.source_url.get_secret_value()),
    ):
        if url:
            say(f"{family.setting} answers: {version(url)}")
        else:
            private.install(family, say)


def create_database(url: str, name: str) -> str:
    """Create *name* on the server of *url* unless it is there, and return its URL."""
    # PostgreSQL creates a database outside of transactions only.
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        quoted = engine.dialect.identifier_preparer.quote(name)
        if engine.dialect.name == "mysql":
            connection.exec_driver_sql(f"create database if not exists {quoted} charset utf8mb4")
        elif not connection.scalar(
            sa.text("select 1 from pg_database where datname = :name"), {"name": name}
        ):
            connection.exec_driver_sql(f"create database {quoted}")
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)
