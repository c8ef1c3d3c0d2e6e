"""A small customer service, and the reports of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from include.pipelines import reports
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.histories import Past

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)


@pytest.fixture
def past(warehouse: Warehouse) -> Callable[[Callable[[Past], None]], None]:
    """``past(write)``: let *write* add to the histories, as a snapshot does."""
    moments: dict[int, datetime] = {}

    def write(work: Callable[[Past], None]) -> None:
        with warehouse.engine.begin() as connection:
            writer = Past(connection)
            writer.moments = moments
            work(writer)

    return write


@pytest.fixture
def build(warehouse: Warehouse) -> Callable[..., dict[str, int]]:
    def run(**options: Any) -> dict[str, int]:
        return reports.build(warehouse, **{"now": NOW, "request": Request("test"), **options})

    return run


def first_snapshot(past: Past) -> None:
    past.snapshot(1, "2026-03-10 12:00")
    past.version("supplier", 1, ext_flag=1)
    past.version("busi_supplier_mapping", 1, supplier_id=1, busi_id=7, status=1)
    past.version("seat", 11, supplier_id=1, status=1, service_status=0, max_user=2)
    for day in ("01", "02", "05", "10"):
        past.conversation(f"c{day}", f"2026-03-{day} 10:00", wait=5, seat=11, customer="one@h")
