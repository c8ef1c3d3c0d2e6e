"""### 重建 BI 读取的明细与汇总 | Facts and aggregates for BI, rebuilt where something changed

快照或 `sync_tickets` 的运行带来变化时自动运行，也可手动运行；只重建有变化的部分。
填了*起始日期*，就从这一天起重建：补读工单之后，或口径改变之后使用。

---

Whenever a snapshot or a run of `sync_tickets` changed something, or by hand. *Since* rebuilds from
that day on: after a backfill of tickets, or when a definition changed.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import AssetAny, Param, task

from include.runtime import assets, customer_service, forms, shape

DESCRIPTION = (
    "快照或工单有变化后，重建 BI 读取的报表。"
    "The reports that BI reads, rebuilt after a snapshot or tickets changed."
)
FORM = {
    "since": Param(
        None,
        type=["null", "string"],
        format="date",
        title="起始日期 | Since",
        description_md="从这一天起重新统计；留空则只统计有变化的。\n\n"
        "Count anew from this day on; empty: only what changed.",
    ),
}


@shape.house_dag(
    AssetAny(*assets.assets((*assets.SNAPSHOT_TABLES, *assets.TICKET_TABLES))),
    "reports",
    FORM,
    __doc__,
    DESCRIPTION,
)
def build_reports() -> None:
    # It reads the catalogue as well, but does not wait for it.
    @task(inlets=assets.assets(assets.CATALOG_TABLES))
    def build(params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return customer_service.build_reports(params, dag_run.conf, FORM, forms.who(dag_run))

    @task(outlets=assets.assets([assets.REPORT_ASSET]), retries=0)
    def publish(written: Any, dag_run: Any = None, outlet_events: Any = None) -> None:
        assets.publish_reports(written, dag_run, outlet_events)

    built = build()
    shape.watch([built, publish(built)])


build_reports()
