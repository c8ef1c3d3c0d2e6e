"""The accounts in ``cloud_user``: read at run time, written by the command line.

A bad row is an error of its own that names account, vendor, field and next step; the others go on.
Two enabled rows of one vendor with the same access key and region are both refused: whichever was
read first would own the tickets, by chance. In two regions they are two accounts. No error, repr or
log line here holds a key.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from include.errors import ConfigError
from include.models import Account
from include.secrets import REFERENCE_PREFIX, KeyRing, key_id_of, open_secret, seal
from include.warehouse.tickets.account_rows import (
    SHORTEST_KEY,
    AccountRow,
    Others,
    Storage,
    check_keys,
    identity_of,
    known_vendor,
    read_rows,
    row_of,
)
from include.warehouse.tickets.tables import cloud_user
from include.warehouse.types import stored_name

if TYPE_CHECKING:
    from include.warehouse.mysql import Warehouse

log = logging.getLogger(__name__)


References = Callable[[str], str]
"""``references(connection id)`` gives the password of an Airflow connection, or a ConfigError."""
RegisterSecrets = Callable[[Collection[str]], None]
"""``mask(values)`` registers secrets with whatever writes logs."""


@dataclass(frozen=True, slots=True)
class BadAccount:
    """An account that cannot be used, and why. *vendor* is as in ``VENDORS`` where it is known."""

    account_id: str
    vendor: str
    error: ConfigError


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """What may be shown of an account: no key, and of the access key only its ends."""

    account_id: str
    name: str
    vendor: str
    region: str
    created_at: datetime | None
    is_enabled: bool
    access_key_hint: str
    storage: Storage
    key_id: str | None
    warnings: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What ``encrypt_plain`` or ``rotate`` did."""

    changed: int
    unchanged: int
    bad: list[BadAccount]


def load_accounts(
    warehouse: Warehouse,
    ring: KeyRing,
    *,
    vendors: Collection[str] = (),
    account_ids: Collection[str] = (),
    references: References | None = None,
    allow_plain: bool = True,
    mask: RegisterSecrets | None = None,
) -> tuple[list[Account], list[BadAccount]]:
    """Read the enabled accounts, of *vendors* and *account_ids* where given, by id.

    An id that was asked for and is unknown, switched off or of another vendor is a bad account.
    """
    rows = warehouse.transact(read_rows)
    others = Others(rows)
    accounts: list[Account] = []
    bad: list[BadAccount] = []
    told: list[tuple[AccountRow, str]] = []
    asked_for = frozenset(account_ids)
    with _masked(mask) as hide:
        for row in rows:
            asked = row.account_id in asked_for
            if asked_for and not asked:
                continue
            if not asked and (not row.is_enabled or (vendors and row.vendor not in vendors)):
                continue
            try:
                _must_be_asked(row, vendors)
                account, warnings = _open(row, others, ring, references, allow_plain, hide)
            except ConfigError as error:
                bad.append(BadAccount(row.account_id, row.vendor, error))
                continue
            accounts.append(account)
            told += ((row, warning) for warning in warnings)
    for row, warning in told:
        log.warning("account=%s vendor=%s: %s", row.account_id, row.vendor, warning)
    known = {row.account_id for row in rows}
    for account_id in sorted(asked_for - known):
        message = f"account {account_id}: no row of cloud_user has this id; see `accounts list`"
        bad.append(BadAccount(account_id, "", ConfigError(message)))
    return accounts, bad


def list_accounts(
    warehouse: Warehouse,
    ring: KeyRing,
    *,
    references: References | None = None,
    allow_plain: bool = True,
    mask: RegisterSecrets | None = None,
) -> list[AccountInfo]:
    """Every row of ``cloud_user`` as it may be shown, by id; whatever is wrong is in *problem*."""
    rows = warehouse.transact(read_rows)
    others = Others(rows)
    infos = []
    with _masked(mask) as hide:
        for row in rows:
            warnings: tuple[str, ...] = ()
            problem = None
            try:
                warnings = _open(row, others, ring, references, allow_plain, hide)[1]
            except ConfigError as error:
                problem = str(error)
            infos.append(
                AccountInfo(
                    account_id=row.account_id,
                    name=row.name,
                    vendor=row.vendor,
                    region=row.region,
                    created_at=row.created_at,
                    is_enabled=row.is_enabled,
                    access_key_hint=_hint(row.access_key),
                    storage=row.storage,
                    key_id=key_id_of(row.stored.strip()),
                    warnings=warnings,
                    problem=problem,
                )
            )
    return infos


