"""`migrate`: the schema, run or printed."""

from __future__ import annotations

import typer

from include.cli.console import report, say, session

SHOWN = 20


def migrate(*, print_sql: bool) -> None:
    """Upgrade the database, or print the script for a DBA, which needs no database."""
    from include.warehouse.schema import migrations

    if print_sql:
        sql = migrations.script()
        typer.echo(sql, nl=not sql.endswith("\n"))
        return
    with session() as place:
        done = migrations.upgrade(place.warehouse.engine, progress=say)
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
