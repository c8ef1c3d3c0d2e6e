"""Views that answer nobody are found, whoever asks."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from include.warehouse.schema import views


@pytest.fixture
def engine(warehouse_url):
    made = sa.create_engine(warehouse_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    yield made
    made.dispose()


def test_as_they_are_made_all_answer(engine):
    with engine.connect() as connection:
        assert views.find_broken(connection) == {}


@pytest.mark.parametrize("what", ["gone", "without a right"])
def test_a_view_whose_maker_is_gone_or_lost_a_right_is_found_and_migrate_mends_it(engine, what):
    database = engine.url.database
    maker = f"maker_{database[-20:]}"  # users are the server's, whose tests run side by side
    with engine.connect() as connection:
        told = connection.exec_driver_sql("show create view v_ticket").one()[1]
        for statement in (
            f"drop user if exists {maker}",
            f"create user {maker}",
            f"grant select on {database}.* to {maker}",
            re.sub(r"DEFINER=\S+", f"DEFINER={maker}@`%%`", told).replace(
                "CREATE", "CREATE OR REPLACE", 1
            ),
        ):
            connection.exec_driver_sql(statement)
        assert views.find_broken(connection) == {}
        if what == "gone":
            connection.exec_driver_sql(f"drop user {maker}")
        else:
            connection.exec_driver_sql(f"revoke select on {database}.* from {maker}")
        broken = views.find_broken(connection)
        assert "v_ticket" in broken
        assert re.search(f"definer|{maker}", broken["v_ticket"])
        views.apply(connection)
        assert views.find_broken(connection) == {}
        connection.exec_driver_sql(f"drop user if exists {maker}")
