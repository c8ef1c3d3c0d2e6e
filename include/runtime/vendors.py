"""What the tasks of sync_tickets and refresh_catalog do, and the accounts they do it for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.log import mask_secret

from include import runtime
from include.errors import AuthError, ConfigError, RateLimitError, SyncError, UnavailableError
from include.models import VENDORS

if TYPE_CHECKING:
    from include.models import Account
    from include.settings import Settings
    from include.vendors.client import VendorClient
    from include.warehouse.mysql import Warehouse
    from include.warehouse.tickets.accounts import AccountInfo, BadAccount

T = TypeVar("T")
log = logging.getLogger(__name__)

MOST_TASKS: Final = 200
"""Mapped tasks of one vendor: Airflow maps at most 1,024, and each costs a second to start."""


def account_infos(opened: Warehouse) -> list[AccountInfo]:
    """Every account as a page may show it, with what is wrong with its row; no key among it.

    The keys are not registered with the masker: nothing here logs, and each one costs it time.
    """
    from include.secrets import KeyRing
    from include.settings import Settings
    from include.warehouse.tickets.accounts import list_accounts

    settings = Settings.load()
    ring = KeyRing.parse(settings.secret_keys)
    allow_plain = settings.allow_plain_secrets
    return list_accounts(opened, ring, references=_reference, allow_plain=allow_plain)


def experimental_vendors() -> dict[str, bool]:
    """The vendors that do not document their API, and whether they are switched on."""
    from include.settings import Settings
    from include.vendors import CLIENTS

    is_on = Settings.load().tencent_enabled
    return {name: is_on for name in VENDORS if not CLIENTS[name].capabilities.official_api}


def account_groups(
    vendor: str, params: Mapping[str, Any], conf: Mapping[str, Any] | None, known: Collection[str]
) -> list[list[str]]:
    """The ids of a vendor's accounts to read, in groups of which each becomes one task.

    An account whose row cannot be used is a group too, so that it fails under its own name.
    Raises ConfigError for a form that makes no sense.
    """
    runtime.check_form(params, conf or {}, known)
    with runtime.warehouse() as opened:
        accounts, bad = _accounts(opened, params)
    refused = [str(row.error) for row in bad if row.account_id in (params["accounts"] or ())]
    if refused:
        raise ConfigError("; ".join(refused))
    chosen = {account.account_id: account.vendor for account in accounts}
    # A row without a usable vendor must be red somewhere, too.
    chosen |= {row.account_id: row.vendor or VENDORS[0] for row in bad}
    if not chosen:
        log.warning("no account to read: add one with `python -m include accounts add`")
    if _is_off(vendor) and not params["accounts"]:
        log.warning("%s is experimental and switched off, see include/settings.py", vendor)
        return []
    return _groups(sorted(account_id for account_id, of in chosen.items() if of == vendor))


def sync_accounts(
    account_ids: Sequence[str], params: Mapping[str, Any], who: str
) -> dict[str, int]:
    """Sync the tickets of a group of accounts. Raises as ``each``."""
    from dataclasses import asdict

    from include.pipelines.tickets.sync import Options, sync_tickets
    from include.warehouse.bookkeeping.ledger import Counts

    counted = Counts()
    options = Options(
        since=runtime.moment(params["since"]),
        until=runtime.moment(params["until"]),
        open_messages=bool(params["open_messages"]),
        dry_run=bool(params["dry_run"]),
    )

    def work(at: Workplace, account: Account, client: VendorClient) -> None:
        nonlocal counted
        counts = sync_tickets(
            client,
            at.warehouse,
            account,
            settings=at.settings,
            now=datetime.now(UTC),
            request=runtime.request(who, params),
            options=options,
        )
        log.info("account=%s %s", account.account_id, counts)
        counted += counts

    each(account_ids, work)
    return asdict(counted)


def refresh_vendor(vendor: str, params: Mapping[str, Any], who: str) -> dict[str, int]:
    """Refresh a vendor's catalogue. Raises as ``first_of``."""
    from dataclasses import asdict

    from include.pipelines import catalog

    def work(at: Workplace, account: Account, client: VendorClient) -> dict[str, int]:
        counts = catalog.refresh(
            client,
            at.warehouse,
            now=datetime.now(UTC),
            request=runtime.request(who, params),
            accept_vanished=bool(params["accept_vanished"]),
        )
        return asdict(counts)

    return first_of(vendor, params, work)


