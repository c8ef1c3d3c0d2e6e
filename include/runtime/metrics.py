"""What the tasks tell of themselves, through Airflow's own client: StatsD, or OpenTelemetry.

``[metrics]`` of Airflow's configuration says whether, and where to; ``docs/metrics.md`` what each
name means. No tag has the name of an account: there may be 10,000 of them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from include.vendors.registry import VENDORS
from include.work.schedules import SCHEDULES

if TYPE_CHECKING:
    from include.warehouse.bookkeeping.ledger import EndedRun
    from include.work.verdicts.evaluation import Evaluation

NO_VENDOR: Final = "none"
"""The tag of what belongs to no vendor."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A name that is sent, after the prefix of the configuration. *kind*: counter, gauge, timer."""

    name: str
    kind: str
    unit: str
    tags: tuple[str, ...]


RUNS: Final = Metric("etl.runs", "counter", "runs", ("entity", "vendor", "outcome"))
DURATION: Final = Metric("etl.run_duration", "timer", "ms", ("entity", "vendor"))
CALLS: Final = Metric("etl.calls", "counter", "HTTP requests", ("entity", "vendor"))
REFUSED: Final = Metric("etl.calls_refused", "counter", "HTTP requests", ("vendor",))
ROWS: Final = Metric("etl.rows_written", "counter", "rows", ("entity", "vendor"))
MESSAGES: Final = Metric("etl.messages_written", "counter", "messages", ("entity", "vendor"))
FAILED: Final = Metric("etl.tickets_failed", "counter", "tickets", ("entity", "vendor"))
LAG: Final = Metric("etl.lag", "gauge", "s", ("entity", "vendor"))
QUARANTINED: Final = Metric("etl.quarantined", "gauge", "tickets", ("vendor",))
VERDICTS: Final = Metric("etl.verdicts", "gauge", "things", ("state", "severity"))
EVALUATED: Final = Metric("etl.evaluated_at", "gauge", "s since 1970", ())
METRICS: Final = (
    *(RUNS, DURATION, CALLS, REFUSED, ROWS, MESSAGES, FAILED),
    *(LAG, QUARANTINED, VERDICTS, EVALUATED),
)


def are_on() -> bool:
    """Whether Airflow's configuration sends metrics anywhere."""
    from airflow.sdk.configuration import conf

    return any(
        conf.getboolean("metrics", name, fallback=False)
        for name in ("statsd_on", "otel_on", "statsd_datadog_enabled")
    )


def tell_work() -> None:
    """Send what the runs of this process did that ended since the last call; else nothing."""
    from include.vendors.rate import take_refused
    from include.warehouse.bookkeeping.ledger import take_ended

    ended, refused = take_ended(), take_refused()
    if not are_on():
        return
    for run in ended:
        _tell_run(run)
    for vendor, calls in refused.items():
        _count(REFUSED, calls, {"vendor": vendor})


def tell_state(found: Evaluation) -> None:
    """Send how everything is by an evaluation: what became well is sent as 0."""
    from include.work.verdicts.verdict import Severity, State, is_left_out

    left_out = {(v.entity, v.account_id) for v in found.verdicts if is_left_out(v)}
    standings = [s for s in found.health.standings if (s.entity, s.account_id) not in left_out]
    worst: dict[tuple[str, str], int] = {}
    waiting = dict.fromkeys(VENDORS, 0)
    for standing in standings:
        vendor = _vendor(standing.vendor)
        if standing.lag_seconds is not None and standing.entity in SCHEDULES:
            key = standing.entity, vendor
            worst[key] = max(worst.get(key, 0), standing.lag_seconds)
        if vendor in waiting:
            waiting[vendor] += standing.quarantined
    for (entity, vendor), seconds in worst.items():
        _gauge(LAG, seconds, {"entity": entity, "vendor": vendor})
    for vendor, tickets in waiting.items():
        _gauge(QUARANTINED, tickets, {"vendor": vendor})
    judged = Counter((v.state, v.severity) for v in found.verdicts)
    for state in State:
        for severity in Severity:
            tags = {"state": state.value, "severity": severity.value}
            _gauge(VERDICTS, judged[state, severity], tags)
    _gauge(EVALUATED, int(time.time()), {})


def _tell_run(run: EndedRun) -> None:
    from airflow.sdk.observability import stats

    tags = {"entity": run.entity, "vendor": _vendor(run.vendor)}
    _count(RUNS, 1, {**tags, "outcome": run.outcome})
    stats.timing(DURATION.name, 1000 * run.seconds, tags=tags)
    counted = (
        (CALLS, run.counts.calls),
        (ROWS, run.counts.written),
        (MESSAGES, run.counts.messages),
        (FAILED, run.counts.failed),
    )
    for metric, count in counted:
        if count:
            _count(metric, count, tags)


def _vendor(name: str) -> str:
    """A vendor as a tag; what has none is of another word in the ledger, or of none."""
    vendor = name.lower()
    return vendor if vendor in VENDORS else NO_VENDOR


def _count(metric: Metric, count: int, tags: Mapping[str, str]) -> None:
    from airflow.sdk.observability import stats

    stats.incr(metric.name, count, tags=dict(tags))


def _gauge(metric: Metric, value: float, tags: Mapping[str, str]) -> None:
    from airflow.sdk.observability import stats

    stats.gauge(metric.name, value, tags=dict(tags))
