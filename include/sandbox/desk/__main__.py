"""``python -m include.sandbox.desk``: a sample customer service, made and moved on."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from include.errors import ConfigError
from include.sandbox.desk.odd import Oddness
from include.sandbox.desk.sample import create
from include.vendors.registry import load_settings

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Url = Annotated[
    str,
    typer.Option(
        help="SQLAlchemy URL, postgresql+psycopg2://user:password@host/database."
        " Default: SOURCE_URL. `python -m include.sandbox.servers start source` prints one.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same rows.")]
Now = Annotated[
    datetime | None,
    typer.Option(help="The moment it is, in UTC. Default: this one.", show_default=False),
]


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _url(url: str) -> str:
    if found := url or load_settings().source_url.get_secret_value():
        return found
    raise ConfigError("give --url, or set SOURCE_URL")


def _moment(now: datetime | None) -> datetime:
    return now.replace(tzinfo=UTC) if now else datetime.now(UTC)


@app.command("create")
def create_command(
    url: Url = "",
    seed: Seed = 7,
    scale: Annotated[
        float, typer.Option(min=0.0, max=20.0, help="1: a million conversations.")
    ] = 0.05,
    queue: Annotated[
        bool, typer.Option("--queue/--no-queue", help="Whether queue_mapping exists.")
    ] = True,
    odd: Annotated[
        Oddness, typer.Option(help="Values that break things: in one row of 200, or each of them.")
    ] = "some",
    now: Now = None,
) -> None:
    """Make the tables and fill them. The database must not hold such rows yet."""
    made = create(
        _url(url), seed=seed, now=_moment(now), scale=scale, queue=queue, odd=odd, say=_say
    )
    for table, count in made.items():
        typer.echo(f"{table:24}{count:>12,}")


@app.command("churn")
def churn_command(
    url: Url = "",
    seed: Seed = 7,
    share: Annotated[
        float, typer.Option(min=0.0, max=0.5, help="How much of every table changes.")
    ] = 0.01,
    now: Now = None,
) -> None:
    """What happens between two snapshots: rows come, change, move and go."""
    from include.sandbox.desk.churn import churn

    typer.echo(f"{'table':24}{'inserted':>10}{'updated':>10}{'deleted':>10}")
    for table, did in churn(_url(url), seed=seed, share=share, now=_moment(now)).items():
        typer.echo(f"{table:24}{did.inserted:>10,}{did.updated:>10,}{did.deleted:>10,}")


if __name__ == "__main__":
    try:
        app()
    except ConfigError as error:
        _say(f"error: {error}")
        sys.exit(2)