@dataclass(frozen=True, slots=True)
class Workplace:
    """What work on an account needs beside the account."""

    warehouse: Warehouse
    settings: Settings


Work = Callable[[Workplace, "Account", "VendorClient"], T]


def each(account_ids: Sequence[str], work: Work[None]) -> None:
    """Work on a group of accounts, one after the other; one that fails does not keep the others.

    Raises the failure, the one worth another try first when there are several.
    """
    from include.settings import Settings
    from include.vendors import open_client

    settings = Settings.load()
    with runtime.warehouse() as opened:
        # The keys are read anew: they may have changed since the group was made.
        accounts, bad = _accounts(opened, {"vendors": (), "accounts": account_ids}, mask_secret)
        failures: dict[str, Exception] = {row.account_id: row.error for row in bad}
        for account in accounts:
            try:
                with closing(open_client(account, settings)) as client:
                    work(Workplace(opened, settings), account, client)
            except SyncError as error:
                failures[account.account_id] = error
    if failures:
        raise _first(failures, len(account_ids))


def first_of(vendor: str, params: Mapping[str, Any], work: Work[T]) -> T:
    """Work through the first of a vendor's accounts whose key and rights suffice.

    Raises the failure when there is none, and skips when no account was chosen.
    """
    from include.settings import Settings
    from include.vendors import open_client

    settings = Settings.load()
    with runtime.warehouse() as opened:
        accounts, bad = _accounts(opened, params, mask_secret)
        mine = [account for account in accounts if account.vendor == vendor]
        failures: dict[str, Exception] = {r.account_id: r.error for r in bad if r.vendor == vendor}
        if not (mine or failures):
            raise AirflowSkipException(f"no account of {vendor} was chosen")
        if _is_off(vendor) and not params["accounts"]:
            raise AirflowSkipException(f"{vendor} is experimental and switched off")
        for account in mine:
            try:
                with closing(open_client(account, settings)) as client:
                    return work(Workplace(opened, settings), account, client)
            except (AuthError, ConfigError) as error:
                failures[account.account_id] = error
                log.warning("account=%s %s: %s", account.account_id, type(error).__name__, error)
    raise _first(failures, len(failures))


def _accounts(
    opened: Warehouse, params: Mapping[str, Any], mask: Callable[[str], None] | None = None
) -> tuple[list[Account], list[BadAccount]]:
    """The accounts a form chooses.

    Whoever uses their keys registers them with *mask*. Airflow's masker slows down with each, so
    who only counts accounts, however many, does not.
    """
    from include.secrets import KeyRing
    from include.settings import Settings
    from include.warehouse.tickets.accounts import load_accounts

    settings = Settings.load()
    return load_accounts(
        opened,
        KeyRing.parse(settings.secret_keys),
        vendors=tuple(params["vendors"]),
        account_ids=tuple(params["accounts"] or ()),
        references=_reference,
        mask=mask,
        allow_plain=settings.allow_plain_secrets,
    )


def _is_off(vendor: str) -> bool:
    return not experimental_vendors().get(vendor, True)


def _reference(connection_id: str) -> str:
    """The secret of ``conn:<id>``: the password of an Airflow connection."""
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        password = BaseHook.get_connection(connection_id).password
    except AirflowNotFoundException:
        raise ConfigError(f"there is no Airflow connection {connection_id}: add it") from None
    if not password:
        raise ConfigError(f"the Airflow connection {connection_id} has no password")
    return str(password)


def _groups(ids: Sequence[str]) -> list[list[str]]:
    size = -(-len(ids) // MOST_TASKS) or 1
    return [list(ids[i : i + size]) for i in range(0, len(ids), size)]


def _first(failures: Mapping[str, Exception], of: int) -> Exception:
    """Log every failure by its account; the one to raise is one that is worth another try."""
    for account_id, error in failures.items():
        log.error("account=%s %s: %s", account_id, type(error).__name__, error)
    passing = (UnavailableError, RateLimitError)
    first = min(failures, key=lambda name: not isinstance(failures[name], passing))
    error = failures[first]
    error.add_note(f"{len(failures)} of {of} accounts failed: {', '.join(sorted(failures)[:20])}")
    return error
