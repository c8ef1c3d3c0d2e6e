"""A company small enough to answer each question by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from include.models import StatusName
from include.warehouse.bookkeeping.tables import sync_run, sync_state
from include.warehouse.mysql import Warehouse
from include.warehouse.reports.tables import rpt_holiday
from include.warehouse.reports.ticket_tables import rpt_sla_target
from include.warehouse.tickets.tables import (
    cloud_osm_history,
    cloud_osm_product,
    cloud_osm_product_type,
    cloud_user,
)
from tests.builders import untyped
from tests.histories import Past, local
from tests.sql.monday import a_monday
from tests.sql.ticket_desk import CUSTOMER, NOW, STAFF, Desk

STATUSES: Final = {
    "huawei": {"1": StatusName("处理中", "in progress"), "3": StatusName("已完成", "finished")},
    "alibaba": {"6": StatusName("已完成", "finished")},
}
ROWS: Final[tuple[tuple[sa.Table, dict[str, Any]], ...]] = (
    (cloud_user, {"id": "h", "type": "HUAWEI", "name": "Shop", "region_id": "cn-north-4"}),
    (cloud_user, {"id": "a", "type": "ALIBABA", "name": "Data", "region_id": "cn-hangzhou"}),
    (cloud_osm_product, {"type": "HUAWEI", "id": "ecs", "name": "Servers"}),
    (cloud_osm_product, {"type": "HUAWEI", "id": "obs", "name": "Storage"}),
    (cloud_osm_product, {"type": "ALIBABA", "id": "oss", "name": "OSS"}),
    (cloud_osm_product_type, {"type": "HUAWEI", "id": "net", "name": "Network"}),
    (rpt_holiday, {"local_day": "2026-03-04", "name": "a day off", "is_workday": 0}),
    (rpt_sla_target, {"metric": "first_reply", "vendor": "", "product_id": "", "minutes": 90}),
    (rpt_sla_target, {"metric": "close", "vendor": "HUAWEI", "product_id": "", "minutes": 900}),
)
ALIBABA: Final[dict[str, Any]] = {
    "vendor": "ALIBABA",
    "product_id": "oss",
    "custom_id": "a",
    "state": "6",
}
HUAWEI: Final[dict[str, Any]] = {"custom_id": "h", "product_business_id": "net"}


def build(warehouse: Warehouse) -> None:
    """Eight tickets of March 2026 and a Monday of the desk, seen on the midnight that ends it."""
    desk = Desk(warehouse)
    with warehouse.engine.begin() as connection:
        a_monday(Past(connection))
        for table, row in ROWS:
            secret = {"secret_id": "x"} if table is cloud_user else {}
            if table is rpt_sla_target:
                secret = {"in_business_hours": "0"}
            connection.execute(sa.insert(untyped(table)).values({**row, **secret}))
    talk: tuple[tuple[float, str], ...]
    talk = ((0, CUSTOMER), (2, STAFF), (3, CUSTOMER), (4, STAFF))
    desk.ticket("h1", "2026-03-02 10:00", closed_after=10, state="3", messages=talk, **HUAWEI)
    talk = ((0, CUSTOMER), (1, STAFF))
    desk.ticket("h2", "2026-03-02 11:00", closed_after=20, state="3", messages=talk, **HUAWEI)
    withdrawn: dict[str, Any] = {**HUAWEI, "product_id": "obs", "resolved": 0}
    talk = ((0, CUSTOMER),)
    desk.ticket("h3", "2026-03-03 09:00", closed_after=50, state="3", messages=talk, **withdrawn)
    waiting: dict[str, Any] = {**HUAWEI, "product_id": "obs", "message_count": 1}
    desk.ticket("h4", "2026-03-30 09:00", messages=talk, **waiting)
    desk.ticket("h5", "2026-03-31 12:00", **HUAWEI)
    talk = ((0, CUSTOMER), (3, STAFF))
    desk.ticket("a1", "2026-03-30 12:00", closed_after=6, messages=talk, **ALIBABA)
    desk.ticket("a2", "2026-03-20 12:00", **{**ALIBABA, "state": "1"})
    talk = ((0, CUSTOMER), (1, STAFF), (49, CUSTOMER), (57, STAFF))
    desk.ticket("a3", "2026-03-10 08:00", closed_after=58, messages=talk, **ALIBABA)
    with warehouse.engine.begin() as connection:
        for seen, after, closed in (
            ("2026-03-10 08:10", None, 0),
            ("2026-03-11 14:00", "2026-03-11 13:45", 1),
            ("2026-03-12 09:00", "2026-03-11 14:00", 0),
            ("2026-03-12 18:00", "2026-03-12 17:45", 1),
        ):
            row = {
                "type": "ALIBABA",
                "cloud_id": "a3",
                "seen_at": local(seen),
                "after_at": local(after) if after else None,
                "is_closed": closed,
                "vendor_status": "6" if closed else "1",
                "account_id": "a",
            }
            connection.execute(sa.insert(untyped(cloud_osm_history)).values(row))
        _runs(connection)
    desk.build(NOW, statuses=STATUSES)


def _runs(connection: sa.Connection) -> None:
    """The account of Huawei is read to now; that of Alibaba fails for three days."""
    now = datetime.now(NOW.tzinfo)
    for account, vendor, behind in (("h", "HUAWEI", 0), ("a", "ALIBABA", 3)):
        read = now - timedelta(days=behind)
        state = {"account_id": account, "entity": "tickets", "watermark_at": read}
        connection.execute(sa.insert(sync_state).values(state))
        run = {"account_id": account, "vendor": vendor, "entity": "tickets", "outcome": "done"}
        moments = {"started_at": read, "ended_at": read}
        connection.execute(sa.insert(sync_run).values(run_id=account, **run, **moments))
    failed = {"outcome": "failed", "error_class": "AuthError", "error_text": "unknown key"}
    run = {"run_id": "f", "account_id": "a", "vendor": "ALIBABA", "entity": "tickets", **failed}
    connection.execute(sa.insert(sync_run).values(started_at=now, ended_at=now, **run))
