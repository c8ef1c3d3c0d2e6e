"""### 立即读取一张或几张工单 | One ticket, or a few, now

状态和留言，按厂商的工单号或行的 ID 读取。
供其他程序点击“关闭”时调用，也供等不及下一次运行的人使用。
它不排在 *sync_tickets* 之后；旧的读取结果从不覆盖新的，不论谁最后完成。

任务结果写明每张工单如何：
`complete`（完整）、`open`（未关闭）、`unread`（已存储但没有留言：账户无权读取）、
`unknown`（所有账户都不认识）、`failed`（失败）。
失败的工单会使任务变红，并在 `sync_quarantine` 中等待，由下一次 *sync_tickets* 重试。

---

State and messages, by the vendor's ids or the ids of their rows. For the click on "close" of
another program, and for whoever cannot wait for the next run. It does not wait behind
*sync_tickets*, and an older reading never overwrites a newer one, whoever finishes last.

The task's result says for each ticket what came of it: `complete`, `open`, `unread` (stored without
messages: the account has no right to them), `unknown` (to all accounts), `failed`. A ticket that
failed is red, waits in `sync_quarantine`, and the next *sync_tickets* tries it again.

REST:

    POST /api/v2/dags/sync_ticket/dagRuns
    {"logical_date": null, "conf": {"tickets": ["T1"]}}
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, TriggerRule, task

from include.runtime import assets, forms, shape
from include.runtime.tickets import read_tickets

DESCRIPTION = "立即读取指定的工单及其留言。One ticket, or a few, read now by id."
FORM = {
    "tickets": Param(
        [],
        type="array",
        items={"type": "string", "minLength": 1, "maxLength": 64},
        minItems=1,
        maxItems=200,
        title="工单 | Tickets",
        description_md="工单号，每行一个：厂商的，或行的 id。\n\n"
        "Ids of tickets, one a line: the vendor's, or the id of the row.",
    ),
    "vendors": forms.vendors_param(),
    "accounts": forms.accounts_param(),
}


@shape.house_dag(None, "tickets", FORM, __doc__, DESCRIPTION, max_active_runs=16)
def sync_ticket() -> None:
    @task(retries=0)
    def ticket(params: Any = None, dag_run: Any = None) -> list[dict[str, Any]]:
        return read_tickets(params, dag_run.conf, forms.who(dag_run), known=FORM)

    @task(outlets=[assets.TICKETS], trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def publish(dag_run: Any = None, outlet_events: Any = None) -> None:
        assets.publish_ticket(dag_run, outlet_events)

    read, published = ticket(), publish()
    read >> published
    shape.watch([read, published])


sync_ticket()
