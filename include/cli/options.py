"""Options that several verbs share, and how their values are read."""

from __future__ import annotations

import os
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import typer

from include.settings import ZoneSettings, read_settings
from include.values import parse_moment
from include.vendors.registry import VENDORS

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]


VendorChoice = StrEnum("VendorChoice", {name.upper(): name for name in VENDORS})  # type: ignore[misc]
"""The choices of ``--vendor``: the folders there are, which mypy cannot know."""


class Format(StrEnum):
    """The choices of ``--format``."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


class FailOn(StrEnum):
    """The choices of ``--fail-on``: how severe a verdict must be to end `status` with a code."""

    WARN = "warn"
    ERROR = "error"
    NEVER = "never"


class Filled(StrEnum):
    """The choices of ``load``."""

    HOLIDAYS = "holidays"
    TARGETS = "targets"


Vendors = Annotated[
    list[VendorChoice] | None,
    typer.Option("--vendor", help="Only this vendor; may be repeated.", case_sensitive=False),
]
Accounts = Annotated[
    list[str] | None, typer.Option("--account", help="Only this account id; may be repeated.")
]


def moment(value: str) -> datetime:
    """Read a moment of the command line."""
    zone = read_settings(ZoneSettings, os.environ).business_zone
    try:
        return parse_moment(value, zone)
    except ValueError:
        raise typer.BadParameter(
            f"{value!r} is not a moment like 2026-01-31 or 2026-01-31T08:00:00+08:00"
            f" ({zone.key} if it does not say)"
        ) from None


def day(value: str) -> date:
    """Read a day of the command line."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} is not a day like 2026-01-31") from None
