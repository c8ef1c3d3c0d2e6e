"""`load`: what people know comes from a file into its table, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.invoked import told

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_the_holidays_of_china_are_loaded_and_loading_them_again_changes_nothing(osm, rows):
    file = str(EXAMPLES / "china-holidays.csv")
    for _ in range(2):
        assert "rpt_holiday: " in told(osm("load", "holidays", file), 0)
    query = "select name, is_workday from rpt_holiday where local_day = '{}'"
    assert rows(query.format("2026-10-01")) == [("国庆节", 0)]
    assert rows(query.format("2026-10-10")) == [("国庆节（调休上班）", 1)]


def test_targets_replace_those_that_the_file_does_not_name(osm, rows, tmp_path):
    file = tmp_path / "targets.csv"
    file.write_text("metric,minutes\nfirst_reply,60\nclose,600\n")
    told(osm("load", "targets", str(file)), 0)
    file.write_text("minutes,metric,vendor\n30,first_reply,\n20,close,huawei\n")
    assert "2 rows written, 1 removed" in told(osm("load", "targets", str(file), "--replace"), 0)
    query = "select metric, vendor, product_id, minutes from rpt_sla_target order by metric"
    assert rows(query) == [("close", "HUAWEI", "", 20), ("first_reply", "", "", 30)]


@pytest.mark.parametrize(
    ("what", "text", "reason"),
    [
        ("holidays", "local_day,name\n2026-02-30,x\n", "line 2, local_day: "),
        ("holidays", "local_day,name\n2026-01-01,\n", "line 2, name: "),
        ("holidays", "day,name\n2026-01-01,x\n", "line 2, local_day: "),
        ("targets", "metric,minutes\nfirst_reply,60\nreply,60\n", "line 3, metric: "),
        ("targets", "metric,minutes\nclose,0\n", "line 2, minutes: "),
        ("targets", "metric,minutes\nclose,1,2\n", "line 2, beyond the head: "),
        ("targets", "", "holds no row below a head like metric,vendor,product_id,minutes"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_line_and_column(
    osm, tmp_path, what, text, reason
):
    file = tmp_path / "file.csv"
    file.write_text(text)
    assert reason in told(osm("load", what, str(file)), 2)


def test_a_file_that_is_not_there_is_named(osm, tmp_path):
    assert "none.csv" in told(osm("load", "holidays", str(tmp_path / "none.csv")), 2)
