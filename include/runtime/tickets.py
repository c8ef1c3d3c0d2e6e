"""The tasks of sync_tickets and refresh_catalog, and the accounts they are about."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import get_current_context
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.exceptions import AirflowSkipException

from include.errors import (
    AlreadyRunningError,
    ConfigError,
    RateLimitError,
    SyncError,
    UnavailableError,
)
from include.runtime import connections, forms
from include.runtime.masking import ADAPTER
from include.vendors.registry import VENDORS, switch_of
from include.work.schedules import TASKS_AT_ONCE

if TYPE_CHECKING:
    from include.models import Account
    from include.work.accounts import Chosen
    from include.work.place import Workplace
    from include.work.runs import Result

log = logging.getLogger(__name__)

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
MOST_TASKS: Final = 200
"""Mapped tasks of one vendor: Airflow maps at most 1,024."""
MOST_ACCOUNTS: Final = 500
"""Accounts of one task, until there are ``MOST_TASKS``. A task costs seconds to start, as much as
many idle accounts; but each line of its log is compared with all its keys."""
MOST_KEYS_ONE_BY_ONE: Final = 50
"""The same where Airflow's masker is told one key after the other, and takes ever longer."""


def account_groups(
    vendor: str,
    params: Mapping[str, Any],
    conf: Mapping[str, Any] | None,
    known: Collection[str],
    *,
    most: int | None = None,
) -> list[list[str]]:
    """The ids of a vendor's accounts to read, in groups of which each becomes one task.

    *most*: accounts of a group, by default as many as Airflow's masker can take the keys of. The
    account that has waited longest comes first. One whose row cannot be used is in a group too, so
    that it fails under its own name. Raises ConfigError for a form that makes no sense.
    """
    from include.warehouse.bookkeeping.turns import read_last_signs
    from include.work.accounts import choose_accounts

    forms.check_form(params, conf or {}, known)
    with connections.workplace(uses_keys=False) as place:
        chosen = choose_accounts(place, forms.read_choice(params))
        signs = read_last_signs(place.warehouse, "tickets")
    refused = [str(row.error) for row in chosen.bad if row.account_id in (params["accounts"] or ())]
    if refused:
        raise ConfigError("; ".join(refused))
    say_switched_off(chosen, vendor)
    ids = {account.account_id: account.vendor for account in chosen.accounts}
    # A row without a usable vendor must be red somewhere, too.
    first = VENDORS[0]
    ids |= {r.account_id: r.vendor if r.vendor in VENDORS else first for r in chosen.bad}
    if not ids:
        log.warning("no account to read: add one with `python -m include accounts add`")
    mine = sorted(account_id for account_id, of in ids.items() if of == vendor)
    if most is None:
        most = _most_accounts(len(mine))
    return split_into_groups(sorted(mine, key=lambda i: signs.get(i, EARLIEST)), most)


def sync_accounts(
    account_ids: Sequence[str],
    params: Mapping[str, Any],
    who: str,
    since: datetime | None = None,
) -> dict[str, int]:
    """Sync the tickets of a group of accounts; the counts. Raises as ``raise_first``.

    For ``RUN_MINUTES`` at most, but for a backfill. *since*: when the run of the DAG began. Skips
    the task where other runs hold all of them.
    """
    from include.pipelines.clock import TimeBudget
    from include.work import tickets
    from include.work.accounts import Choice, choose_accounts
    from include.work.runs import results_of_bad

    with connections.workplace() as place:
        # The keys are read anew: they may have changed since the group was made.
        chosen = choose_accounts(place, Choice(account_ids=tuple(account_ids)))
        request, options = forms.request(who, params), forms.read_options(params)
        budget = TimeBudget(None if options.since else 60 * place.settings.run_minutes)
        # In the order of the group: who has waited longest comes first.
        place_of = {account_id: i for i, account_id in enumerate(account_ids)}
        ordered = sorted(chosen.accounts, key=lambda a: place_of[a.account_id])
        results = [
            *results_of_bad(chosen.bad),
            *tickets.sync_accounts(place, ordered, request, options, budget=budget, since=since),
        ]
    return add_counts(leave_out_held(results))


def leave_out_held(results: Sequence[Result]) -> list[Result]:
    """The results without those of accounts that another run holds. Skips where nothing is left."""
    held = [one.account_id for one in results if isinstance(one.error, AlreadyRunningError)]
    if held:
        log.info("another run reads them now: %s", ", ".join(held))
        if len(held) == len(results):
            raise AirflowSkipException(f"another run reads {', '.join(held)} now")
    return [result for result in results if result.account_id not in held]


def read_again(account_ids: Sequence[str], params: Mapping[str, Any], who: str) -> dict[str, int]:
    """Read a share of a group's complete tickets again; the counts. Raises as ``raise_first``."""
    from include.work import tickets
    from include.work.accounts import Choice, choose_accounts

    with connections.workplace() as place:
        # A row that cannot be used is red where its account is compared.
        chosen = choose_accounts(place, Choice(account_ids=tuple(account_ids)))
        results = tickets.read_again(place, chosen.accounts, forms.request(who, params))
    return add_counts(results)


