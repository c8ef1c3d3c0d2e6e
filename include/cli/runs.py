"""`sync` and `refresh`, and how the results of work on several accounts are shown."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import typer

from include.cli.console import (
    Exit,
    Progress,
    advise_on,
    describe,
    exit_of,
    report,
    report_json,
    say,
    session,
    show_error,
    utcnow,
    worst,
)
from include.vendors.registry import DECLARED, switch_of

if TYPE_CHECKING:
    from datetime import datetime

    from include.pipelines.tickets.single import Answer
    from include.warehouse.bookkeeping.ledger import Request
    from include.work.accounts import Chosen
    from include.work.place import Workplace
    from include.work.runs import Result

WORDS: Final = {
    Exit.DONE: "done",
    Exit.FAILED: "failed",
    Exit.USAGE: "not usable",
    Exit.PARTIAL: "partial",
    Exit.DIFFERENT: "different",
    Exit.RUNNING: "already running",
}


def sync(
    vendors: Sequence[str],
    account_ids: Sequence[str],
    *,
    since: datetime | None,
    until: datetime | None,
    open_messages: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring the tickets of the chosen accounts up to date and end with the exit code."""
    from include.pipelines.tickets.sync import Options
    from include.work.runs import results_of_bad
    from include.work.spans import check_span
    from include.work.tickets import sync_accounts

    check_span(since, until, now=utcnow())
    options = Options(since=since, until=until, open_messages=open_messages, dry_run=dry_run)
    asked = {"vendors": vendors, "accounts": account_ids, **asdict(options)}
    with ready() as place:
        chosen = choose(place, vendors, account_ids)
        with Progress("sync", len(chosen.accounts)) as progress:
            synced = sync_accounts(
                place, chosen.accounts, request("sync", asked), options, progress
            )
    _finish([*results_of_bad(chosen.bad), *synced], as_json, dry_run=dry_run)


def read_tickets(
    vendors: Sequence[str], account_ids: Sequence[str], ticket_ids: Sequence[str], *, as_json: bool
) -> None:
    """Read tickets by id at once, say what came of each, and end with the exit code."""
    from include.work import tickets

    asked = {"vendors": vendors, "accounts": account_ids, "tickets": ticket_ids}
    with ready() as place:
        chosen = choose(place, vendors, account_ids)
        with Progress("tickets", len(chosen.accounts)) as progress:
            answers = tickets.read_tickets(
                place, chosen.accounts, ticket_ids, request("sync --ticket", asked), progress
            )
    code = worst(code_of_answer(answer) for answer in answers)
    if as_json:
        report_json(
            {
                "outcome": WORDS[code],
                "tickets": [
                    {
                        "ticket": answer.ticket_id,
                        "vendor": answer.vendor,
                        "account": answer.account_id,
                        "state": answer.state,
                        "messages": answer.messages,
                        "error": answer.error and describe(answer.error),
                    }
                    for answer in answers
                ],
            }
        )
    else:
        from include.cli.tables import show

        show(
            ("ticket", "vendor", "account", "state", "messages"),
            [(a.ticket_id, a.vendor, a.account_id, a.state, a.messages) for a in answers],
        )
        for answer in answers:
            if answer.error:
                turn = advise_on(answer.error)
                show_error(answer.error, f"{answer.ticket_id}: ", f" ({turn})")
            elif answer.state == "unknown":
                say(f"{answer.ticket_id}: none of the accounts knows it")
    raise typer.Exit(code)


def code_of_answer(answer: Answer) -> Exit:
    """The exit code of one ticket."""
    if answer.error:
        return exit_of(answer.error)
    return Exit.PARTIAL if answer.state == "unknown" else Exit.DONE


