"""``python -m include.sandbox``: serve the vendors' APIs on loopback until told to stop."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import Annotated

import typer

from include.errors import ConfigError
from include.sandbox.vendors.server import Sandbox
from include.vendors.registry import VENDORS, load_settings


def main(
    seed: Annotated[int, typer.Option(help="The same seed gives the same data.")] = 7,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts of each vendor.")] = 2,
    tickets: Annotated[
        int, typer.Option(min=0, help="Tickets of each account; five messages each on average.")
    ] = 400,
    latency_ms: Annotated[
        int, typer.Option(min=0, help="Milliseconds before every vendor's answer.")
    ] = 0,
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65_535 - len(VENDORS),
            help=f"First port, of {', '.join(VENDORS)}, control. 0: any free ones.",
        ),
    ] = 0,
    rate: Annotated[
        int,
        typer.Option(min=0, help="Calls a second per account and action, at most. 0: no limit."),
    ] = 0,
) -> None:
    """Serve the ticket APIs of the vendors on loopback, with real signatures.

    Prints one line of JSON when all ports listen: base URL and accounts of
    each vendor, and the control URL, which answers GET /truth and takes
    POST /tickets, /faults, /keys, /clock and /alerts. Then serves until SIGTERM or Ctrl-C.
    Refuses to start where SANDBOX=0.
    """
    try:
        _check_allowed()
    except ConfigError as error:
        typer.echo(f"sandbox: {error}", err=True)
        raise typer.Exit(2) from None
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with Sandbox(seed, accounts, tickets, latency_ms, port, rate) as sandbox:
            typer.echo(json.dumps(sandbox.describe()))
            stopped.wait()
    except (OSError, ValueError) as error:
        typer.echo(f"sandbox: {error}", err=True)
        raise typer.Exit(1) from None


def _check_allowed() -> None:
    """Raise ConfigError where ``SANDBOX=0``; without the variable we may start."""
    told = {name: value for name, value in os.environ.items() if value.strip()}
    if not load_settings({"SANDBOX": "1", **told}).sandbox:
        raise ConfigError("SANDBOX=0 keeps it from starting: unset it, or set SANDBOX=1")


if __name__ == "__main__":
    typer.run(main)
