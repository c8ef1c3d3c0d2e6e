"""### Tickets and their messages, from every vendor into `cloud_osm_list` and `cloud_osm_detail`

Every 15 minutes, or by hand: *Trigger* opens a form. One task an account (a group of accounts when
there are very many); an account that fails is red by its own name, and the others go on.

| to | fill in |
|---|---|
| refresh now | nothing |
| read a span again (backfill) | *since*, and perhaps *until* |
| read the messages of open tickets too | *also open tickets' messages* |
| see what a run would read | *dry run* |

`complete` 1 means: closed at the vendor and every message stored, as a run proved; another program
may write `status`. Closed tickets are looked at again after an hour, a day, a week and a month. For
one ticket at once there is *sync_ticket*. Tickets that failed by themselves wait in
`sync_quarantine` and are tried again by every run. `sync_run` tells what each run did, and
`python -m include status` whose turn it is.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, TaskGroup, TriggerRule, task

from include.runtime import forms, shape
from include.runtime.tickets import account_groups, sync_accounts
from include.vendors.registry import VENDORS

FORM = {
    "vendors": forms.vendors_param(),
    "accounts": forms.accounts_param(),
    "since": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="Since",
        description_md="Backfill: read again every ticket created from here on.",
    ),
    "until": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="Until",
        description_md="End of the backfill; empty: now.",
    ),
    "open_messages": Param(False, type="boolean", title="Also open tickets' messages"),
    "dry_run": Param(False, type="boolean", title="Dry run: count, write nothing"),
}


@shape.house_dag("*/15 * * * *", "tickets", FORM, __doc__)
def sync_tickets() -> None:
    @task
    def accounts(vendor: str, params: Any = None, dag_run: Any = None) -> list[list[str]]:
        return account_groups(vendor, params, dag_run.conf, known=FORM)

    @task(map_index_template="{{ task.op_kwargs['accounts'] | join(', ') }}")
    def tickets(accounts: list[str], params: Any = None, dag_run: Any = None) -> dict[str, int]:
        return sync_accounts(accounts, params, forms.who(dag_run))

    @task(
        outlets=shape.assets(shape.TICKET_TABLES),
        trigger_rule=TriggerRule.ALL_DONE,
        retries=0,
    )
    def publish(results: list[Any], params: Any = None) -> dict[str, int]:
        return shape.total(results, params)

    groups, synced = [], []
    for vendor in VENDORS:
        with TaskGroup(vendor):
            groups.append(accounts(vendor))
            read = tickets.override(pool=shape.pool(vendor))
            synced.append(read.expand(accounts=groups[-1]))
    published = publish(synced)
    shape.watch([*groups, *synced, published], "an account failed: its task has the reason")


sync_tickets()
