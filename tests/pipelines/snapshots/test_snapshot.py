"""History of the source's rows: what opens, closes, is refused, and what MySQL cannot hold."""

from __future__ import annotations

import json
import math
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.errors import CheckError, ConfigError, UnavailableError
from include.pipelines.snapshots.snapshot import take_snapshot
from include.pipelines.snapshots.source_comparison import compare_with_source
from include.source.postgres import SourceDatabase
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse

CONVERSATIONS = next(table for table in SOURCE_TABLES if table.name == "session_mapping")
CONVERSATION = (
    "insert into {table} (session_id, customer_name, shop_id, seat_id, seat_name)"
    " values ('{session}', 'c@host', 1, 5, 's@host')"
)


@pytest.fixture
def take(source: SourceDatabase, warehouse: Warehouse) -> Any:
    """``take(…)``: one snapshot; its figures by table."""

    def run(**options: Any) -> Any:
        taken = take_snapshot(source, warehouse, request=Request("test"), **options)
        return taken, {figures.table_name: figures for figures in taken.tables}

    return run


@pytest.fixture
def is_equal(source: SourceDatabase, warehouse: Warehouse) -> Any:
    def look() -> bool:
        return all(table.equal for table in compare_with_source(source, warehouse))

    return look


def seats(number: int, first: int = 1) -> str:
    return (
        "insert into seat (id, web_name, priority) select n, 'seat ' || n, n"
        f" from generate_series({first}, {first + number - 1}) n"
    )


def test_the_first_snapshot_opens_every_row_and_the_next_none(execute, take, rows, is_equal):
    execute(seats(3), CONVERSATION.format(table="session_mapping", session="A"))
    taken, tables = take()
    assert taken.full_because == "first snapshot"
    assert (tables["seat"].opened, tables["seat"].present) == (3, 3)
    assert tables["session_mapping"].opened == 1
    taken, tables = take()
    assert taken.full_because is None
    assert [(table.opened, table.closed) for table in taken.tables] == [(0, 0)] * 7
    assert tables["seat"].present == 3
    assert rows("select count(*) from cs_seat_history") == [(3,)]
    assert is_equal()


def test_a_changed_row_closes_its_version_and_opens_another_at_the_same_moment(execute, take, rows):
    execute(seats(2))
    take()
    execute("update seat set max_user = 3 where id = 1")  # touches no update time
    taken, tables = take()
    assert (tables["seat"].opened, tables["seat"].closed) == (1, 1)
    moment = taken.snapshot_at.replace(tzinfo=None)
    assert rows(
        "select max_user, valid_from_at = :moment, valid_to_at, closed_by, snapshot_id"
        " from cs_seat_history where id = 1 order by snapshot_id",
        moment=moment,
    ) == [(10, 0, moment, 2, 1), (3, 1, None, 0, 2)]
    assert rows("select id, max_user from cs_seat order by id") == [(1, 3), (2, 10)]


def test_a_row_written_anew_without_change_opens_no_version(execute, take, rows):
    execute(seats(50))
    take()
    execute("update seat set max_user = max_user")
    _, tables = take()
    assert (tables["seat"].rows_read, tables["seat"].opened, tables["seat"].closed) == (50, 0, 0)


def test_a_reorder_of_fifty_seats_is_fifty_versions_and_then_none(execute, take):
    execute(seats(60))
    take()
    execute("update seat set priority = 61 - priority where id <= 50")
    assert take()[1]["seat"].opened == 50
    assert take()[1]["seat"].opened == 0


@pytest.mark.parametrize("full", [False, True], ids=["changes", "full"])
def test_a_deleted_row_closes_and_comes_back_as_a_new_version(execute, take, rows, is_equal, full):
    execute(seats(300))
    take()
    execute("delete from seat where id in (5, 200)")
    _, tables = take(full=full)
    assert (tables["seat"].vanished, tables["seat"].closed, tables["seat"].present) == (2, 2, 298)
    assert is_equal()
    execute("insert into seat (id, web_name, priority) values (5, 'seat 5', 5)")
    _, tables = take(full=full)
    assert (tables["seat"].opened, tables["seat"].present) == (1, 299)
    assert rows(
        "select snapshot_id, closed_by from cs_seat_history where id = 5 order by snapshot_id"
    ) == [(1, 2), (3, 0)]
    assert is_equal()


