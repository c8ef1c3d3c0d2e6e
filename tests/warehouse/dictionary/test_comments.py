"""Tables and columns bear the dictionary's words, and nothing else of them changes."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.warehouse.dictionary import comments, entries
from include.warehouse.schema import migrations
from tests.sql.described import described_by


@pytest.fixture
def connection(database_url):
    """A migrated database of its own."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    migrations.upgrade(engine)
    with engine.connect() as connection:
        yield connection


def commented(connection, table):
    """The comments of a table, its own under the empty name."""
    found = sa.inspect(connection)
    own = {"": found.get_table_comment(table)["text"]}
    return own | {column["name"]: column["comment"] for column in found.get_columns(table)}


def test_every_table_and_column_is_commented_in_both_languages(connection):
    dictionary = entries.read()
    for name, relation in dictionary.relations.items():
        if relation.kind == "table":
            assert commented(connection, name) == {
                entry.column: entry.words.text
                for entry in [dictionary.entries[name], *dictionary.columns_of(name)]
            }


def test_only_what_differs_is_changed_and_only_its_comment(connection):
    before, statements = described_by(connection), []

    @sa.event.listens_for(connection, "before_cursor_execute")
    def note(_c, _cursor, statement, *_rest):
        if statement.startswith("ALTER"):
            statements.append(statement)

    comments.apply(connection, entries.read(), progress=pytest.fail)
    assert statements == []
    connection.exec_driver_sql("alter table rpt_ticket comment = 'old'")
    connection.exec_driver_sql(
        "alter table cs_snapshot_table modify column closed bigint not null comment 'it''s old'"
    )
    connection.exec_driver_sql(
        "alter table rpt_holiday add column theirs int default 7 comment 'x'"
    )
    comments.apply(connection, entries.read(), progress=pytest.fail)
    assert sorted(statement.split()[2] for statement in statements) == [
        "`cs_snapshot_table`",
        "`rpt_ticket`",
    ]
    assert [statement.count("MODIFY") for statement in statements] == [1, 0]
    assert commented(connection, "rpt_holiday")["theirs"] == "x"
    connection.exec_driver_sql("alter table rpt_holiday drop column theirs")
    assert described_by(connection) == before


def test_a_column_that_is_wider_than_ours_stays_so(connection):
    connection.exec_driver_sql(
        "alter table cloud_user modify column name varchar(999) character set utf8mb4"
        " collate utf8mb4_general_ci default 'a COMMENT ''b' comment 'old'"
    )
    comments.apply(connection, entries.read(), progress=pytest.fail)
    (column,) = (c for c in sa.inspect(connection).get_columns("cloud_user") if c["name"] == "name")
    assert column["type"].length == 999
    assert column["type"].collation == "utf8mb4_general_ci"
    assert "COMMENT ''b" in column["default"]
    assert column["comment"].startswith("账户名称")


def test_a_large_table_is_not_copied_for_a_comment_but_named(connection, monkeypatch):
    """MariaDB would for a computed column, MySQL for any where a CHECK is on a moment."""
    is_mariadb = connection.dialect.is_mariadb
    table, column, kind = (
        ("cloud_osm_list", "complete", "smallint generated always as (1) stored")
        if is_mariadb
        else ("rpt_watch", "snapshots", "int not null")
    )
    connection.exec_driver_sql(f"alter table {table} modify column {column} {kind} comment 'old'")
    if is_mariadb:
        connection.exec_driver_sql("insert into cloud_osm_list (id, cloud_id) values ('1', '1')")
    else:
        connection.exec_driver_sql("alter table rpt_watch add check (from_at is not null)")
        connection.exec_driver_sql("insert into rpt_watch values (now(), now(), 1, 1, 1)")
    told: list[str] = []
    monkeypatch.setattr(comments, "FEW_ROWS", 0)
    comments.apply(connection, entries.read(), progress=told.append)
    assert [line.partition(":")[0] for line in told] == [table]
    assert "would copy the table" in told[0]
    assert commented(connection, table)[column] == "old"
    monkeypatch.setattr(comments, "FEW_ROWS", 1)
    comments.apply(connection, entries.read(), progress=pytest.fail)
    assert commented(connection, table)[column] != "old"
