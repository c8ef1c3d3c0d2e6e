"""`check` of Airflow: its database, and whether anything keeps runs from starting unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from include.addresses import describe_address
from include.cli.airflow import ask_airflow, is_named, keep_log
from include.cli.check.finding import Finding, Found
from include.errors import ConfigError
from include.settings import Settings

WHAT: Final = "Airflow"
NEXT: Final = "run `check` where the scheduler runs, with its environment"


def check_airflow(settings: Settings) -> Iterator[Finding]:
    """What Airflow's database tells, where the environment says which Airflow is meant."""
    from include.work.verdicts.judgement import judge_stops
    from include.work.verdicts.verdict import Severity

    if is_named() and (wrong := _find_fault()):
        yield Finding(WHAT, "failed", f"not asked whether runs start: {wrong}", NEXT)
        return
    stops, why_not = ask_airflow()
    if stops is None:
        yield Finding(WHAT, "failed" if is_named() else "off", why_not, NEXT)
        return
    for verdict in judge_stops(stops, settings):
        how: Found = "failed" if verdict.severity is Severity.ERROR else "warning"
        yield Finding(WHAT, how, verdict.reason, verdict.next_step)
    yield from _find_other_databases(settings)
    if not stops:
        yield Finding(WHAT, "ok", "its parts are alive, and each DAG starts its runs")


def _find_fault() -> str:
    """Why Airflow's database cannot serve it; empty where it can."""
    try:
        with keep_log():
            from include.runtime.metadata import require_migrated

            require_migrated()
    except Exception as error:  # noqa: BLE001  # whatever its configuration lets Airflow raise
        return str(error).strip().partition("\n")[0][:500]
    return ""


def _find_other_databases(settings: Settings) -> Iterator[Finding]:
    """Airflow's connections that name another database than the variable which we try."""
    from include.runtime.metadata import describe_connection

    for name, variable, url in (
        ("warehouse", "WAREHOUSE_URL", settings.warehouse_url.get_secret_value()),
        ("customer_service", "SOURCE_URL", settings.source_url.get_secret_value()),
    ):
        what = f"connection {name}"
        try:
            used = describe_connection(name)
            tried = describe_address(url) if url else ""
        except ConfigError as error:
            yield Finding(what, "failed", str(error))
            continue
        except (sa.exc.ArgumentError, ValueError):
            continue  # an address that is none was told where it was tried
        if tried and used and tried != used:
            yield Finding(
                what,
                "warning",
                f"tasks take {used} from it, and {variable}, which commands take, names {tried}",
                f"`airflow connections delete {name}` leaves it to {variable}; or correct either",
            )