def add_account(
    warehouse: Warehouse,
    ring: KeyRing,
    account: Account,
    *,
    name: str | None = None,
    connection_id: str | None = None,
    replace_key: bool = False,
    now: datetime,
) -> Literal["added", "updated"]:
    """Store *account* with its secret key encrypted, or with a reference to *connection_id*.

    A row with that id is updated (and switched on) if it is the same vendor's, and the same access
    key's unless *replace_key*; ConfigError otherwise: its tickets carry the id of the account.
    """
    row = row_of(account)
    check_keys(row, row.access_key, account.secret_key if connection_id is None else None)
    if connection_id is None:
        stored = seal(ring, account.vendor, account.account_id, account.secret_key.strip())
    else:
        stored = REFERENCE_PREFIX + connection_id
    values = {
        "secret_id": row.access_key,
        "secret_key_secret": stored,
        "region_id": row.region,
        "enabled": 1,
    }
    if name is not None:
        values["name"] = name

    def write(connection: sa.Connection) -> Literal["added", "updated"]:
        rows = read_rows(connection, lock=True)
        old = next((other for other in rows if other.account_id == row.account_id), None)
        _must_be_same(row, old, replace_key=replace_key)
        for other in rows:
            if other.account_id != row.account_id and identity_of(other) == identity_of(row):
                raise row.fault(
                    "secret_id",
                    f"is the access key of account {other.account_id} in this region already",
                )
        if old is not None:
            connection.execute(
                sa.update(cloud_user).where(cloud_user.c.id == row.account_id).values(values)
            )
            return "updated"
        connection.execute(
            sa.insert(cloud_user).values(
                id=row.account_id,
                type=stored_name(account.vendor),
                create_time=now,
                **values,
            )
        )
        return "added"

    return warehouse.transact(write)


def encrypt_plain(warehouse: Warehouse, ring: KeyRing) -> Rewrite:
    """Encrypt every plain secret key in place, switched-off rows included; repeatable."""

    def change(row: AccountRow) -> str | None:
        if row.storage != "plain":
            return None
        known_vendor(row)
        return seal(ring, row.vendor, row.account_id, row.stored.strip())

    return _rewrite(warehouse, change)


def rotate(warehouse: Warehouse, ring: KeyRing) -> Rewrite:
    """Encrypt every envelope with the first key of the ring; repeatable, and goes on where it was.

    Once nothing is bad, the other keys may leave ``SECRET_KEYS``. Plain keys stay as they are.
    """
    if not ring.keys:
        raise ConfigError("SECRET_KEYS is not set: rotation needs the new key first, then the old")

    def change(row: AccountRow) -> str | None:
        stored = row.stored.strip()
        if row.storage != "encrypted" or key_id_of(stored) == ring.ids[0]:
            return None
        known_vendor(row)
        secret = open_secret(ring, stored, row.vendor, row.account_id)
        return seal(ring, row.vendor, row.account_id, secret)

    return _rewrite(warehouse, change)


def _rewrite(warehouse: Warehouse, change: Callable[[AccountRow], str | None]) -> Rewrite:
    """Replace the stored secret of each row for which *change* gives another: a transaction each.

    The row is read again under a lock, so a key that its owner stores meanwhile is not lost.
    """
    changed = unchanged = 0
    bad: list[BadAccount] = []
    for row in warehouse.transact(read_rows):

        def write(connection: sa.Connection, account_id: str = row.account_id) -> bool:
            rows = read_rows(connection, account_id=account_id, lock=True)
            new = change(rows[0]) if rows else None
            if new is None:
                return False
            connection.execute(
                sa.update(cloud_user)
                .where(cloud_user.c.id == account_id)
                .values(secret_key_secret=new)
            )
            return True

        try:
            if warehouse.transact(write):
                changed += 1
            else:
                unchanged += 1
        except ConfigError as error:
            bad.append(BadAccount(row.account_id, row.vendor, error))
    return Rewrite(changed, unchanged, bad)


