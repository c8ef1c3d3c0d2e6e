"""What ``examples/superset`` says fits together, and a server understands it; without Superset."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
import sqlalchemy as sa
import yaml

from include.errors import ConfigError
from include.sandbox.servers import processes
from include.sandbox.superset import bundle, reader
from include.warehouse.dictionary.words import HAN


def read(folder):
    return {
        path.stem: yaml.safe_load(path.read_text("utf-8"))
        for path in sorted((bundle.FOLDER / folder).rglob("*.yaml"))
    }


DATASETS, CHARTS, DASHBOARDS = read("datasets"), read("charts"), read("dashboards")
BY_UUID = {dataset["uuid"]: dataset for dataset in DATASETS.values()}
PLACED = {
    dashboard: [place["meta"] for place in config["position"].values() if "uuid" in str(place)]
    for dashboard, config in DASHBOARDS.items()
}


def both_languages(text):
    chinese, _, english = text.partition(" | ")
    return bool(HAN.search(chinese)) and bool(english) and not HAN.search(english)


def test_every_chart_is_on_exactly_one_dashboard_under_its_own_title():
    placed = [(meta["uuid"], meta["sliceName"]) for metas in PLACED.values() for meta in metas]
    assert sorted(placed) == sorted((c["uuid"], c["slice_name"]) for c in CHARTS.values())
    assert len(CHARTS) >= 20
    assert len(DASHBOARDS) == 3


def test_every_title_and_number_is_named_in_both_languages():
    titles = [chart["slice_name"] for chart in CHARTS.values()]
    titles += [dashboard["dashboard_title"] for dashboard in DASHBOARDS.values()]
    titles += [metric["verbose_name"] for data in DATASETS.values() for metric in data["metrics"]]
    titles += [column["verbose_name"] for data in DATASETS.values() for column in data["columns"]]
    titles += [chart["params"].get("subtitle", "二 | two") for chart in CHARTS.values()]
    assert not [title for title in titles if not both_languages(title)]


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_names_numbers_and_columns_that_its_dataset_has(name):
    chart = CHARTS[name]
    dataset, params = BY_UUID[chart["dataset_uuid"]], chart["params"]
    numbers = {metric["metric_name"] for metric in dataset["metrics"]}
    columns = {column["column_name"] for column in dataset["columns"]}
    assert {*params.get("metrics", []), *filter(None, [params.get("metric")])} <= numbers
    by = params.get("groupby") or []
    named = {*([by] if isinstance(by, str) else by), *params.get("all_columns", [])}
    named |= {*filter(None, [params.get("x_axis")])}
    conditions = params["adhoc_filters"]
    named |= {it["subject"] for it in conditions if it["expressionType"] == "SIMPLE"}
    named |= {
        word
        for it in conditions
        if it["expressionType"] == "SQL"
        for word in re.findall(r"(\w+) [=>]", it["sqlExpression"])
    }
    assert named <= columns
    assert params["viz_type"] == chart["viz_type"]


def test_every_filter_of_a_dashboard_is_a_column_of_a_dataset():
    for dashboard in DASHBOARDS.values():
        for it in dashboard["metadata"]["native_filter_configuration"]:
            for target in filter(None, it["targets"]):
                columns = BY_UUID[target["datasetUuid"]]["columns"]
                assert target["column"]["name"] in {column["column_name"] for column in columns}


def test_no_file_has_a_password():
    text = (bundle.FOLDER / bundle.DATABASE).read_text("utf-8")
    assert sa.make_url(yaml.safe_load(text)["sqlalchemy_uri"]).password == bundle.MASK
    for path in bundle.FOLDER.rglob("*"):
        if path.is_file() and path.name != "warehouse.yaml":
            assert "password" not in path.read_text("utf-8").lower()


def test_the_bundle_has_the_address_of_the_reader_and_not_the_password():
    url = "mysql+pymysql://osm_report:s3cret@db.example:3307/osm?charset=utf8mb4"
    with zipfile.ZipFile(io.BytesIO(bundle.pack(url))) as packed:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    assert not [name for name, text in texts.items() if "s3cret" in text]
    database = yaml.safe_load(texts[f"superset/{bundle.DATABASE}"])
    assert database["sqlalchemy_uri"] == url.replace("s3cret", bundle.MASK)
    assert yaml.safe_load(texts["superset/metadata.yaml"])["type"] == "assets"
    assert len(texts) == 2 + len(DATASETS) + len(CHARTS) + len(DASHBOARDS)


def test_a_superset_that_is_not_there_is_named():
    url = f"http://127.0.0.1:{processes.free_port()}"
    with pytest.raises(ConfigError, match=f"does not answer at {url}"):
        bundle.load(url, "admin", "x", "mysql+pymysql://u:p@h/d")


def test_without_a_demo_the_error_says_how_to_get_one(tmp_path):
    with pytest.raises(ConfigError, match=r"make demo.*REPORT_URL"):
        reader.open_demo(tmp_path, print)


def test_the_report_user_sees_every_view_that_a_dataset_reads():
    granted = set(re.findall(r"ON `osm`\.`(\w+)`", reader.GRANTS.read_text("utf-8")))
    assert {dataset["table_name"] for dataset in DATASETS.values()} <= granted


@pytest.mark.parametrize("name", DATASETS)
def test_a_server_understands_every_number_and_column_of_a_dataset(name, warehouse_url):
    dataset = DATASETS[name]
    source = dataset["table_name"]
    numbers = ", ".join(metric["expression"] for metric in dataset["metrics"])
    columns = {
        c["column_name"]: c.get("expression") or c["column_name"] for c in dataset["columns"]
    }
    shown = ", ".join(f"{made} as `{column}`" for column, made in columns.items())
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execution_options(no_parameters=True)
        connection.exec_driver_sql(f"select {numbers} from {source}").all()
        # A view tells the types that its columns have on this server.
        connection.exec_driver_sql(f"create view probe as select {shown} from {source}")
        try:
            types: dict[str, str] = dict(
                connection.exec_driver_sql(
                    "select column_name, data_type from information_schema.columns"
                    " where table_schema = database() and table_name = 'probe'"
                ).all()
            )
        finally:
            connection.exec_driver_sql("drop view probe")
    said = {column["column_name"]: column["type"] for column in dataset["columns"]}
    is_moment = {
        column for column, kind in types.items() if kind in ("date", "datetime", "timestamp")
    }
    assert {c for c, kind in said.items() if kind in ("DATE", "DATETIME")} == is_moment
    texts = {column for column, kind in types.items() if "char" in kind or "text" in kind}
    assert not [c for c, kind in said.items() if kind in ("BIGINT", "DOUBLE") and c in texts]