def test_conversations_are_told_apart_by_case_space_and_accent(execute, take, rows, is_equal):
    keys = ["abc", "ABC", "abc ", " abc", "ábc", "a\u200bbc", "", "a\tb", "~", "1:a", "\U00020bb7"]
    for key in keys:
        execute(CONVERSATION.format(table="session_mapping", session=key))
    _, tables = take()
    assert tables["session_mapping"].present == len(keys)
    assert sorted(row[0] for row in rows("select session_id from cs_session_mapping")) == sorted(
        keys
    )
    execute("delete from session_mapping where session_id = 'abc '")
    assert take()[1]["session_mapping"].vanished == 1
    assert is_equal()


def test_a_conversation_that_moves_is_never_in_both_or_neither(execute, take, rows):
    execute(CONVERSATION.format(table="queue_mapping", session="A"))
    take()
    names = ", ".join(column.name for column in CONVERSATIONS.columns)
    execute(
        f"insert into session_mapping ({names}) select {names} from queue_mapping",
        "delete from queue_mapping",
    )
    _, tables = take()
    assert (tables["queue_mapping"].closed, tables["session_mapping"].opened) == (1, 1)
    assert rows(
        "select count(*) from cs_queue_mapping_history q join cs_session_mapping_history m"
        " on m.session_id = q.session_id and m.valid_from_at = q.valid_to_at"
    ) == [(1,)]


def test_as_of_gives_back_what_the_source_held_then(execute, take, rows):
    execute(seats(3))
    moments = [take()[0].snapshot_at]
    execute("update seat set max_user = 1 where id = 1")
    moments.append(take()[0].snapshot_at)
    execute("delete from seat where id = 1")
    moments.append(take(vanish_limit=0.5)[0].snapshot_at)
    as_of = (
        "select id, max_user from cs_seat_history where valid_from_at <= :t"
        " and (valid_to_at is null or valid_to_at > :t) order by id"
    )
    found = [rows(as_of, t=moment.replace(tzinfo=None)) for moment in moments]
    assert found == [[(1, 10), (2, 10), (3, 10)], [(1, 1), (2, 10), (3, 10)], [(2, 10), (3, 10)]]


naive = datetime.fromisoformat
ODD_MOMENTS = {
    "infinity": None,
    "-infinity": None,
    "10000-01-01 00:00:00+00": None,
    "0001-12-31 23:59:59+00 BC": None,
    "9999-12-31 23:59:59.999999+00": naive("9999-12-31 23:59:59.999999"),
    "0001-01-01 00:00:00+00": naive("0001-01-01"),
    "1970-01-01 00:00:00+00": naive("1970-01-01"),
    "2026-01-01 07:59:59.000001+08": naive("2025-12-31 23:59:59.000001"),
    "2026-01-01 00:00:00.100000+00": naive("2026-01-01 00:00:00.100000"),
    "1986-05-04 02:30:00+08": naive("1986-05-03 18:30"),
}


def test_moments_arrive_in_utc_to_the_microsecond_or_stand_in_unfit(execute, take, rows, is_equal):
    for number, moment in enumerate(ODD_MOMENTS):
        execute(
            "insert into supplier (id, name, create_time, last_update_time)"
            f" values ({number}, 'x', '{moment}', '2026-01-01Z')"
        )
    _, tables = take()
    assert tables["supplier"].unfit == 4
    assert [row[0] for row in rows("select create_time from cs_supplier order by id")] == list(
        ODD_MOMENTS.values()
    )
    unfit = rows("select unfit from cs_supplier_history where unfit is not null order by id")
    assert [json.loads(row[0]) for row in unfit] == [
        {"create_time": "infinity"},
        {"create_time": "-infinity"},
        {"create_time": "10000-01-01 00:00:00+00"},
        {"create_time": "0001-12-31 23:59:59+00 BC"},
    ]
    assert is_equal()


