"""``python -m include.sandbox.servers``: install, start, stop private database servers."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from include.errors import ConfigError
from include.sandbox.servers import mysql, postgres, private
from include.sandbox.servers.databases import (
    BASE,
    DATABASE,
    SOURCE_BASE,
    SOURCE_DATABASE,
    create_database,
    install,
)
from include.sandbox.servers.private import (
    Family,
    answers,
    known_url,
)
from include.vendors.registry import load_settings


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
    settings = load_settings()
    if which is Which.SOURCE:
        return (
            postgres.FAMILY,
            base or SOURCE_BASE,
            SOURCE_DATABASE,
            settings.source_url.get_secret_value(),
        )
    return mysql.FAMILY, base or BASE, DATABASE, settings.warehouse_url.get_secret_value()


@app.command("install")
def install_command() -> None:
    """See to it that both can be had: WAREHOUSE_URL, SOURCE_URL, server programs, apt or Docker."""
    install(_say)


@app.command("start")
def start_command(server: Server = Which.WAREHOUSE, base: Base = None) -> None:
    """Run a private server, unless it runs, and print the URL of its database."""
    family, folder, database, _ = _server(server, base)
    typer.echo(create_database(private.start(family, folder, _say), database))


@app.command("stop")
def stop_command(server: Server = Which.WAREHOUSE, base: Base = None) -> None:
    """Stop a private server."""
    family, folder, _, _ = _server(server, base)
    _say("stopped" if private.stop(family, folder) else "was not running")


@app.command("url")
def url_command(server: Server = Which.WAREHOUSE, base: Base = None) -> None:
    """Print the database's URL: WAREHOUSE_URL or SOURCE_URL, or the private server's if it runs."""
    _, folder, database, url = _server(server, base)
    if not url:
        url = known_url(folder.resolve())
        if not url or not answers(url):
            raise ConfigError(
                f"no private server runs: python -m include.sandbox.servers start {server}"
            )
        url = create_database(url, database)
    typer.echo(url)


if __name__ == "__main__":
    try:
        app()
    except ConfigError as error:
        _say(f"error: {error}")
        sys.exit(2)
