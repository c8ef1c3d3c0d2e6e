"""Valid objects; a test changes what matters to it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from include.models import Account, Category, Message, Product, Ticket
from include.warehouse.customer_service.manifest import (
    SnapshotRow,
    StoredSnapshot,
    TableFigures,
    TableRow,
)

DAY = datetime(2026, 1, 10, tzinfo=UTC)


def an_account(vendor: str = "huawei", **changes: Any) -> Account:
    return Account(
        **{
            "account_id": f"{vendor}-1",
            "vendor": vendor,
            "access_key": "test-access-key",
            "secret_key": "test-secret-key",
            **changes,
        }
    )


def a_ticket(ticket_id: str = "T1", **changes: Any) -> Ticket:
    return Ticket(
        **{
            "vendor": "huawei",
            "account_id": "huawei-1",
            "ticket_id": ticket_id,
            "title": f"title of {ticket_id}",
            "is_closed": True,
            "vendor_status": "3",
            "created_at": DAY - timedelta(days=5),
            "is_resolved": True if changes.get("is_closed", True) else None,
            **changes,
        }
    )


def a_message(ticket_id: str = "T1", message_id: str = "M1", **changes: Any) -> Message:
    return Message(
        **{
            "ticket_id": ticket_id,
            "message_id": message_id,
            "from_customer": True,
            "content": f"text of {ticket_id}/{message_id}",
            "created_at": DAY - timedelta(days=4),
            **changes,
        }
    )


def a_product(product_id: str = "P1", **changes: Any) -> Product:
    return Product(**{"product_id": product_id, "name": f"product {product_id}", **changes})


def a_category(category_id: str = "C1", product_id: str = "P1", **changes: Any) -> Category:
    return Category(
        **{
            "category_id": category_id,
            "name": f"category {category_id}",
            "product_id": product_id,
            **changes,
        }
    )


def a_snapshot(snapshot_id: int = 1, **changes: Any) -> SnapshotRow:
    return SnapshotRow(
        **{
            "snapshot_id": snapshot_id,
            "state": "complete",
            "snapshot_at": DAY + timedelta(hours=snapshot_id),
            "run_id": "0" * 32,
            "full_because": None,
            "system_id": "7",
            "database_name": "desk",
            "timeline": 1,
            "server_started_at": DAY,
            "horizon": 100 * snapshot_id,
            "notes": None,
            **changes,
        }
    )


def a_stored_snapshot(snapshot_id: int = 1, **changes: Any) -> StoredSnapshot:
    return StoredSnapshot(**asdict(a_snapshot(snapshot_id, **changes)), stored_at=DAY)


def a_table_of_a_snapshot(
    table_name: str = "seat",
    *,
    checksum: int = 0,
    over_limit: bool = False,
    relation: str = "1:1",
    **changes: int,
) -> TableRow:
    figures = {
        "rows_read": 10,
        "opened": 3,
        "closed": 2,
        "vanished": 1,
        "present": 1_234,
        "unfit": 0,
        "duplicates": 0,
        **changes,
    }
    return TableRow(TableFigures(table_name, **figures), checksum, over_limit, relation)


def untyped(table: sa.Table) -> sa.TableClause:
    """The table without our column types: it takes and gives what the server holds."""
    return sa.table(table.name, *(sa.column(column.name) for column in table.c))
