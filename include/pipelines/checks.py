"""The SQL checks: run every one, store the outcomes, name what must not be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from include.errors import CheckError, ConfigError, VendorError
from include.warehouse.bookkeeping import checks, ledger
from include.warehouse.bookkeeping.checks import Check, Offence
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse

ACCOUNT: Final = "checks"
ENTITY: Final = "run"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found. *sample* holds ids and counts of a few offences, never texts."""

    name: str
    level: Literal["fail", "warn"]
    sentence: str
    offences: int
    sample: tuple[Offence, ...]

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return not self.offences


def run(
    warehouse: Warehouse,
    *,
    now: datetime,
    request: Request,
    progress: Progress = lambda name: None,
) -> list[CheckResult]:
    """Run every check and store the outcomes in ``sync_check``.

    A check that finds offences is a result, not an error: see ``find_failure``. One that cannot be
    run is: it ends the run, and the stored outcomes stay as they were. Raises AlreadyRunningError.
    """
    with ledger.hold(warehouse, ACCOUNT, ENTITY, vendor="CHECKS", request=request) as run:
        results = []
        for result in look(warehouse, now=now, progress=progress):
            results.append(result)
            run.counts.listed += 1
            run.beat()
        rows = [
            {
                "name": result.name,
                "level": result.level,
                "sentence": result.sentence,
                "offences": result.offences,
                "sample": json.dumps(result.sample, ensure_ascii=False),
                "checked_at": now,
            }
            for result in results
        ]
        run.write(lambda connection: checks.store(connection, rows))
    return results


def look(
    warehouse: Warehouse, *, now: datetime, progress: Progress = lambda name: None
) -> Iterator[CheckResult]:
    """Run every check and store nothing. *progress* hears the name of each before it runs."""
    for check in checks.read_checks():
        progress(check.name)
        yield _look(warehouse, check, now)


def find_failure(results: Sequence[CheckResult]) -> CheckError | None:
    """The error that the checks of level ``fail`` amount to; None when all of them hold."""
    failed = [
        f"{result.name} ({result.offences})"
        for result in results
        if result.level == "fail" and not result.ok
    ]
    if not failed:
        return None
    return CheckError(
        f"{len(failed)} of {len(results)} checks failed: {', '.join(failed)};"
        " `python -m include verify` shows examples"
    )


def _look(warehouse: Warehouse, check: Check, now: datetime) -> CheckResult:
    try:
        offences, sample = warehouse.transact(lambda c: checks.find(c, check, now))
    except VendorError as error:
        error.action = f"check {check.name}"
        raise
    except ConfigError as error:
        raise ConfigError(f"check {check.name}: {error}") from error
    return CheckResult(check.name, check.level, check.sentence, offences, sample)
