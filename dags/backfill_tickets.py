"""### 补读一段时间内创建的工单，不论要多久 | Tickets of a span, read again, however long that takes

手动运行：*Trigger* 会打开表单。
*起始时间*与*结束时间*之间创建的每张工单，连同留言，都会重新读取并存储。
期间 *sync_tickets* 照常运行：旧的读取结果从不覆盖新的，水位线也保持不动。
中断的运行，再次触发时从头开始。

---

By hand: *Trigger* opens a form. Every ticket created between *since* and *until* is read again,
with its messages, and stored. *sync_tickets* goes on meanwhile: an older reading never overwrites a
newer one, and the watermark stays where it is. A run that was cut off begins anew when it is
triggered.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import task

from include.runtime import forms, shape
from include.runtime.tickets import account_groups, sync_accounts

DESCRIPTION = (
    "补读一段时间内创建的工单，不影响定时同步。"
    "Tickets created in a span, read again beside the schedule."
)
FORM = {
    "vendors": forms.vendors_param(),
    "accounts": forms.accounts_param(),
    "since": forms.moment_param(
        "起始时间 | Since",
        "补读此刻之后创建的每张工单。",
        "Read again every ticket created from here on.",
    ),
    "until": forms.moment_param(
        "结束时间 | Until",
        "这段时间的终点；留空表示现在。",
        "The end of the span; empty: now.",
        is_optional=True,
    ),
    **forms.reading_params(),
}


@shape.house_dag(None, "tickets", FORM, __doc__, DESCRIPTION, max_active_runs=4)
def backfill_tickets() -> None:
    @task
    def accounts(vendor: str, params: Any = None, dag_run: Any = None) -> list[list[str]]:
        # A task that is tried again begins anew, so that each account has one of its own.
        return account_groups(vendor, params, dag_run.conf, known=FORM, most=1)

    @task(
        map_index_template=shape.ACCOUNTS_OF_TASK,
        max_active_tis_per_dag=2,
        execution_timeout=timedelta(days=2),
    )
    def tickets(accounts: list[str], params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return sync_accounts(accounts, params, forms.who(dag_run), dag_run.start_date)

    shape.read_each_vendor(accounts, tickets)


backfill_tickets()
