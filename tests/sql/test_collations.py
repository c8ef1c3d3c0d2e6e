"""No text of a view depends on who made it or who asks: filtered, joined, united, grouped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest
import sqlalchemy as sa

from include.warehouse.schema import migrations, views
from include.warehouse.types import BIN, TEXT

READ: Final = {
    (view, column)
    for view, columns in {
        "stg_message": "author content",
        "stg_ticket": "category_said product_said severity source_said title vendor_status",
        "stg_ticket_named": "account_name category_name category_said product_name product_said"
        " region_id severity source_name source_said title vendor_status",
        "dim_account": "account_name region_id vendor",
        "dim_category": "category_name",
        "dim_day": "holiday",
        "dim_line": "line_name line_name_en",
        "dim_product": "product_name",
        "dim_seat": "line_name nickname seat_name supplier_name",
        "dim_source": "source_name",
        "dim_supplier": "line_name supplier_name",
        "v_contact": "supplier_name",
        "v_conversation": "line_name nickname seat_name supplier_name",
        "v_conversation_undated": "line_name nickname seat_name supplier_name",
        "v_dictionary": "meaning_en meaning_zh name_en name_zh origin unit",
        "v_freshness": "account_name error_text",
        "v_handling": "scope_name",
        "v_hour_trend": "holiday",
        "v_line_load": "line_name",
        "v_line_load_participating": "line_name",
        "v_lost_wait": "supplier_name",
        "v_message": "content",
        "v_queue_now": "scope_name",
        "v_seat_class": "supplier_name",
        "v_seat_line": "line_name nickname seat_name",
        "v_seat_load": "line_name nickname seat_name supplier_name",
        "v_seat_work": "scope_name",
        "v_service_level": "supplier_name",
        "v_session_robot": "supplier_name",
        "v_supplier_load": "supplier_name",
        "v_sync_status": "account_name name next_step reason who",
        "v_ticket": "account_name category_name product_name region_id severity source_name"
        " status_en status_zh title vendor_status",
        "v_ticket_backlog": "account_name category_name product_name",
        "v_ticket_cohort": "scope_name",
        "v_ticket_state": "status_en status_zh vendor_status",
        "v_volume": "supplier_name",
        "v_volume_hour": "supplier_name",
        "v_volume_quarter": "line_name",
        "v_wait": "scope_name",
        "v_wait_distribution": "supplier_name",
    }.items()
    for column in columns.split()
}
"""What people read and search; all other texts are ids, names and words of the source, or codes."""
CLIENTS: Final = (
    "utf8mb4_general_ci",  # MariaDB to 11.5, PyMySQL, Connector/J
    "utf8mb4_0900_ai_ci",  # MySQL 8 and 9
    "utf8mb4_uca1400_ai_ci",  # MariaDB from 11.5 on
    "utf8mb4_unicode_ci",
    "utf8mb4_unicode_520_ci",
    "utf8mb4_bin",
    "utf8mb3_general_ci",
    "latin1_swedish_ci",  # ODBC, old dumps
    "gbk_chinese_ci",  # BI tools on Chinese Windows
)
"""The collations of clients, and of the tables that they made themselves."""
USES: Final = {
    "filtered": "select 1 from {view} where {column} = 'x' or {column} in ('x', 'y')"
    " or {column} like 'x%%' or {column} <=> %(text)s",
    "computed": "select concat({column}, 'x'), coalesce({column}, 'x'),"
    " case when {column} > 'x' then {column} else 'x' end from {view}",
    "joined": "select 1 from {view} inner join own on own.name = {view}.{column}",
    "joined as a subquery": "select 1 from own"
    " where name in (select {column} from {view}) or name = (select max({column}) from {view})",
    "united": "select {column} from {view} union select name from own union select 'x'",
    "grouped": "select {column}, count(*) from {view} group by {column}"
    " having {column} <> 'x' order by {column}",
    "joined in another collation": "select 1 from {view}"
    f" inner join own on own.name = {{view}}.{{column}} collate {TEXT}",
}


TEXT_OF_ALL: Final = "客·"
"""Is in every character set of CLIENTS but Latin-1, of which its second character is."""


@pytest.fixture
def engine(warehouse_url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(warehouse_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    yield made
    made.dispose()


def engine_of(engine: sa.Engine, collation: str) -> sa.Engine:
    """The same for a client of that collation. Skips where the server has none such."""
    with engine.connect() as connection:
        charset = collation.split("_")[0]
        if ask(connection, f"select _{charset}'x' collate {collation}"):
            pytest.skip(f"this server has no {collation}")
    return sa.create_engine(
        engine.url.set(query={}),
        poolclass=sa.NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"charset": charset, "collation": collation},
    )


def texts(connection: sa.Connection) -> dict[tuple[str, str], str]:
    """The collation of each text column of our views, by view and column."""
    query = sa.text(
        "select table_name, column_name, collation_name from information_schema.columns"
        " where table_schema = database() and table_name in :names"
        " and collation_name is not null"
    ).bindparams(sa.bindparam("names", list(views.statements()), expanding=True))
    return {(view, column): collation for view, column, collation in connection.execute(query)}


def ask(connection: sa.Connection, query: str, text: str = "x") -> str | None:
    """The server's words where it refuses a query."""
    try:
        connection.exec_driver_sql(query, {"text": text}).all()
    except sa.exc.DBAPIError as error:
        return str(error.orig)
    return None


