"""Revision 0008 says of stored tickets what reports said of them before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from include.warehouse.tickets.tables import cloud_osm_list
from tests.builders import untyped
from tests.sql.older import upgrade_to

TICKETS = untyped(cloud_osm_list)
CLOSED = {"status": 0, "close_time": 1}
CASES = (
    ("ALIBABA", "6", CLOSED, 1),
    ("HUAWEI", "3", CLOSED, 1),
    ("HUAWEI", "4", CLOSED, 0),
    ("HUAWEI", "12", CLOSED, 0),
    ("HUAWEI", "13", CLOSED, 0),
    ("HUAWEI", "13", {"status": 0}, 0),
    ("HUAWEI", "3", {"status": 1, "close_time": 1}, 1),  # closed, its messages not read yet
    ("HUAWEI", "3", {"status": 1}, None),
    ("TENCENT", "已完成", CLOSED, 1),
    ("TENCENT", "3", CLOSED, 1),
    ("TENCENT", "已撤销", CLOSED, 0),
    ("TENCENT", "已取消", CLOSED, 0),
    ("TENCENT", "已删除", CLOSED, 0),
    ("TENCENT", "10", CLOSED, 0),
    ("TENCENT", "11", CLOSED, 0),
    ("TENCENT", "处理中", {"status": 1}, None),
    ("HUAWEI", None, CLOSED, None),
    ("ALIBABA", None, CLOSED, None),
    ("AWS", "13", CLOSED, 1),
    ("AWS", None, CLOSED, None),
)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """A database of the revision before, with a ticket of each case."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    upgrade_to(engine, "0007")
    with engine.begin() as connection:
        for number, (vendor, state, values, _) in enumerate(CASES):
            row = {"id": f"{number:02}", "cloud_id": str(number), "type": vendor, **values}
            connection.execute(sa.insert(TICKETS).values(vendor_status=state, **row))
    yield engine
    engine.dispose()


def resolved(engine: sa.Engine) -> list[int | None]:
    with engine.connect() as connection:
        query = sa.select(TICKETS.c.resolved, TICKETS.c.synced_at).order_by(TICKETS.c.id)
        rows = connection.execute(query).all()
    assert {row.synced_at for row in rows} == {None}
    return [row.resolved for row in rows]


def test_closed_tickets_get_what_their_state_meant(engine: sa.Engine) -> None:
    upgrade_to(engine, "0008")
    assert resolved(engine) == [wanted for *_, wanted in CASES]


def test_it_goes_on_where_it_was_killed(engine: sa.Engine) -> None:
    upgrade_to(engine, "0008")
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '0007'")
        connection.exec_driver_sql("update cloud_osm_list set resolved = null where id > '03'")
    upgrade_to(engine, "0008")
    assert resolved(engine) == [wanted for *_, wanted in CASES]


def test_what_a_client_has_said_stays(engine: sa.Engine) -> None:
    upgrade_to(engine, "0008")
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '0007'")
        connection.exec_driver_sql("update cloud_osm_list set resolved = 0 where id = '00'")
    upgrade_to(engine, "0008")
    assert resolved(engine)[0] == 0
