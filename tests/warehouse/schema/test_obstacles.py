"""What would stop a migration half-way is found before the first change, and named."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from include.errors import ConfigError, UnavailableError
from include.warehouse.schema import migrations, obstacles, revisions, views
from tests.sql.users_database import build

ORDERS = """
    CREATE TABLE orders (
        id INT PRIMARY KEY,
        ticket VARCHAR(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci,
        CONSTRAINT orders_ticket FOREIGN KEY (ticket) REFERENCES cloud_osm_list (id)
            ON DELETE CASCADE
    )
"""
PASSWORD = "Made-up-0nly"


@pytest.fixture(autouse=True)
def _less_patience(monkeypatch):
    monkeypatch.setattr(obstacles, "ATTEMPTS", 2)


@pytest.fixture
def users(database_url):
    """A database as the user left it."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    build(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def current(database_url):
    """A database at the newest revision."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


@contextmanager
def reader(engine, query):
    """Somebody in the middle of a transaction that has read."""
    with engine.connect() as connection:
        connection.execute(sa.text(query)).all()
        yield connection
        connection.rollback()


def run(engine, *statements):
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def tables(engine):
    return sa.inspect(engine).get_table_names()


def test_a_foreign_key_of_another_program_is_named_before_the_first_change(users):
    run(users, ORDERS, "INSERT INTO orders VALUES (1, 'own-3')")
    before = tables(users)
    with pytest.raises(ConfigError, match=r"1 foreign keys .* nothing was changed") as refused:
        migrations.upgrade(users)
    assert tables(users) == before
    assert migrations.preview(users).obstacle == str(refused.value)
    drop, add = re.findall(r"ALTER TABLE [^;]*;", str(refused.value))
    run(users, drop)
    migrations.upgrade(users)
    own = "VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    run(users, f"ALTER TABLE orders MODIFY ticket {own}", add, "DELETE FROM cloud_osm_list")
    with users.connect() as connection:
        assert connection.scalar(sa.text("SELECT COUNT(*) FROM orders")) == 0


def test_a_foreign_key_that_nothing_disturbs_is_left_alone(current):
    run(
        current,
        ORDERS.replace("utf8 COLLATE utf8_unicode_ci", "utf8mb4 COLLATE utf8mb4_bin"),
    )
    assert migrations.upgrade(current).after == revisions.head()


def test_who_reads_a_table_is_named_and_nothing_is_half_done(users):
    before = tables(users)
    slept: list[float] = []
    said: list[str] = []
    with reader(users, "SELECT name, 'secret' FROM cloud_osm_list LIMIT 1") as other:
        thread = other.scalar(sa.text("SELECT CONNECTION_ID()"))
        with pytest.raises(UnavailableError) as refused:
            migrations.upgrade(users, progress=said.append, sleep=slept.append)
        # Nobody who came later waits for us.
        assert other.scalar(sa.text("SELECT COUNT(*) FROM cloud_osm_list")) == 50
        run(users, "INSERT INTO cloud_user (id, secret_id) VALUES ('late', 'key')")
    text = str(refused.value)
    assert f"thread {thread} of " in text
    assert re.search(r"for \d+ s", text)
    assert "Nothing was changed" in text
    assert "secret" not in text
    assert any("trying again" in line for line in said)
    assert slept == [obstacles.PAUSE_SECONDS]
    assert tables(users) == before
    assert migrations.upgrade(users).after == revisions.head()


def test_a_reader_who_ends_in_time_stops_nothing(users):
    with reader(users, "SELECT * FROM cloud_user") as other:
        report = migrations.upgrade(users, sleep=lambda _: other.rollback())
    assert report.after == revisions.head()


def test_who_reads_a_view_that_did_not_change_disturbs_nobody(current):
    with reader(current, "SELECT * FROM v_ticket") as other:
        migrations.upgrade(current, sleep=lambda _: pytest.fail("it waited"))
        assert other.execute(sa.text("SELECT * FROM v_ticket")).all() == []
    assert views.PROBE not in sa.inspect(current).get_view_names()


def test_who_reads_a_view_that_is_to_be_replaced_is_named(current):
    run(current, "CREATE OR REPLACE VIEW v_ticket AS SELECT id FROM cloud_osm_list")
    with (
        reader(current, "SELECT * FROM v_ticket"),
        pytest.raises(UnavailableError, match=r"for v_ticket, .*thread \d+ .*still the old ones"),
    ):
        migrations.upgrade(current, sleep=lambda _: None)
    migrations.upgrade(current)
    assert "first_reply_s" in {c["name"] for c in sa.inspect(current).get_columns("v_ticket")}


@pytest.fixture
def limited(users, warehouse_server):
    """The user of `sql/grants`, who may not see what others do."""
    name = f"lim_{users.url.database[-12:]}"
    rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW"
    rights += ", SHOW VIEW, CREATE TEMPORARY TABLES"
    warehouse_server.run(
        f"CREATE USER `{name}`@`%` IDENTIFIED BY '{PASSWORD}'",
        f"GRANT {rights} ON `{users.url.database}`.* TO `{name}`@`%`",
    )
    url = users.url.set(username=name, password=PASSWORD)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()
    warehouse_server.run(f"DROP USER `{name}`@`%`")


def test_a_right_that_is_lacking_is_named(users, limited, warehouse_server):
    with pytest.raises(ConfigError, match=r"right LOCK TABLES.*Nothing was changed"):
        migrations.upgrade(limited)
    grant = f"GRANT LOCK TABLES ON `{users.url.database}`.* TO `{limited.url.username}`@`%`"
    warehouse_server.run(grant)
    with reader(users, "SELECT * FROM cloud_user"), pytest.raises(UnavailableError) as refused:
        migrations.upgrade(limited, sleep=lambda _: None)
    assert "GRANT SELECT ON performance_schema.* and PROCESS ON *.*" in str(refused.value)
