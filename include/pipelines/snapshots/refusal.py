"""The decision whether what was read may be published: a pure function of figures and options."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from include.pipelines.snapshots.plan import SnapshotOptions
from include.warehouse.customer_service.manifest import Refusal, TableFigures, TableRow


def is_over_limit(
    *, is_volatile: bool, vanished: int, before: int, after: int, vanish_limit: float
) -> bool:
    """Whether so much of a table vanished that a person or a second look must confirm it.

    *before* and *after* are its rows in the last snapshot and in this one. Rows of a volatile table
    leave as a matter of course, the table itself does not: one that is gone is not volatile.
    """
    if is_volatile:
        return False
    return vanished > before * vanish_limit or bool(before and not after)


def why_refused(
    tables: Sequence[TableRow], options: SnapshotOptions, refusals: Sequence[Refusal]
) -> str | None:
    """Say why a snapshot must not be published; None: it may.

    *refusals* are the snapshots refused since the last that was published, newest first.
    """
    over = [table.figures for table in tables if table.over_limit]
    total = sum(figures.vanished for figures in over)
    if total <= options.accept_vanished:
        return None
    if all(_is_confirmed(figures, options.confirm_after, refusals) for figures in over):
        return None
    shares = ", ".join(
        f"{figures.table_name} lost {figures.vanished} of {figures.present + figures.vanished} rows"
        for figures in over
    )
    minutes = round(options.confirm_after.total_seconds() / 60)
    return (
        f"{shares}, more than the limit of {options.vanish_limit:.0%}: nothing was published"
        f"{_tell_before(refusals)}. Look at the source; if it is right, accept the number"
        f" (accept_vanished {total}), or let a snapshot confirm it that finds no more than that"
        f" gone, {minutes} minutes from now or later"
    )


def _is_confirmed(
    figures: TableFigures, confirm_after: timedelta, refusals: Sequence[Refusal]
) -> bool:
    """Whether as many rows were gone, or more, in each refused snapshot back to an old enough one.

    What vanished since then, nobody has confirmed: thirty that were refused do not confirm that
    all are gone, nor does a second look at the same outage.
    """
    for refusal in refusals:
        row = refusal.tables.get(figures.table_name)
        if row is None or not row.over_limit or row.figures.vanished < figures.vanished:
            return False
        if refusal.age >= confirm_after:
            return True
    return False


def _tell_before(refusals: Sequence[Refusal]) -> str:
    """That it is not the first refusal in a row, and what the one before was about."""
    if not refusals:
        return ""
    lost = ", ".join(
        f"{row.figures.vanished} of {name}"
        for name, row in sorted(refusals[0].tables.items())
        if row.over_limit
    )
    minutes = int(refusals[0].age.total_seconds() // 60)
    return f"; refusal {len(refusals) + 1} in a row, the one before, {minutes} min ago, for {lost}"
