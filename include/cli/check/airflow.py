"""`check` of Airflow: whether anything keeps runs from starting while none of them is red."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from include.cli.airflow import ask_airflow
from include.cli.check.finding import Finding, Found
from include.settings import Settings

WHAT: Final = "Airflow"
NEXT: Final = "run `check` where the scheduler runs, with its environment"


def check_airflow(settings: Settings) -> Iterator[Finding]:
    """What Airflow's database tells; that it cannot be asked from here is no fault of ours."""
    from include.work.verdict import Severity
    from include.work.verdicts import judge_stops

    stops, why_not = ask_airflow()
    if stops is None:
        yield Finding(WHAT, "off", why_not, NEXT)
        return
    for verdict in judge_stops(stops, settings):
        how: Found = "failed" if verdict.severity is Severity.ERROR else "warning"
        yield Finding(WHAT, how, verdict.reason, verdict.next_step)
    if not stops:
        yield Finding(WHAT, "ok", "its parts are alive, and each DAG starts its runs")