def test_every_text_of_a_view_has_one_of_two_collations(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        found = texts(connection)
    assert len(found) > 80
    assert {place for place, collation in found.items() if collation == TEXT} == READ
    assert {collation for place, collation in found.items() if place not in READ} == {BIN}


@pytest.mark.parametrize("collation", CLIENTS)
def test_every_text_can_be_used_by_every_client(engine: sa.Engine, collation: str) -> None:
    charset = collation.split("_")[0]
    text = TEXT_OF_ALL[charset == "latin1" :]
    with engine_of(engine, collation).connect() as connection:
        connection.exec_driver_sql(
            f"create table own (name varchar(60)) character set {charset} collate {collation}"
        )
        connection.exec_driver_sql("insert into own values ('x'), (%s)", (text,))
        refused = [
            (view, column, use, words)
            for view, column in texts(connection)
            if not view.startswith(views.STAGING)
            for use, query in USES.items()
            if (words := ask(connection, query.format(view=view, column=column), text))
        ]
        connection.exec_driver_sql("drop table own")
    assert refused == []


@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_bin"])
def test_another_collation_wins_where_it_is_put_on_our_column(
    engine: sa.Engine, collation: str
) -> None:
    with engine.connect() as connection:
        for view, column in texts(connection):
            query = f"select 1 from {view} where {column} collate {collation} = 'x'"
            assert ask(connection, query) is None
            query = f"select 1 from {view} where {column} = 'x' collate {collation}"
            # What people read states its own, and of two that are stated neither wins.
            is_refused = (view, column) in READ and not view.startswith(views.STAGING)
            assert bool(ask(connection, query)) == is_refused, (view, column)


@pytest.mark.parametrize("collation", [one for one in CLIENTS if one.startswith("utf8mb4")])
def test_a_view_is_the_same_whoever_made_it(engine: sa.Engine, collation: str) -> None:
    with engine.connect() as connection:
        for name in views.statements():
            connection.exec_driver_sql(f"drop view if exists {name}")
    migrations.upgrade(engine_of(engine, collation))
    with engine.connect() as connection:
        shown = [views._shown(connection, name) for name in views.statements()]
    assert {tuple(one[-2:]) for one in shown} == {("utf8mb4", TEXT)}
    assert not [one for one in shown if re.search(r"collate (?!utf8mb4_(bin|unicode_ci))", one[0])]
