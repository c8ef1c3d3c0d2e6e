"""Accounts that are switched on or off, renamed, taken away: all that were named, or none.

Tickets, messages and runs of an account stay whatever happens to it. Nothing here touches a key but
``remove_accounts``, with which it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from include.errors import ConfigError
from include.warehouse.bookkeeping.tables import sync_quarantine, sync_run, sync_state
from include.warehouse.tickets.account_rows import AccountRow, Others, read_rows
from include.warehouse.tickets.tables import cloud_osm_list, cloud_user
from include.warehouse.types import NOW

if TYPE_CHECKING:
    from include.warehouse.mysql import Warehouse

OWNED: Final = ("tickets", "backfill", "again", "ticket")
"""The entities of the ledger that belong to an account; a catalogue belongs to a site."""
LONGEST_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class Changed:
    """An account after a change, and the tickets of which it is the reader.

    *has_changed*: whether it was otherwise before. *open_tickets*: those that are not complete.
    *has_others*: whether another account of the vendor is switched on, which may take them over.
    """

    account_id: str
    name: str
    vendor: str
    has_changed: bool
    tickets: int
    open_tickets: int
    quarantined: int
    has_others: bool


def look_at_accounts(warehouse: Warehouse, account_ids: Collection[str]) -> list[Changed]:
    """What ``remove_accounts`` would take away. Raises ConfigError for ids that are unknown."""

    def look(connection: sa.Connection) -> list[Changed]:
        rows = [*read_rows(connection), *_without_row(connection, account_ids)]
        return _tell(connection, rows, _chosen(rows, account_ids), lambda row: row.is_enabled)

    return warehouse.transact(look)


def switch_accounts(
    warehouse: Warehouse, account_ids: Collection[str], *, on: bool
) -> list[Changed]:
    """Switch accounts on or off; from the next run on they are read, or not.

    Raises ConfigError for ids that are unknown, and for an account to be switched on with the key
    and region of another that is on: neither would be read.
    """

    def switch(connection: sa.Connection) -> list[Changed]:
        rows = read_rows(connection, lock=True)
        chosen = _chosen(rows, account_ids)
        ids = [row.account_id for row in chosen]
        enabled = sa.update(cloud_user).where(cloud_user.c.id.in_(ids)).values(enabled=int(on))
        connection.execute(enabled)
        now = read_rows(connection)
        if on:
            others = Others(now)
            for row in chosen:
                if twins := others.twins(row):
                    raise row.fault(
                        "secret_id",
                        f"is also the access key of account {', '.join(twins)} in the same region:"
                        f" `accounts disable {' '.join(twins)}` first, or neither is read",
                    )
        return _tell(connection, now, chosen, lambda row: row.is_enabled != on)

    return warehouse.transact(switch)


def rename_account(warehouse: Warehouse, account_id: str, name: str) -> Changed:
    """Give an account another name; its id stays, for its tickets bear it. Empty: none.

    Raises ConfigError for an id that is unknown or a name that no row can hold.
    """
    name = name.strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ConfigError(
            f"account {account_id}: a name has at most {LONGEST_NAME} characters, and no control"
            " characters"
        )

    def rename(connection: sa.Connection) -> Changed:
        (row,) = _chosen(read_rows(connection, lock=True), [account_id])
        mine = sa.update(cloud_user).where(cloud_user.c.id == row.account_id)
        connection.execute(mine.values(name=name or None))
        now = read_rows(connection)
        (told,) = _tell(connection, now, [row], lambda before: before.name != name)
        return told

    return warehouse.transact(rename)


def remove_accounts(warehouse: Warehouse, account_ids: Collection[str]) -> list[Changed]:
    """Take accounts and their keys away; what they were, for the last time.

    Gone as well: how far they were read, and which of their tickets wait in quarantine, because no
    run will try them. A run of theirs that is under way is closed, and writes nothing more. An
    account whose row somebody deleted by hand is known by that, too. Raises ConfigError for ids
    that are unknown.
    """

    def remove(connection: sa.Connection) -> list[Changed]:
        rows = [*read_rows(connection, lock=True), *_without_row(connection, account_ids)]
        chosen = _chosen(rows, account_ids)
        told = _tell(connection, rows, chosen, lambda row: True)
        ids = [row.account_id for row in chosen]
        s, r = sync_state.c, sync_run.c
        # First its state: a run that writes holds it, and finds it gone.
        connection.execute(sa.delete(sync_state).where(s.account_id.in_(ids), s.entity.in_(OWNED)))
        connection.execute(
            sa.update(sync_run)
            .where(r.account_id.in_(ids), r.entity.in_(OWNED), r.outcome == "running")
            .values(outcome="stopped", ended_at=NOW, error_text="its account was removed")
        )
        connection.execute(sa.delete(sync_quarantine).where(sync_quarantine.c.account_id.in_(ids)))
        connection.execute(sa.delete(cloud_user).where(cloud_user.c.id.in_(ids)))
        return told

    return warehouse.transact(remove)


def _chosen(rows: Sequence[AccountRow], account_ids: Collection[str]) -> list[AccountRow]:
    """The rows of *account_ids*, by id. Raises ConfigError that names each id without a row."""
    by_id = {row.account_id: row for row in rows}
    if unknown := sorted(set(account_ids) - by_id.keys()):
        raise ConfigError(
            f"no row of cloud_user has the id {', '.join(unknown)}: see `accounts list`;"
            " nothing was changed"
        )
    return [by_id[account_id] for account_id in sorted(set(account_ids))]


def _without_row(connection: sa.Connection, account_ids: Collection[str]) -> list[AccountRow]:
    """Those of *account_ids* that runs have read, and that have no row any more."""
    s, r = sync_state.c, sync_run.c
    query = (
        sa.select(s.account_id, sa.func.max(r.vendor))
        .outerjoin_from(sync_state, sync_run, (r.account_id == s.account_id))
        .where(
            s.account_id.in_(account_ids),
            s.entity.in_(OWNED),
            s.account_id.not_in(sa.select(cloud_user.c.id)),
        )
        .group_by(s.account_id)
    )
    return [
        AccountRow(account_id, "", vendor or "", "", False, "", "")
        for account_id, vendor in connection.execute(query)
    ]


def _tell(
    connection: sa.Connection,
    rows: Sequence[AccountRow],
    chosen: Sequence[AccountRow],
    has_changed: Callable[[AccountRow], bool],
) -> list[Changed]:
    """The *chosen* accounts as *rows* have them now; *has_changed* is asked of them as before."""
    ids = [row.account_id for row in chosen]
    now = {row.account_id: row for row in rows}
    t, q = cloud_osm_list.c, sync_quarantine.c
    reader = sa.func.coalesce(t.account_id, t.custom_id)
    unread = sa.case((t.missing_since.is_(None) & (t.complete == 0), 1), else_=0)
    tickets = {
        account_id: (number, int(unfinished))
        for account_id, number, unfinished in connection.execute(
            sa.select(reader, sa.func.count(), sa.func.sum(unread))
            .where(reader.in_(ids))
            .group_by(reader)
        )
    }
    query = sa.select(q.account_id, sa.func.count()).group_by(q.account_id)
    waiting: dict[str, int] = dict(connection.execute(query.where(q.account_id.in_(ids))).all())
    left = {row.vendor for row in rows if row.is_enabled and row.account_id not in ids}
    return [
        Changed(
            account_id=row.account_id,
            name=now[row.account_id].name,
            vendor=row.vendor,
            has_changed=has_changed(row),
            tickets=tickets.get(row.account_id, (0, 0))[0],
            open_tickets=tickets.get(row.account_id, (0, 0))[1],
            quarantined=waiting.get(row.account_id, 0),
            has_others=row.vendor in left,
        )
        for row in chosen
    ]
