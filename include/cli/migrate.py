"""`migrate`: the schema, run, previewed, taken back, or printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from include.cli.console import report, say, session
from include.errors import ConfigError
from include.vendors.registry import load_settings

if TYPE_CHECKING:
    from include.warehouse.schema.migrations import Preview, Report

SHOWN = 20


def migrate(*, print_sql: bool, dry_run: bool, to: str | None) -> None:
    """Upgrade the database, say what that would do, or take the database back *to* a revision.

    Or print the script for a DBA, which needs no database.
    """
    from include.warehouse.schema import migrations

    if print_sql + dry_run + (to is not None) > 1:
        raise ConfigError("--sql, --dry-run and --to exclude each other")
    if print_sql:
        sql = migrations.script(load_settings().late_after)
        typer.echo(sql, nl=not sql.endswith("\n"))
        return
    with session() as place:
        engine = place.warehouse.engine
        if dry_run:
            _show_preview(migrations.preview(engine))
        elif to is not None:
            migrations.go_back(engine, to, progress=say)
            report(f"the schema is {to}")
            say(
                f"next: install the release that was written for {to}, and run its own `migrate`:"
                " it puts its views back"
            )
        else:
            late_after = place.settings.late_after
            _show_report(migrations.upgrade(engine, late_after=late_after, progress=say))


def _show_report(done: Report) -> None:
    if done.adopted:
        report(f"adopted with their rows: {', '.join(done.adopted)}")
    if done.before == done.after:
        report(f"the schema is {done.after} already")
    else:
        report(f"the schema is now {done.after}, it was {done.before or 'empty'}")
    if done.leftover_count:
        report(
            f"{done.leftover_count} values could not be brought over; they stand unchanged in"
            " migration_leftover, for a person to decide:"
        )
        for left in done.leftovers[:SHOWN]:
            where = f"{left.table}.{left.column}" if left.column else left.table
            report(f"    {where}, row {left.row_id}: {left.reason}")


def _show_preview(ahead: Preview) -> None:
    from include.cli.tables import show
    from include.warehouse.schema.changes import COPY_BYTES_A_SECOND

    if not ahead.revisions:
        report(
            f"the schema is {ahead.after} already; views and comments that differ would be replaced"
        )
        return
    report(f"the schema would be {ahead.after}, it is {ahead.before or 'empty'}")
    show(("revision", "what for"), list(ahead.revisions))
    if ahead.changes:
        show(
            ("table to alter", "rows, about", "MB", "columns that change"),
            [
                (of.table, of.rows, round(of.size / 2**20, 1), ", ".join(sorted(of.columns)))
                for of in ahead.changes
            ],
        )
        size = sum(change.size for change in ahead.changes)
        report(
            f"expected: up to {max(1, round(size / COPY_BYTES_A_SECOND))} s, an estimate: as if"
            f" each table were copied once, at {COPY_BYTES_A_SECOND / 2**20:.0f} MB/s, and as much"
            f" free disk as the largest is, {max(of.size for of in ahead.changes) >> 20} MB. A"
            " column that is only added takes no time"
        )
    if ahead.obstacle:
        report(ahead.obstacle)
    say(
        "nothing was changed; save these tables first"
        " (docs/operating.md, Back up, upgrade, go back)"
    )
