"""Texts of a source in any encoding: read right, or refused by table and column."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import pytest

from include.errors import CheckError
from include.warehouse.mysql import Warehouse
from tests.conftest import SourceServer
from tests.faults.kit.desk_scene import Desk, judge
from tests.faults.test_source import undone

__all__ = ["judge"]  # a fixture

TEXTS: Final = {
    "LATIN1": "Crème brûlée",
    "WIN1252": "10 € – „gut“",
    "EUC_CN": "客服中心",
    "EUC_TW": "客服中心",
    "EUC_JP": "日本語",
    "EUC_JIS_2004": "か゚日本",  # its first character is two in UTF-8
    "EUC_KR": "고객센터",
    "KOI8R": "Привет",
    "SQL_ASCII": "客服中心 😀",
}
"""A text that each encoding of a database can hold."""
SEAT: Final = "insert into seat (id, nickname) values (99, {})"
SESSION: Final = "insert into session (id, session_id, product_id) values (99, 'x', {})"
ENDED: Final = "insert into session_mapping (id, session_id) values (99, {})"
BROKEN: Final = [
    ("WIN1252", "81", SEAT, "22P05: seat.nickname holds a character (0x81 in WIN1252)"),
    ("EUC_CN", "c4e3fefe", SEAT, "22P05: seat.nickname holds a character (0xfe 0xfe in EUC_CN)"),
    ("EUC_JP", "fefe", ENDED, "22P05: session_mapping.session_id holds a character (0xfe 0xfe"),
    ("SQL_ASCII", "c4e3bac3", SEAT, "22021: seat.nickname holds bytes that are not UTF-8 (0xc4"),
    ("SQL_ASCII", "e9", SESSION, "22021: session.product_id holds bytes that are not UTF-8 (0xe9)"),
    ("SQL_ASCII", "e9", ENDED, "22021: session_mapping.session_id holds bytes that are not UTF-8"),
]
"""Bytes that a database of an encoding takes, and UTF-8 has not; where; what is said of them."""


@pytest.fixture
def url(request: Any, source_server: SourceServer) -> Iterator[str]:
    """A database of the encoding ``request.param``, empty."""
    made = source_server.create_encoded(request.param)
    yield made
    source_server.drop(made)


@pytest.fixture
def encoding(url: str, source_server: SourceServer) -> str:
    return str(source_server.run("show server_encoding", url=url))


@pytest.fixture
def execute(url: str, source_server: SourceServer) -> Any:
    """What the desk's own programs do; statements are ASCII."""
    return partial(source_server.run, url=url)


@pytest.fixture
def changed(url: str, encoding: str, execute: Any, warehouse_url: str) -> Iterator[Desk]:
    """That database, read once, whose rows have changed since."""
    made = Desk(url, Warehouse.open(warehouse_url))
    text = f"convert_from('\\x{TEXTS[encoding].encode().hex()}', 'UTF8')"  # the server converts it
    execute(
        f"insert into seat (id, nickname) select n, {text} || n from generate_series(1, 9) n",
        f"insert into session_mapping (session_id) select {text} || n from generate_series(1, 9) n",
    )
    made.take()
    execute(
        f"update seat set nickname = '*' || {text} where id = 3",
        f"delete from session_mapping where session_id = {text} || 4",
    )
    yield made
    made.warehouse.close()


@pytest.mark.parametrize("url", TEXTS, indirect=True)
def test_texts_of_every_encoding_are_read_as_they_are(changed, encoding, judge):
    taken = judge()
    assert taken.full_because is None
    assert sum(table.closed for table in taken.tables) == 2
    text = TEXTS[encoding]
    with changed.warehouse.engine.connect() as connection:
        [name] = connection.exec_driver_sql("select nickname from cs_seat where id = 3").scalars()
        keys = connection.exec_driver_sql("select session_id from cs_session_mapping").scalars()
        assert name == f"*{text}"
        assert {*keys} == {f"{text}{n}" for n in range(1, 10) if n != 4}


@pytest.mark.parametrize(("url", "digits", "there", "words"), BROKEN, indirect=["url"])
def test_a_text_that_cannot_be_converted_is_named_by_table_and_column(
    execute, encoding, judge, digits, there, words
):
    there = there.format(f"convert_from('\\x{digits}', '{encoding}')")
    back = f"delete from {there.split()[2]} where id = 99"
    judge(undone(execute, there, back), CheckError, words)


@pytest.mark.parametrize("url", ["SQL_ASCII"], indirect=True)
def test_what_the_error_says_finds_the_rows_and_mends_them(changed, execute, judge):
    execute("insert into seat (id, nickname) values (99, '' || E'\\xc4\\xe3')")
    with pytest.raises(CheckError) as caught:
        changed.take()
    where = str(caught.value).partition("WHERE ")[2].partition(";")[0]
    value = str(caught.value).partition("column there to ")[2].replace("<their encoding>", "GBK")
    execute(f"update seat set nickname = {value} where {where}")
    judge()
    with changed.warehouse.engine.connect() as connection:
        [name] = connection.exec_driver_sql("select nickname from cs_seat where id = 99").scalars()
    assert name == "你"
