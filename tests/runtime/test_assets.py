"""What is told of the tables that changed."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from include.runtime import assets


def test_the_figures_of_tasks_and_of_groups_are_added_up():
    results = [{"written": 1, "calls": 2}, [{"written": 3}, {"gone": 1}], None]
    assert assets.total(results) == {"written": 4, "calls": 2, "gone": 1}


@pytest.mark.parametrize(
    ("results", "params"),
    [([{"written": 0, "calls": 9}], {}), ([], {}), ([{"written": 5}], {"dry_run": True})],
)
def test_where_nothing_was_written_no_table_is_asked(results, params):
    with pytest.raises(AirflowSkipException, match="nothing changed"):
        assets.publish_tickets(results, params, dag_run=None, events=None)


def test_a_build_that_wrote_nothing_raises_no_event():
    with pytest.raises(AirflowSkipException, match="nothing changed"):
        assets.publish_reports({"rpt_ticket": 0, "rpt_build": 1}, dag_run=None, events=None)
