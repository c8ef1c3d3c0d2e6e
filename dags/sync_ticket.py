"""### One ticket, or a few, now: state and messages, by the vendor's ids or the ids of their rows

For the click on "close" of another program, and for whoever cannot wait for the next run. It does
not wait behind *sync_tickets*, and an older reading never overwrites a newer one, whoever finishes
last. Through REST:

    POST /api/v2/dags/sync_ticket/dagRuns
    {"logical_date": null, "conf": {"tickets": ["T1"]}}

The task's result says for each ticket what came of it: `complete`, `open`, `unread` (stored without
messages: the account has no right to them), `unknown` (to all accounts), `failed`. A ticket that
failed is red, waits in `sync_quarantine`, and the next *sync_tickets* tries it again.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, task

from include.runtime import forms, shape
from include.runtime.tickets import read_tickets

DESCRIPTION = "立即读取指定的工单及其留言。One ticket, or a few, read now by id."
FORM = {
    "tickets": Param(
        [],
        type="array",
        items={"type": "string", "minLength": 1, "maxLength": 64},
        minItems=1,
        maxItems=200,
        title="Tickets",
        description_md="Ids of tickets, one a line: the vendor's, or the `id` of the row.",
    ),
    "vendors": forms.vendors_param(),
    "accounts": forms.accounts_param(),
}


@shape.house_dag(None, "tickets", FORM, __doc__, DESCRIPTION, max_active_runs=16)
def sync_ticket() -> None:
    @task(outlets=shape.assets(shape.TICKET_TABLES), retries=0)
    def ticket(params: Any = None, dag_run: Any = None) -> list[dict[str, Any]]:
        return read_tickets(params, dag_run.conf, forms.who(dag_run), known=FORM)

    shape.watch([ticket()])


sync_ticket()
