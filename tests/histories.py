"""Histories of the customer-service tables by hand: a few versions, a few snapshots."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.warehouse.customer_service.tables import HISTORIES, cs_snapshot, cs_snapshot_table
from tests.builders import untyped

LOCAL: Final = timedelta(hours=8)
EPOCH: Final = "1970-01-01 08:00"
TABLES: Final = {table.name: table for table in SOURCE_TABLES}


def naive(text: str) -> datetime:
    """A moment without its zone, as the tables hold it."""
    return datetime.fromisoformat(text)


def local(text: str) -> datetime:
    """A moment as the wall clock of +08:00 shows it, in naive UTC."""
    return naive(text) - LOCAL


class Past:
    """Writes what snapshots would have written, with a connection that the test commits."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.moments: dict[int, datetime] = {}

    def snapshot(
        self, number: int, at: str, *, queue: bool = True, state: str = "complete"
    ) -> None:
        """A snapshot at a local time; without *queue*, its source had no live queue."""
        self.moments[number] = local(at)
        self.connection.execute(
            sa.insert(untyped(cs_snapshot)).values(
                snapshot_id=number,
                state=state,
                snapshot_at=local(at),
                stored_at=local(at),
                run_id="r",
                system_id="1",
                database_name="desk",
                timeline=1,
                server_started_at=local(EPOCH),
                horizon=1,
            )
        )
        figures = [c.name for c in cs_snapshot_table.c if not c.nullable and not c.primary_key]
        for name, table in TABLES.items():
            if queue or not table.optional:
                self.connection.execute(
                    sa.insert(untyped(cs_snapshot_table)).values(
                        snapshot_id=number, table_name=name, **dict.fromkeys(figures, 0)
                    )
                )

    def version(
        self, name: str, key: Any, /, *, opened: int = 1, closed: int = 0, **values: Any
    ) -> None:
        """A version of a row, opened and closed by snapshots that are there already."""
        table = TABLES[name]
        row_key = key if table.has_integer_key else hashlib.sha256(str(key).encode()).digest()[:16]
        self.connection.execute(
            sa.insert(untyped(HISTORIES[name])).values(
                {
                    "row_key": row_key,
                    "closed_by": closed,
                    table.key[0]: key,
                    "row_hash": hashlib.sha256(repr((key, values)).encode()).digest()[:16],
                    "valid_from_at": self.moments[opened],
                    "valid_to_at": self.moments[closed] if closed else None,
                    "snapshot_id": opened,
                    **values,
                }
            )
        )

    def close(self, name: str, key: Any, by: int) -> None:
        """Close the present version of a row."""
        history = untyped(HISTORIES[name])
        self.connection.execute(
            sa.update(history)
            .where(history.c[TABLES[name].key[0]] == key, history.c.closed_by == 0)
            .values(closed_by=by, valid_to_at=self.moments[by])
        )

    def conversation(
        self,
        session_id: str,
        inqueue: str,
        *,
        wait: float | None = None,
        shop: int | None = 1,
        seat: int = 0,
        seat_name: str | None = None,
        customer: str | None = None,
        minutes: float = 0,
        live: bool = False,
        opened: int = 1,
        closed: int = 0,
        **values: Any,
    ) -> None:
        """A conversation that entered the queue at a local time and waited *wait* seconds.

        Without *wait* nobody was assigned. The last message came *minutes* after the assignment.
        """
        start = local(inqueue)
        given = start + timedelta(seconds=wait) if wait is not None else local(EPOCH)
        names = {0: "", -1: "shop_robot@h"}
        row = {
            "shop_id": shop,
            "seat_id": seat,
            "seat_name": names.get(seat, f"s{seat}@h") if seat_name is None else seat_name,
            "customer_name": f"{session_id}@h" if customer is None else customer,
            "status": 5,
            "request_count": 1,
            "inqueue_time": start,
            "distributed_time": given,
            "last_ack_time": max(start, given) + timedelta(minutes=minutes),
            "id": 1,
            **values,
        }
        name = "queue_mapping" if live else "session_mapping"
        self.version(name, session_id, opened=opened, closed=closed, **row)
