"""Many tickets, as a sync of some years would have stored them, made by the server itself."""

from __future__ import annotations

import sqlalchemy as sa

VENDORS = "elt(1 + n % 3, 'ALIBABA', 'HUAWEI', 'TENCENT')"
CREATED = "unix_timestamp(current_date) * 1000 - n * 300000"
"""One each five minutes, up to today: 500,000 in five years."""
LIFE = "3600000 * (1 + n % 97)"
IS_OPEN = "n % 50 = 0"

STATEMENTS = (
    "create table seq (n int primary key) engine = InnoDB",
    "insert into seq select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d"
    " from {d} a, {d} b, {d} c, {d} e, {d} f, {d} g"
    " where a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d < {tickets}",
    "insert into cloud_user (id, secret_id, type, name, region_id)"
    " select concat('acc', n), 'x', " + VENDORS + ", concat('Account ', n), 'cn-1'"
    " from seq where n < 30",
    "insert into cloud_osm_product (type, id, name)"
    " select " + VENDORS + ", concat('p', n div 3), concat('Product ', n) from seq where n < 120",
    "insert into cloud_osm_product_type (type, id, name)"
    " select " + VENDORS + ", concat('c', n div 3), concat('Category ', n) from seq where n < 240",
    "insert into cloud_osm_list (id, cloud_id, status, name, type, product_id,"
    " product_business_id, custom_id, account_id, create_time, vendor_status, close_time,"
    " close_time_min, close_time_max, last_message_time, message_count, resolved, synced_at,"
    " read_at)"
    " select concat('t', n), concat('t', n), "
    + IS_OPEN
    + ", concat('ticket ', n), "
    + VENDORS
    + ","
    " concat('p', n % 40), concat('c', n % 80), concat('acc', n % 30), concat('acc', n % 30), "
    + CREATED
    + ", if("
    + IS_OPEN
    + ", '1', elt(1 + n % 3, '6', '3', '已完成')),"
    " if(" + IS_OPEN + ", null, " + CREATED + " + " + LIFE + "),"
    " if(" + IS_OPEN + ", null, " + CREATED + " + " + LIFE + " - 900000),"
    " if(" + IS_OPEN + ", null, " + CREATED + " + " + LIFE + "),"
    " " + CREATED + " + 3000000, if(" + IS_OPEN + ", null, 6), if(" + IS_OPEN + ", null, 1),"
    " '2026-11-01', '2026-11-01' from seq",
    "insert into cloud_osm_detail (id, case_id, message_id, type, replier, content, create_time,"
    " vendor, synced_at)"
    " select concat('t', n, '-', m.d), concat('t', n), m.d, m.d % 2, concat('s', (n + m.d) % 9),"
    " 'a message of a few words', " + CREATED + " + m.d * 600000, " + VENDORS + ", '2026-11-01'"
    " from seq cross join {d} m where m.d < 6 and not (" + IS_OPEN + ")",
    "insert into cloud_osm_history (type, cloud_id, seen_at, after_at, is_closed, vendor_status,"
    " product_id, category_id, account_id)"
    " select type, cloud_id, cast('1970-01-01' as datetime(6)) + interval create_time * 1000"
    " microsecond + interval 10 minute, null, 0, '1', product_id, product_business_id, account_id"
    " from cloud_osm_list",
    "insert into cloud_osm_history (type, cloud_id, seen_at, after_at, is_closed, vendor_status,"
    " product_id, category_id, account_id)"
    " select type, cloud_id, cast('1970-01-01' as datetime(6)) + interval close_time_max * 1000"
    " microsecond, cast('1970-01-01' as datetime(6)) + interval close_time_min * 1000 microsecond,"
    " 1, vendor_status, product_id, product_business_id, account_id"
    " from cloud_osm_list where close_time is not null",
    "drop table seq",
    "analyze table cloud_osm_list, cloud_osm_detail, cloud_osm_history",
)
DIGITS = "(" + " union all ".join(f"select {n} as d" for n in range(10)) + ")"


def fill(engine: sa.Engine, tickets: int) -> None:
    """Store *tickets* (up to a million) with six messages each, one in fifty of them open."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in STATEMENTS:
            connection.exec_driver_sql(
                statement.replace("{d}", DIGITS)
                .replace("{tickets}", str(tickets))
                .replace("%", "%%")
            )
