"""### Products, problem categories and ticket sources, from every vendor

Daily, or by hand: this is the *refresh*. One task a vendor, through the first of its accounts that
may read the catalogue. What a vendor no longer shows stays, with `active` 0. A vendor that shows
nothing, or less than half of what is stored, is refused: look there first, then trigger with
*accept what vanished*.

Tickets that carry only names get the ids of products and categories here.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import Param, TriggerRule, dag, task
from airflow.sdk.exceptions import AirflowFailException

from include import runtime
from include.models import VENDORS
from include.runtime import vendors

FORM = {
    "vendors": runtime.vendors_param(),
    "accounts": runtime.accounts_param(),
    "accept_vanished": Param(False, type="boolean", title="Accept what vanished"),
}


@dag(
    schedule="30 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args=runtime.DEFAULTS,
    params=FORM,
    tags=["catalogue"],
    doc_md=__doc__,
)
def refresh_catalog() -> None:
    @task
    def form(params: Any = None, dag_run: Any = None) -> None:
        vendors.account_groups(VENDORS[0], params, dag_run.conf, known=FORM)

    @task
    def refresh(vendor: str, params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return vendors.refresh_vendor(vendor, params, runtime.who(dag_run))

    @task(
        outlets=runtime.assets(runtime.CATALOG_TABLES),
        trigger_rule=TriggerRule.ALL_DONE,
        retries=0,
    )
    def publish(results: list[Any], params: Any = None) -> dict[str, int]:
        return runtime.total(results, params)

    @task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
    def watcher() -> None:
        raise AirflowFailException("a vendor's catalogue failed: its task has the reason")

    checked = form()
    refreshed = [
        refresh.override(task_id=vendor, pool=runtime.pool(vendor))(vendor) for vendor in VENDORS
    ]
    checked >> refreshed
    published = publish(refreshed)
    [checked, *refreshed, published] >> watcher()


refresh_catalog()
