"""### 客服系统各表的一致性快照，保留历史 | The customer-service tables, one consistent snapshot

每小时一次，或手动运行：所有表按同一时刻读取，一起发布。
`cs_<table>` 显示当前的行，`cs_<table>_history` 保存每个版本；
`cs_snapshot` 和 `cs_snapshot_table` 记录每个快照读了什么、变了什么。

| 目的 | 填写 |
|---|---|
| 立即做一次快照 | 什么都不填 |
| 读取并比较每一行，而不只是新的 | *全量比较* |
| 确认确实有这么多行消失 | *接受消失的行数*：快照被拒时给出的数字 |

某张表突然变空，或消失的行超过 `SNAPSHOT_VANISH_LIMIT`，快照就会被拒：
已发布的保持不变。请先检查源库。
至少 `SNAPSHOT_CONFIRM_MINUTES` 之后的快照若看到同样的情况，或消失得更少，即为确认；
填写该数字的运行也会确认。

---

Hourly, or by hand: all tables are read as of one moment and published together. `cs_<table>` shows
the present rows, `cs_<table>_history` every version; `cs_snapshot` and `cs_snapshot_table` tell
what each snapshot read and changed.

| to | fill in |
|---|---|
| take a snapshot now | nothing |
| read and compare every row, not only what is new | *full comparison* |
| accept that many rows vanished | *accept vanished*: the number that the refusal stated |

A snapshot in which a table is suddenly empty, or lost more than `SNAPSHOT_VANISH_LIMIT` of its
rows, is refused: what was published stays. Look at the source first. A snapshot at least
`SNAPSHOT_CONFIRM_MINUTES` later that shows the same, or less, confirms it, or a run with the stated
number does.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, task

from include.runtime import assets, customer_service, forms, shape

DESCRIPTION = (
    "每小时为客服系统的表做一次一致性快照，保留历史。"
    "The customer-service tables as one consistent snapshot, hourly."
)
FORM = {
    "full": Param(
        False,
        type="boolean",
        title="全量比较 | Full comparison",
        description_md="读取并比较每一行。\n\nRead and compare every row.",
    ),
    "accept_vanished": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="接受消失的行数 | Accept vanished",
        description_md="快照被拒时给出的消失行数。\n\n"
        "The number of vanished rows that a refused snapshot stated.",
    ),
}


@shape.house_dag("0 * * * *", "customer service", FORM, __doc__, DESCRIPTION)
def snapshot_customer_service() -> None:
    @task
    def snapshot(params: Any = None, dag_run: Any = None) -> dict[str, Any]:
        return customer_service.take_snapshot(params, dag_run.conf, FORM, forms.who(dag_run))

    @task(outlets=[assets.SNAPSHOT], retries=0)
    def publish(taken: Any, outlet_events: Any = None) -> None:
        assets.publish_snapshot(taken, outlet_events)

    taken = snapshot()
    shape.watch([taken, publish(taken)])


snapshot_customer_service()
