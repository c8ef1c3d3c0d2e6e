"""``make superset``: a Superset of this machine with the dashboards of ``examples/superset``."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final, NoReturn

import psutil
import typer

from include.errors import ConfigError, SyncError
from include.sandbox.servers import databases, processes
from include.sandbox.servers.private import ROOT
from include.sandbox.superset import bundle, reader, server

DEMO: Final = ROOT / ".local" / "demo"
HOME: Final = ROOT / ".local" / "superset" / "home"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def say(text: str) -> None:
    """One line of progress, with the seconds since the start."""
    seconds = time.time() - psutil.Process().create_time()
    typer.echo(f"[{seconds:5.1f} s] {text}")


@app.command()
def start(
    port: Annotated[int, typer.Option(help="Port of Superset, if it is free.")] = 8088,
    demo: Annotated[Path, typer.Option(help="Where the demo keeps its databases.")] = DEMO,
    home: Annotated[Path, typer.Option(help="Where Superset keeps its own.")] = HOME,
) -> None:
    """Run Superset against the demo, or against REPORT_URL, with our dashboards, until Ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as stack:
        try:
            _start(stack, port, demo.resolve(), home.resolve())
        except KeyboardInterrupt:
            say("stopping")
        except SyncError as error:
            _fail(error)


@app.command(name="import")
def import_(
    into: Annotated[str, typer.Option(help="Address of a Superset that runs.")],
) -> None:
    """Import our dashboards into your Superset: SUPERSET_USER, SUPERSET_PASSWORD, REPORT_URL."""
    names = ("SUPERSET_USER", "SUPERSET_PASSWORD", "REPORT_URL")
    user, password, report_url = (os.environ.get(name, "") for name in names)
    try:
        if missing := [name for name in names if not os.environ.get(name)]:
            raise ConfigError(f"not in the environment: {', '.join(missing)}")
        paths = bundle.load(into.rstrip("/"), user, password, report_url)
    except SyncError as error:
        _fail(error)
    for path in paths:
        typer.echo(f"{into.rstrip('/')}{path}")


def _start(stack: ExitStack, wanted: int, demo: Path, home: Path) -> None:
    environ = server.prepare(home, say)
    if left := processes.end_recorded(home / "processes"):
        say(f"ended {left} processes that an earlier start had left behind")
    report_url = os.environ.get("REPORT_URL", "")
    if not report_url:
        admin_url, ran = reader.open_demo(demo, say)
        if not ran:
            stack.callback(databases.stop, demo / "warehouse")
        report_url = reader.let_in(admin_url)
        reader.load_examples(admin_url)
        say("demo: the report user has its rights, holidays and targets are loaded")
    port = processes.free_port(wanted)
    if port != wanted:
        say(f"port {wanted} is taken: Superset uses {port}")
    process = server.start(home, environ, port)
    stack.callback(processes.end, process)
    url = f"http://127.0.0.1:{port}"
    say(f"Superset: healthy at {url}")
    paths = bundle.load(url, server.USER, server.password(home), report_url)
    say(f"imported {len(paths)} dashboards from examples/superset")
    typer.echo(f"\nuser {server.USER}, password {server.password(home)}")
    for path in paths:
        typer.echo(f"{url}{path}")
    typer.echo(
        "\nCtrl-C stops it; what you change in it stays, what comes from files is overwritten."
    )
    while process.poll() is None:
        time.sleep(1)
    raise ConfigError(f"Superset has ended: see {home / 'superset.log'}")


def _fail(error: SyncError) -> NoReturn:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(2 if isinstance(error, ConfigError) else 1) from None


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    app()
