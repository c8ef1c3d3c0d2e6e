"""Which run holds an account, how far the account is read, what happened: sync_state and sync_run.

Two guards keep one account to one run. A lock of the server ends with our connection, so a killed
run blocks nobody. A token grows with every run that takes the account and is checked, under a row
lock, in each writing transaction, so a run that was frozen and overtaken cannot write.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from include import stopping
from include.errors import PartialError, SupersededError, SyncError, VendorError
from include.models import HOME_SITE
from include.warehouse.bookkeeping.proofs import find_proven_end
from include.warehouse.bookkeeping.tables import sync_run, sync_state
from include.warehouse.mysql import Warehouse
from include.warehouse.types import NOW, Utc, stored_name

log = logging.getLogger(__name__)
T = TypeVar("T")

STALE_SECONDS: Final = 600
"""A holder that showed no sign of life for so long is given up on."""
HEARTBEAT_SECONDS: Final = 15.0
TURN_SECONDS: Final = 1.0

_under_way: set[Run] = set()


@dataclass(slots=True)
class Counts:
    """What a run did so far. XCom, the ledger and the command line show it."""

    calls: int = 0
    listed: int = 0
    written: int = 0
    messages: int = 0
    failed: int = 0
    gone: int = 0
    more: int = 0
    """Runs whose time was spent before they had read all."""

    def __add__(self, other: Counts) -> Counts:
        """The sum, field by field."""
        return Counts(
            *(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True))
        )


@dataclass(frozen=True, slots=True)
class Request:
    """Who asked for a run, and for what; both stand in the ledger."""

    triggered_by: str = "command line"
    parameters: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class EndedRun:
    """How a run of this process ended."""

    entity: str
    vendor: str
    outcome: str
    counts: Counts
    seconds: float


_ended: deque[EndedRun] = deque(maxlen=10_000)
"""Bounded, for a process in which nobody asks."""


@dataclass(frozen=True, slots=True)
class State:
    """When an account was last asked for what, as ``sync_state`` has it; None: never."""

    swept_at: datetime | None = None
    listed_at: datetime | None = None
    strays_at: datetime | None = None


NEVER: Final = State()


class Run:
    """A run's hold on an account. Only its ``write`` may change what belongs to the account."""

    def __init__(
        self,
        warehouse: Warehouse,
        connection: sa.Connection,
        account_id: str,
        entity: str,
    ) -> None:
        self.run_id = uuid.uuid4().hex
        self.counts = Counts()
        self.watermark: datetime | None = None
        """As far as it can be believed: what lies ahead of all runs is taken back."""
        self.state = NEVER
        self.warehouse, self._connection = warehouse, connection
        self._key = (sync_state.c.account_id == account_id) & (sync_state.c.entity == entity)
        self._row = {"account_id": account_id, "entity": entity}
        self._began = self._beat = time.monotonic()
        self._vendor = ""
        self._turn = threading.Lock()
        self._token: int | None = None
        self._begun_at: datetime | None = None
        self._has_window = False
        self._note = ""

    def begin(self, vendor: str, request: Request) -> None:
        """Take the account over and write this run's row in the ledger."""
        self._vendor = vendor
        self._token = self.warehouse.transact(lambda c: self._begin(c, vendor, request))

    @property
    def has_begun(self) -> bool:
        """Whether the account is known to be ours, and our row to be there."""
        return self._token is not None

    def write(self, work: Callable[[sa.Connection], T], **state: datetime | None) -> T:
        """Run *work* and move *state* (columns of sync_state) in one transaction.

        Several threads take turns. Raises SupersededError when another run took the account over,
        or this one has ended.
        """

        def guarded(connection: sa.Connection) -> T:
            self.confirm_hold(connection, **state)
            return work(connection)

        with self._turn:
            return self.warehouse.transact(guarded)

    def confirm_hold(self, connection: sa.Connection, **state: datetime | None) -> None:
        """Move *state* in a transaction that the caller commits, if this run still holds it.

        A moment beyond the server's clock is cut to it, and the end of a window that was listed to
        the beginning of the run: a worker's own clock may be ahead, and nobody has looked there.
        Raises SupersededError when another run took over; none can before the commit.
        """
        values = {name: self._not_ahead(moment) for name, moment in state.items() if moment}
        mine = self._key & (sync_state.c.token == self._token)
        beat = sa.update(sync_state).where(mine).values(heartbeat_at=NOW, **values)
        # It looks and locks at once. The count is of rows that were found, changed or not.
        if self._token is None or not connection.execute(beat).rowcount:
            raise SupersededError("another run took this account over: nothing was written")

    def window(self, since: datetime, until: datetime) -> None:
        """Note the creation window this run is about."""
        self._has_window = True
        self.warehouse.transact(lambda c: self._update(c, since_at=since, until_at=until))

    def tell(self, text: str) -> None:
        """Say *text* in this run's row of the ledger, however it ends; without customers' texts."""
        self._note = text

    def beat(self) -> None:
        """Show a sign of life and the counts so far, at most every few seconds."""
        if self._connection.closed or time.monotonic() - self._beat < HEARTBEAT_SECONDS:
            return
        if self._turn.locked():  # a write is a sign of life, and we would wait for its end
            return
        self._beat = time.monotonic()
        try:
            mine = self._key & (sync_state.c.token == self._token)
            self._connection.execute(sa.update(sync_state).where(mine).values(heartbeat_at=NOW))
            self._update(self._connection, **self._figures())
        except sa.exc.DBAPIError:
            # The lock went with its connection: the token alone guards us from here on. Not used
            # again, because it would come back without the lock and without autocommit.
            self._connection.close()

    def finish(self, outcome: str, error: BaseException | None = None) -> None:
        """Close this run's row in the ledger; a thread that still reads writes no more."""
        # A run that is told to stop waits for no thread; its own interrupt may hold the turn.
        is_ours = self._turn.acquire(timeout=TURN_SECONDS if outcome == "stopped" else -1)
        if self.has_begun:  # not a second time
            seconds, entity = time.monotonic() - self._began, self._row["entity"]
            _ended.append(EndedRun(entity, self._vendor, outcome, self.counts, seconds))
        self._token = None
        if is_ours:
            self._turn.release()
        values: dict[str, Any] = {"outcome": outcome, "ended_at": NOW, **self._figures()}
        if error is not None:
            values["error_class"] = type(error).__name__.lstrip("_")
            # Only our own errors are known to be free of keys and of customers' texts.
            values["error_text"] = str(error)[:2000] if isinstance(error, SyncError) else None
        if self._note:
            told = f"{self._note}. {values.get('error_text') or ''}".strip()
            values["error_text"] = told[:2000]
        if isinstance(error, VendorError):
            values["request_id"] = error.request_id[:128] or None
        self.warehouse.transact(lambda connection: self._update(connection, **values))

    def _not_ahead(self, moment: datetime) -> sa.ColumnElement[datetime]:
        if self._has_window and self._begun_at:
            moment = min(moment, self._begun_at)
        return sa.func.least(sa.literal(moment, Utc), NOW)

    def _figures(self) -> dict[str, int]:
        return {name: value for name, value in asdict(self.counts).items() if name in sync_run.c}

    def _update(self, connection: sa.Connection, **values: Any) -> None:
        mine = (sync_run.c.run_id == self.run_id) & (sync_run.c.outcome == "running")
        connection.execute(sa.update(sync_run).where(mine).values(**values))

    def _begin(self, connection: sa.Connection, vendor: str, request: Request) -> int:
        connection.execute(sa.insert(sync_state).prefix_with("IGNORE").values(**self._row))
        state = connection.execute(sa.select(sync_state).where(self._key).with_for_update()).one()
        self._begun_at = connection.scalar(sa.select(NOW))  # not before the row was ours
        self.watermark = state.watermark_at
        self.state = State(state.swept_at, state.listed_at, state.strays_at)
        values: dict[str, Any] = {"token": state.token + 1, "heartbeat_at": NOW}
        if is_ahead(state.watermark_at, state.heartbeat_at, self._begun_at):
            self.watermark = find_proven_end(connection, **self._row)
            values["watermark_at"] = self.watermark
            self._note = (
                f"the watermark {state.watermark_at:%Y-%m-%d %H:%M:%S} UTC lay ahead of every run:"
                " refused, and set back to "
                + (f"{self.watermark:%Y-%m-%d %H:%M:%S} UTC" if self.watermark else "the beginning")
            )
            log.warning("account=%s entity=%s: %s", *self._row.values(), self._note)
        connection.execute(sa.update(sync_state).where(self._key).values(**values))
        earlier = (sync_run.c.outcome == "running") & sa.and_(
            *(sync_run.c[name] == value for name, value in self._row.items())
        )
        connection.execute(
            sa.update(sync_run)
            .where(earlier & (sync_run.c.run_id != self.run_id))
            .values(
                outcome="stopped", ended_at=NOW, error_text="ended without a word, or overtaken"
            )
        )
        connection.execute(
            _row_of(request, run_id=self.run_id, vendor=vendor, outcome="running", **self._row)
        )
        return int(state.token) + 1


