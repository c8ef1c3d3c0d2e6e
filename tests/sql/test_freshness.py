"""`v_freshness`: until when each account and thing is read, and why no further."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.warehouse.bookkeeping.tables import sync_run, sync_state
from include.warehouse.tickets.tables import cloud_user

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

Look = Callable[[], dict[tuple[str, str], Any]]


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        account = {"id": "acc", "secret_id": "x", "type": "HUAWEI", "name": "Shop"}
        connection.execute(sa.insert(cloud_user).values(account))
        yield connection


@pytest.fixture
def look(connection: sa.Connection) -> Look:
    """The rows by account and entity."""

    def run() -> dict[tuple[str, str], Any]:
        rows = connection.execute(sa.text("select * from v_freshness")).mappings()
        return {(row["account_id"], row["entity"]): dict(row) for row in rows}

    return run


def state(connection: sa.Connection, entity: str, watermark: datetime | None) -> None:
    row = {"account_id": "acc", "entity": entity, "watermark_at": watermark}
    connection.execute(sa.insert(sync_state).values(row))


def ran(
    connection: sa.Connection, entity: str, ago: timedelta, outcome: str = "done", **more: Any
) -> None:
    row = {
        "run_id": f"{entity}{ago}{outcome}",
        "account_id": "acc",
        "vendor": "HUAWEI",
        "entity": entity,
        "outcome": outcome,
        "started_at": NOW - ago,
        "ended_at": None if outcome == "running" else NOW - ago,
        **more,
    }
    connection.execute(sa.insert(sync_run).values(row))


@pytest.mark.parametrize(("behind", "late"), [(20 * MINUTE, 0), (45 * MINUTE, 1)])
def test_tickets_are_late_when_two_runs_are_missed(
    connection: sa.Connection, look: Look, behind: timedelta, late: int
) -> None:
    state(connection, "tickets", NOW - behind)
    ran(connection, "tickets", behind)
    row = look()["acc", "tickets"]
    assert (row["is_late"], row["account_name"], row["vendor"]) == (late, "Shop", "HUAWEI")
    assert row["until_at"].replace(tzinfo=UTC) == NOW - behind
    assert (row["failed_as"], row["error_class"], row["error_text"]) == (None, None, None)


def test_what_was_never_read_is_late(connection: sa.Connection, look: Look) -> None:
    state(connection, "tickets", None)
    row = look()["acc", "tickets"]
    assert (row["is_late"], row["until_at"], row["last_success_at"]) == (1, None, None)


def test_the_reason_is_that_of_the_newest_run_that_ended(
    connection: sa.Connection, look: Look
) -> None:
    state(connection, "tickets", NOW - 3 * HOUR)
    ran(connection, "tickets", 3 * HOUR)
    said = {"error_class": "AuthError", "error_text": "the key is not known"}
    ran(connection, "tickets", HOUR, "failed", **said)
    ran(connection, "tickets", MINUTE, "running")
    ran(connection, "tickets", 2 * MINUTE, "stopped", error_text="killed")
    row = look()["acc", "tickets"]
    assert (row["failed_as"], row["error_class"]) == ("failed", "AuthError")
    assert row["error_text"] == "the key is not known"
    assert row["last_success_at"].replace(tzinfo=UTC) == NOW - 3 * HOUR
    ran(connection, "tickets", timedelta())
    assert look()["acc", "tickets"]["error_text"] is None


def test_reports_are_late_only_where_something_waits_for_them(
    connection: sa.Connection, look: Look
) -> None:
    state(connection, "build", None)
    ran(connection, "build", 9 * HOUR)
    ran(connection, "tickets", 5 * HOUR, written=0)
    assert look()["acc", "build"]["is_late"] == 0
    ran(connection, "snapshot", 3 * HOUR, written=7)
    row = look()["acc", "build"]
    assert (row["is_late"], row["until_at"].replace(tzinfo=UTC)) == (1, NOW - 3 * HOUR)
