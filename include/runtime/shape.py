"""The shape that all our DAGs share: retries, time limits, lanes, the watcher."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    TaskGroup,
    TriggerRule,
    dag,
    task,
)

from include.runtime.assets import TICKETS, publish_tickets
from include.settings import DagSettings, read_settings
from include.vendors.registry import VENDORS
from include.work.schedules import TASKS_AT_ONCE as TASKS_AT_ONCE  # for DAG files

_fail_at_once = ("AuthError", "ConfigError", "RejectedError", "ContractError", "CheckError")
RETRY_POLICY: Final = ExceptionRetryPolicy(
    rules=[
        *(
            RetryRule(exception=f"include.errors.{name}", action=RetryAction.FAIL, reason=name)
            for name in (*_fail_at_once, "PartialError", "SupersededError")
        ),
        RetryRule(
            exception="include.errors.RateLimitError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=15),
            reason="the vendor refuses more calls for now",
        ),
        RetryRule(
            exception="include.errors.AlreadyRunningError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=2),
            reason="another run holds the account",
        ),
    ]
)
DEFAULTS: Final[dict[str, Any]] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": RETRY_POLICY,
    # Runs go on where they were stopped, so a limit loses nothing.
    "execution_timeout": timedelta(hours=6),
}
NEXT_RUN_RETRIES: Final[dict[str, Any]] = {
    # Once more only where the worker was lost, or told to end.
    "retries": 1,
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(
                exception="builtins.Exception",
                action=RetryAction.FAIL,
                reason="the next scheduled run tries again",
            )
        ]
    ),
    "execution_timeout": timedelta(hours=1),
}
"""For a DAG that runs so often that its next run is the retry: nobody waits for a failed task."""
RUN_TYPES: Final[Any] = (
    "scheduled",
    "manual",
    "operator_triggered",
    "asset_triggered",
    "asset_materialization",
)
"""Airflow's kinds of runs without its own *backfill*: each of those would only sync once more,
and a day of *sync_tickets* be 97 runs. A span is read again by *backfill_tickets*."""
ACCOUNTS_OF_TASK: Final = (
    "{% set ids = task.op_kwargs['accounts'] %}{{ ids[:4] | join(', ') }}"
    "{% if ids[4:] %} and {{ ids[4:] | length }} more{% endif %}"
)
"""The name of a mapped task. Airflow keeps 250 characters of it; an id has at most 50."""


def house_dag(
    schedule: Any,
    tag: str,
    form: Mapping[str, Any],
    page: str | None,
    description: str,
    *,
    max_active_runs: int = 1,
    longest: timedelta | None = None,
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> Callable[[Callable[[], None]], Callable[[], Any]]:
    """Airflow's ``@dag`` with what is the same for all of ours; *page* is shown in the UI.

    *description* is one sentence in Chinese and one in English. A schedule is told there and on the
    page with its zone: Airflow shows the hours without, and as the DAG's zone its own default. A
    run that lasts *longest* is ended. *defaults* replace those of the tasks.
    """
    settings = read_settings(DagSettings, os.environ)
    zone = settings.business_zone.key
    if isinstance(schedule, str):
        description = f"{description} ({schedule}, {zone})"
        page = (
            f"{page}\n\n定时：`{schedule}`，钟点属于 **{zone}**（`BUSINESS_ZONE`），"
            "与这些页面以哪个时区显示时间无关。"
            f"\n\nSchedule: `{schedule}`, in hours of **{zone}** (`BUSINESS_ZONE`), whatever"
            " zone the times of these pages are shown in."
        )
    return dag(
        schedule=schedule,
        description=description,
        start_date=pendulum.datetime(2026, 1, 1, tz=zone),
        catchup=False,
        max_active_runs=max_active_runs,
        dagrun_timeout=longest,
        default_args={"owner": settings.dag_owner, **DEFAULTS, **defaults},
        allowed_run_types=RUN_TYPES,
        params=dict(form),
        tags=[tag],
        doc_md=page,
    )


def watch(tasks: Iterable[Any]) -> None:
    """Let the run be red when one of *tasks* failed, whatever came after it, and green else.

    The last task of a run decides. No process runs for this one: Airflow itself lets it succeed, or
    calls it *upstream_failed*, which is as red; the reason stands in the task that failed.
    """
    [*tasks] >> EmptyOperator(task_id="watcher", trigger_rule=TriggerRule.NONE_FAILED, retries=0)


def read_each_vendor(accounts: Any, tickets: Any) -> None:
    """The tasks of a DAG that reads tickets, a group a vendor, and what they changed as assets.

    *accounts* gives the groups of accounts of a vendor; each is a mapped task of *tickets*.
    """

    @task(outlets=[TICKETS], trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def publish(
        results: list[Any], params: Any = None, dag_run: Any = None, outlet_events: Any = None
    ) -> dict[str, int]:
        return publish_tickets(results, params, dag_run, outlet_events)

    groups, read = [], []
    for vendor in VENDORS:
        with TaskGroup(vendor):
            groups.append(accounts(vendor))
            read.append(tickets.expand(accounts=groups[-1]))
    published = publish(read)
    watch([*groups, *read, published])
