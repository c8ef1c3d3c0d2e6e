"""A run of the ledger leads to the log of its task."""

from __future__ import annotations

import pytest

from include.work.traces import LONGEST, Trace

RUN = "manual__2026-11-30T03:24:07.118+00:00"


@pytest.mark.parametrize(
    ("trace", "path"),
    [
        (
            Trace("sync_tickets", RUN, "huawei.tickets", 3),
            "dags/sync_tickets/runs/manual__2026-11-30T03%3A24%3A07.118%2B00%3A00"
            "/tasks/huawei.tickets/mapped/3",
        ),
        (Trace("build_reports", "a~run", "build"), "dags/build_reports/runs/a~run/tasks/build"),
    ],
)
@pytest.mark.parametrize("who", ["", " by admin", " by a/b 7"])
def test_a_task_is_read_from_what_the_ledger_says(trace, path, who):
    assert Trace.read(f"airflow {trace}{who}") == trace
    assert trace.path == path


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "command line",
        "sync by somebody on the command line",
        f"airflow {RUN}",  # of before tasks were noted
        f"airflow {RUN} by admin",
        "repair by airflow x y/z",
        f"airflow {RUN} sync_tickets/huawei.tick".ljust(LONGEST, "e"),  # cut: by whom, and more
        "airflow <b> <i>/<u>",
    ],
)
def test_where_no_task_is_named_there_is_none(text):
    assert Trace.read(text) is None


def test_a_strange_run_id_stays_within_its_part_of_the_path():
    trace = Trace.read('airflow ../../"><script> sync_tickets/x/1')
    assert trace
    assert trace.path == ("dags/sync_tickets/runs/..%2F..%2F%22%3E%3Cscript%3E/tasks/x/mapped/1")
