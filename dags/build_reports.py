"""### The facts and aggregates that BI reads, rebuilt for the last days

Whenever a snapshot or a run of `sync_tickets` changed something, or by hand. *Since* rebuilds from
that day on: after a backfill of tickets, or when a definition changed.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import AssetAny, Param, TriggerRule, dag, task
from airflow.sdk.exceptions import AirflowFailException

from include import runtime
from include.runtime import snapshots

FORM = {
    "since": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Since",
        description_md="Rebuild from this day on; empty: the last days.",
    ),
}


@dag(
    schedule=AssetAny(*runtime.assets((*runtime.SNAPSHOT_TABLES, *runtime.TICKET_TABLES))),
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args=runtime.DEFAULTS,
    params=FORM,
    tags=["reports"],
    doc_md=__doc__,
)
def build_reports() -> None:
    @task(outlets=runtime.assets([runtime.REPORT_ASSET]))
    def build(params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return snapshots.build_reports(params, dag_run.conf, FORM, runtime.who(dag_run))

    @task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
    def watcher() -> None:
        raise AirflowFailException("the reports were not built: their task has the reason")

    build() >> watcher()


build_reports()
