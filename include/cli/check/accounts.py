"""`check` of the accounts: each row, its key, and one cheap call to its vendor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from include.cli.check.finding import SET_CLOCK, Finding, clock, way_to
from include.cli.console import Progress, advise_on, masker, utcnow
from include.errors import AuthError, SyncError, UnavailableError, VendorError
from include.models import Account, SyncWindow
from include.secrets import KeyRing, reference_from_environment
from include.settings import Settings
from include.vendors.registry import DECLARED, is_switched_on, open_client, switch_of
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets import accounts

if TYPE_CHECKING:
    from include.warehouse.tickets.accounts import AccountInfo

ATTEMPTS: Final = 2
"""A person waits, and sees what a run would try again."""


def check_accounts(warehouse: Warehouse, ring: KeyRing, settings: Settings) -> Iterator[Finding]:
    """Every row of ``cloud_user``: what is wrong with it, and whether its vendor answers."""
    try:
        infos = accounts.list_accounts(
            warehouse,
            ring,
            references=reference_from_environment,
            allow_plain=settings.allow_plain_secrets,
            mask=masker.add_all,
        )
        usable, _ = accounts.load_accounts(
            warehouse,
            ring,
            references=reference_from_environment,
            allow_plain=settings.allow_plain_secrets,
            mask=masker.add_all,
        )
    except SyncError as error:
        yield Finding("accounts", "failed", str(error))
        return
    yield from _nobody(infos)
    by_id = {account.account_id: account for account in usable}
    with Progress("check", len(infos)) as progress:
        for info in infos:
            progress.update(info.account_id)
            yield from _account(info, by_id.get(info.account_id), settings)
            progress.advance()


def _nobody(infos: Sequence[AccountInfo]) -> Iterator[Finding]:
    """Whether no account is read at all, so that every run is green and stores nothing."""
    if not infos:
        detail = "cloud_user has no row: no ticket is read"
        yield Finding("accounts", "warning", detail, "`python -m include accounts add`")
    elif not any(info.is_enabled for info in infos):
        detail = f"all {len(infos)} are switched off: no ticket is read"
        step = "`python -m include accounts enable` for those that are to be read"
        yield Finding("accounts", "warning", detail, step)


def _account(info: AccountInfo, account: Account | None, settings: Settings) -> Iterator[Finding]:
    what = f"account {info.account_id}"
    if not info.is_enabled:
        yield Finding(
            what,
            "off",
            f"{info.vendor}: switched off (enabled = 0), not read",
            f"`python -m include accounts enable {info.account_id}` has it read again",
        )
        return
    if account is None:
        yield Finding(what, "failed", info.problem or "its row changed while we looked")
        return
    for warning in info.warnings:
        yield Finding(what, "warning", warning)
    if not is_switched_on(account.vendor, settings):
        why = "its ticket API is not documented by the vendor (experimental)"
        if DECLARED[account.vendor].is_official:
            why = "it is switched off"
        yield Finding(
            what,
            "off",
            f"{account.vendor}: not read, {why}",
            f"{switch_of(account.vendor)}=1 reads it all the same",
        )
        return
    yield from _vendor(what, account, settings)


def _vendor(what: str, account: Account, settings: Settings) -> Iterator[Finding]:
    """One cheap call: the first page of the tickets of the last hour."""
    now: datetime = utcnow()
    client = None
    try:
        client = open_client(account, settings, attempts=ATTEMPTS)
        try:
            window = SyncWindow(now - timedelta(hours=1), now)
            next(iter(client.list_tickets(window)), None)
            experimental = "" if DECLARED[account.vendor].is_official else ", experimental"
            yield Finding(what, "ok", f"{account.vendor} answers and lets us list{experimental}")
            yield from clock(account.vendor, client.clock_skew)
        finally:
            client.close()
    except SyncError as error:
        skew = client.clock_skew if client else None
        yield Finding(what, "failed", *_told(error, account, skew))


def _told(error: SyncError, account: Account, skew: float | None) -> tuple[str, str]:
    """What an error says is wrong, and what is to be done."""
    if not isinstance(error, VendorError):
        return str(error), advise_on(error)
    if isinstance(error, AuthError):
        step = SET_CLOCK
        if not clock(account.vendor, skew):
            right = DECLARED[account.vendor].permission or "a right to read tickets"
            step = (
                f"its user needs {right}; `python -m include accounts add {account.account_id}"
                f" --vendor {account.vendor} --access-key … --replace-key` stores another key"
            )
        return error.cause, f"{advise_on(error)} Here: {step}"
    if isinstance(error, UnavailableError):
        away = "the vendor's own trouble: try again later; if it stays, ask the vendor"
        return error.cause, error.step or way_to(str(error)) or away
    return error.cause, error.step or advise_on(error)
