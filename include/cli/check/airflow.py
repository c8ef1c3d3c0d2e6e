"""`check` of Airflow: whether anything keeps runs from starting while none of them is red."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from include.cli.check.finding import Finding
from include.cli.console import utcnow

if TYPE_CHECKING:
    from include.runtime.stops import Stop

WHAT: Final = "Airflow"
PLACES: Final = ("AIRFLOW_HOME", "AIRFLOW_CONFIG")
"""Without one of them Airflow would make itself a new home, with an empty database."""
NEXT: Final = "run `check` where the scheduler runs, with its environment"


def check_airflow(environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """What Airflow's database tells; that it cannot be asked from here is no fault of ours."""
    if not any(environ.get(name, "").strip() for name in PLACES):
        unset = " and ".join(PLACES)
        yield Finding(WHAT, "off", f"not asked whether runs start: {unset} are not set", NEXT)
        return
    try:
        stops = _find_stops()
    except Exception as error:  # noqa: BLE001  # whatever its configuration lets Airflow raise
        words = str(error).strip().partition("\n")[0]
        yield Finding(WHAT, "off", f"not asked whether runs start: {words[:300]}", NEXT)
        return
    for stop in stops:
        since = f" since {stop.since:%Y-%m-%d %H:%M} UTC" if stop.since else ""
        is_broken = stop.kind == "broken"
        yield Finding(
            WHAT,
            "failed" if is_broken else "warning",
            f"{stop.subject} {stop.what}{since}",
            stop.next_step,
        )
    if not stops:
        yield Finding(WHAT, "ok", "its parts are alive, and each DAG starts its runs")


def _find_stops() -> list[Stop]:
    with _keep_log():
        from include.runtime.stops import find_stops

        return find_stops(now=utcnow())


@contextmanager
def _keep_log() -> Iterator[None]:
    """Airflow takes the root logger for itself when it is imported, and writes to our stdout."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
