"""Texts come as they are, whatever the database's encoding, or their column is named."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from include.errors import CheckError, UnavailableError
from include.source.postgres import SourceDatabase
from tests.conftest import SourceServer

TEXT = "cr\u00e8me"
FILL = (
    f"insert into supplier (id, name) values (1, convert_from('\\x{TEXT.encode().hex()}', 'UTF8'))"
)


@pytest.fixture(params=["UTF8", "LATIN1", "SQL_ASCII"])
def url(request: Any, source_server: SourceServer) -> Iterator[str]:
    """A database of some encoding with one supplier."""
    made = source_server.create_encoded(request.param)
    source_server.run(FILL, url=made)
    yield made
    source_server.drop(made)


def test_both_ways_to_read_give_the_text_and_its_hash(url):
    with SourceDatabase.open(url).snapshot() as snapshot:
        query = snapshot.found["supplier"].reading.rows()
        sink = io.BytesIO()
        assert snapshot.copy(query, sink) == 1
        [[row]] = snapshot.batches(query)
    copied = sink.getvalue().decode().strip().split(",")
    assert (row[1], row[-1]) == (copied[1], copied[-1])
    assert row[1] == TEXT


@pytest.mark.parametrize("url", ["SQL_ASCII"], indirect=True)
def test_a_snapshot_that_met_such_a_text_shows_nothing_of_another_moment(source_server, url):
    broken = "insert into supplier (id, name) values (2, convert_from('\\xe8', 'SQL_ASCII'))"
    source_server.run(broken, url=url)
    with SourceDatabase.open(url).snapshot() as snapshot:
        with pytest.raises(
            CheckError, match=r"supplier\.name holds bytes that are not UTF-8 \(0xe8"
        ):
            snapshot.one(snapshot.found["supplier"].reading.total())
        with pytest.raises(UnavailableError):
            snapshot.one("select count(*) from supplier")
