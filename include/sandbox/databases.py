"""Private database servers: found on this machine, run on loopback below one folder, stopped again.

The warehouse is a MariaDB or MySQL, the source of the customer-service tables a PostgreSQL. A
server listens on 127.0.0.1 alone, keeps everything below its *base* folder and lets in only an
administrator with a random password, whose URL stands in ``base/url`` (mode 600).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import sqlalchemy as sa
import typer

from include.errors import ConfigError
from include.sandbox import mysql_server, postgres_server, private_server
from include.sandbox.private_server import (
    ROOT,
    Family,
    Program,
    Say,
    answers,
    has_docker,
    known_url,
    silent,
    version,
)
from include.settings import Settings

__all__ = [
    "answers",
    "create_database",
    "find",
    "find_source",
    "has_docker",
    "install",
    "start",
    "start_source",
    "stop",
    "stop_source",
    "version",
]

BASE: Final = ROOT / ".local" / "warehouse"
SOURCE_BASE: Final = ROOT / ".local" / "source"
DATABASE: Final = "osm"
SOURCE_DATABASE: Final = "customer_service"


def find() -> Program | None:
    """The MariaDB or MySQL server of this machine, if there is one that can be run."""
    return mysql_server.find()


def find_source() -> Program | None:
    """The PostgreSQL server of this machine, if there is one that can be run."""
    return postgres_server.find()


def start(base: Path, say: Say = silent) -> str:
    """Run the MySQL family server of *base*, unless it runs, and return its administrator's URL.

    It goes on running when we end. Data and, where it is free, the port stay as they were.
    Raises ConfigError when no server can be had or it does not come up.
    """
    return private_server.start(mysql_server.FAMILY, base, say)


def start_source(base: Path, say: Say = silent) -> str:
    """Run the PostgreSQL server of *base*: as ``start``."""
    return private_server.start(postgres_server.FAMILY, base, say)


def stop(base: Path, *, forget: bool = False) -> bool:
    """Stop the server of *base*; with *forget* delete its data. False: none was running."""
    return private_server.stop(mysql_server.FAMILY, base, forget=forget)


def stop_source(base: Path, *, forget: bool = False) -> bool:
    """Stop the PostgreSQL server of *base*: as ``stop``."""
    return private_server.stop(postgres_server.FAMILY, base, forget=forget)


def install(say: Say, environ: Mapping[str, str] = os.environ) -> None:
    """See to it that both databases can be had. Raises ConfigError that says what is missing."""
    settings = Settings.load(environ)
    for family, url in (
        (mysql_server.FAMILY, settings.warehouse_url),
        (postgres_server.FAMILY, settings.source_url),
    ):
        if url:
            say(f"{family.setting} answers: {version(url)}")
        else:
            private_server.install(family, say)


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


class Which(StrEnum):
    """The two servers, as the command line names them."""

    WAREHOUSE = "warehouse"
    SOURCE = "source"


app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Server = Annotated[
    Which, typer.Argument(help="warehouse: MariaDB or MySQL. source: PostgreSQL, customer service.")
]
Base = Annotated[
    Path | None, typer.Option(help="Folder of the private server. Default: .local/<server>.")
]


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _server(which: Which, base: Path | None) -> tuple[Family, Path, str, str]:
    """The family, the folder, the database, and what Settings says to use instead."""
    settings = Settings.load()
    if which is Which.SOURCE:
        return postgres_server.FAMILY, base or SOURCE_BASE, SOURCE_DATABASE, settings.source_url
    return mysql_server.FAMILY, base or BASE, DATABASE, settings.warehouse_url


@app.command("install")
def install_command() -> None:
    """See to it that both can be had: WAREHOUSE_URL, SOURCE_URL, server programs, apt or Docker."""
    install(_say)


@app.command("start")
def start_command(server: Server = Which.WAREHOUSE, base: Base = None) -> None:
    """Run a private server, unless it runs, and print the URL of its database."""
    family, folder, database, _ = _server(server, base)
    typer.echo(create_database(private_server.start(family, folder, _say), database))


@app.command("stop")
def stop_command(server: Server = Which.WAREHOUSE, base: Base = None) -> None:
    """Stop a private server."""
    family, folder, _, _ = _server(server, base)
    _say("stopped" if private_server.stop(family, folder) else "was not running")


@app.command("url")
def url_command(server: Server = Which.WAREHOUSE, base: Base = None) -> None:
    """Print the database's URL: WAREHOUSE_URL or SOURCE_URL, or the private server's if it runs."""
    _, folder, database, url = _server(server, base)
    if not url:
        url = known_url(folder.resolve())
        if not url or not answers(url):
            raise ConfigError(
                f"no private server runs: python -m include.sandbox.databases start {server}"
            )
        url = create_database(url, database)
    typer.echo(url)


if __name__ == "__main__":
    try:
        app()
    except ConfigError as error:
        _say(f"error: {error}")
        sys.exit(2)
