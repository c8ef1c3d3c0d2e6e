"""Every SQL check finds the one offence that was planted, and nothing in a healthy database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.pipelines import reports
from include.warehouse.bookkeeping import checks
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.bookkeeping.tables import (
    sync_quarantine,
    sync_run,
    sync_state,
)
from include.warehouse.customer_service.tables import (
    HISTORIES,
)
from include.warehouse.mysql import Warehouse
from include.warehouse.tables import metadata
from include.warehouse.tickets.tables import (
    cloud_osm_detail,
    cloud_osm_list,
    cloud_osm_product,
    cloud_osm_product_type,
    cloud_osm_source,
    cloud_user,
)
from tests.builders import untyped
from tests.sql import desk_history
from tests.sql.desk_history import NOW, count_again, key_hash, moment_of, settle, version

MOMENT = NOW.replace(tzinfo=UTC)
MS = int((NOW - desk_history.EPOCH).total_seconds() * 1000)
HOUR = 3_600_000
CANARY = "canary text of a customer"


@pytest.fixture(scope="module")
def module_url(warehouse_server: Any) -> Iterator[str]:
    url = warehouse_server.create_migrated()
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        assert found(connection) == {}, "in an empty database"
        fill(connection)
        # Nothing is built or compared in the collation that a database has for who states none.
        name = sa.make_url(url).database
        connection.exec_driver_sql(f"alter database {name} default character set latin1")
    warehouse = Warehouse.open(url)
    reports.build(warehouse, now=MOMENT, request=Request("test"))
    warehouse.close()
    yield url
    warehouse_server.drop(url)


@pytest.fixture
def connection(module_url: str) -> Iterator[sa.Connection]:
    """A healthy database, as it was again after the test."""
    engine = sa.create_engine(module_url, poolclass=sa.NullPool)
    with engine.connect() as opened, opened.begin() as transaction:
        opened.exec_driver_sql("set session time_zone = '+00:00'")
        yield opened
        transaction.rollback()


def found(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    """The offences of every check that has some."""
    results = {c.name: checks.find(connection, c, MOMENT) for c in checks.read_checks()}
    for count, sample in results.values():
        assert count == len(sample)
    return {name: [dict(row) for row in sample] for name, (_, sample) in results.items() if sample}


def ticket(cloud_id: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"row of {cloud_id}",
        "cloud_id": cloud_id,
        "type": "HUAWEI",
        "status": 1,
        "name": CANARY,
        "product_id": "P1",
        "product_business_id": "C1",
        "osm_id": "S1",
        "account_id": "huawei-1",
        "create_time": MS - 48 * HOUR,
        "synced_at": NOW,
        **values,
    }


def message(case_id: str, message_id: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"row of {case_id} {message_id}",
        "case_id": case_id,
        "message_id": message_id,
        "vendor": "HUAWEI",
        "type": "0",
        "content": CANARY,
        "create_time": MS - 47 * HOUR,
        **values,
    }


def fill(connection: sa.Connection) -> None:
    """A little of everything, all as it must be."""
    read = {"close_time_max": MS - HOUR, "status": 0}
    rows: dict[sa.Table, list[dict[str, Any]]] = {
        cloud_osm_product: [{"id": "P1", "type": "HUAWEI", "name": "ECS"}],
        cloud_osm_product_type: [{"id": "C1", "type": "HUAWEI", "name": "cannot log in"}],
        cloud_osm_source: [{"id": "S1", "type": "HUAWEI", "name": "web"}],
        cloud_osm_list: [
            ticket("T1", message_count=2, **read),
            ticket("T2", message_count=0, **read),
            ticket("T3", product_id=None, product_business_id=None, osm_id=None),
            ticket("T4", create_time=None, synced_at=NOW - timedelta(days=2)),
            # Another program called it complete, and the vendor never knew it.
            ticket("T5", status=0, missing_since=MS, product_id="P1"),
        ],
        cloud_osm_detail: [
            message("T1", "M1"),
            message("T1", "M2", create_time=None),
            message("T3", "M1", create_time=MS + 1000),  # clocks differ
        ],
        cloud_user: [
            {"id": "huawei-1", "secret_id": "a", "secret_key_secret": "v1:k:abc"},
            {"id": "huawei-2", "secret_id": "b", "secret_key_secret": "conn:huawei"},
            {"id": "huawei-3", "secret_id": "c", "secret_key_secret": None},
        ],
        sync_state: [
            {
                "account_id": "huawei-1",
                "entity": "tickets",
                "watermark_at": NOW - timedelta(minutes=20),
                "heartbeat_at": NOW - timedelta(minutes=9),
            }
        ],
        sync_run: [
            run("r1", outcome="done", ended_at=NOW),
            run("r2", outcome="running"),
            run("r3", account_id="new", started_at=NOW - timedelta(minutes=1)),
        ],
        sync_quarantine: [
            {
                "account_id": "huawei-1",
                "item_id": "T9",
                "error_class": "ContractError",
                "error_text": CANARY,
                "first_at": NOW - timedelta(hours=23),
                "last_at": NOW,
                "attempts": 3,
            }
        ],
    }
    for table, values in rows.items():
        for row in values:
            connection.execute(sa.insert(untyped(table)).values(**row))
    desk_history.store(
        connection,
        {
            "supplier": [version("supplier", 1, name=CANARY)],
            "seat": [
                version("seat", 1, supplier_id=1, closed=2, web_name=CANARY),
                version("seat", 1, supplier_id=1, opened=2, web_name=CANARY),
                version("seat", 2, supplier_id=1),
                version("seat", 3, supplier_id=1, closed=2),
            ],
            "session": [version("session", 1, user_name=CANARY)],
            "session_mapping": [
                version("session_mapping", "A", id=1, **conversation()),
                version("session_mapping", "B", id=2, opened=2, **conversation()),
                version("session_mapping", "D", id=3, customer_name=CANARY),
            ],
            "queue_mapping": [
                version("queue_mapping", "B", id=12, closed=2, **conversation()),
                version("queue_mapping", "C", id=13, **conversation(seat_id=0)),
                version("queue_mapping", "E", id=14, customer_name=CANARY),
            ],
        },
    )


def conversation(**values: Any) -> dict[str, Any]:
    return {
        "shop_id": 1,
        "seat_id": 2,
        "inqueue_time": NOW - timedelta(hours=3),
        "distributed_time": NOW - timedelta(hours=3) + timedelta(seconds=5),
        "last_ack_time": NOW - timedelta(hours=2),
        **values,
    }


def run(run_id: str, **values: Any) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "account_id": "huawei-1",
        "vendor": "HUAWEI",
        "entity": "tickets",
        "outcome": "running",
        "started_at": NOW - timedelta(hours=1),
        **values,
    }


LONG_AGO = "1990-01-01"
Step = str | Callable[[sa.Connection], None]
Offence = dict[str, Any]


def forget(connection: sa.Connection) -> None:
    """As if no report had been built yet."""
    for name in metadata.tables:
        if name.startswith("rpt_"):
            connection.exec_driver_sql(f"delete from {name}")


def fact(session_id: str, is_live: int = 0, **counts: int) -> Offence:
    digits = key_hash(session_id).hex().upper()[:3]
    return {"row_keys_that_begin_with": digits, "is_live": is_live, **counts}


def each_scope(grain: str) -> list[Offence]:
    """Everybody, the one supplier, and the one line, which is none."""
    return [
        {"grain": grain, "scope": scope, "scope_id": scope_id}
        for scope, scope_id in (("all", 0), ("line", 0), ("supplier", 1))
    ]


def retention_since(snapshot_id: int) -> str:
    """As if no version that ended before had to be kept."""
    return (
        "insert into sync_state (account_id, entity, watermark_at) values"
        f" ('retention', 'prune', '{moment_of(snapshot_id)}')"
    )


def seats(snapshot_id: int) -> Offence:
    return {"table_name": "seat", "snapshot_id": snapshot_id}


PLANTED: list[tuple[str, list[Step], Offence | list[Offence]]] = [
    (
        "every_version_lasts",
        [
            f"update cs_seat_history set snapshot_id = 2, valid_from_at = '{NOW}'"
            " where row_key = 3",
            count_again,
        ],
        {"table_name": "seat", "row_key": "3", "closed_by": 2},
    ),
    (
        "versions_of_a_row_follow_one_another",
        [
            f"update cs_seat_history set snapshot_id = 1, valid_from_at = '{moment_of(1)}'"
            " where row_key = 1 and closed_by = 0",
            count_again,
        ],
        {"table_name": "seat", "row_key": "1", "closed_by": 2},
    ),
    (
        "every_message_has_a_ticket",
        ["update cloud_osm_detail set vendor = 'TENCENT' where case_id = 'T3'"],
        {"vendor": "TENCENT", "case_id": "T3", "messages": 1},
    ),
    (
        "every_complete_ticket_has_its_messages",
        ["delete from cloud_osm_detail where message_id = 'M2'"],
        {"vendor": "HUAWEI", "ticket_id": "T1", "counted": 2, "messages": 1},
    ),
    (
        "every_zero_was_proved",
        ["update cloud_osm_list set message_count = null where cloud_id = 'T2'"],
        {"vendor": "HUAWEI", "ticket_id": "T2"},
    ),
    (
        "every_complete_ticket_has_its_messages",
        [
            "insert into cloud_osm_detail (id, case_id, message_id, vendor)"
            " values ('x', 'T2', 'M1', 'HUAWEI')"
        ],
        {"vendor": "HUAWEI", "ticket_id": "T2", "counted": 0, "messages": 1},
    ),
    (
        "every_zero_was_proved",
        ["update cloud_osm_list set close_time_max = null where cloud_id = 'T1'"],
        {"vendor": "HUAWEI", "ticket_id": "T1"},
    ),
    (
        "every_zero_was_proved",
        ["update cloud_osm_list set status = 0, synced_at = null where cloud_id = 'T4'"],
        {"vendor": "HUAWEI", "ticket_id": "T4"},
    ),
    (
        "every_row_names_its_vendor",
        ["insert into cloud_osm_list (id, cloud_id, type) values ('x', 'X1', 'aws')"],
        {"table_name": "cloud_osm_list", "id": "x"},
    ),
    (
        "every_row_names_its_vendor",
        ["insert into cloud_osm_detail (id, case_id, content) values ('x', 'X1', 'text')"],
        {"table_name": "cloud_osm_detail", "id": "x"},
    ),
    (
        "every_ticket_has_a_reader",
        ["update cloud_osm_list set account_id = 'gone' where cloud_id = 'T3'"],
        {"vendor": "HUAWEI", "ticket_id": "T3", "account_id": "gone"},
    ),
    (
        "every_product_is_in_the_catalogue",
        ["update cloud_osm_product set type = 'ALIBABA'"],
        {"vendor": "HUAWEI", "product_id": "P1", "tickets": 4},
    ),
    (
        "every_category_is_in_the_catalogue",
        ["update cloud_osm_list set product_business_id = 'c1' where cloud_id = 'T1'"],
        {"vendor": "HUAWEI", "category_id": "c1", "tickets": 1},
    ),
    (
        "every_source_is_in_the_catalogue",
        ["delete from cloud_osm_source"],
        {"vendor": "HUAWEI", "source_id": "S1", "tickets": 4},
    ),
    (
        "every_ticket_was_created_in_the_past",
        [f"update cloud_osm_list set create_time = {MS + HOUR} where cloud_id = 'T3'"],
        {"vendor": "HUAWEI", "ticket_id": "T3", "create_time": MS + HOUR},
    ),
    (
        "every_ticket_was_created_in_the_past",
        [f"update cloud_osm_list set create_time = {MS // 1000} where cloud_id = 'T3'"],
        {"vendor": "HUAWEI", "ticket_id": "T3", "create_time": MS // 1000},
    ),
    (
        "every_message_was_written_in_the_past",
        [f"update cloud_osm_detail set create_time = {MS + HOUR} where message_id = 'M2'"],
        {"vendor": "HUAWEI", "case_id": "T1", "message_id": "M2", "create_time": MS + HOUR},
    ),
    (
        "every_message_was_written_in_the_past",
        ["update cloud_osm_detail set create_time = -1 where message_id = 'M2'"],
        {"vendor": "HUAWEI", "case_id": "T1", "message_id": "M2", "create_time": -1},
    ),
    (
        "no_ticket_stays_in_quarantine",
        [f"update sync_quarantine set first_at = '{LONG_AGO}'"],
        {
            "account_id": "huawei-1",
            "ticket_id": "T9",
            "error_class": "ContractError",
            "attempts": 3,
        },
    ),
    (
        "every_secret_key_is_encrypted",
        [f"update cloud_user set secret_key_secret = ' {CANARY}' where id = 'huawei-3'"],
        {"account_id": "huawei-3"},
    ),
    (
        "every_running_run_shows_signs_of_life",
        [
            f"update sync_state set heartbeat_at = '{NOW - timedelta(minutes=11)}',"
            f" watermark_at = '{NOW - timedelta(minutes=12)}'"
        ],
        {"run_id": "r2", "account_id": "huawei-1", "entity": "tickets"},
    ),
    (
        "every_running_run_shows_signs_of_life",
        [f"update sync_run set started_at = '{LONG_AGO}' where run_id = 'r3'"],
        {"run_id": "r3", "account_id": "new", "entity": "tickets"},
    ),
    (
        "no_version_ended_before_the_history_limit",
        [
            retention_since(2),
            "delete from cs_queue_mapping_history where closed_by <> 0",
        ],
        {"table_name": "seat", "versions": 2},
    ),
    (
        "no_watermark_lies_in_the_future",
        [
            f"update sync_state set watermark_at = '{NOW - timedelta(minutes=8)}'"
            " where entity = 'tickets'"
        ],
        {"account_id": "huawei-1", "entity": "tickets"},
    ),
    (
        "every_version_is_as_it_was_read",
        ["update cs_session_history set user_name = 'somebody else'"],
        {"table_name": "session", "row_key": "1", "closed_by": 0},
    ),
    (
        "every_version_is_as_it_was_read",
        ["update cs_seat_history set id = 1 where row_key = 2", settle],
        {"table_name": "seat", "row_key": "2", "closed_by": 0},
    ),
    (
        "every_version_is_as_it_was_read",
        ["update cs_session_mapping_history set session_id = null where id = 2", settle],
        {
            "table_name": "session_mapping",
            "row_key": key_hash("B").hex().upper(),
            "closed_by": 0,
        },
    ),
    (
        "every_version_was_opened_by_a_complete_snapshot",
        ["update cs_seat_history set snapshot_id = 9 where row_key = 3", count_again],
        {"table_name": "seat", "row_key": "3", "closed_by": 2, "snapshot_id": 9},
    ),
    (
        "every_version_was_opened_by_a_complete_snapshot",
        ["update cs_supplier_history set valid_from_at = '2026-01-10 10:59:59.999999'"],
        {"table_name": "supplier", "row_key": "1", "closed_by": 0, "snapshot_id": 1},
    ),
    (
        "every_version_was_closed_by_a_complete_snapshot",
        ["update cs_seat_history set closed_by = -1 where row_key = 3", count_again],
        {"table_name": "seat", "row_key": "3", "closed_by": -1},
    ),
    (
        "every_version_was_closed_by_a_complete_snapshot",
        ["update cs_seat_history set valid_to_at = '2026-01-10 12:00:00.000001' where row_key = 3"],
        {"table_name": "seat", "row_key": "3", "closed_by": 2},
    ),
    (
        "histories_agree_with_the_manifest",
        ["delete from cs_session_history", count_again],
        {"table_name": "session", "snapshot_id": 2, "expected": 1, "present": 0},
    ),
    (
        "histories_agree_with_the_manifest",
        [
            "update cs_snapshot_table set checksum = checksum + 1"
            " where table_name = 'session' and snapshot_id = 2"
        ],
        {"table_name": "session", "snapshot_id": 2, "expected": 1, "present": 1},
    ),
    (
        "histories_agree_with_the_manifest",
        ["delete from cs_snapshot_table where table_name = 'supplier'"],
        {"table_name": "supplier", "snapshot_id": None, "expected": 0, "present": 1},
    ),
    (
        "snapshots_count_what_they_opened_and_closed",
        ["delete from cs_seat_history where row_key = 3"],
        [
            {**seats(1), "opened": 3, "begun": 2, "closed": 0, "ended": 0},
            {**seats(2), "opened": 1, "begun": 1, "closed": 2, "ended": 1},
        ],
    ),
    (
        "snapshots_count_what_they_opened_and_closed",
        ["delete from cs_seat_history where row_key = 3", retention_since(1)],
        {**seats(2), "opened": 1, "begun": 1, "closed": 2, "ended": 1},
    ),
    (
        "every_value_of_the_source_fits",
        ["""update cs_session_history set unfit = '{"created_time": "infinity"}'""", settle],
        {"table_name": "session", "row_key": "1"},
    ),
    (
        "every_source_row_has_its_own_key",
        [
            "update cs_snapshot_table set duplicates = 7"
            " where table_name = 'session_mapping' and snapshot_id = 2"
        ],
        {"table_name": "session_mapping", "snapshot_id": 2, "duplicates": 7},
    ),
    (
        "no_conversation_is_live_and_archived",
        [
            "update cs_queue_mapping_history set session_id = 'D',"
            f" row_key = x'{key_hash('D').hex()}' where id = 13",
            settle,
            forget,
        ],
        {"archived_id": 3, "live_id": 13},
    ),
    (
        "every_seat_has_a_supplier",
        ["update cs_seat_history set supplier_id = 77 where row_key in (2, 3)", settle],
        {"seat_id": 2, "supplier_id": 77},
    ),
    (
        "every_seat_has_a_supplier",
        ["update cs_seat_history set supplier_id = null where row_key = 2", settle],
        {"seat_id": 2, "supplier_id": None},
    ),
    (
        "offered_is_the_sum_of_its_parts",
        ["update rpt_cohort set waiting = waiting + 1 where grain = 'week'"],
        [
            {**where, "local_start": "2026-01-05 00:00:00", "offered": 3, "parts": 4}
            for where in each_scope("week")
        ],
    ),
    (
        "conversation_totals_are_equal_in_every_scope",
        ["update rpt_cohort set capped_n = 1 where grain = 'week' and scope = 'line'"],
        {
            "grain": "week",
            "local_start": "2026-01-05 00:00:00",
            "offered": 3,
            "offered_by_supplier": 3,
            "offered_by_line": 3,
        },
    ),
    (
        "seat_totals_are_equal_in_every_scope",
        ["update rpt_seat_work set conversations = 9 where grain = 'week' and scope = 'line'"],
        {
            "grain": "week",
            "local_start": "2026-01-05 00:00:00",
            "conversations": 2,
            "by_supplier": 2,
            "by_line": 9,
        },
    ),
    (
        "ticket_totals_are_equal_in_every_scope",
        ["update rpt_ticket_cohort set one_touch = 9 where grain = 'week' and scope = 'vendor'"],
        {
            "grain": "week",
            "local_start": "2026-01-05 00:00:00",
            "scope": "vendor",
            "tickets": 4,
            "tickets_by_scope": 4,
        },
    ),
    (
        "days_are_the_sums_of_their_hours",
        ["update rpt_cohort set wait_n = 9 where grain = 'hour'"],
        [
            {**where, "local_day": "2026-01-10", "offered": 3, "offered_in_parts": 3}
            for where in each_scope("hour")
        ],
    ),
    (
        "days_are_the_sums_of_their_hours",
        ["delete from rpt_cohort where grain = 'hour'"],
        [
            {**where, "local_day": "2026-01-10", "offered": 3, "offered_in_parts": 0}
            for where in each_scope("hour")
        ],
    ),
    (
        "weeks_and_months_are_the_sums_of_their_days",
        ["update rpt_cohort set wait_n = 9 where grain = 'month'"],
        [
            {**where, "local_day": "2026-01-01", "offered_too_few": 0}
            for where in each_scope("month")
        ],
    ),
    (
        "days_count_their_conversations",
        ["update rpt_conversation set outcome = 'robot' where session_id = 'A'"],
        {"local_day": "2026-01-10", "conversations": 3, "offered": 3},
    ),
    (
        "days_count_their_tickets",
        ["update rpt_ticket set is_closed = 0 where ticket_id = 'T1'"],
        {"local_day": "2026-01-08", "counted": 4, "tickets": 4},
    ),
    (
        "facts_are_the_conversations_of_their_snapshot",
        ["delete from rpt_conversation where session_id = 'D'"],
        fact("D", conversations=1, facts=0),
    ),
    (
        "facts_are_the_conversations_of_their_snapshot",
        ["update rpt_conversation set outcome = 'lost' where session_id = 'D'"],
        fact("D", conversations=1, facts=0),
    ),
    (
        "facts_are_the_conversations_of_their_snapshot",
        [
            "update rpt_conversation set row_key = unhex(concat(left(hex(row_key), 3), 'FFFFFFFF',"
            " substr(hex(row_key), 12))) where session_id = 'D'"
        ],
        fact("D", conversations=1, facts=1),
    ),
    (
        "facts_are_the_conversations_of_their_snapshot",
        ["delete from rpt_conversation where session_id = 'E'"],
        fact("E", is_live=1, conversations=1, facts=0),
    ),
    (
        "facts_are_the_conversations_of_their_snapshot",
        ["update rpt_conversation set is_live = 1 where session_id = 'D'"],
        [fact("D", conversations=1, facts=0), fact("D", is_live=1, conversations=0, facts=1)],
    ),
    (
        "facts_are_the_conversations_of_their_snapshot",
        ["delete from cs_session_mapping_history where session_id = 'D'", settle],
        fact("D", conversations=0, facts=1),
    ),
    (
        "facts_are_the_tickets",
        ["delete from rpt_ticket where ticket_id = 'T4'"],
        {"vendor": "HUAWEI", "ticket_id": "T4", "has_fact": 0},
    ),
    (
        "facts_are_the_tickets",
        ["update rpt_ticket set is_complete = 1 where ticket_id = 'T4'"],
        {"vendor": "HUAWEI", "ticket_id": "T4", "has_fact": 1},
    ),
    (
        "facts_are_the_tickets",
        ["update rpt_ticket set ticket_id = 'T44' where ticket_id = 'T4'"],
        [
            {"vendor": "HUAWEI", "ticket_id": "T4", "has_fact": 0},
            {"vendor": "HUAWEI", "ticket_id": "T44", "has_fact": 1},
        ],
    ),
    (
        "reports_are_as_new_as_the_newest_snapshot",
        [
            lambda connection: desk_history.snapshot_again(connection, 3),
            f"update cs_snapshot set stored_at = '{NOW - timedelta(minutes=61)}'",
        ],
        {"snapshot_id": 3, "built_from": 2},
    ),
]


def plant(connection: sa.Connection, steps: Sequence[Step]) -> None:
    for step in steps:
        if isinstance(step, str):
            connection.exec_driver_sql(step)
        else:
            step(connection)


def test_nothing_offends_in_a_healthy_database(connection: sa.Connection) -> None:
    assert found(connection) == {}


@pytest.mark.parametrize(
    ("name", "steps", "offence"), PLANTED, ids=[name for name, _, _ in PLANTED]
)
def test_a_check_finds_what_was_planted_and_no_other_check_finds_any(
    connection: sa.Connection, name: str, steps: list[Step], offence: Offence | list[Offence]
) -> None:
    plant(connection, steps)
    offences = found(connection)
    offences[name].sort(key=str)
    assert offences == {name: offence if isinstance(offence, list) else [offence]}


def test_a_row_that_is_stored_twice_is_found_where_the_key_was_dropped(warehouse_url: str) -> None:
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for table in (cloud_osm_list, cloud_osm_detail):
            (key,) = (c.name for c in table.constraints if isinstance(c, sa.UniqueConstraint))
            connection.exec_driver_sql(f"alter table {table.name} drop index {key}")
        connection.execute(sa.insert(cloud_user).values(id="huawei-1", secret_id="a"))
        for number in "123":
            row = ticket("T1" if number < "3" else "T3", id=number, osm_id=None)
            row |= {"product_id": None, "product_business_id": None}
            connection.execute(sa.insert(untyped(cloud_osm_list)).values(row))
            row = message("T3", "M1" if number < "3" else "M3", id=number)
            connection.execute(sa.insert(untyped(cloud_osm_detail)).values(row))
        assert found(connection) == {
            "no_ticket_is_stored_twice": [{"vendor": "HUAWEI", "ticket_id": "T1", "copies": 2}],
            "no_message_is_stored_twice": [
                {"vendor": "HUAWEI", "case_id": "T3", "message_id": "M1", "copies": 2}
            ],
        }


def test_a_snapshot_grows_stale_after_two_hours(connection: sa.Connection) -> None:
    (check,) = (c for c in checks.read_checks() if c.name == "the_newest_snapshot_is_fresh")
    assert checks.find(connection, check, MOMENT + timedelta(hours=2)) == (0, ())
    count, sample = checks.find(connection, check, MOMENT + timedelta(minutes=121))
    assert (count, sample) == (1, ({"snapshot_id": 2, "minutes_old": 121},))


def test_a_gap_between_versions_that_one_snapshot_parted_is_found(
    connection: sa.Connection,
) -> None:
    """Its moment cannot be that of its snapshot either, so two checks see it."""
    later = NOW + timedelta(seconds=1)
    present = "row_key = 1 and closed_by = 0"
    plant(connection, [f"update cs_seat_history set valid_from_at = '{later}' where {present}"])
    assert found(connection) == {
        "versions_of_a_row_follow_one_another": [
            {"table_name": "seat", "row_key": "1", "closed_by": 2}
        ],
        "every_version_was_opened_by_a_complete_snapshot": [
            {"table_name": "seat", "row_key": "1", "closed_by": 0, "snapshot_id": 2}
        ],
    }


def test_a_row_that_came_back_after_a_while_is_no_offence(connection: sa.Connection) -> None:
    for snapshot_id in (3, 4):
        desk_history.snapshot_again(connection, snapshot_id)
    back = version("seat", 3, supplier_id=1, opened=3, closed=4)
    connection.execute(sa.insert(untyped(HISTORIES["seat"])).values(**back))
    settle(connection)
    assert found(connection) == {}
    plant(connection, ["update cs_snapshot set state = 'refused' where snapshot_id = 3"])
    assert found(connection) == {
        "every_version_was_opened_by_a_complete_snapshot": [
            {"table_name": "seat", "row_key": "3", "closed_by": 4, "snapshot_id": 3}
        ]
    }


def test_only_the_newest_complete_snapshot_counts(connection: sa.Connection) -> None:
    wrong = "present = 99, checksum = 99, duplicates = 9"
    plant(connection, [f"update cs_snapshot_table set {wrong} where snapshot_id = 1"])
    desk_history.snapshot_again(connection, 3)
    plant(
        connection,
        [
            f"update cs_snapshot_table set {wrong} where snapshot_id = 3",
            "update cs_snapshot set state = 'refused' where snapshot_id = 3",
        ],
    )
    assert found(connection) == {}


def test_every_check_is_proven_and_its_name_fits() -> None:
    proven = {name for name, _, _ in PLANTED}
    proven |= {"no_ticket_is_stored_twice", "no_message_is_stored_twice"}
    proven |= {"the_newest_snapshot_is_fresh"}
    names = {check.name for check in checks.read_checks()}
    assert names == proven
    assert max(map(len, names)) <= 64


def test_all_offences_are_counted_and_some_are_kept(connection: sa.Connection) -> None:
    row = {"secret_id": "x", "secret_key_secret": CANARY}
    many = [{"id": f"plain-{number}", **row} for number in range(checks.SAMPLE + 5)]
    connection.execute(sa.insert(untyped(cloud_user)), many)
    (check,) = (c for c in checks.read_checks() if c.name == "every_secret_key_is_encrypted")
    count, sample = checks.find(connection, check, MOMENT)
    assert (count, len(sample)) == (checks.SAMPLE + 5, checks.SAMPLE)
