from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from include.errors import ConfigError, ContractError, SyncError
from include.warehouse.bookkeeping.tables import sync_quarantine
from include.warehouse.mysql import Warehouse, create_engine, upsert
from include.warehouse.server_errors import ITEM, OPERATOR, TRY_AGAIN
from include.warehouse.tickets.tables import cloud_osm_product


def a_product(**changes):
    return {
        "id": "p1",
        "type": "huawei",
        "name": "ECS",
        "description": None,
        "synced_at": datetime(2026, 1, 1, tzinfo=UTC),
        **changes,
    }


def product(warehouse):
    query = sa.select(cloud_osm_product)
    return warehouse.transact(lambda c: c.execute(query).mappings().one())


def write(warehouse, *rows):
    warehouse.transact(lambda c: upsert(c, cloud_osm_product, rows))


def test_none_overwrites_nothing_and_the_rest_does(warehouse):
    write(warehouse, a_product(description="servers"))
    write(warehouse, a_product(name="Elastic", synced_at=datetime(2026, 2, 2, tzinfo=UTC)))
    row = product(warehouse)
    assert (row["name"], row["description"]) == ("Elastic", "servers")
    assert row["synced_at"] == datetime(2026, 2, 2, tzinfo=UTC)


def test_an_equal_row_keeps_the_time_of_its_last_change(warehouse):
    write(warehouse, a_product(description="servers"))
    write(warehouse, a_product(synced_at=datetime(2026, 2, 2, tzinfo=UTC)))
    assert product(warehouse)["synced_at"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_many_rows_are_stored_and_stored_again(warehouse):
    rows = [a_product(id=f"p{i}", description="x" * 4000) for i in range(1200)]
    write(warehouse, *rows)
    write(warehouse, *rows)
    count = sa.select(sa.func.count()).select_from(cloud_osm_product)
    assert warehouse.transact(lambda c: c.scalar(count)) == 1200


@pytest.mark.parametrize(
    ("code", "attempts"),
    [
        *((code, 2) for code in sorted(TRY_AGAIN)),
        *((code, 1) for code in (*OPERATOR, *sorted(ITEM), 1290, 1792, 1836, 1114, 1021)),
    ],
)
def test_what_passes_by_itself_is_tried_again_and_nothing_else(warehouse, code, attempts):
    tried = []

    def work(connection):
        tried.append(code)
        if len(tried) == 1:
            raise sa.exc.OperationalError("insert", {}, Exception(code, "says the server"))

    with nullcontext() if attempts > 1 else pytest.raises(SyncError):
        warehouse.transact(work)
    assert len(tried) == attempts


def test_a_deadlock_is_tried_again_and_both_writers_arrive(warehouse, warehouse_url):
    write(warehouse, a_product(id="a"), a_product(id="b"))
    ready = threading.Barrier(2, timeout=20)
    attempts = []

    def rename(first, second):
        def work(connection):
            attempts.append(first)
            change = sa.update(cloud_osm_product)
            connection.execute(change.where(cloud_osm_product.c.id == first).values(name=first))
            if len(attempts) <= 2:
                ready.wait()
            connection.execute(change.where(cloud_osm_product.c.id == second).values(name=first))

        opened = Warehouse.open(warehouse_url)
        opened.transact(work)
        opened.close()

    threads = [threading.Thread(target=rename, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = sa.select(cloud_osm_product.c.name).distinct()
    assert len(warehouse.transact(lambda c: c.execute(names).all())) == 1
    assert len(attempts) == 3


def test_a_killed_connection_is_replaced_and_the_transaction_repeated(warehouse):
    killed: list[int] = []

    def work(connection):
        if not killed:
            killed.append(connection.scalar(sa.text("select connection_id()")))
            with create_engine(
                str(warehouse.engine.url.render_as_string(False))
            ).connect() as other:
                other.exec_driver_sql(f"kill {killed[0]}")
        upsert(connection, cloud_osm_product, [a_product()])

    warehouse.transact(work)
    assert product(warehouse)["id"] == "p1"


def test_who_goes_on_alone_ends_what_other_threads_write_and_lets_them_begin_nothing(
    warehouse_url,
):
    opened = Warehouse.open(warehouse_url, accounts_at_once=2)
    write(opened, a_product(id="a"))
    has_written, ended = threading.Barrier(3, timeout=20), list[object]()
    rename = sa.update(cloud_osm_product).values(name="renamed")

    def work(connection):
        connection.execute(rename.where(cloud_osm_product.c.id == "a"))
        has_written.wait()
        connection.execute(sa.text("select sleep(30)"))

    def transact(work):
        try:
            opened.transact(work)
        except BaseException as error:  # noqa: BLE001 - whatever ends a thread
            ended.append(type(error))

    def begin_later(connection):
        has_written.wait()

    threads = [threading.Thread(target=transact, args=(one,)) for one in (work, begin_later)]
    for thread in threads:
        thread.start()
    has_written.wait()
    opened.go_on_alone()
    for thread in threads:
        thread.join(10)
    late = threading.Thread(target=transact, args=(lambda connection: ended.append("begun"),))
    late.start()
    late.join(10)
    assert ended == [KeyboardInterrupt] * 2
    assert product(opened)["name"] == "ECS"
    opened.close()


def test_a_lock_around_a_bulk_load_leaves_no_connection_behind(database_url):
    warehouse = Warehouse.open(database_url)
    with warehouse.lock("a test", stale=lambda _: False), warehouse.bulk() as connection:
        connection.exec_driver_sql("select 1")
    warehouse.close()
    others = (
        "select count(*) from information_schema.processlist"
        " where db = database() and id <> connection_id()"
    )
    with sa.create_engine(database_url, poolclass=sa.NullPool).connect() as connection:
        deadline = time.monotonic() + 5  # the server needs a moment to notice
        while connection.exec_driver_sql(others).scalar() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not connection.exec_driver_sql(others).scalar()


def test_a_server_that_is_not_strict_and_lives_elsewhere_is_overruled(warehouse):
    with warehouse.engine.connect() as connection:
        row = connection.exec_driver_sql(
            "select @@sql_mode, @@time_zone, @@character_set_client, @@tx_isolation"
            if "MariaDB" in connection.exec_driver_sql("select version()").scalar_one()
            else "select @@sql_mode, @@time_zone, @@character_set_client, @@transaction_isolation"
        ).one()
    assert "STRICT_ALL_TABLES" in row[0]
    assert tuple(row[1:]) == ("+00:00", "utf8mb4", "READ-COMMITTED")


def test_a_text_too_long_is_refused_by_column_and_its_value_is_not_quoted(warehouse):
    with pytest.raises(ContractError, match="'name'") as caught:
        write(warehouse, a_product(name="secret" * 100))
    assert "secret" not in str(caught.value)


def test_a_value_larger_than_a_packet_condemns_its_row_only(warehouse):
    row = {
        "account_id": "a",
        "item_id": "x",
        "error_class": "E",
        "error_text": "é" * 2001,
        "first_at": datetime(2026, 1, 1, tzinfo=UTC),
        "last_at": datetime(2026, 1, 1, tzinfo=UTC),
        "attempts": 1,
    }
    with pytest.raises(ContractError, match="error_text"):
        warehouse.transact(lambda c: c.execute(sa.insert(sync_quarantine), row))


@pytest.mark.parametrize(
    "url", ["", "nonsense", "postgresql://u:p@h/d", "mysql://u:p@h", "sqlite://"]
)
def test_a_url_that_cannot_be_a_warehouse_is_refused_before_anything_is_sent(url):
    with pytest.raises(ConfigError, match="WAREHOUSE_URL"):
        create_engine(url)


def test_a_remote_server_must_prove_who_it_is():
    with pytest.raises(ConfigError, match="ssl_verify_cert, which is not obeyed"):
        create_engine("mysql+pymysql://u:p@db.example/osm?ssl_verify_cert=false")
    with pytest.raises(sa.exc.OperationalError):
        create_engine("mysql+pymysql://u:p@192.0.2.1:1/osm").connect()


def test_an_authority_that_cannot_be_read_is_named():
    with pytest.raises(ConfigError, match="WAREHOUSE_CA: /nowhere/none is no certificate"):
        create_engine("mysql+pymysql://osm:pw@db.example/osm", ca="/nowhere/none")


def test_a_missing_database_names_the_next_step(warehouse_url):
    gone = sa.make_url(warehouse_url).set(database="osm_no_such_database")
    opened = Warehouse.open(gone.render_as_string(hide_password=False))
    with pytest.raises(ConfigError, match="there is no such database"):
        opened.transact(lambda c: c.scalar(sa.text("select 1")))
    opened.close()
