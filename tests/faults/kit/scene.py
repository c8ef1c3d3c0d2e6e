"""Nine accounts of three vendors, a warehouse that knows an earlier state, and a run over all.

Vendors and warehouse start equal for every test: a clean run at ``BEFORE`` stored what the seed
made; then ``live`` changed every account; ``NOW`` is when the run with the fault begins. All waits
are injected: nothing sleeps.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa

from include.models import Account
from include.pipelines import catalog
from include.pipelines.tickets.sync import sync_tickets
from include.sandbox.vendors.server import WIRES, Sandbox
from include.sandbox.vendors.store import Store
from include.settings import Settings
from include.vendors.registry import VENDORS, open_client
from include.warehouse.bookkeeping.ledger import Counts, Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tables import metadata

log = logging.getLogger(__name__)

ACCOUNTS: Final = 3
FULL: Final = bool(os.environ.get("FULL"))
"""Whether the exhaustive forms run as well."""
SEED: Final = 20260101
TICKETS: Final = 13
BEFORE: Final = datetime(2026, 7, 2, tzinfo=UTC)
NOW: Final = BEFORE + timedelta(days=1)
HOSTILE: Final = (
    "𠮷👍 \x00\x1b[31m</script><script>alert(1)</script> '; drop table x; -- {{ 7*7 }} %s \\"
)
LIMIT_SECONDS: Final = 60.0
"""No run over one account may take longer, whatever happens to it."""

FACTS: Final = (
    "cloud_osm_list",
    "cloud_osm_detail",
    "cloud_osm_product",
    "cloud_osm_product_type",
    "cloud_osm_product_category",
    "cloud_osm_source",
    "sync_quarantine",
)
STATE: Final = (*FACTS, "sync_state", "sync_run")
Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Ended:
    """How the run of one account ended."""

    error: BaseException | None
    counts: Counts
    seconds: float


def sandbox() -> Sandbox:
    """The vendors as they were at ``BEFORE``."""
    made = Sandbox(SEED, ACCOUNTS, TICKETS)
    made.store.freeze(BEFORE)
    return made


def live(store: Store) -> None:
    """A day passes: in every account tickets come, close, are reopened and spoken to."""
    store.freeze(NOW)
    hour = timedelta(hours=1)
    for vendor in VENDORS:
        for index in range(ACCOUNTS):
            old = store.tickets(vendor, index)
            still = [case.ticket_id for case in old if not case.is_closed]
            done = [case.ticket_id for case in old if case.is_closed]
            for i in range(3):
                moment = NOW - (5 - i) * hour
                store.add_ticket(vendor, index, created_at=moment, state="closed", messages=3)
            texts = [HOSTILE, "reply"]
            store.add_ticket(
                vendor,
                index,
                title="hostile",
                created_at=NOW - hour,
                state="closed",
                messages=texts,
            )
            store.add_ticket(vendor, index, created_at=NOW - hour)
            store.close(still[0])
            store.reopen(done[-1])
            store.add_message(done[-1], "it broke again")


@dataclass
class Scene:
    """One test's vendors and warehouse."""

    sandbox: Sandbox
    url: str = field(repr=False)
    slept: list[float] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    """What the run with the fault sets otherwise."""
    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What single accounts set otherwise, by id."""
    accounts: list[Account] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts = self.accounts or [
            self.sandbox.account(vendor, index) for vendor in VENDORS for index in range(ACCOUNTS)
        ]

    @cached_property
    def engine(self) -> sa.Engine:
        """Connects anew for each look, and asks what server it is once."""
        return sa.create_engine(self.url, poolclass=sa.NullPool)

    @property
    def store(self) -> Store:
        return self.sandbox.store

    def narrow(self, *vendors: str) -> None:
        """Run from now on over two accounts of each of *vendors* alone, unless FULL."""
        if not FULL:
            third = f"-{ACCOUNTS}"
            self.accounts = [
                account
                for account in self.accounts
                if account.vendor in vendors and not account.account_id.endswith(third)
            ]

    def run(
        self, accounts: Sequence[Account] = (), *, now: datetime = NOW, **changes: Any
    ) -> dict[str, Ended]:
        """Sync all accounts, as a task would: one that fails does not keep the others."""
        self.register()
        with closing(Warehouse.open(self.url)) as warehouse:
            return {
                account.account_id: self.sync(account, warehouse, now=now, **changes)
                for account in accounts or self.accounts
            }

    def register(self) -> None:
        """Let ``cloud_user`` hold the accounts, so that none takes over another's tickets."""
        ids = ", ".join(f"('{one.account_id}', 'k', '{one.vendor}')" for one in self.accounts)
        self.execute(f"insert ignore into cloud_user (id, secret_id, type) values {ids}")

    def sync(
        self, account: Account, warehouse: Warehouse, *, now: datetime = NOW, **changes: Any
    ) -> Ended:
        """Sync one account; returns how that ended."""
        settings = self.settings_of(account, **changes)
        client = open_client(account, settings, sleep=self.slept.append)
        began = time.monotonic()
        counts, error = Counts(), None

        def note(so_far: Counts) -> None:
            nonlocal counts
            counts = replace(so_far)

        try:
            counts = sync_tickets(
                client,
                warehouse,
                account,
                settings=settings,
                now=now,
                request=Request("a test"),
                progress=note,
            )
        except Exception as caught:  # noqa: BLE001 - whatever it is, the invariants judge it
            error = caught
            log.error("account=%s %s", account.account_id, caught)  # noqa: TRY400 - as a task does
        finally:
            client.close()
        return Ended(error, counts, time.monotonic() - began)

    def refresh(self, vendor: str, *, now: datetime = NOW, **options: Any) -> Ended:
        """Refresh one vendor's catalogue; returns how that ended."""
        warehouse = Warehouse.open(self.url)
        client = open_client(
            self.sandbox.account(vendor), self._settings({}), sleep=self.slept.append
        )
        began, error, counts = time.monotonic(), None, Counts()
        try:
            counts = catalog.refresh(
                client, warehouse, now=now, request=Request("a test"), **options
            )
        except Exception as caught:  # noqa: BLE001 - whatever it is, the invariants judge it
            error = caught
        finally:
            client.close()
            warehouse.close()
        return Ended(error, counts, time.monotonic() - began)

    def rows(self, tables: Collection[str] = FACTS) -> Rows:
        """What the tables hold, sorted, without what every run writes anew."""
        return read(self.engine, tables)

    def look(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """What another connection sees now."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), values)]

    def execute(self, *statements: str) -> None:
        """Change something behind everybody's back."""
        with self.engine.begin() as connection:
            connection.execution_options(no_parameters=True)
            for statement in statements:
                connection.exec_driver_sql(statement)

    def faults(
        self, name: str, action: str = "", vendors: Collection[str] = VENDORS, **spec: Any
    ) -> None:
        """Switch a fault on for the first account of each of *vendors*.

        *action* is ``list`` (of tickets), ``detail`` (of a ticket), or the vendor's own word.
        """
        for vendor in vendors:
            wire = WIRES[vendor]
            own = {"list": wire.TICKETS, "detail": next(iter(wire.DETAILS))}.get(action, action)
            where = {"action": own} if own else {}
            self.sandbox.faults.add(name, vendor=vendor, account=0, **where, **spec)

    def settings_of(self, account: Account, **changes: Any) -> Settings:
        """The settings of a run over *account*."""
        return self._settings(changes | self.own.get(account.account_id, {}))

    def _settings(self, changes: dict[str, Any]) -> Settings:
        return self.sandbox.settings(**self.settings | changes)


VOLATILE: Final = {
    "cloud_osm_list": {
        *("read_at", "read_again_at", "change_mark"),
        *("close_time", "close_time_min", "close_time_max"),
    },
    "sync_quarantine": {"first_at", "last_at", "attempts", "request_id"},
    "sync_state": {"heartbeat_at", "token"},
}


def read(engine: sa.Engine, tables: Collection[str]) -> Rows:
    """The rows of *tables*, sorted; without columns that tell when a run was, not what is."""
    found: Rows = {}
    with engine.connect() as connection:
        for name in tables:
            left_out = {"synced_at"} | VOLATILE.get(name, set())
            columns = [c for c in metadata.tables[name].c if c.name not in left_out]
            found[name] = sorted(
                (tuple(row) for row in connection.execute(sa.select(*columns))), key=repr
            )
    return found


def of_accounts(rows: Rows, accounts: Collection[str]) -> Rows:
    """What belongs to *accounts*: their tickets, the messages of these, their quarantine."""
    columns = {name: [c.name for c in metadata.tables[name].c] for name in rows}

    def at(table: str, row: tuple[Any, ...], column: str) -> Any:
        kept = [c for c in columns[table] if c not in {"synced_at"} | VOLATILE.get(table, set())]
        return row[kept.index(column)]

    mine = [
        row for row in rows["cloud_osm_list"] if at("cloud_osm_list", row, "custom_id") in accounts
    ]
    ids = {
        (at("cloud_osm_list", row, "type"), at("cloud_osm_list", row, "cloud_id")) for row in mine
    }
    return {
        "cloud_osm_list": mine,
        "cloud_osm_detail": [
            row
            for row in rows["cloud_osm_detail"]
            if (at("cloud_osm_detail", row, "vendor"), at("cloud_osm_detail", row, "case_id"))
            in ids
        ],
        "sync_quarantine": [
            row
            for row in rows["sync_quarantine"]
            if at("sync_quarantine", row, "account_id") in accounts
        ],
    }


def state_of(store: Store) -> str:
    """A name for everything the vendors hold: equal names, equal tickets."""
    digest = hashlib.sha256()
    with store.lock:
        for vendor in VENDORS:
            for index in range(ACCOUNTS):
                for case in store.tickets(vendor, index):
                    digest.update(repr(astuple(case)).encode())
    return digest.hexdigest()


def copy_statements(base: str) -> list[str]:
    """SQL that brings an empty warehouse to the state of the database *base*."""
    return copy_rows(base, STATE)


def copy_rows(base: str, tables: Collection[str]) -> list[str]:
    """SQL that copies the rows of *tables* from the database *base*; no generated column."""
    source = sa.make_url(base).database
    engine = sa.create_engine(base, poolclass=sa.NullPool)
    inspector = sa.inspect(engine)
    copied = []
    for name in tables:
        described = inspector.get_columns(name)
        columns = ", ".join(f"`{c['name']}`" for c in described if not c.get("computed"))
        copied.append(f"insert into `{name}` ({columns}) select {columns} from `{source}`.`{name}`")
    return copied


@contextmanager
def undisturbed(base: str, url: str) -> Iterator[Scene]:
    """The same day without a fault, over a copy of *base* in *url*."""
    with sandbox() as running:
        live(running.store)
        scene = Scene(running, url)
        scene.execute(*copy_statements(base))
        yield scene
