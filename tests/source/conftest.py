"""A source with the tables, and a way to write into it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from include.source.postgres import SourceDatabase


@pytest.fixture
def source(source_url: str) -> SourceDatabase:
    return SourceDatabase.open(source_url)


@pytest.fixture
def execute(source_url: str) -> Any:
    """``execute("insert …", …)``: what the desk's own programs do, one commit a call."""

    def run(*statements: str) -> Any:
        engine = sa.create_engine(source_url, poolclass=sa.NullPool)
        value = None
        with engine.begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                value = result.scalar() if result.returns_rows else None
        return value

    return run
