"""The sample source: what is in it, on a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from include.errors import ConfigError
from include.sandbox.desk import sample
from include.sandbox.desk.__main__ import app
from include.sandbox.desk.conversations import arrivals, conversations
from include.sandbox.desk.odd import ODD, SHARE, plant
from include.sandbox.desk.people import people

NOW = datetime(2026, 1, 10, 4, tzinfo=UTC)
MOMENT = int(NOW.timestamp() * 1_000_000)
SMALL: dict[str, Any] = {"seed": 7, "now": NOW, "scale": 0.001, "queue": True}


def engine_of(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool)


def number(connection: sa.Connection, query: str) -> int:
    return int(connection.exec_driver_sql(query.replace("%", "%%")).scalar_one() or 0)


def checksums(url: str) -> dict[str, str]:
    """Of every table, whatever order its rows are in."""
    with engine_of(url).connect() as connection:
        return {
            table: connection.exec_driver_sql(
                f"select md5(string_agg(t::text, ',' order by t::text)) from {table} t"
            ).scalar_one()
            for table in sample.NUMBERED
        }


@pytest.fixture(scope="module")
def small_url(source_server):
    """The sample at 1/1000 with everything; tests of this module only read it."""
    url = source_server.create()
    sample.create(url, **SMALL)
    yield url
    source_server.drop(url)


@pytest.fixture(scope="module")
def plain_url(source_server):
    """A larger sample without odd values; tests of this module only read it."""
    url = source_server.create()
    sample.create(url, seed=7, now=NOW, scale=0.02, queue=True, odd="none")
    yield url
    source_server.drop(url)


@pytest.fixture
def small(small_url):
    with engine_of(small_url).connect() as connection:
        yield connection


@pytest.fixture
def plain(plain_url):
    with engine_of(plain_url).connect() as connection:
        yield connection


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(small_url, source_server):
    again, other = source_server.create(), source_server.create()
    sample.create(again, **SMALL)
    sample.create(other, **SMALL | {"seed": 8})
    assert checksums(again) == checksums(small_url)
    assert not set(checksums(other).values()) & set(checksums(small_url).values())
    source_server.drop(again)
    source_server.drop(other)


@pytest.mark.parametrize("table", sorted({odd.table for odd in ODD}))
def test_every_odd_value_is_there_as_it_was_planted(small, table):
    columns = {at["name"]: at["type"] for at in sa.inspect(small).get_columns(table)}

    def count(values: dict[str, str | None]) -> int:
        # As text: -0.0 equals 0, and what a driver makes of a year BC is not the question.
        same = " and ".join(
            f"{name}::text is not distinct from"
            f" cast(cast(:{name} as {columns[name].compile(small.dialect)}) as text)"
            for name in values
        )
        query = sa.text(f"select count(*) from {table} where {same}")
        return int(small.execute(query, values).scalar_one())

    planted = [odd for odd in ODD if odd.table == table]
    assert len(planted) > 5
    assert [odd for odd in planted if count(odd.values) < odd.least] == []


def test_a_sample_for_people_is_odd_in_the_stated_share_of_rows(source_url):
    sample.create(source_url, seed=7, now=NOW, scale=0.02, queue=True, odd="some")
    least, most = "timestamptz '2025-10-12 16:00Z'", "timestamptz '2026-01-10 04:00Z'"
    with engine_of(source_url).connect() as connection:
        rows = number(connection, "select count(*) from session_mapping")
        odd = number(
            connection,
            "select count(*) from session_mapping where inqueue_time not between"
            f" {least} and {most} or last_ack_time not between {least} and {most}",
        )
        assert 0 < odd < SHARE * rows
        assert number(connection, "select count(*) from supplier where name is null") == 0
    counted: list[int] = []
    for table, count in (("session_mapping", 20_000), ("seat", 250), ("supplier", 60)):
        changes = plant(np.random.default_rng(1), table, count, "some")
        counted.append(len(set().union(*changes.values())))
    assert counted == [100, 1, 0]


def test_without_odd_values_no_row_has_one(plain):
    for table in ("seat", "supplier", "busi_supplier_mapping", "busi_seat_mapping", "session"):
        assert number(plain, f"select count(*) from {table} where id is null") == 0
    assert number(plain, "select count(*) from seat where priority not between 1 and 1000") == 0
    assert number(plain, "select count(*) from session_mapping where seat_id = 0") == 0
    assert (
        number(plain, "select count(*) from session_mapping where session_id !~ '^[0-9A-F]{32}$'")
        == 0
    )
    assert number(plain, "select count(*) from seat where status is null") == 0


def test_times_agree_with_one_another_and_lie_in_the_past(plain):
    for query in (
        "session where created_time > update_time or update_time > timestamptz '2026-01-10 04:00Z'",
        "seat where create_time > last_update_time",
        "supplier where create_time > last_update_time",
        "session_mapping where inqueue_time > last_ack_time or distributed_time > last_ack_time",
        # A day after its last message a conversation is in the archive, and not before.
        "session_mapping where last_ack_time > timestamptz '2026-01-09 04:00Z'",
        "queue_mapping where last_ack_time <= timestamptz '2026-01-09 04:00Z'",
        "queue_mapping where last_ack_time > timestamptz '2026-01-10 04:00Z'",
        "queue_mapping where inqueue_time > last_ack_time",
        "queue_mapping where seat_id <> 0 and distributed_time > timestamptz '2026-01-10 04:00Z'",
        "session_mapping a join session_mapping b on a.id = b.id + 1"
        " where a.last_ack_time < b.last_ack_time",
    ):
        assert number(plain, f"select count(*) from {query}") == 0, query
    span = plain.exec_driver_sql(
        "select min(inqueue_time) from session_mapping"
    ).scalar_one() - datetime(2025, 10, 12, 16, tzinfo=UTC)
    assert 0 <= span.total_seconds() < 86_400


def test_a_wait_that_is_not_over_is_live_and_has_no_seat(plain):
    assert number(plain, "select count(*) from queue_mapping where seat_id = 0") > 0
    assert (
        number(
            plain,
            "select count(*) from queue_mapping where seat_id = 0 and"
            " (status <> 1 or seat_name <> '' or distributed_time <> to_timestamp(0))",
        )
        == 0
    )


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [
        ("avg((status = 5)::int) from session_mapping", 0.58, 0.67),
        ("avg((status = 3)::int) from session_mapping", 0.19, 0.25),
        ("avg((seat_id = -1)::int) from session_mapping", 0.10, 0.65),
        ("avg((distributed_time < inqueue_time)::int) from session_mapping", 0.003, 0.007),
        ("avg((request_count > 1)::int) from session_mapping", 0.19, 0.26),
        ("avg((session_state = 7)::int) from session", 0.59, 0.65),
        ("avg((session_state = 4)::int) from session", 0.16, 0.20),
        ("avg((status = 1)::int) from seat", 0.70, 0.95),
        ("avg((max_user = 10)::int) from seat", 0.65, 0.92),
        ("avg((service_status = 0)::int) from seat", 0.75, 0.97),
        ("avg((product_id = '*')::int) from session_mapping", 0.57, 0.63),
    ],
)
def test_shares_are_about_as_described(plain, share, low, high):
    assert low < plain.exec_driver_sql(f"select {share}").scalar_one() < high


def test_only_suppliers_that_queue_make_people_wait(plain):
    waits = dict(
        plain.exec_driver_sql(
            "select s.ext_flag, percentile_disc(0.9) within group (order by"
            " extract(epoch from distributed_time - inqueue_time))::float"
            " from session_mapping m join supplier s on s.id = m.shop_id"
            " where seat_id > 0 and distributed_time >= inqueue_time group by 1"
        ).all()
    )
    assert waits[0] < 1
    assert 60 < waits[1] < 1200


def test_traffic_seats_and_hours_are_spread_as_described():
    rng = np.random.default_rng(1)
    all_people = people(rng, 500, 5_000, MOMENT)
    traffic = np.sort(all_people.traffic)[::-1]
    assert 0.15 < traffic[0] < 0.19
    assert 0.44 < traffic[:10].sum() < 0.50
    assert all_people.seats.sum() == 5_000
    assert 3 <= np.median(all_people.seats) <= 7
    assert 100 < all_people.seats.max() < 500
    came = arrivals(rng, 100_000, MOMENT)
    hours = np.bincount((came // 3_600_000_000 + 8) % 24, minlength=24)
    assert hours.argmax() in (9, 10, 11, 14, 15, 16)
    assert hours[3] < hours[10] / 20
    per_day = np.bincount(
        (came + 8 * 3_600_000_000) // 86_400_000_000 - MOMENT // 86_400_000_000 + 89
    )
    assert len(per_day) == 90
    assert np.sort(per_day[:-1])[0] < np.median(per_day) / 8
    assert per_day.max() > np.median(per_day) * 2


def test_people_who_give_up_leave_no_row():
    rng = np.random.default_rng(1)
    archive, live = conversations(rng, people(rng, 100, 500, MOMENT), 50_000, MOMENT, erl=False)
    lost = 50_000 - len(archive["id"]) - len(live["id"])
    assert 100 < lost < 2_500


def test_row_counts_may_be_given_exactly(source_url):
    made = sample.create(
        source_url,
        seed=1,
        now=NOW,
        scale=0.001,
        rows={"session": 3_000, "session_mapping": 1_500, "seat": 400, "supplier": 70},
    )
    with engine_of(source_url).connect() as connection:
        for table in ("session", "session_mapping", "seat", "supplier"):
            assert number(connection, f"select count(*) from {table}") == made[table]
        assert (made["session"], made["session_mapping"]) == (3_000, 1_500)
        assert (made["seat"], made["supplier"]) == (400, 70)
        assert number(connection, "select count(*) from queue_mapping") == 0


def test_without_a_queue_the_table_is_not_made(source_server):
    url = source_server.create()
    source_server.run(f"drop table {', '.join(sample.NUMBERED)}", url=url)
    source_server.run("drop sequence session_mapping_id_seq, queue_mapping_id_seq", url=url)
    sample.create(url, **SMALL | {"queue": False})
    with engine_of(url).connect() as connection:
        assert "queue_mapping" not in sa.inspect(connection).get_table_names()
        assert number(connection, "select count(*) from session") == 1_000
    source_server.drop(url)


def test_a_table_that_holds_rows_is_left_alone(small_url):
    before = checksums(small_url)
    with pytest.raises(ConfigError, match="supplier holds rows"):
        sample.create(small_url, **SMALL)
    assert checksums(small_url) == before


def test_new_rows_get_ids_of_their_own(source_url):
    sample.create(source_url, **SMALL)
    with engine_of(source_url).begin() as connection:
        connection.exec_driver_sql("insert into seat default values")
        connection.exec_driver_sql("insert into session_mapping (session_id) values ('own')")
        assert number(connection, "select max(id) from seat") == 121
        assert number(connection, "select id from session_mapping where session_id = 'own'") == (
            number(connection, "select count(*) from session_mapping")
        )


def test_too_few_rows_for_the_odd_values_are_refused(source_url):
    with pytest.raises(ConfigError, match=r"supplier: \d+ odd values do not fit into 40 rows"):
        sample.create(source_url, **SMALL | {"rows": {"supplier": 40}})


def test_the_command_line_fills_a_database_and_changes_it(source_url):
    runner = CliRunner()
    arguments = ["--url", source_url, "--seed", "3", "--now", "2026-01-10T04:00:00"]
    made = runner.invoke(app, ["create", *arguments, "--scale", "0.001"])
    assert made.exit_code == 0
    assert "session                        1,000" in made.stdout
    changed = runner.invoke(app, ["churn", *arguments])
    assert changed.exit_code == 0
    assert changed.stdout.count("\n") == 8
