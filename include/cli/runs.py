"""`sync` and `refresh`: one account after the other; one that fails stops no other."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import typer

from include.cli.console import (
    Exit,
    Progress,
    Session,
    describe,
    exit_of,
    masker,
    report,
    report_json,
    say,
    session,
    show_error,
    utcnow,
    worst,
)
from include.errors import AuthError, ConfigError
from include.health import whose_turn

if TYPE_CHECKING:
    from datetime import datetime

    from include.models import Account
    from include.pipelines.comparison import Comparison
    from include.vendors.client import VendorClient
    from include.warehouse.bookkeeping.ledger import Counts, Request
    from include.warehouse.tickets.accounts import BadAccount

WORDS: Final = {
    Exit.DONE: "done",
    Exit.FAILED: "failed",
    Exit.USAGE: "not usable",
    Exit.PARTIAL: "partial",
    Exit.DIFFERENT: "different",
    Exit.RUNNING: "already running",
}


@dataclass(frozen=True, slots=True)
class Result:
    """How one account (or one vendor's catalogue) ended."""

    account_id: str
    vendor: str
    code: Exit
    seconds: float = 0.0
    counts: Counts | None = None
    error: Exception | None = None
    comparison: Comparison | None = None

    @property
    def document(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "account": self.account_id,
            "vendor": self.vendor,
            "outcome": WORDS[self.code],
            "seconds": round(self.seconds, 1),
            "counts": asdict(self.counts) if self.counts else None,
            "error": self.error
            and {**describe(self.error), "whose_turn": whose_turn(type(self.error).__name__)},
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
    from include.pipelines.tickets.sync import Options, sync_tickets

    now = utcnow()
    if until and not since:
        raise typer.BadParameter("--until needs --since: a backfill has a beginning")
    if since and since >= (until or now):
        raise typer.BadParameter("--since must lie before --until, and in the past")
    options = Options(since=since, until=until, open_messages=open_messages, dry_run=dry_run)
    asked = {"vendors": vendors, "accounts": account_ids, **asdict(options)}
    with ready() as s:
        accounts, bad = choose(s, vendors, account_ids)

        def work(account: Account, client: VendorClient, watch: Watch) -> Result:
            counts = sync_tickets(
                client,
                s.warehouse,
                account,
                settings=s.settings,
                now=utcnow(),
                request=request("sync", asked),
                options=options,
                progress=watch.note,
            )
            return Result(account.account_id, account.vendor, Exit.DONE, counts=counts)

        results = [*refused(bad), *each(s, "sync", accounts, work)]
    _finish(results, as_json, dry_run=dry_run)


def refresh(
    vendors: Sequence[str],
    account_ids: Sequence[str],
    *,
    accept_vanished: bool,
    as_json: bool,
) -> None:
    """Refresh the catalogue of each chosen vendor, through the first account that may read it."""
    from include.pipelines import catalog

    asked = {"vendors": vendors, "accounts": account_ids, "accept_vanished": accept_vanished}
    with ready() as s:
        accounts, bad = choose(s, vendors, account_ids)

        def work(account: Account, client: VendorClient, watch: Watch) -> Result:
            counts = catalog.refresh(
                client,
                s.warehouse,
                now=utcnow(),
                request=request("refresh", asked),
                accept_vanished=accept_vanished,
                progress=watch.note,
            )
            return Result(account.account_id, account.vendor, Exit.DONE, counts=counts)

        results = [*refused(bad), *one_a_vendor(s, "refresh", accounts, work)]
    _finish(results, as_json)


@dataclass(slots=True)
class Watch:
    """Follows the work on one account, for the progress line and for what a failure leaves."""

    account_id: str
    progress: Progress
    counts: Counts | None = None

    def note(self, counts: Counts) -> None:
        """Take the counts so far."""
        self.counts = counts
        self.say(
            f"{counts.listed} listed, {counts.written} stored, {counts.messages} messages,"
            f" {counts.calls} calls"
        )

    def say(self, text: str) -> None:
        """Say what is being done."""
        self.progress.update(f"{self.account_id}: {text}")


Work = Callable[["Account", "VendorClient", Watch], Result]


@contextmanager
def ready() -> Iterator[Session]:
    """A session whose database has exactly our schema."""
    from include.warehouse.schema import migrations

    with session() as s:
        migrations.require_current(s.warehouse.engine)
        yield s


def choose(
    s: Session, vendors: Sequence[str], account_ids: Sequence[str]
) -> tuple[list[Account], list[BadAccount]]:
    """The accounts to work on. A vendor that is switched off is left out, with a word."""
    from include.secrets import reference_from_environment
    from include.warehouse.tickets.accounts import load_accounts

    accounts, bad = load_accounts(
        s.warehouse,
        s.ring,
        vendors=vendors,
        account_ids=account_ids,
        references=reference_from_environment,
        allow_plain=s.settings.allow_plain_secrets,
        mask=masker.add,
    )
    if not s.settings.tencent_enabled and not account_ids and "tencent" not in vendors:
        off = [account.account_id for account in accounts if account.vendor == "tencent"]
        accounts = [account for account in accounts if account.account_id not in off]
        if off:
            say(f"not read: {', '.join(off)}: TENCENT_ENABLED is off (experimental)")
    if not accounts and not bad:
        say("no account to read: add one with `python -m include accounts add`")
    return accounts, bad


def each(s: Session, name: str, accounts: Sequence[Account], work: Work) -> list[Result]:
    """Work on one account after the other."""
    with Progress(name, len(accounts)) as progress:
        return [_try(s, account, work, progress) for account in accounts]


def one_a_vendor(s: Session, name: str, accounts: Sequence[Account], work: Work) -> list[Result]:
    """Work through one account of each vendor: the next one where keys or rights are refused."""
    results: dict[str, Result] = {}
    vendors = {account.vendor for account in accounts}
    with Progress(name, len(vendors)) as progress:
        for account in accounts:
            before = results.get(account.vendor)
            if before is None or isinstance(before.error, AuthError | ConfigError):
                results[account.vendor] = _try(s, account, work, progress)
    return list(results.values())


def _try(s: Session, account: Account, work: Work, progress: Progress) -> Result:
    """Work on one account; its failure is its own."""
    from include.vendors import open_client

    started = time.monotonic()
    watch = Watch(account.account_id, progress)
    watch.say("")
    try:
        client = open_client(account, s.settings)
        try:
            result = work(account, client, watch)
        finally:
            client.close()
    except Exception as error:  # noqa: BLE001  # told at the end, with its exit code
        result = Result(
            account.account_id,
            account.vendor,
            exit_of(error),
            counts=watch.counts,
            error=error,
        )
    progress.advance()
    return replace(result, seconds=time.monotonic() - started)


def refused(bad: Sequence[BadAccount]) -> list[Result]:
    """The results of accounts whose rows cannot be used."""
    return [
        Result(account.account_id, account.vendor, exit_of(account.error), error=account.error)
        for account in bad
    ]


def request(verb: str, parameters: dict[str, Any]) -> Request:
    """Who asked, for the ledger."""
    from include.warehouse.bookkeeping.ledger import Request

    given = {name: value for name, value in parameters.items() if value}
    return Request(f"{verb} by {_user()} on the command line", given)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return "an unnamed user"


def _finish(results: Sequence[Result], as_json: bool, *, dry_run: bool = False) -> None:
    """Show what was done, account by account, and end with the worst code."""
    from include.cli.tables import show

    code = worst(result.code for result in results)
    if as_json:
        report_json(
            {
                "outcome": WORDS[code],
                "dry_run": dry_run,
                "results": [result.document for result in results],
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
    return (
        result.account_id,
        result.vendor,
        WORDS[result.code],
        *figures,
        round(result.seconds),
    )


def show_errors(results: Sequence[Result]) -> None:
    """Say what failed, where, and whose turn it is."""
    for result in results:
        if result.error is not None:
            turn = whose_turn(type(result.error).__name__)
            show_error(result.error, f"{result.account_id}: ", f" ({turn})")
