"""### 各厂商的工单及其留言 | Tickets and their messages, from every vendor

写入 `cloud_osm_list` 和 `cloud_osm_detail`。
每 15 分钟一次，或手动运行：*Trigger* 会打开表单；什么都不填就是立即同步。
一个厂商至多四个账户时，每个账户一个任务；更多时分组并行读取（`ACCOUNTS_AT_ONCE`）。
一个账户失败不影响其他账户；它的任务变红，日志里每个失败的账户一行。

一个任务至多读 `RUN_MINUTES`，下一次运行接着读（任务结果里的 `more`，也是 `sync_run` 中的结果）。
任务失败后也由下一次运行重试，因此不会有人等待厂商拒绝或卡住的账户。
账户正被另一个运行读取的任务会跳过。

`complete` 为 1 表示：厂商处已关闭且每条留言都已存储，由某次运行证实；
`status` 可能由别的程序写入。
已关闭的工单在一小时、一天、一周和一个月之后各复查一次。
要立即读取一张工单，用 *sync_ticket*；要补读一段时间内的旧工单，用 *backfill_tickets*。
单独失败的工单在 `sync_quarantine` 中等待，每次运行都会重试。
`sync_run` 记录每次运行做了什么，`python -m include status` 显示该由谁处理。

---

Into `cloud_osm_list` and `cloud_osm_detail`. Every 15 minutes, or by hand: *Trigger* opens a form;
fill in nothing to sync now. Up to four accounts of a vendor have a task each; more are read in
groups, side by side (`ACCOUNTS_AT_ONCE`). One that fails stops no other; its task is red, with a
line in its log for each that failed.

A task reads for `RUN_MINUTES` at most; the next run goes on from there (`more` in its result, and
as outcome in `sync_run`). The next run is the retry of a failed task, too, so that nobody waits for
an account whose vendor refuses or hangs. A task whose accounts another run is reading is skipped.

`complete` 1 means: closed at the vendor and every message stored, as a run proved; another program
may write `status`. Closed tickets are looked at again after an hour, a day, a week and a month. For
one ticket at once there is *sync_ticket*, for a span of old ones *backfill_tickets*. Tickets that
failed by themselves wait in `sync_quarantine` and are tried again by every run. `sync_run` tells
what each run did, and `python -m include status` whose turn it is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import task

from include.runtime import forms, shape
from include.runtime.tickets import account_groups, sync_accounts

DESCRIPTION = (
    "每 15 分钟把各云厂商的工单和留言同步到数据库。"
    "Tickets and their messages from every vendor, every 15 minutes."
)
FORM = {
    "vendors": forms.vendors_param(),
    "accounts": forms.accounts_param(),
    **forms.reading_params(),
}


# Several runs: one by hand does not wait for the scheduled one, nor that for a slow one before it.
@shape.house_dag(
    "*/15 * * * *",
    "tickets",
    FORM,
    __doc__,
    DESCRIPTION,
    max_active_runs=8,
    longest=timedelta(hours=1),
    defaults=shape.NEXT_RUN_RETRIES,
)
def sync_tickets() -> None:
    @task
    def accounts(vendor: str, params: Any = None, dag_run: Any = None) -> list[list[str]]:
        return account_groups(vendor, params, dag_run.conf, known=FORM)

    @task(
        map_index_template=shape.ACCOUNTS_OF_TASK,
        max_active_tis_per_dag=shape.TASKS_AT_ONCE,
    )
    def tickets(accounts: list[str], params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return sync_accounts(accounts, params, forms.who(dag_run), dag_run.start_date)

    shape.read_each_vendor(accounts, tickets)


sync_tickets()
