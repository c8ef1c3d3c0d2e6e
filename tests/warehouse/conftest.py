"""A warehouse with our tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.warehouse.mysql import Warehouse


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()