def owner_of(vendor: str, site: str = HOME_SITE) -> str:
    """The ``account_id`` under which the ledger keeps what belongs to a whole site of a vendor."""
    name = stored_name(vendor)
    return name if site == HOME_SITE else f"{name} {site}"


@contextmanager
def hold(
    warehouse: Warehouse, account_id: str | None, entity: str, *, vendor: str, request: Request
) -> Iterator[Run]:
    """Take an account for one run and write the run's row in the ledger.

    Without *account_id* the run is about what belongs to the whole vendor. Raises
    AlreadyRunningError when another run holds it.
    """
    account_id = owner_of(vendor) if account_id is None else account_id

    def stale(connection: sa.Connection) -> bool:
        age = sa.func.timestampdiff(sa.text("SECOND"), sync_state.c.heartbeat_at, NOW)
        key = (sync_state.c.account_id == account_id) & (sync_state.c.entity == entity)
        seconds = connection.scalar(sa.select(age).where(key))
        return seconds is not None and seconds > STALE_SECONDS

    with warehouse.lock(f"{entity} of {account_id}", stale=stale) as connection:
        run = Run(warehouse, connection, account_id, entity)
        _under_way.add(run)
        try:
            try:
                run.begin(vendor, request)
                yield run
            except PartialError as error:
                run.finish("partial", error)
                raise
            except SupersededError:
                raise  # the run that took over has closed our row
            except SyncError as error:
                if run.has_begun:
                    run.finish("failed", error)
                raise
            run.finish("more" if run.counts.more else "done")
        except SyncError:
            raise
        except BaseException as error:
            # Killed, interrupted (perhaps while the row was written) or a bug of ours: say so if
            # the database still answers.
            stopped = not isinstance(error, Exception)
            if stopped:
                warehouse.close()  # an interrupt may have kept the pool's last connection for ever
            with suppress(SyncError), stopping.in_peace():
                run.finish("stopped" if stopped else "failed", error)
            raise
        finally:
            _under_way.discard(run)


