"""A warehouse with our tables, and a way to look into it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.pipelines.tickets.sync import Options, sync_tickets
from include.settings import Settings
from include.warehouse.bookkeeping.ledger import Counts, Request
from include.warehouse.mysql import Warehouse
from tests.builders import DAY
from tests.fakes import FakeClient
from tests.pipelines.desk import build, past
from tests.source.conftest import execute, source

__all__ = ["build", "execute", "past", "source"]  # fixtures


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()


@pytest.fixture
def rows(warehouse: Warehouse) -> Any:
    """``rows("select …")``: what another connection sees now."""

    def look(query: str, **values: Any) -> list[tuple[Any, ...]]:
        with warehouse.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), values)]

    return look


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def sync(warehouse: Warehouse, client: FakeClient) -> Any:
    """``sync(…)``: one run over the fake vendor's account, each five seconds after the one before.

    No reading is older than one that is stored.
    """
    later = itertools.count()

    def run(
        now: datetime = DAY,
        settings: Settings | None = None,
        vendor: FakeClient = client,
        **options: Any,
    ) -> Counts:
        vendor.calls, vendor.reads = 0, []
        return sync_tickets(
            vendor,
            warehouse,
            vendor.account,
            settings=settings or Settings(sync_since=DAY - timedelta(days=500)),
            now=now + timedelta(seconds=5 * next(later)),
            request=Request("test"),
            options=Options(**options),
        )

    return run
