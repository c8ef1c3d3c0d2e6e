"""`migrate` fills rpt_dictionary, and v_dictionary shows it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.warehouse.dictionary import entries, stored


@pytest.fixture
def connection(warehouse_url):
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


def shown(connection):
    return {
        (row.relation, row.column_name): row
        for row in connection.exec_driver_sql("select * from v_dictionary")
    }


def test_the_view_shows_every_entry_in_both_languages(connection):
    dictionary = entries.read()
    stored.apply(connection, dictionary)
    rows = shown(connection)
    assert len(rows) == len(dictionary.entries)
    row = rows["v_wait", "p90_s"]
    assert (row.kind, row.name_zh, row.unit, row.zone) == ("view", "等待时长 90 分位数", "秒 s", "")
    assert row.name_en == "90th percentile of waits"
    assert rows["v_wait", ""].position == 0
    assert rows["v_wait", "variant"].is_key == 1
    for row in rows.values():
        assert all([row.name_zh, row.name_en, row.meaning_zh, row.meaning_en, row.origin]), row


def test_filling_it_again_writes_nothing_and_what_differs_is_made_right(connection):
    dictionary, written = entries.read(), []
    stored.apply(connection, dictionary)
    before = shown(connection)

    def note(_c, _cursor, statement, *_rest):
        if not statement.lower().startswith("select"):
            written.append(statement.split()[0])

    sa.event.listen(connection, "before_cursor_execute", note)
    stored.apply(connection, dictionary)
    assert written == []
    connection.exec_driver_sql("update rpt_dictionary set name_zh = '' where relation = 'v_wait'")
    connection.exec_driver_sql("delete from rpt_dictionary where relation = 'v_ticket'")
    stored.apply(connection, dictionary)
    assert shown(connection) == before


def test_a_failure_leaves_what_was_there(connection):
    dictionary = entries.read()
    stored.apply(connection, dictionary)
    before = shown(connection)
    connection.exec_driver_sql("update rpt_dictionary set unit = 'old' where relation = 'v_wait'")
    changed = shown(connection)

    def fail(_c, _cursor, statement, *_rest):
        if statement.startswith("INSERT"):
            raise RuntimeError("stopped")

    sa.event.listen(connection, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError):
        stored.apply(connection, dictionary)
    sa.event.remove(connection, "before_cursor_execute", fail)
    assert shown(connection) == changed != before
