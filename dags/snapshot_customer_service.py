"""### The customer-service tables of PostgreSQL, as one consistent snapshot with history

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

from include.runtime import customer_service, forms, shape

DESCRIPTION = (
    "每小时为客服系统的表做一次一致性快照，保留历史。"
    "The customer-service tables as one consistent snapshot, hourly."
)
FORM = {
    "full": Param(
        False,
        type="boolean",
        title="Full comparison",
        description_md="Read and compare every row.",
    ),
    "accept_vanished": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Accept vanished",
        description_md="The number of vanished rows that a refused snapshot stated.",
    ),
}


@shape.house_dag("0 * * * *", "customer service", FORM, __doc__, DESCRIPTION)
def snapshot_customer_service() -> None:
    @task
    def snapshot(params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return customer_service.take_snapshot(params, dag_run.conf, FORM, forms.who(dag_run))

    @task(outlets=shape.assets(shape.SNAPSHOT_TABLES), retries=0)
    def publish(figures: Any) -> None:
        customer_service.publish(figures)

    taken = snapshot()
    shape.watch([taken, publish(taken)])


snapshot_customer_service()
