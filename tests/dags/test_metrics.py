"""Real runs send what docs/metrics.md names, by StatsD and OTLP: each name and tag, no other."""

from __future__ import annotations

import atexit
from typing import Any

import pytest

from include.runtime.metrics import METRICS
from include.vendors.registry import VENDORS
from include.warehouse.bookkeeping.ledger import take_ended
from tests import metrics_received as received
from tests.dags.test_assets import REFRESH, SYNC
from tests.dags.test_snapshot_customer_service import SNAPSHOT
from tests.runtime.test_metrics import documented


@pytest.fixture
def send(monkeypatch):
    """``send(name=value)``: Airflow's client as a task's process begins it, by [metrics]."""
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

    def begin(**options):
        for name, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__METRICS__{name.upper()}", value)
        stats.initialize(factory=get_stats_factory(), export_legacy_names=False)

    take_ended()
    yield begin
    monkeypatch.undo()
    stats.initialize(factory=get_stats_factory(), export_legacy_names=True)


@pytest.fixture
def work(airflow_db, dagbag, look, sandbox, customer_service, monkeypatch):
    """``work()``: runs of every kind; one vendor refuses a call, and one ticket fails."""

    def run():
        ticket = sandbox.store.truth()["huawei"]["accounts"][0]["tickets"]["closed"][0]
        sandbox.faults.add("throttle", vendor="alibaba", times=1)
        sandbox.faults.add("poison_detail", vendor="huawei", ticket=ticket, times=None)
        for dag_id, conf in (
            ("refresh_catalog", REFRESH),
            ("snapshot_customer_service", SNAPSHOT),
            ("build_reports", {"since": None}),
            ("sync_tickets", SYNC),
            ("watch_health", {}),
        ):
            dagbag.dags[dag_id].test(logical_date=None, run_conf=conf)

    return run


def check(series, kinds, look):
    """What came is what the page says, and the numbers are those of the tables."""
    said = {m.name: m for m in METRICS}
    assert kinds == {name: metric.kind for name, metric in said.items()}
    for name, tags in series:
        assert [tag for tag, _ in tags] == sorted(said[name].tags)
    most = {name: int(cells[-1]) for name, cells in documented().items()}
    assert {n: sum(k[0] == n for k in series) <= most[n] for n in most} == dict.fromkeys(most, True)
    sums: dict[str, float] = {}
    for (name, _), values in series.items():
        sums[name] = sums.get(name, 0) + (sum(values) if said[name].kind == "counter" else 0)
    ledger = look(
        "select count(*), sum(calls), sum(written), sum(messages), sum(failed) from sync_run"
    )[0]
    names = ("runs", "calls", "rows_written", "messages_written", "tickets_failed")
    assert [sums[f"etl.{name}"] for name in names] == [float(n) for n in ledger]
    assert sums["etl.tickets_failed"] == sums["etl.calls_refused"] == 1
    newest = {key: values[-1] for key, values in series.items()}
    assert newest["etl.quarantined", (("vendor", "huawei"),)] == 1
    assert newest["etl.quarantined", (("vendor", "alibaba"),)] == 0
    assert newest["etl.verdicts", (("severity", "error"), ("state", "silent"))] == 0
    assert newest["etl.lag", (("entity", "snapshot"), ("vendor", "none"))] >= 0
    for vendor in VENDORS:
        assert 0 <= newest["etl.lag", (("entity", "tickets"), ("vendor", vendor))] < 600
    accounts = {account for (account,) in look("select id from cloud_user")}
    assert not accounts & {value for _, tags in series for _, value in tags}


def test_by_opentelemetry(work, send, look, monkeypatch):
    from airflow.sdk._shared.observability.metrics import otel_logger
    from opentelemetry import metrics

    with received.otlp() as (address, came):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        send(otel_on="True")
        work()
        provider: Any = metrics.get_meter_provider()
        provider.force_flush()  # as Airflow does when the process of a task ends
        provider.shutdown()
    atexit.unregister(otel_logger.flush_otel_metrics)
    series, kinds = received.read_otlp(came)
    check({key: values[-1:] for key, values in series.items()}, kinds, look)


def test_by_statsd(work, send, look):
    pytest.importorskip("statsd", reason="make test-observability installs it")
    from airflow.sdk._shared.observability.metrics import stats as client

    with received.statsd() as (port, came):
        send(
            statsd_on="True",
            statsd_host="127.0.0.1",
            statsd_port=str(port),
            statsd_influxdb_enabled="True",
        )
        work()
    backend: Any = client._get_backend()
    backend.statsd.close()
    check(*received.read_statsd(came), look)


def test_nothing_is_sent_and_nothing_evaluated_where_metrics_are_off(work, send, look, monkeypatch):
    from include.runtime import metrics

    monkeypatch.setattr(metrics, "tell_state", None)
    with received.statsd() as (port, came):
        send(statsd_host="127.0.0.1", statsd_port=str(port))
        work()
    assert came == []
    assert take_ended() == []