def test_numbers_arrive_exactly_or_stand_in_unfit(execute, take, rows, is_equal):
    numbers = [1e308, 5e-324, 1e-7, -1e-7, 0.1, 1e15, 123456789012345678.0, 1 / 3, -0.0, 100.0]
    odd = ["NaN", "Infinity", "-Infinity"]
    for number, value in enumerate([*map(repr, numbers), *odd]):
        execute(f"insert into seat (id, priority, max_user) values ({number}, '{value}', -1)")
    execute("insert into seat (id, max_user) values (99, 32767)")
    _, tables = take()
    assert tables["seat"].unfit == 3
    found = [row[0] for row in rows("select priority from cs_seat order by id")]
    assert found == [*numbers, None, None, None, None]
    assert math.copysign(1, found[8]) == 1  # minus zero is zero
    assert is_equal()


TEXTS = [
    "",
    "NULL",
    "null",
    r"\N",
    '"',
    '""',
    ",",
    'a","b',
    "a\nb\r\nc",
    "\t",
    "\\",
    "'",
    " a ",
    "\x01\x08\x0b\x0c\x1a\x1b\x7f",
    "客服小李🌸",
    "𠮷" * 40,
    "\ufeff\u202e\u200b",
    "=1+1",
    "%s {{ x }} :name",
]


def test_every_text_arrives_byte_by_byte_and_null_is_not_empty(
    source_url, take, rows, is_equal, execute
):
    engine = sa.create_engine(source_url)
    with engine.begin() as connection:
        for number, text in enumerate([*TEXTS, None]):
            connection.execute(
                sa.text("insert into seat (id, web_name) values (:id, :text)"),
                {"id": number, "text": text},
            )
        connection.execute(
            sa.text("insert into supplier (id, no_service_welcomes) values (1, :text)"),
            {"text": "长" * 200_000},
        )
    engine.dispose()
    take()
    assert [row[0] for row in rows("select web_name from cs_seat order by id")] == [*TEXTS, None]
    assert rows("select char_length(no_service_welcomes) from cs_supplier") == [(200_000,)]
    assert is_equal()


def test_a_text_longer_than_its_column_stands_in_unfit(execute, take, rows, is_equal):
    execute(
        "alter table seat alter web_name type text",
        f"insert into seat (id, web_name) values (1, '{'x' * 41}'), (2, '{'𠮷' * 40}')",
    )
    taken, tables = take()
    assert tables["seat"].unfit == 1
    assert "seat.web_name may be longer than 40" in taken.notes
    assert (
        rows("select web_name, unfit from cs_seat_history order by id")
        == [
            (None, f'{{"web_name":"{"x" * 41}"}}'),
            ("𠮷" * 40, None),
        ]
        or is_equal()
    )
    assert is_equal()


def test_one_unfit_value_that_becomes_another_is_a_change(execute, take):
    execute("insert into supplier (id, create_time) values (1, 'infinity')")
    take()
    execute("update supplier set create_time = '-infinity'")
    assert take()[1]["supplier"].opened == 1


def test_null_that_becomes_a_value_and_back_is_a_change_each(execute, take):
    execute("insert into supplier (id, name) values (1, null)")
    take()
    for value in ("''", "null", "'~'"):
        execute(f"update supplier set name = {value}")
        assert take()[1]["supplier"].opened == 1


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_the_servers_time_zone_changes_nothing(execute, take, rows, zone):
    execute("set timezone to 'UTC'", seats(2), "update seat set create_time = '2026-01-01Z'")
    database = execute("select current_database()")
    execute(f"alter database {database} set timezone to '{zone}'")
    take()
    assert rows("select distinct create_time from cs_seat") == [(naive("2026-01-01"),)]


