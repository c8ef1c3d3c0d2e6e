"""Lists that the server makes."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.errors import ContractError
from include.warehouse.lists import read_lists

PAIRS = sa.text(
    "select count(*) as items, group_concat(concat_ws(',', n, n * n, '') separator '') as fields"
    " from (select 1 as n union all select 2 union all select 7) as few where n >= :least"
    " group by n < 5"
)


@pytest.fixture
def connection(warehouse):
    with warehouse.engine.connect() as opened:
        yield opened


def test_all_lists_are_read_as_one(connection):
    texts = iter(read_lists(connection, PAIRS, 2, "pairs", least=0))
    assert sorted(zip(texts, texts, strict=True)) == [("1", "1"), ("2", "4"), ("7", "49")]


def test_no_list_and_an_empty_one_are_empty(connection):
    assert read_lists(connection, PAIRS, 2, "pairs", least=9) == []
    nothing = sa.text("select count(*) as items, group_concat(1) as fields from dual where 1 = 0")
    assert read_lists(connection, nothing, 1, "nothing") == []


def test_a_list_that_the_server_cut_is_an_error_that_names_it(connection):
    connection.exec_driver_sql("set session group_concat_max_len = 5")
    with pytest.raises(ContractError, match="cut the list of pairs: raise max_allowed_packet"):
        read_lists(connection, PAIRS, 2, "pairs", least=0)
