"""`load`: what people know and no vendor says, from a CSV file into its table."""

from __future__ import annotations

from pathlib import Path

from include.cli.console import report
from include.cli.runs import ready


def load(what: str, file: Path, *, replace: bool) -> None:
    """Write the rows of *file*, all of them or none, and say what became of the table."""
    from include.warehouse.reports import filled

    rows = filled.read_rows(what, file)
    with ready() as place:
        removed = place.warehouse.transact(
            lambda connection: filled.write_rows(connection, what, rows, replace=replace)
        )
    table = filled.TABLES[what].name
    report(
        f"{table}: {len(rows)} rows written, {removed} removed; reports follow with their next"
        " build: `python -m include build-reports`, or by themselves within the hour"
    )