def _open(
    row: AccountRow,
    others: Others,
    ring: KeyRing,
    references: References | None,
    allow_plain: bool,
    hide: Callable[[str], None],
) -> tuple[Account, tuple[str, ...]]:
    """The account of a row and what to warn about; *hide* is told each secret first."""
    for value in (row.access_key, row.stored if row.storage == "plain" else ""):
        hide(value)
    vendor = known_vendor(row)
    secret = _secret(row, ring, references, allow_plain)
    hide(secret)
    check_keys(row, row.access_key, secret)
    if row.is_enabled and (twins := others.twins(row)):
        raise row.fault(
            "secret_id",
            f"is also the access key of account {', '.join(twins)} in the same region: `accounts"
            " disable` all but one; none of them is read until then",
        )
    warnings = [
        f"blanks around {column} are ignored: remove them"
        for column, value in (("secret_id", row.access_key), ("secret_key_secret", secret))
        if value != value.strip()
    ]
    if row.is_enabled and (neighbours := others.neighbours(row)):
        warnings.append(
            f"account {', '.join(neighbours)} has the same key, and its region leads to the same"
            " site: each ticket is stored once, and read through both"
        )
    if row.storage == "plain":
        warnings.append(
            "its secret key is not encrypted: run `python -m include accounts encrypt`, unless"
            " another program reads the key from this row"
        )
    account = Account(row.account_id, vendor, row.access_key.strip(), secret.strip(), row.region)
    return account, tuple(warnings)


def _secret(
    row: AccountRow, ring: KeyRing, references: References | None, allow_plain: bool
) -> str:
    """The secret key as it was stored, blanks included."""
    stored = row.stored.strip()
    if row.storage == "encrypted":
        return open_secret(ring, stored, row.vendor, row.account_id)
    if row.storage == "reference":
        if references is None:
            raise row.fault("secret_key_secret", f"is {stored}, which can be read in Airflow only")
        try:
            return references(stored.removeprefix(REFERENCE_PREFIX))
        except ConfigError as error:
            raise row.fault("secret_key_secret", f"is {stored}: {error}") from error
    if row.storage == "plain" and not allow_plain:
        raise row.fault(
            "secret_key_secret",
            "is not encrypted, and ALLOW_PLAIN_SECRETS=0 refuses that:"
            " run `python -m include accounts encrypt`, unless another program reads the key from"
            " this row",
        )
    return row.stored


def _must_be_asked(row: AccountRow, vendors: Collection[str]) -> None:
    """An account that was asked for by id, and is left out all the same, says why."""
    if not row.is_enabled:
        back = f"`accounts enable {row.account_id}` switches it on"
        raise row.fault("enabled", f"is 0: the account is switched off; {back}")
    if vendors and row.vendor not in vendors:
        raise row.fault("type", f"is none of the vendors asked for ({', '.join(sorted(vendors))})")


def _must_be_same(row: AccountRow, old: AccountRow | None, *, replace_key: bool) -> None:
    if old is None:
        return
    if old.vendor != row.vendor:
        raise row.fault("id", f"belongs to an account of {old.vendor}: choose another id")
    if old.access_key.strip() != row.access_key and not replace_key:
        raise row.fault(
            "id",
            "belongs to an account with another access key: choose another id, or add"
            " --replace-key if the vendor issued a new pair for the same account",
        )


@contextmanager
def _masked(mask: RegisterSecrets | None) -> Iterator[Callable[[str], None]]:
    """Collect secrets and register all at once at the end, before anything is said of them."""
    found: set[str] = set()

    def hide(value: str) -> None:
        if len(value.strip()) >= SHORTEST_KEY:
            found.add(value.strip())

    try:
        yield hide
    finally:
        if mask is not None:
            mask(found)


def _hint(access_key: str) -> str:
    """Enough to tell two keys apart, not enough to use one."""
    key = access_key.strip()
    return f"{key[:4]}…{key[-2:]}" if len(key) >= 2 * SHORTEST_KEY else "…"
