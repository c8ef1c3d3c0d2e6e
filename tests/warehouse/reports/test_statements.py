"""The statements of sql/reports, as they are read."""

from __future__ import annotations

import pytest

from include.warehouse.reports.statements import REPORTS, read_statement
from include.warehouse.types import Utc


@pytest.mark.parametrize("name", sorted(path.stem for path in REPORTS.glob("*.sql")))
def test_every_moment_that_a_statement_is_given_is_bound_as_one(name):
    bound = read_statement(name)._bindparams
    moments = {key for key, given in bound.items() if isinstance(given.type, Utc)}
    assert moments == {key for key in bound if key.endswith("_at")}


def test_a_statement_counts_over_other_facts():
    assert "from old_fact\n" in str(read_statement("rpt_cohort", "old_fact"))
    assert "rpt_conversation\n" not in str(read_statement("rpt_cohort", "old_fact"))
