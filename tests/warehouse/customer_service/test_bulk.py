"""Many rows into a table, by either way."""

from __future__ import annotations

import pytest

from include.errors import ContractError
from include.warehouse.customer_service import bulk
from tests.warehouse.customer_service.conftest import Rows

NAMES = ["id", "text", "unfit", "row_key", "row_hash"]
FIXED: dict[str, int | str] = {"snapshot_id": 1, "valid_from_at": "2026-01-10 00:00:00"}


@pytest.fixture(params=["streamed", "inserted"])
def load(request, warehouse, history, monkeypatch):
    if request.param == "inserted":
        monkeypatch.setattr(bulk, "_is_allowed", lambda connection: False)

    def run(feed):
        with warehouse.bulk() as connection:
            sent = bulk.load(connection, history, NAMES, {"row_hash"}, FIXED, feed)
            connection.commit()
        return sent

    return run


def test_rows_arrive_as_they_were_sent(load, warehouse):
    texts = ["您好 😀", 'a "quoted", one', "back\\slash", "two\nlines"]
    feed = Rows(*enumerate(texts, 1))
    assert load(feed) == 4
    query = "select id, text, unfit, lower(hex(row_hash)), snapshot_id from cs_note_history"
    with warehouse.engine.connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(f"{query} order by id")]
    assert found == [(n, text, None, digest, 1) for n, text, _, _, digest in feed.rows]


def test_a_value_that_does_not_fit_is_refused_by_its_column_and_nothing_stays(load, warehouse):
    with pytest.raises(ContractError, match="text") as caught:
        load(Rows((1, "fits"), (2, "secret" * 10)))
    assert "secret" not in str(caught.value)
    with warehouse.engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from cs_note_history").scalar() == 0