def test_more_than_the_limit_vanished_is_refused_until_a_later_snapshot_confirms(
    execute, take, rows, warehouse
):
    execute(seats(100))
    take()
    execute("delete from seat where id <= 21")
    with pytest.raises(CheckError, match=r"seat lost 21 of 100 rows.*accept_vanished 21"):
        take()
    assert rows("select count(*) from cs_seat") == [(100,)]
    assert rows("select state from cs_snapshot order by snapshot_id") == [
        ("complete",),
        ("refused",),
    ]
    assert rows(
        "select over_limit, vanished from cs_snapshot_table where snapshot_id = 2"
        " and table_name = 'seat'"
    ) == [(1, 21)]
    with pytest.raises(CheckError, match="refusal 2 in a row"):
        take()  # perhaps the same outage
    later = "update cs_snapshot set stored_at = stored_at - interval 31 minute"
    warehouse.transact(lambda connection: connection.execute(sa.text(later)))
    _, tables = take()
    assert (tables["seat"].closed, tables["seat"].present) == (21, 79)


def test_thirty_that_vanished_do_not_confirm_that_all_did(execute, take, rows):
    execute("insert into supplier (id) select generate_series(1, 106)")
    take()
    execute("delete from supplier where id <= 30")
    with pytest.raises(CheckError, match="supplier lost 30 of 106 rows"):
        take(confirm_minutes=0)
    execute("delete from supplier")
    with pytest.raises(CheckError, match=r"supplier lost 106 of 106 rows.*refusal 2 in a row"):
        take(confirm_minutes=0)
    assert rows("select count(*) from cs_supplier") == [(106,)]
    assert take(confirm_minutes=0)[1]["supplier"].closed == 106  # twice the same: confirmed


def test_what_is_below_the_limit_closes_at_once(execute, take):
    execute(seats(100))
    take()
    execute("delete from seat where id <= 19")
    assert take()[1]["seat"].closed == 19


def test_an_operator_accepts_the_stated_number_and_no_other(execute, take):
    execute(seats(100))
    take()
    execute("delete from seat where id <= 50")
    with pytest.raises(CheckError):
        take(accept_vanished=49)
    execute(seats(50), "update seat set web_name = 'back'")
    take()  # nothing is missing any more
    execute("delete from seat where id <= 50")
    assert take(accept_vanished=50)[1]["seat"].closed == 50


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("statement", ["truncate seat", "delete from seat"])
def test_a_table_that_is_suddenly_empty_is_refused_however_small(
    execute, take, rows, statement, number
):
    execute(seats(number))
    take()
    execute(statement)
    with pytest.raises(CheckError, match=f"seat lost {number} of {number} rows"):
        take(vanish_limit=1.0)
    assert rows("select count(*) from cs_seat") == [(number,)]


def test_a_refusal_for_one_table_does_not_confirm_another(execute, take):
    execute(seats(10), "insert into supplier (id) select generate_series(1, 10)")
    take()
    execute("delete from seat where id > 5")
    with pytest.raises(CheckError, match="seat"):
        take()
    execute("delete from supplier where id > 5")
    with pytest.raises(CheckError, match="supplier"):
        take()


def test_a_refused_snapshot_keeps_the_changes_of_all_tables_back(execute, take, rows):
    execute(seats(10), "insert into supplier (id, name) values (1, 'old')")
    take()
    execute("delete from seat where id > 5", "update supplier set name = 'new'")
    with pytest.raises(CheckError):
        take()
    assert rows("select name from cs_supplier") == [("old",)]
    take(confirm_minutes=0)
    assert rows("select name from cs_supplier") == [("new",)]


def test_the_live_queue_may_empty_itself(execute, take, rows):
    execute(*(CONVERSATION.format(table="queue_mapping", session=name) for name in "ABC"))
    take()
    execute("delete from queue_mapping")
    assert take()[1]["queue_mapping"].vanished == 3
    assert rows("select count(*) from cs_queue_mapping") == [(0,)]


