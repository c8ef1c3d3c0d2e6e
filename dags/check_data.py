"""### 检查表中数据，再与云厂商核对 | SQL checks of the tables, then the vendors against them

每天一次，或手动运行。先执行 `sql/checks` 的每项检查：
*fail* 级的检查找到不该有的行，任务就变红；*warn* 级的只做提示。
然后逐个账户，把厂商列出的与已存储的相比较：
缺失的工单（例如导入到厂商时带着很早的创建时间），
或误判为完整的工单（例如行被别的程序删除），都会重新读取：日志会写明；
之后仍不一致的，会使运行变红，并指出账户。
上次同步之后关闭或重开的工单只做提示，由下一次同步读取。

同时清理超过保留期的数据（`LEDGER_DAYS`、`SNAPSHOT_DETAIL_DAYS`、`HISTORY_DAYS`）：
只有这里会删除数据。

结果保存在 `sync_check`，`python -m include verify` 会给出例子。
最后复查一部分完整的工单，使每张在 `READ_ALL_DAYS` 内至少复查一次：
旧工单若有变化，任何列表都不会显示。

---

Daily, or by hand. First every check of `sql/checks`: one of level *fail* with offences is red, one
of level *warn* is only told. Then, account by account, what the vendor lists is compared with what
is stored, and a ticket that is missing (imported at the vendor with an old creation) or wrongly
complete (another program deleted rows, say) is read: the log tells it, and what differs still is
red by the account's name. Tickets that closed or were reopened since the last sync are told, and
the next sync reads them.

Beside them goes what is older than its setting (`LEDGER_DAYS`, `SNAPSHOT_DETAIL_DAYS`,
`HISTORY_DAYS`): the one place that deletes.

`sync_check` keeps the outcomes, and `python -m include verify` shows examples. Last, a share of the
complete tickets is looked at again, so that each is at least once in `READ_ALL_DAYS`: no list shows
an old one that changed.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import TaskGroup, TriggerRule, task

from include.runtime import checks, forms, shape
from include.runtime.tickets import account_groups, read_again
from include.vendors.registry import VENDORS

DESCRIPTION = (
    "每天检查数据，与云厂商核对，并清理过期记录。"
    "Daily checks of the tables, against the vendors too, and clean-up."
)
FORM = {
    "vendors": forms.vendors_param(),
    "accounts": forms.accounts_param(),
}


@shape.house_dag("30 4 * * *", "checks", FORM, __doc__, DESCRIPTION)
def check_data() -> None:
    @task
    def tables(params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return checks.check_tables(params, forms.who(dag_run))

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def prune(params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return checks.prune_tables(params, forms.who(dag_run))

    # Whatever the tables are like: the vendors tell more.
    @task(trigger_rule=TriggerRule.ALL_DONE)
    def accounts(vendor: str, params: Any = None, dag_run: Any = None) -> list[list[str]]:
        return account_groups(vendor, params, dag_run.conf, known=FORM)

    @task(
        map_index_template=shape.ACCOUNTS_OF_TASK,
        max_active_tis_per_dag=shape.TASKS_AT_ONCE,
    )
    def tickets(accounts: list[str], params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return checks.compare_accounts(accounts, params, forms.who(dag_run))

    @task(
        map_index_template=shape.ACCOUNTS_OF_TASK,
        max_active_tis_per_dag=shape.TASKS_AT_ONCE,
        trigger_rule=TriggerRule.ALL_DONE,
    )
    def again(accounts: list[str], params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return read_again(accounts, params, forms.who(dag_run))

    @task
    def catalog(vendor: str, params: Any = None) -> dict[str, int]:
        return checks.compare_catalog(vendor, params)

    checked = tables()
    pruned = prune()
    checked >> pruned
    compared: list[Any] = [checked, pruned]
    for vendor in VENDORS:
        with TaskGroup(vendor):
            groups = accounts(vendor)
            mapped = tickets.expand(accounts=groups)
            listed = catalog(vendor)
            reread = again.expand(accounts=groups)
        checked >> groups >> listed
        mapped >> reread
        compared += [groups, mapped, listed, reread]
    shape.watch(compared)


check_data()
