"""All benchmarks as commands; without one, those that ``docs/performance.md`` tells of, in turn.

Each prints a ratio to a reference that ran beside it. All together take an hour or more.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

import typer

TOLD: Final = (
    "tickets",
    "tickets --latency 50",
    "call",
    "news",
    "accounts",
    "snapshot",
    "reports",
    "rate",
)

app = typer.Typer(help=__doc__, add_completion=False, invoke_without_command=True)
for file in sorted(Path(__file__).parent.glob("bench_*.py")):
    module = import_module(f"tests.benchmarks.{file.stem}")
    help_ = (module.__doc__ or "").partition("\n")[0]
    app.command(file.stem.removeprefix("bench_"), help=help_)(module.main)


@app.callback()
def all_of_them(context: typer.Context) -> None:
    """Run one after the other, where none is named."""
    if context.invoked_subcommand is None:
        for command in TOLD:
            typer.echo(f"== {command}")
            run = [sys.executable, "-m", "tests.benchmarks", *command.split()]
            subprocess.run(run, check=True)


if __name__ == "__main__":
    app()
