"""The decision whether what was read may be published: a pure function of figures and options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.pipelines.snapshots.plan import SnapshotOptions
from include.warehouse.customer_service.manifest import TableRow


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
    tables: Sequence[TableRow], options: SnapshotOptions, refused_before: Mapping[str, TableRow]
) -> str | None:
    """Say why a snapshot must not be published; None: it may.

    *refused_before* are the tables of the snapshot before, if that was refused: a second look that
    finds the same tables over the limit confirms the first.
    """
    over = [table.figures for table in tables if table.over_limit]
    total = sum(figures.vanished for figures in over)
    confirmed = all(
        figures.table_name in refused_before and refused_before[figures.table_name].over_limit
        for figures in over
    )
    if confirmed or total <= options.accept_vanished:
        return None
    shares = ", ".join(
        f"{figures.table_name} lost {figures.vanished} of {figures.present + figures.vanished} rows"
        for figures in over
    )
    return (
        f"{shares}, more than the limit of {options.vanish_limit:.0%}: nothing was published. Look"
        " at the source; if it is right, accept the number (accept_vanished"
        f" {total}), or let the next snapshot confirm it"
    )
