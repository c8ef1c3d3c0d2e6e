"""Checks as they are read from files, run and stored; what each one finds: tests/sql."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.warehouse.bookkeeping import checks
from include.warehouse.bookkeeping.checks import Check
from include.warehouse.bookkeeping.tables import sync_check
from tests.builders import DAY

LATER = DAY + timedelta(hours=1)


def test_a_check_sees_the_moment_of_the_run_and_shows_its_first_offences(warehouse):
    numbers = " union all ".join(f"select {n} as n" for n in range(checks.SAMPLE + 5))
    statement = f"select n, cast(:now as datetime) as at, 1.0 as one from ({numbers}) as numbers"
    check = Check("a", "fail", "It holds.", statement)
    count, sample = warehouse.transact(lambda c: checks.find(c, check, DAY))
    assert (count, len(sample)) == (checks.SAMPLE + 5, checks.SAMPLE)
    assert sample[0] == {"n": 0, "at": "2026-01-10 00:00:00", "one": 1}


def test_a_check_fails_since_it_first_did(warehouse):
    def store(offences, checked_at):
        row = {"name": "a", "level": "fail", "sentence": "It holds.", "sample": "[]"}
        rows = [{**row, "offences": offences, "checked_at": checked_at}]
        warehouse.transact(lambda c: checks.store(c, rows))
        query = sa.select(sync_check.c.failing_since_at)
        return warehouse.transact(lambda c: c.scalar(query))

    assert store(1, DAY) == DAY
    assert store(2, LATER) == DAY
    assert store(0, LATER) is None
    assert store(1, LATER) == LATER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "select 1",
        "-- level: loud\n-- It holds.\nselect 1",
        "-- level: fail\nselect 1",
        "-- level: fail\n-- each: table\n-- It holds.\nselect 1",
        "-- level: fail\n-- It holds.\n",
    ],
)
def test_a_file_whose_head_is_not_one_is_refused(tmp_path: Any, text: str) -> None:
    (tmp_path / "it_holds.sql").write_text(text)
    with pytest.raises(ValueError, match=r"it_holds\.sql must begin with"):
        checks.read_checks(tmp_path)