def test_a_live_table_that_is_no_longer_there_counts_as_empty(execute, take, rows):
    execute(CONVERSATION.format(table="queue_mapping", session="A"))
    take()
    execute("drop table queue_mapping")
    with pytest.raises(CheckError, match="queue_mapping lost 1 of 1"):
        take()
    taken, _ = take(confirm_minutes=0)
    assert "queue_mapping is no longer there" in taken.notes
    taken, tables = take()
    assert "queue_mapping" not in tables


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("system_id", "'1'", "another source"),
        ("timeline", "99", "failed over"),
        ("server_started_at", "'2020-01-01'", "restarted"),
        ("horizon", "horizon + 1000000", "went back"),
        ("horizon", "18446744073709551615", "went back"),
        ("snapshot_at", "'2020-01-01'", "regular full comparison"),
    ],
)
def test_any_doubt_about_the_source_reads_all_rows(execute, take, warehouse, column, value, reason):
    execute(seats(5))
    take()
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(f"update cs_snapshot set {column} = {value}")
    taken, tables = take()
    assert reason in str(taken.full_because)
    assert (tables["seat"].rows_read, tables["seat"].opened) == (5, 0)
    assert take()[0].full_because is None


def test_a_table_swapped_for_one_with_older_rows_is_read_whole(execute, take, is_equal):
    execute(seats(5), "create table other (like seat including all)")
    execute("insert into other select * from seat", "update other set web_name = 'other'")
    take()
    take()
    execute("alter table seat rename to seat_old", "alter table other rename to seat")
    taken, tables = take()
    assert tables["seat"].opened == 5
    assert "seat was made anew or altered: all its rows were read" in taken.notes
    assert is_equal()


def test_a_column_made_anew_with_another_default_is_read_whole(execute, take, is_equal):
    execute(seats(5))
    take()
    execute(
        "alter table seat drop column max_user",
        "alter table seat add column max_user smallint default 7",
    )
    assert take()[1]["seat"].opened == 5
    assert is_equal()


def test_rows_that_row_versions_do_not_explain_are_found_once_another_vanishes(
    execute, take, warehouse, is_equal, source_server
):
    execute(seats(500))
    source_server.settle()
    take()
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql("delete from cs_seat_history where id = 77")
    execute("delete from seat where id = 200")
    taken, tables = take()
    assert (tables["seat"].rows_read, tables["seat"].opened) == (499, 1)
    assert any("row versions do not explain the keys" in note for note in taken.notes)
    assert is_equal()


def test_a_row_that_vanished_while_another_came_is_found(execute, take, rows, is_equal):
    execute(seats(500))
    take()
    execute("delete from seat where id = 200", seats(1, first=501))
    _, tables = take()
    assert (tables["seat"].opened, tables["seat"].vanished, tables["seat"].present) == (1, 1, 500)
    assert is_equal()


def test_a_row_that_vanished_from_the_history_is_restored_by_the_full_comparison(
    execute, take, warehouse, is_equal
):
    execute(seats(5))
    take()
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql("delete from cs_seat_history where id = 3")
    assert take(full=True)[1]["seat"].opened == 1
    assert is_equal()


def test_a_damaged_present_row_is_found_by_the_full_comparison(execute, take, warehouse, rows):
    execute(seats(5))
    take()
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(
            "update cs_seat_history set web_name = 'damaged', row_hash = repeat('x', 16)"
            " where id = 3"
        )
    assert take(full=True)[1]["seat"].opened == 1
    assert rows("select web_name from cs_seat where id = 3") == [("seat 3",)]


def test_duplicate_keys_are_reported_and_the_same_row_always_wins(execute, take, rows):
    execute(
        "alter table session_mapping drop constraint session_mapping_pkey",
        CONVERSATION.format(table="session_mapping", session="A"),
        CONVERSATION.format(table="session_mapping", session="B"),
        CONVERSATION.format(table="session_mapping", session="A").replace("5", "6"),
    )
    taken, tables = take()
    assert (tables["session_mapping"].present, tables["session_mapping"].duplicates) == (2, 1)
    assert "session_mapping has no unique index on session_id" in taken.notes
    winner = rows("select seat_id from cs_session_mapping where session_id = 'A'")
    execute("update session_mapping set seat_id = seat_id")  # other places on the disk
    assert take()[1]["session_mapping"].opened == 0
    assert rows("select seat_id from cs_session_mapping where session_id = 'A'") == winner


