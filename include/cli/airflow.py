"""Airflow's database asked from the command line, where there is an Airflow."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from include.cli.console import utcnow

if TYPE_CHECKING:
    from include.work.stops import Stop

PLACES: Final = ("AIRFLOW_HOME", "AIRFLOW_CONFIG")
"""Without one of them Airflow would make itself a new home, with an empty database."""


def is_named(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment says which Airflow is meant."""
    return any(environ.get(name, "").strip() for name in PLACES)


def ask_airflow(environ: Mapping[str, str] = os.environ) -> tuple[list[Stop] | None, str]:
    """What keeps runs from starting; None, and why, where Airflow cannot be asked from here."""
    if not is_named(environ):
        return None, f"not asked whether runs start: {' and '.join(PLACES)} are not set"
    try:
        with keep_log():
            from include.runtime.stops import find_stops

            return find_stops(now=utcnow()), ""
    except Exception as error:  # noqa: BLE001  # whatever its configuration lets Airflow raise
        words = str(error).strip().partition("\n")[0]
        return None, f"not asked whether runs start: {words[:300]}"


@contextmanager
def keep_log() -> Iterator[None]:
    """Airflow takes the root logger for itself when it is imported, and writes to our stdout."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
