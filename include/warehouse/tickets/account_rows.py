"""A row of ``cloud_user`` as it stands in the table, and what may not stand there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

import sqlalchemy as sa

from include.errors import ConfigError
from include.models import Account
from include.secrets import REFERENCE_PREFIX, is_sealed
from include.vendors.registry import VENDORS, catalog_site, vendor_of
from include.warehouse.tickets.tables import cloud_user
from include.warehouse.types import stored_name

if TYPE_CHECKING:
    from include.warehouse.mysql import Warehouse

SHORTEST_KEY: Final = 8  # shorter ones would make the log's masker blot out every such syllable
Storage = Literal["encrypted", "reference", "plain", "empty"]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """What a row holds. Its repr shows no key."""

    account_id: str
    name: str
    stored_vendor: str
    region: str
    is_enabled: bool
    access_key: str = field(repr=False)
    stored: str = field(repr=False)
    created_at: datetime | None = None

    @property
    def vendor(self) -> str:
        """One of ``VENDORS``, or what the row holds."""
        return vendor_of(self.stored_vendor) or self.stored_vendor

    @property
    def storage(self) -> Storage:
        """How the secret key is kept."""
        stored = self.stored.strip()
        if not stored:
            return "empty"
        if is_sealed(stored):
            return "encrypted"
        return "reference" if stored.startswith(REFERENCE_PREFIX) else "plain"

    def fault(self, column: str, problem: str) -> ConfigError:
        """An error that names account, vendor and column."""
        vendor = self.vendor or "no vendor"
        return ConfigError(f"account {self.account_id} ({vendor}): {column} {problem}")


def read_rows(
    connection: sa.Connection, account_id: str | None = None, *, lock: bool = False
) -> list[AccountRow]:
    """All rows, or the one of *account_id*, by id; with *lock* nobody else may change them."""
    u = cloud_user.c
    query = sa.select(
        u.id,
        u.name,
        u.type,
        u.region_id,
        u.enabled,
        u.secret_id,
        u.secret_key_secret,
        u.create_time,
    ).order_by(u.id)
    if account_id is not None:
        query = query.where(cloud_user.c.id == account_id)
    if lock:
        query = query.with_for_update()
    return [
        AccountRow(
            account_id=row["id"],
            name=row["name"] or "",
            stored_vendor=row["type"] or "",
            region=(row["region_id"] or "").strip(),
            is_enabled=row["enabled"] != 0,
            access_key=row["secret_id"] or "",
            stored=row["secret_key_secret"] or "",
            created_at=row["create_time"],
        )
        for row in connection.execute(query).mappings()
    ]


def row_of(account: Account) -> AccountRow:
    """A new account as the row it will be."""
    row = AccountRow(
        account_id=account.account_id,
        name="",
        stored_vendor=account.vendor,
        region=account.region.strip(),
        is_enabled=True,
        access_key=account.access_key.strip(),
        stored="",
    )
    if not row.account_id.isprintable() or row.account_id != row.account_id.strip():
        raise row.fault("id", "may not begin or end with a blank, or hold control characters")
    for column, value in (
        (cloud_user.c.id, row.account_id),
        (cloud_user.c.secret_id, row.access_key),
        (cloud_user.c.region_id, row.region),
    ):
        longest = column.type.length  # type: ignore[attr-defined]  # all three are VARCHAR
        if len(value) > longest:
            raise row.fault(column.name, f"has {len(value)} characters, the column {longest}")
    if not row.account_id:
        raise row.fault("id", "is empty")
    known_vendor(row)
    return row


def check_keys(row: AccountRow, access_key: str, secret: str | None) -> None:
    """Refuse keys that no vendor issues; *secret* is None where it is kept elsewhere."""
    again = f"`python -m include accounts add {row.account_id}` stores it again"
    for column, value in (("secret_id", access_key), ("secret_key_secret", secret)):
        if value is None:
            continue
        key = value.strip()
        if not key:
            raise row.fault(column, f"is empty: {again}")
        if len(key) < SHORTEST_KEY:
            raise row.fault(
                column,
                f"has fewer than {SHORTEST_KEY} characters, which no vendor's key has: {again}",
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            raise row.fault(
                column,
                "holds a blank, a control character or a non-ASCII one, which no vendor's key"
                f" does: copy it again; {again}",
            )


def known_vendor(row: AccountRow) -> str:
    """The vendor of a row. Raises ConfigError where it names none."""
    vendor = vendor_of(row.stored_vendor)
    if vendor is None:
        names = ", ".join(map(stored_name, VENDORS))
        given = ascii(row.stored_vendor[:50]) if row.stored_vendor.strip() else "empty"
        raise row.fault("type", f"is {given}, not one of {names}: correct it in cloud_user")
    return vendor


def read_enabled_ids(warehouse: Warehouse, vendor: str) -> frozenset[str]:
    """Read the ids of a vendor's enabled accounts, those whose keys cannot be used included."""
    c = cloud_user.c  # two columns: each account asks, and there may be thousands
    query = sa.select(c.id, c.type).where(c.enabled.is_(None) | (c.enabled != 0))
    rows = warehouse.transact(lambda connection: connection.execute(query).all())
    meant = {text: vendor_of(text or "") for text in {text for _, text in rows}}
    return frozenset(account_id for account_id, text in rows if meant[text] == vendor)


Identity = tuple[str, str, str]


def identity_of(row: AccountRow) -> Identity:
    """Vendor, access key and region: what makes an account."""
    return row.vendor, row.access_key.strip(), row.region.strip().lower()


def _place(row: AccountRow) -> Identity:
    """Vendor, access key and site: what lists tickets."""
    return row.vendor, row.access_key.strip(), catalog_site(row.vendor, row.region)


class Others:
    """The enabled rows beside a row."""

    def __init__(self, rows: Sequence[AccountRow]) -> None:
        self._twins = defaultdict[Identity, list[str]](list)
        self._neighbours = defaultdict[Identity, list[str]](list)
        for row in rows:
            if row.is_enabled and row.access_key.strip():
                self._twins[identity_of(row)].append(row.account_id)
                self._neighbours[_place(row)].append(row.account_id)

    def twins(self, row: AccountRow) -> list[str]:
        """Those with its key and region."""
        return [other for other in self._twins.get(identity_of(row), ()) if other != row.account_id]

    def neighbours(self, row: AccountRow) -> list[str]:
        """Those with its key at its site: they show the same tickets."""
        return [other for other in self._neighbours.get(_place(row), ()) if other != row.account_id]


def find_accounts(warehouse: Warehouse, vendor: str, site: str) -> set[str] | None:
    """The ids of a vendor's accounts at a site; None where no account is at another one."""
    rows = [row for row in warehouse.transact(read_rows) if row.vendor == vendor]
    mine = {row.account_id for row in rows if catalog_site(vendor, row.region) == site}
    return mine if len(mine) < len(rows) else None
