"""The accounts to work on: which were asked for, which cannot be used, which are switched off."""

from __future__ import annotations

from dataclasses import dataclass

from include.models import Account
from include.vendors.registry import is_switched_on
from include.warehouse.tickets import accounts as rows
from include.warehouse.tickets.accounts import AccountInfo, BadAccount
from include.work.place import Workplace


@dataclass(frozen=True, slots=True)
class Choice:
    """Accounts as a person chooses them: by id, by vendor, or (both empty) every enabled one."""

    vendors: tuple[str, ...] = ()
    account_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The accounts of a choice.

    *bad* ones have rows that cannot be used; *switched_off* ones belong to a vendor that is not
    read unless it, or the account, is asked for by name.
    """

    accounts: list[Account]
    bad: list[BadAccount]
    switched_off: list[Account]


def choose_accounts(place: Workplace, choice: Choice) -> Chosen:
    """Read the accounts of *choice*, by id. Raises what the warehouse raises."""
    accounts, bad = rows.load_accounts(
        place.warehouse,
        place.ring,
        vendors=choice.vendors,
        account_ids=choice.account_ids,
        references=place.find_secret,
        allow_plain=place.settings.allow_plain_secrets,
        mask=place.hide,
    )
    if choice.account_ids:
        return Chosen(accounts, bad, [])
    silent = {account.vendor for account in accounts} - {*choice.vendors}
    off = {vendor for vendor in silent if not is_switched_on(vendor, place.settings)}
    return Chosen(
        [account for account in accounts if account.vendor not in off],
        bad,
        [account for account in accounts if account.vendor in off],
    )


def list_accounts(place: Workplace) -> list[AccountInfo]:
    """Every row of ``cloud_user`` as it may be shown, with what is wrong with it; no key."""
    return rows.list_accounts(
        place.warehouse,
        place.ring,
        references=place.find_secret,
        allow_plain=place.settings.allow_plain_secrets,
        mask=place.hide,
    )
