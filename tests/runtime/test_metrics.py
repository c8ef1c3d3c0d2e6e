"""The page, the mapping and the dashboard name what is sent, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from include.runtime.metrics import METRICS

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "examples" / "grafana"
WORDS = {
    *("by", "sum", "max", "rate", "increase", "time", "histogram_quantile", "le"),
    *("h", "m", "vendor", "entity", "outcome", "state", "severity"),
}


def documented():
    """The rows of the table of docs/metrics.md."""
    page = (ROOT / "docs" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(etl\.\w+)` \|(.*)\|$", page, re.M)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


def prometheus():
    """The name in Prometheus and the rest of the mapping, by ours."""
    mapping = yaml.safe_load((GRAFANA / "statsd-mapping.yml").read_text())
    return {one["match"].removeprefix("airflow."): one for one in mapping["mappings"]}


def panels():
    return json.loads((GRAFANA / "synchronizer.json").read_text())["panels"]


def test_the_page_names_each_metric_with_its_kind_unit_and_tags():
    told = {
        name: (kind, unit, tuple(re.findall(r"`(\w+)`", tags)))
        for name, (kind, unit, tags, *_) in documented().items()
    }
    assert told == {m.name: (m.kind, m.unit, m.tags) for m in METRICS}


def test_the_page_says_what_a_name_means_in_both_languages_and_its_name_in_prometheus():
    mapped = {name: one["name"] for name, one in prometheus().items()}
    assert {name: cells[5].strip("`") for name, cells in documented().items()} == mapped
    for name, (_, _, _, english, chinese, *_) in documented().items():
        assert re.search("[a-z]{4}", english), name
        assert re.search("[一-鿿]{2}", chinese), name


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_the_mapping_has_each_kind_in_the_form_of_prometheus(metric):
    mapped = prometheus()[metric.name]
    assert mapped["name"].endswith("_total") == (metric.kind == "counter")
    assert ("ttl" in mapped) == (metric.kind == "gauge")
    assert mapped.get("observer_type") == ("histogram" if metric.kind == "timer" else None)


def test_the_dashboard_asks_for_each_metric_by_tags_that_it_has():
    of = {one["name"]: next(m for m in METRICS if m.name == n) for n, one in prometheus().items()}
    asked = set()
    for panel in panels():
        for target in panel["targets"]:
            query = target["expr"]
            assert query.count("(") == query.count(")")
            assert query.count("{") == query.count("}")
            bare = re.sub(r'"[^"]*"|\$\w+', "", query)
            names = {n for n in re.findall(r"\b[a-z_]+", bare) if n.startswith("etl_")}
            for name in names:
                metric = of[name.removesuffix("_bucket")]
                asked.add(metric.name)
                used = {*re.findall(r"(\w+)[!=]~?\"", query)}
                used |= {
                    t.strip() for by in re.findall(r"by \(([^)]*)", query) for t in by.split(",")
                }
                used |= {*re.findall(r"{{(\w+)}}", target["legendFormat"])}
                assert used - {"le"} <= {*metric.tags}, query
            left = {w for w in re.findall(r"[a-z_]+", bare) if not w.startswith("etl_")}
            assert left <= WORDS, query
    assert asked == {metric.name for metric in METRICS}


def test_every_panel_reads_from_the_source_that_is_chosen():
    board = json.loads((GRAFANA / "synchronizer.json").read_text())
    variables = {one["name"]: one for one in board["templating"]["list"]}
    assert variables["source"]["type"] == "datasource"
    for panel in board["panels"]:
        assert panel["datasource"]["uid"] == "${source}"
        assert re.search("[一-鿿]", panel["title"])
