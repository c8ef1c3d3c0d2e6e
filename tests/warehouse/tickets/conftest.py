"""Tickets as a run stores them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from include.warehouse.tickets.life import Look
from include.warehouse.tickets.store import store_tickets
from tests.builders import DAY, an_account


@pytest.fixture
def store(warehouse):
    """``store((ticket, messages), …)``: returns what was refused."""

    def write(*conversations, account=None, now=DAY):
        account = account or an_account()
        return warehouse.transact(
            lambda c: store_tickets(
                c, Look(account, now, readers=frozenset({"huawei-1", "huawei-2"})), conversations
            )
        )

    return write


@pytest.fixture
def rows(warehouse):
    """``rows(query)``: as the server holds them."""

    def read(query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in warehouse.transact(lambda c: c.execute(sa.text(query)).all())]

    return read
