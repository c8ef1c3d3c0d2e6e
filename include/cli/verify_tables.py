"""The part of `verify` that is about the tables themselves: SQL checks, and the source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from include.cli.console import (
    Exit,
    Progress,
    advise_on,
    describe,
    exit_of,
    report,
    show_error,
    utcnow,
)
from include.cli.snapshot import open_source
from include.errors import SyncError

if TYPE_CHECKING:
    from include.pipelines.checks import CheckResult
    from include.pipelines.snapshots.source_comparison import SourceComparison
    from include.work.place import Workplace

T = TypeVar("T")


@dataclass(slots=True)
class Tables:
    """What was found. *errors* holds what kept a part from being looked at, and failed checks."""

    checks: list[CheckResult] = field(default_factory=list)
    source: list[SourceComparison] = field(default_factory=list)
    errors: list[SyncError] = field(default_factory=list)

    def codes(self) -> Iterator[Exit]:
        """The exit codes it amounts to."""
        yield from map(exit_of, self.errors)
        if not all(table.equal for table in self.source):
            yield Exit.DIFFERENT

    def document(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "checks": [asdict(result) | {"ok": result.ok} for result in self.checks],
            "source": [asdict(table) | {"equal": table.equal} for table in self.source],
            "errors": [describe(error) | {"whose_turn": advise_on(error)} for error in self.errors],
        }

    def show(self, limit: int) -> None:
        """Print it, with at most *limit* examples of each check."""
        from include.cli.tables import show

        for result in self.checks:
            if result.ok:
                continue
            report(f"{result.level}: {result.name} ({result.offences}): {result.sentence}")
            for offence in result.sample[:limit]:
                report("    " + ", ".join(f"{name} {value}" for name, value in offence.items()))
        if self.checks:
            held = sum(result.ok for result in self.checks)
            report(f"{held} of {len(self.checks)} checks hold")
        if self.source:
            show(
                ("customer service", "in the source", "here", "equal"),
                [
                    (
                        table.table_name,
                        table.source_rows,
                        table.warehouse_rows,
                        "yes" if table.equal else "no",
                    )
                    for table in self.source
                ],
            )
        if not all(table.equal for table in self.source):
            report(
                "customer service differs: if the source was only changed since the last snapshot,"
                " `python -m include snapshot` makes it equal"
            )
        for error in self.errors:
            show_error(error, whose_turn=f" ({advise_on(error)})")


def look_at_tables(place: Workplace) -> Tables:
    """Run every check, and compare customer service with its source when SOURCE_URL names one."""
    from include.pipelines import checks

    found = Tables()
    found.checks = _unless_refused(found, lambda: _run_checks(place)) or []
    if error := checks.find_failure(found.checks):
        found.errors.append(error)
    if place.settings.source_url.get_secret_value():
        found.source = _unless_refused(found, lambda: _compare_source(place)) or []
    return found


def _unless_refused(found: Tables, work: Callable[[], T]) -> T | None:
    """What *work* gives; when it cannot be done, the rest is looked at all the same."""
    try:
        return work()
    except SyncError as error:
        found.errors.append(error)
        return None


def _run_checks(place: Workplace) -> list[CheckResult]:
    from include.pipelines import checks
    from include.warehouse.bookkeeping.checks import read_checks

    with Progress("checks", len(read_checks())) as progress:
        results = []
        for result in checks.look(place.warehouse, now=utcnow(), progress=progress.update):
            results.append(result)
            progress.advance()
        return results


def _compare_source(place: Workplace) -> list[SourceComparison]:
    from include.pipelines.snapshots.source_comparison import compare_with_source

    source = open_source(place.settings)
    with Progress("source", 1) as progress:
        progress.update("counting and summing both sides")
        return compare_with_source(source, place.warehouse)