def refresh(
    vendors: Sequence[str],
    account_ids: Sequence[str],
    *,
    accept_vanished: bool,
    as_json: bool,
) -> None:
    """Refresh the catalogue of each site, through the first chosen account that may read it."""
    from include.work.runs import last_of_each_site, results_of_bad
    from include.work.tickets import refresh_catalogs

    asked = {"vendors": vendors, "accounts": account_ids, "accept_vanished": accept_vanished}
    with ready() as place:
        chosen = choose(place, vendors, account_ids)
        with Progress("refresh", vendors_of(chosen)) as progress:
            refreshed = refresh_catalogs(
                place,
                chosen.accounts,
                request("refresh", asked),
                accept_vanished=accept_vanished,
                onlooker=progress,
            )
    _finish([*results_of_bad(chosen.bad), *last_of_each_site(refreshed)], as_json)


@contextmanager
def ready() -> Iterator[Workplace]:
    """A workplace whose database has exactly our schema."""
    from include.warehouse.schema import revisions

    with session() as place:
        revisions.require_current(place.warehouse.engine)
        yield place


def choose(place: Workplace, vendors: Sequence[str], account_ids: Sequence[str]) -> Chosen:
    """The accounts to work on. A vendor that is switched off is left out, with a word."""
    from include.work.accounts import Choice, choose_accounts

    chosen = choose_accounts(place, Choice(tuple(vendors), tuple(account_ids)))
    off: dict[str, list[str]] = {}
    for account in chosen.switched_off:
        off.setdefault(account.vendor, []).append(account.account_id)
    for vendor, ids in off.items():
        kind = "" if DECLARED[vendor].is_official else " (experimental)"
        say(f"not read: {', '.join(ids)}: {switch_of(vendor)} is off{kind}")
    if not chosen.accounts and not chosen.bad:
        say("no account to read: add one with `python -m include accounts add`")
    return chosen


def vendors_of(chosen: Chosen) -> int:
    """How many vendors the accounts belong to."""
    return len({account.vendor for account in chosen.accounts})


def request(verb: str, parameters: dict[str, Any]) -> Request:
    """Who asked, for the ledger."""
    from include.warehouse.bookkeeping.ledger import Request

    given = {name: value for name, value in parameters.items() if value}
    return Request(f"{verb} by {_user()} on the command line", given)


def code_of(result: Result) -> Exit:
    """The exit code of the work on one account."""
    if result.error:
        return exit_of(result.error)
    if result.comparison and not result.comparison.is_equal:
        return Exit.DIFFERENT
    return Exit.DONE


def document_of(result: Result) -> dict[str, Any]:
    """A result as ``--json`` prints it."""
    return {
        "account": result.account_id,
        "vendor": result.vendor,
        "outcome": WORDS[code_of(result)],
        "seconds": round(result.seconds, 1),
        "counts": asdict(result.counts) if result.counts else None,
        "error": result.error and {**describe(result.error), "whose_turn": advise_on(result.error)},
    }


def show_errors(results: Sequence[Result]) -> None:
    """Say what failed, where, and whose turn it is."""
    for result in results:
        if result.error is not None:
            turn = advise_on(result.error)
            show_error(result.error, f"{result.account_id}: ", f" ({turn})")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return "an unnamed user"


def _finish(results: Sequence[Result], as_json: bool, *, dry_run: bool = False) -> None:
    """Show what was done, account by account, and end with the worst code."""
    from include.cli.tables import show

    code = worst(map(code_of, results))
    if as_json:
        report_json(
            {
                "outcome": WORDS[code],
                "dry_run": dry_run,
                "results": [document_of(result) for result in results],
            }
        )
    elif results:
        show(
            (
                "account",
                "vendor",
                "outcome",
                "listed",
                "written",
                "messages",
                "failed",
                "gone",
                "calls",
                "seconds",
            ),
            [_row(result) for result in results],
        )
        if dry_run:
            report("dry run: nothing was written; `written` counts the tickets that would be read")
        show_errors(results)
    raise typer.Exit(code)


def _row(result: Result) -> tuple[object, ...]:
    counts = result.counts
    figures = (
        (counts.listed, counts.written, counts.messages, counts.failed, counts.gone, counts.calls)
        if counts
        else (None,) * 6
    )
    outcome = WORDS[code_of(result)]
    return (result.account_id, result.vendor, outcome, *figures, round(result.seconds))
