"""One read-only snapshot of agreed tables, or a refusal that names what is wrong."""

from __future__ import annotations

import threading
import time

import psycopg2  # type: ignore[import-untyped]
import pytest
import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.errors import ConfigError, RejectedError, UnavailableError
from include.source.postgres import SourceDatabase


def test_all_tables_are_found_and_one_reading_says_where_it_stands(source, execute):
    before = execute("select clock_timestamp()")
    with source.snapshot() as snapshot:
        assert list(snapshot.found) == [table.name for table in SOURCE_TABLES]
        assert all(found.is_whole for found in snapshot.found.values())
        position = snapshot.position
    assert before <= position.moment <= execute("select clock_timestamp()")
    assert position.horizon > 0
    assert position.system_id.isdigit()
    assert position.timeline >= 1


def test_the_optional_table_may_be_missing(source, execute):
    execute("drop table queue_mapping")
    with source.snapshot() as snapshot:
        assert "queue_mapping" not in snapshot.found


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("drop table supplier", "no table supplier"),
        ("alter table seat rename to seats", "no table seat"),
        ("alter table seat drop column max_user", "seat.max_user is missing"),
        ("alter table session rename column seat_name to seat", "session.seat_name is missing"),
        ("alter table seat alter status type integer", "seat.status is int4, not smallint"),
        (
            "alter table session alter created_time type timestamp(6) without time zone",
            "session.created_time is timestamp, not timestamp with time zone",
        ),
        ("alter table seat alter priority type numeric", "seat.priority is numeric"),
        (
            "alter table seat drop constraint seat_pkey; alter table seat alter id drop not null",
            "key seat.id may be NULL",
        ),
        ("alter table seat rename to s; create view seat as select * from s", "of kind 'v'"),
    ],
)
def test_a_source_that_is_not_as_agreed_is_refused_by_name(source, execute, statement, named):
    execute(*statement.split(";"))
    with pytest.raises(ConfigError, match=named), source.snapshot():
        pass


def test_what_does_no_harm_is_noted_once(source, execute):
    execute(
        "alter table supplier add column colour text, add column rank integer",
        "alter table seat alter web_name type varchar(80)",
        "alter table session_mapping drop constraint session_mapping_pkey",
    )
    with source.snapshot() as snapshot:
        notes = [note for found in snapshot.found.values() for note in found.notes]
        assert notes == [
            "supplier has columns we do not read: colour, rank",
            "seat.web_name may be longer than 40",
            "session_mapping has no unique index on session_id",
        ]
        assert not snapshot.found["session_mapping"].is_whole


def test_a_missing_right_is_named_with_the_statement_that_gives_it(source_url, source, execute):
    if not execute("select 1 from pg_roles where rolname = 'osm_blind'"):
        execute("create role osm_blind login password 'blind-password'")
    execute("grant select on supplier, session to osm_blind")
    url = sa.make_url(source_url).set(username="osm_blind", password="blind-password")
    with (
        pytest.raises(ConfigError, match="GRANT SELECT ON seat TO osm_blind"),
        SourceDatabase.open(url.render_as_string(hide_password=False)).snapshot(),
    ):
        pass


def test_our_connection_cannot_write_even_where_the_role_may(source, execute):
    with source.snapshot() as snapshot, pytest.raises(RejectedError, match="read-only"):
        snapshot.all("insert into seat (web_name) values ('x') returning id")
    with (
        source.connect() as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.ReadOnlySqlTransaction),
    ):
        cursor.execute("delete from seat")


def test_every_query_of_a_snapshot_sees_the_same_moment(source, execute):
    execute("insert into seat (id, web_name) values (1, 'a')")
    with source.snapshot() as snapshot:
        execute("insert into seat (id, web_name) values (2, 'b')", "delete from seat where id = 1")
        assert snapshot.one("select count(*), min(id) from seat") == (1, 1)


def test_truncate_waits_for_a_snapshot_that_is_under_way(source, execute):
    execute("insert into seat (id, web_name) values (1, 'a')")
    with source.snapshot() as snapshot:
        waiting = threading.Thread(target=execute, args=("truncate seat",))
        waiting.start()
        time.sleep(0.2)
        assert waiting.is_alive()
        assert snapshot.one("select count(*) from seat") == (1,)
    waiting.join(10)
    assert execute("select count(*) from seat") == 0


@pytest.mark.parametrize(
    "break_it",
    ["select pg_terminate_backend(pid)", "select pg_cancel_backend(pid)"],
)
def test_a_cancelled_or_lost_connection_is_unavailable(source, execute, break_it):
    ours = (
        " from pg_stat_activity where application_name = 'customer-service snapshot'"
        " and datname = current_database()"
    )
    timer = threading.Timer(0.5, execute, (break_it + ours,))
    with source.snapshot() as snapshot:
        timer.start()
        with pytest.raises(UnavailableError):
            snapshot.all("select pg_sleep(10)")


def test_why_the_server_ended_an_idle_connection_is_told(source, execute):
    ours = (
        " from pg_stat_activity where application_name = 'customer-service snapshot'"
        " and datname = current_database()"
    )
    with source.snapshot() as snapshot:
        execute(f"select pg_terminate_backend(pid) {ours}")
        while execute(f"select count(*) {ours}"):
            time.sleep(0.02)
        with pytest.raises(UnavailableError, match="57P01: terminating connection due to admin"):
            snapshot.one("select 1")


def test_a_statement_ends_at_its_time_limit(source_url):
    source = SourceDatabase.open(source_url, timeout_seconds=1)
    with (
        source.snapshot() as snapshot,
        pytest.raises(UnavailableError, match="SOURCE_TIMEOUT_SECONDS"),
    ):
        snapshot.all("select pg_sleep(10)")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not a URL"),
        ("mysql://u@h/d", "postgresql://"),
        ("postgresql://u@127.0.0.1", "name a database"),
    ],
)
def test_an_unusable_url_is_refused(url, reason):
    with pytest.raises(ConfigError, match=reason):
        SourceDatabase.open(url)


def test_certificates_are_verified_for_every_host_but_loopback():
    remote = SourceDatabase.open("postgresql://u:p@db.example.com/desk", ca="/etc/ca.pem")
    assert remote._arguments["sslmode"] == "verify-full"
    assert remote._arguments["sslrootcert"] == "/etc/ca.pem"
    assert "sslmode" not in SourceDatabase.open("postgresql://u:p@127.0.0.1/desk")._arguments


def test_a_closed_port_and_a_wrong_password_say_whose_turn_it_is(source_url):
    closed = sa.make_url(source_url).set(port=1).render_as_string(hide_password=False)
    with pytest.raises(UnavailableError), SourceDatabase.open(closed).snapshot():
        pass
    wrong = sa.make_url(source_url).set(password="wrong").render_as_string(hide_password=False)
    with pytest.raises(ConfigError, match="SOURCE_URL"), SourceDatabase.open(wrong).snapshot():
        pass
    nowhere = sa.make_url(source_url).set(database="nowhere").render_as_string(False)
    with (
        pytest.raises(ConfigError, match="no such database"),
        SourceDatabase.open(nowhere).snapshot(),
    ):
        pass
