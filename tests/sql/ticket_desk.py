"""Vendor tickets as the sync would have stored them, and the reports built from them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from include.pipelines import reports
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.tables import cloud_osm_detail, cloud_osm_list
from tests.builders import untyped
from tests.histories import local

CUSTOMER, STAFF = "0", "1"
NOW = datetime(2026, 3, 31, 16, tzinfo=UTC)  # midnight in Shanghai
HOUR = 3_600_000


def millis(text: str) -> int:
    """A local time as milliseconds since 1970 UTC."""
    return int(local(text).replace(tzinfo=UTC).timestamp() * 1000)


class Desk:
    """Tickets as the sync would have stored them."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    def ticket(
        self,
        ticket_id: str,
        created: str | None,
        *,
        vendor: str = "HUAWEI",
        messages: tuple[tuple[float, str], ...] = (),
        closed_after: float | None = None,
        state: str | None = "1",
        **values: Any,
    ) -> None:
        """A ticket with messages (hours after its creation, direction)."""
        start = None if created is None else millis(created)
        row = {
            "id": f"{vendor}{ticket_id}",
            "cloud_id": ticket_id,
            "type": vendor,
            "custom_id": "acc",
            "product_id": "ecs",
            "create_time": start,
            "vendor_status": state,
            "status": 1 if closed_after is None else 0,
            "resolved": None if closed_after is None else 1,
            "message_count": None if closed_after is None else len(messages),
            "synced_at": NOW.replace(tzinfo=None),
            **values,
        }
        if closed_after is not None and start is not None:
            row["close_time"] = row["close_time_max"] = start + int(closed_after * HOUR)
        with self.warehouse.engine.begin() as connection:
            key = cloud_osm_list.c.id == row["id"]
            connection.execute(sa.delete(cloud_osm_list).where(key))
            connection.execute(sa.insert(untyped(cloud_osm_list)).values(row))
            for number, (after, direction) in enumerate(messages):
                connection.execute(
                    sa.insert(untyped(cloud_osm_detail)).values(
                        id=f"{vendor}{ticket_id}-{number}",
                        case_id=ticket_id,
                        vendor=vendor,
                        message_id=str(number),
                        type=direction,
                        create_time=(start or 0) + int(after * HOUR),
                    )
                )

    def build(self, now: datetime = NOW, **options: Any) -> dict[str, int]:
        return reports.build(self.warehouse, now=now, request=Request("test"), **options)

    def look(self, query: str) -> list[tuple[Any, ...]]:
        with self.warehouse.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]
