"""The command line: ``python -m include``. Verbs import what they need when they run."""

from __future__ import annotations

import gc
import os
import signal
import sys

if __name__ == "__main__":
    # Before the verb begins and after it has ended, no line of Python tells of a Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Imports leave nothing to collect, and looking for it takes a tenth of the start.
    gc.set_threshold(20_000)

from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from include import stopping
from include.cli import accounts, language
from include.cli.console import EPILOG, Exit, flags, verb
from include.cli.options import Accounts, AsJson, FailOn, Filled, Format, Vendors, day, moment
from include.vendors.registry import VENDORS

app = typer.Typer(
    help=f"Support tickets of {', '.join(map(str.capitalize, VENDORS))}, and customer-service"
    " tables of PostgreSQL, in MySQL tables. Settings come from the environment"
    " (include/settings.py and the vendors' folders name each).",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with values could show keys
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(accounts.app, name="accounts")


@app.callback()
def options(
    context: typer.Context,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", help="Show which databases are meant, and where an error came from."
        ),
    ] = False,
) -> None:
    """Take what stands before the verb, and its name."""
    flags.debug, flags.verb = debug, context.invoked_subcommand or ""


@app.command(epilog=EPILOG)
@verb
def migrate(
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL for a DBA instead of running it.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Change nothing; say what would be done, and how long."),
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="REVISION", help="Go back: to the schema of the release to be put back."
        ),
    ] = None,
) -> None:
    """Bring the database's tables up to date; adopts tables and rows that are there already."""
    from include.cli.migrate import migrate as run

    run(print_sql=sql, dry_run=dry_run, to=to)


@app.command(epilog=EPILOG)
@verb
def check(as_json: AsJson = False) -> None:
    """Try everything that runs need: database, rights, keys, clocks, each account at its vendor."""
    from include.cli.check.check import check as run

    run(as_json=as_json)