def test_time_goes_on_although_the_sources_clock_went_back(execute, take, warehouse):
    execute(seats(1))
    take()
    ahead = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    with warehouse.engine.begin() as connection:
        connection.execute(sa.text("update cs_snapshot set snapshot_at = :t"), {"t": ahead})
    taken, _ = take()
    assert taken.snapshot_at.replace(tzinfo=None) == ahead + timedelta(microseconds=1)


def test_the_database_itself_forbids_two_present_versions(execute, take, warehouse):
    execute(seats(1))
    take()
    with (
        warehouse.engine.connect() as connection,
        pytest.raises(sa.exc.IntegrityError),
    ):
        connection.exec_driver_sql(
            "insert into cs_seat_history (row_key, id, row_hash, valid_from_at, snapshot_id)"
            " values (1, 1, 'x', '2026-01-01', 1)"
        )


def test_without_load_data_the_rows_come_by_insert(execute, take, rows, monkeypatch, is_equal):
    from include.warehouse.customer_service import bulk

    used = []
    monkeypatch.setattr(bulk, "_is_allowed", lambda connection: used.append(1))
    execute(
        seats(3000),
        "update seat set web_name = 'NULL', nickname = null, create_time = 'infinity' where id = 7",
        CONVERSATION.format(table="session_mapping", session="A"),
    )
    take()
    assert used
    assert rows("select web_name, nickname, create_time from cs_seat where id = 7") == [
        ("NULL", None, None)
    ]
    assert is_equal()


def test_a_connection_lost_in_the_middle_is_taken_again(execute, take, source_url, is_equal):
    execute(seats(10))
    killed = threading.Event()

    def kill(text: str) -> None:
        if not killed.is_set():
            killed.set()
            execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name"
                " = 'customer-service snapshot' and datname = current_database()"
            )

    _, tables = take(progress=kill)
    assert killed.is_set()
    assert tables["seat"].present == 10
    assert is_equal()


def test_a_source_that_stays_away_is_loud_and_changes_nothing(execute, take, rows, source):
    execute(seats(10))
    take()
    source._arguments["port"] = 1
    with pytest.raises(UnavailableError):
        take()
    assert rows("select count(*) from cs_snapshot") == [(1,)]
    assert rows("select outcome, error_class from sync_run order by started_at desc limit 1") == [
        ("failed", "UnavailableError")
    ]


def test_a_source_that_is_not_as_agreed_changes_nothing(execute, take, rows):
    execute(seats(10))
    take()
    execute("alter table seat rename column status to state", "update seat set max_user = 1")
    with pytest.raises(ConfigError, match=r"seat\.status"):
        take()
    assert rows("select distinct max_user from cs_seat") == [(10,)]


def test_the_ledger_and_the_manifest_say_what_happened(execute, take, rows):
    execute(seats(10))
    taken, _ = take()
    assert rows(
        "select r.account_id, r.entity, r.vendor, r.outcome, r.listed, r.written"
        " from sync_run r join cs_snapshot s on s.run_id = r.run_id"
    ) == [("customer_service", "snapshot", "POSTGRESQL", "done", 10, 10)]
    assert rows("select watermark_at from sync_state") == [
        (taken.snapshot_at.replace(tzinfo=None),)
    ]
    assert rows(
        "select present, checksum from cs_snapshot_table where table_name = 'seat'"
    ) == rows(
        "select count(*), sum(cast(conv(left(hex(row_hash), 12), 16, 10) as unsigned)) from"
        " cs_seat_history where closed_by = 0"
    )


def test_the_manifests_checksum_goes_on_with_the_changes(execute, take, rows):
    execute(seats(300))
    take()
    for number in range(3):
        execute(
            f"update seat set max_user = {number} where mod(id, 7) = {number}",
            f"delete from seat where mod(id, 50) = {number}",
            seats(5, first=1000 + 10 * number),
        )
        taken, _ = take()
        assert taken.full_because is None
    assert rows(
        "select present, checksum from cs_snapshot_table where table_name = 'seat'"
        " and snapshot_id = 4"
    ) == rows(
        "select count(*), sum(cast(conv(left(hex(row_hash), 12), 16, 10) as unsigned)) from"
        " cs_seat_history where closed_by = 0"
    )
