"""### 各厂商的产品、问题类别和工单来源 | Products, problem categories and sources of tickets

每天一次，或手动运行：这就是 *refresh*（刷新目录）。每个厂商一个任务，
通过其各站点（按 `region_id`）第一个有权读取目录的账户读取。
所有站点都不再显示的会保留，其 `active` 为 0。
厂商什么都不返回，或不足已存储的一半，就会被拒绝：
请先到厂商处核实，再勾选*接受已消失的条目*触发。

只带名称的工单，也在这里补上产品和类别的 ID。

---

Daily, or by hand: this is the *refresh*. One task a vendor, through the first account of each of
its sites (by `region_id`) that may read the catalogue. What no site shows any more stays, with
`active` 0. A vendor that shows nothing, or less than half of what is stored, is refused: look there
first, then trigger with *accept what vanished*.

Tickets that carry only names get the ids of products and categories here.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, TriggerRule, task

from include.runtime import assets, forms, shape
from include.runtime.tickets import account_groups, refresh_vendor
from include.vendors.registry import VENDORS

DESCRIPTION = (
    "每天刷新各云厂商的产品、问题类别和工单来源。"
    "Products, problem categories and ticket sources, refreshed daily."
)
FORM = {
    "vendors": forms.vendors_param(),
    "accounts": forms.accounts_param(),
    "accept_vanished": Param(
        False,
        type="boolean",
        title="接受已消失的条目 | Accept what vanished",
    ),
}


@shape.house_dag("30 2 * * *", "catalogue", FORM, __doc__, DESCRIPTION)
def refresh_catalog() -> None:
    @task
    def form(params: Any = None, dag_run: Any = None) -> None:
        account_groups(VENDORS[0], params, dag_run.conf, known=FORM)

    @task
    def refresh(vendor: str, params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return refresh_vendor(vendor, params, forms.who(dag_run))

    @task(
        outlets=[assets.CATALOG],
        trigger_rule=TriggerRule.ALL_DONE,
        retries=0,
    )
    def publish(
        results: list[Any], dag_run: Any = None, outlet_events: Any = None
    ) -> dict[str, int]:
        return assets.publish_catalog(results, dag_run, outlet_events)

    checked = form()
    refreshed = [refresh.override(task_id=vendor)(vendor) for vendor in VENDORS]
    checked >> refreshed
    published = publish(refreshed)
    shape.watch([checked, *refreshed, published])


refresh_catalog()