@app.command(epilog=EPILOG)
@verb
def sync(
    vendor: Vendors = None,
    account: Accounts = None,
    ticket: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this ticket, by the vendor's id or the row's, with its messages, now and"
            " beside any run; may be repeated."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Backfill: read again what was created from this moment on; leaves the watermark."
            " A moment without an offset is one of BUSINESS_ZONE."
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(help="End of the backfill; default: now.")] = None,
    open_messages: Annotated[
        bool, typer.Option("--open-messages", help="Also read the messages of open tickets.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; count what would be read.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read new, closed and reopened tickets and their messages into the tables."""
    from include.cli import runs

    if ticket:
        if since or until or open_messages or dry_run:
            raise typer.BadParameter(
                "goes with --vendor, --account and --json only", param_hint="--ticket"
            )
        runs.read_tickets(vendor or (), account or (), ticket, as_json=as_json)
    runs.sync(
        vendor or (),
        account or (),
        since=moment(since) if since else None,
        until=moment(until) if until else None,
        open_messages=open_messages,
        dry_run=dry_run,
        as_json=as_json,
    )


@app.command(epilog=EPILOG)
@verb
def refresh(
    vendor: Vendors = None,
    account: Accounts = None,
    accept_vanished: Annotated[
        bool,
        typer.Option(
            "--accept-vanished", help="Store it although most of what we have is not shown."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read products, problem categories and ticket sources into the tables."""
    from include.cli import runs

    runs.refresh(vendor or (), account or (), accept_vanished=accept_vanished, as_json=as_json)


@app.command(epilog=EPILOG)
@verb
def snapshot(
    full: Annotated[
        bool, typer.Option("--full", help="Read and compare every row, not only what is new.")
    ] = False,
    accept_vanished: Annotated[
        int,
        typer.Option(
            min=0, help="So many rows did vanish: the number that a refused snapshot stated."
        ),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Read the customer-service tables as of one moment into their histories."""
    from include.cli.snapshot import snapshot as run

    run(full=full, accept_vanished=accept_vanished, as_json=as_json)


@app.command("build-reports", epilog=EPILOG)
@verb
def build_reports(
    since: Annotated[
        str | None, typer.Option(help="Rebuild from this day on; default: the last days.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild the facts and aggregates that reports read."""
    from include.cli.snapshot import build_reports as run

    run(since=day(since) if since else None, as_json=as_json)


@app.command(epilog=EPILOG)
@verb
def load(
    what: Annotated[Filled, typer.Argument(help="What the file tells.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV in UTF-8. holidays: local_day, name, is_workday (1: a weekend day on which"
            " people work). targets: metric (first_reply, close), vendor and product_id (empty:"
            " each), minutes, in_business_hours. See examples/."
        ),
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove what the file does not name.")
    ] = False,
) -> None:
    """Load what reports count by and no vendor tells: holidays, and targets for tickets."""
    from include.cli.load import load as run

    run(what.value, file, replace=replace)


@app.command("report", epilog=EPILOG)
@verb
def export(
    view: Annotated[
        str, typer.Argument(help="Name of the view or table: v_…, dim_…, cs_… or rpt_….")
    ],
    format_: Annotated[
        Format, typer.Option("--format", help="What to write.", case_sensitive=False)
    ] = Format.CSV,
    output: Annotated[
        Path | None, typer.Option(help="File to write; `-`, or none for csv: stdout.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Only these, in this order, with commas between.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(help="Only rows that meet this, in SQL: \"vendor = 'HUAWEI' and open > 0\"."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only rows from this day on, by the first column of days or moments."),
    ] = None,
) -> None:
    """Write a view or table of reports or customer service to a file safe for spreadsheets."""
    from include.cli.export import export as run

    run(
        view,
        format=format_.value,
        output=output,
        columns=columns,
        where=where,
        since=day(since) if since else None,
    )


@app.command(epilog=EPILOG)
@verb
def status(
    fail_on: Annotated[
        FailOn,
        typer.Option("--fail-on", help="End with 6 when anything is so severe, or worse."),
    ] = FailOn.ERROR,
    brief: Annotated[
        bool, typer.Option("--brief", help="One line, for cron: how severe, what, and who acts.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how everything fares: what is late or fails, since when, who acts, and how."""
    from include.cli.status import status as run

    run(fail_on=fail_on, brief=brief, as_json=as_json)


@app.command(epilog=EPILOG)
@verb
def watch(
    fail_on: Annotated[
        FailOn,
        typer.Option("--fail-on", help="End with 6 when anything is so severe, or worse."),
    ] = FailOn.ERROR,
    test: Annotated[
        bool,
        typer.Option(
            "--test", help="Only send a test message to each channel, and say which one fails."
        ),
    ] = False,
) -> None:
    """Judge everything once, and tell what changed to ALERT_URLS: for cron or systemd, 5 minutes.

    Each channel is told of a thing once when it is late, fails, is broken, is somebody else's turn,
    or recovers, after it was so for two evaluations in a row; what has one reason is one message.
    With AIRFLOW_HOME or AIRFLOW_CONFIG it also tells what keeps Airflow from starting runs. Stdout
    says what was told, stderr what failed; 1 when a channel could not be told.
    """
    from include.cli.watch import watch as run

    run(fail_on=fail_on, test=test)


@app.command(epilog=EPILOG)
@verb
def prune(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Delete nothing; count what would go.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete what is older than its setting: runs, details of snapshots, samples, history."""
    from include.cli.prune import prune as run

    run(dry_run=dry_run, as_json=as_json)


@app.command(epilog=EPILOG)
@verb
def verify(
    vendor: Vendors = None,
    account: Accounts = None,
    since: Annotated[
        str | None, typer.Option(help="Compare what was created from then on; default: SYNC_SINCE.")
    ] = None,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Read every ticket and compare every message: many calls."),
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Compare as --deep does, and mend tickets from the vendor."),
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="Differences of each kind to show.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Check the tables, and compare them with customer service and the vendors.

    With --vendor or --account only these are compared. Writes nothing without --repair.
    """
    from include.cli.verify import verify as run

    run(
        vendor or (),
        account or (),
        since=moment(since) if since else None,
        deep=deep,
        repair=repair,
        limit=limit,
        as_json=as_json,
    )


def main() -> NoReturn:
    """Run the verb that was asked for, and end at once: when told to, and when it is over."""
    code: int | str | None = Exit.INTERRUPTED
    # Told before the verb began, or when it was over: then its own code stays.
    with suppress(KeyboardInterrupt), stopping.when_told():
        try:
            command = typer.main.get_command(app)
            if language.is_chinese(os.environ):
                language.translate(command)
            command(prog_name="python -m include")
        except SystemExit as end:
            code = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    # All is closed. What the interpreter does at its end a signal would disturb, and it would wait
    # for calls to vendors that are under way, for half a minute.
    os._exit(code if isinstance(code, int) else Exit.FAILED)


if __name__ == "__main__":
    main()
