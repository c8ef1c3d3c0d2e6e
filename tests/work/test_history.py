"""The runs of the last days, as the page's charts count them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from include.warehouse.bookkeeping.tables import sync_run
from include.warehouse.mysql import Warehouse
from include.work.history import DAYS, HOURS, SPANS, read_histories

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_runs_are_counted_by_the_span_in_which_they_began(warehouse_url):
    ages = (0, 1, HOURS * 3600 - 1, HOURS * 3600, 30 * 3600, DAYS * 86_400, -60)
    rows = [
        {
            "run_id": f"{number:032}",
            "account_id": "main",
            "entity": entity,
            "vendor": "HUAWEI",
            "outcome": "failed" if age == 1 else "done",
            "error_class": "AuthError" if age == 1 else None,
            "started_at": NOW - timedelta(seconds=age),
            "ended_at": None if number == 20 else NOW,
        }
        for number, (age, entity) in enumerate(
            [(age, "tickets") for age in ages] + [(1, "backfill")]
        )
    ]
    rows.append(rows[0] | {"run_id": "f" * 32, "outcome": "running", "ended_at": None})
    warehouse = Warehouse.open(warehouse_url)
    warehouse.transact(lambda connection: connection.execute(sa.insert(sync_run), rows))
    found = read_histories(warehouse, {("main", "tickets"), ("nobody", "tickets")}, now=NOW)
    warehouse.close()
    main = found["main", "tickets"]
    assert [(span.runs, span.failed) for span in main.spans[-2:]] == [(1, 0), (3, 1)]
    assert (main.spans[-6].runs, main.runs, main.failed) == (1, 5, 1)
    nobody = found["nobody", "tickets"]
    assert (len(nobody.spans), nobody.runs) == (SPANS, 0)


def test_where_nothing_is_shown_nothing_is_asked(database_url):
    warehouse = Warehouse.open(database_url)  # it has no tables
    assert read_histories(warehouse, (), now=NOW) == {}
    warehouse.close()