def read_tickets(
    params: Mapping[str, Any],
    conf: Mapping[str, Any] | None,
    who: str,
    known: Collection[str],
) -> list[dict[str, Any]]:
    """Read the tickets that a form names; what came of each. Raises what one failed with."""
    from include.work import tickets
    from include.work.accounts import choose_accounts

    forms.check_form({}, conf or {}, known)
    with connections.workplace() as place:
        chosen = choose_accounts(place, forms.read_choice(params))
        answers = tickets.read_tickets(
            place, chosen.accounts, params["tickets"], forms.request(who, params)
        )
    for answer in answers:
        log.info(
            "ticket=%s account=%s %s, %s messages",
            *(answer.ticket_id, answer.account_id, answer.state, answer.messages),
        )
        if answer.error:
            log.error("ticket=%s %s", answer.ticket_id, answer.error)
    for answer in answers:
        if answer.error:
            raise answer.error
    return [
        {
            "ticket": answer.ticket_id,
            "vendor": answer.vendor,
            "account": answer.account_id,
            "state": answer.state,
            "messages": answer.messages,
        }
        for answer in answers
    ]


def refresh_vendor(vendor: str, params: Mapping[str, Any], who: str) -> dict[str, int]:
    """Refresh the catalogue of each site of a vendor; the counts. Raises as ``last_ones``."""
    from include.warehouse.bookkeeping.ledger import Counts
    from include.work import tickets

    with connections.workplace() as place:
        results = tickets.refresh_catalogs(
            place,
            choose_of_vendor(place, vendor, params),
            forms.request(who, params),
            accept_vanished=bool(params["accept_vanished"]),
        )
    counted = Counts()
    for result in last_ones(results):
        counted += result.counts or Counts()
    return asdict(counted)


def choose_of_vendor(place: Workplace, vendor: str, params: Mapping[str, Any]) -> list[Account]:
    """The accounts of one vendor that a form means.

    Raises the error of a row that cannot be used where there is no other, and skips the task where
    there is none at all.
    """
    from include.work.accounts import choose_accounts

    chosen = choose_accounts(place, forms.read_choice(params))
    mine = [account for account in chosen.accounts if account.vendor == vendor]
    bad = [row.error for row in chosen.bad if row.vendor == vendor]
    if bad and not mine:
        raise bad[0]
    if not mine:
        say_switched_off(chosen, vendor)
        raise AirflowSkipException(f"no account of {vendor} was chosen, or it is switched off")
    return mine


def say_switched_off(chosen: Chosen, vendor: str) -> None:
    """Say in the log that accounts of a vendor are left out."""
    if any(account.vendor == vendor for account in chosen.switched_off):
        log.warning("%s is switched off: %s=1 reads it", vendor, switch_of(vendor))


def add_counts(results: Sequence[Result]) -> dict[str, int]:
    """The sum of the counts. Raises as ``raise_first``; reports follow what was stored even so."""
    from include.warehouse.bookkeeping.ledger import Counts

    counted = Counts()
    for result in results:
        counted += result.counts or Counts()
    if any(result.error for result in results):
        with suppress(RuntimeError):  # called outside a task
            task = get_current_context()["ti"]
            task.xcom_push(key=BaseXCom.XCOM_RETURN_KEY, value=asdict(counted))
    raise_first(results)
    return asdict(counted)


def raise_first(results: Sequence[Result]) -> None:
    """Log every failure by its account; raise one, if there is any that is worth another try."""
    failures = {result.account_id: result.error for result in results if result.error}
    for account_id, error in failures.items():
        unexpected = None if isinstance(error, SyncError) else error
        log.error("account=%s %s: %s", account_id, type(error).__name__, error, exc_info=unexpected)
    if failures:
        passing = (UnavailableError, RateLimitError)
        first = min(failures.values(), key=lambda error: not isinstance(error, passing))
        names = ", ".join(sorted(failures)[:20])
        first.add_note(f"{len(failures)} of {len(results)} accounts failed: {names}")
        raise first


def last_ones(results: Sequence[Result]) -> list[Result]:
    """The results that count of work on one account of each site. Raises as ``raise_first``."""
    from include.work.runs import last_of_each_site

    last = last_of_each_site(results)
    for result in results:
        if all(result is not one for one in last):
            name = type(result.error).__name__
            log.warning("account=%s %s: %s", result.account_id, name, result.error)
    raise_first(last)
    return last


def _most_accounts(number: int) -> int:
    """How many of a vendor's accounts one task may have; says where more would be possible."""
    if connections.takes_many_keys():
        return MOST_ACCOUNTS
    if number > TASKS_AT_ONCE * MOST_KEYS_ONE_BY_ONE:
        log.warning(
            "tasks have %s accounts only: [logging] secret_mask_adapter is not %s, see"
            " airflow.cfg.example",
            *(MOST_KEYS_ONE_BY_ONE, ADAPTER),
        )
    return MOST_KEYS_ONE_BY_ONE


def split_into_groups(ids: Sequence[str], most: int) -> list[list[str]]:
    """Groups of equal size: as many as run at once, more where one had more than *most* ids.

    ``MOST_TASKS`` at most, however large they are. The ids are dealt out in turn: accounts in
    trouble come first together, and one group of them all would hold up whoever else is in it.
    """
    size = max(-(-len(ids) // MOST_TASKS), min(most, -(-len(ids) // TASKS_AT_ONCE))) or 1
    number = -(-len(ids) // size)
    return [list(ids[i::number]) for i in range(number)]