def take_ended() -> list[EndedRun]:
    """The runs of this process that ended since the last call, in their order.

    Not what was killed or overtaken: another process closed its row.
    """
    return [_ended.popleft() for _ in range(len(_ended))]


def stop_runs(warehouse: Warehouse, error: BaseException) -> None:
    """Close the rows of all runs over *warehouse* that other threads have under way: stopped.

    Those threads write nothing more; what they are writing is rolled back. Whoever was told to end,
    by *error*, need not wait until they notice.
    """
    with stopping.in_peace():
        warehouse.go_on_alone()
        for run in tuple(_under_way):
            if run.warehouse is warehouse:
                with suppress(SyncError):
                    run.finish("stopped", error)


def note(
    warehouse: Warehouse,
    account_id: str,
    entity: str,
    *,
    vendor: str,
    request: Request,
    written: int,
    failed: int,
) -> None:
    """Write down what a person did beside all runs: who, when, what for and to how many rows."""
    row = _row_of(
        request,
        run_id=uuid.uuid4().hex,
        account_id=account_id,
        entity=entity,
        vendor=vendor,
        outcome="partial" if failed else "done",
        ended_at=NOW,
        written=written,
        failed=failed,
    )
    warehouse.transact(lambda connection: connection.execute(row))


def _row_of(request: Request, **values: Any) -> sa.Insert:
    """A new row of the ledger, once: a transaction whose commit was not answered runs again."""
    parameters = json.dumps(dict(request.parameters or {}), ensure_ascii=False, default=str)
    asked = {"triggered_by": request.triggered_by[:255], "parameters": parameters[:2000]}
    values["vendor"] = stored_name(values["vendor"])
    return sa.insert(sync_run).prefix_with("IGNORE").values(started_at=NOW, **asked, **values)


def watermark(warehouse: Warehouse, account_id: str, entity: str) -> datetime | None:
    """All that was created before it is stored or in quarantine; None before the first run.

    One that lies ahead of every run is not believed: instead what the next run will go back to.
    """
    key = (sync_state.c.account_id == account_id) & (sync_state.c.entity == entity)
    query = sa.select(sync_state.c.watermark_at, sync_state.c.heartbeat_at, NOW).where(key)

    def read(connection: sa.Connection) -> datetime | None:
        state = connection.execute(query).one_or_none()
        if state is None or not is_ahead(*state):
            return None if state is None else state[0]
        return find_proven_end(connection, account_id, entity)

    return warehouse.transact(read)


def is_ahead(
    watermark_at: datetime | None, heartbeat_at: datetime | None, now: datetime | None
) -> bool:
    """Whether a watermark is one that no run of ours can have set: a hand did, or a restore.

    A run moves it to the server's clock at most, and shows a sign of life in the same statement. So
    a watermark that was ahead is still known by that once its moment has passed.
    """
    if watermark_at is None:
        return False
    return any(limit is not None and watermark_at > limit for limit in (heartbeat_at, now))
