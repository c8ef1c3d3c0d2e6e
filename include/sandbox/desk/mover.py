"""Moves conversations from live to archive all the time, as the service does, in a thread."""

from __future__ import annotations

import threading
import uuid
from types import TracebackType
from typing import Final, Self

import sqlalchemy as sa

COLUMNS: Final = (
    "customer_name, shop_id, product_id, session_id, seat_id, status, request_count,"
    " distributed_time, inqueue_time, last_ack_time, seat_name, group_id"
)
MOVE: Final = (
    sa.text(
        "create temp table moving on commit drop as select session_id from queue_mapping"
        " where seat_id <> 0 order by inqueue_time, session_id limit :rows for update"
    ),
    sa.text(
        f"insert into session_mapping ({COLUMNS}) select {COLUMNS} from queue_mapping"
        " join moving using (session_id)"
    ),
    sa.text(
        "delete from queue_mapping using moving where queue_mapping.session_id = moving.session_id"
    ),
)
COME: Final = sa.text(
    "insert into queue_mapping (customer_name, shop_id, session_id, seat_id, seat_name,"
    " distributed_time) values (:customer, 1, :key, 1, 'wang.li1@qtalk.openresty.org', now())"
)
TICKS: Final = 10
"""Transactions a second."""


class Mover:
    """``with Mover(url, rate=50) as mover``: so many conversations a second end and begin.

    One that ends moves in one transaction, so it is in exactly one of both tables at any moment.
    No other ones disappear: what was there, and what ``known`` ever told, stays.
    """

    def __init__(self, url: str, *, rate: int = 50) -> None:
        self.moved = 0
        self._rate = rate
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mover")
        with self._engine.connect() as connection:
            self._known = set(
                connection.scalars(
                    sa.text(
                        "select session_id from queue_mapping"
                        " union select session_id from session_mapping"
                    )
                )
            )

    def known(self) -> frozenset[str]:
        """The keys of all conversations that are committed by now, live and finished."""
        with self._lock:
            return frozenset(self._known)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._failure and error is None:
            raise self._failure

    def _run(self) -> None:
        try:
            with self._engine.connect() as connection:
                due = 0.0
                while not self._stop.wait(1 / TICKS):
                    due += self._rate / TICKS
                    rows = int(due)
                    due -= rows
                    if rows:
                        self._tick(connection, rows)
        except BaseException as failure:  # noqa: BLE001 - raised again where the block ends
            self._failure = failure

    def _tick(self, connection: sa.Connection, rows: int) -> None:
        new = [uuid.uuid4().hex.upper() for _ in range(rows)]
        with connection.begin():
            connection.execute(
                COME, [{"customer": f"cust.{key[:8].lower()}", "key": key} for key in new]
            )
        with self._lock:
            self._known.update(new)
        with connection.begin():
            for statement in MOVE:
                done = connection.execute(statement, {"rows": rows} if statement is MOVE[0] else {})
        self.moved += done.rowcount
