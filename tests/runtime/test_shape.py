"""What all DAGs share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from jinja2 import Environment


def shape():
    from include.runtime import shape

    return shape


def test_every_class_of_error_that_a_retry_would_not_mend_fails_at_once():
    from airflow.sdk import RetryAction

    from include import errors

    rules = {rule.exception: rule.action for rule in shape().RETRY_POLICY.rules}
    for name in ("AuthError", "ConfigError", "RejectedError", "ContractError", "CheckError"):
        assert hasattr(errors, name)
        assert rules[f"include.errors.{name}"] == RetryAction.FAIL
    assert rules["include.errors.RateLimitError"] == RetryAction.RETRY


def test_where_the_next_run_is_the_retry_only_a_worker_that_has_to_go_is_replaced():
    from airflow.sdk import RetryAction

    from include.errors import RateLimitError

    defaults = shape().NEXT_RUN_RETRIES
    for error in (RateLimitError("slow"), OSError("gone"), ZeroDivisionError()):
        decided = defaults["retry_policy"].evaluate(error, 1, 1)
        assert decided.action == RetryAction.FAIL
    told_to_end = defaults["retry_policy"].evaluate(KeyboardInterrupt(), 1, 1)
    assert told_to_end.action == RetryAction.DEFAULT
    assert defaults["retries"] == 1  # no policy is asked where the worker is lost without a word


def test_hours_of_schedules_are_of_the_zone_that_is_set(monkeypatch):
    def nothing():
        """A DAG without tasks."""

    monkeypatch.setenv("BUSINESS_ZONE", "Asia/Tokyo")
    made = shape().house_dag("0 3 * * *", "tag", {}, "page", "Words.")(nothing)()
    assert made.timezone.name == "Asia/Tokyo"
    assert made.description == "Words. (0 3 * * *, Asia/Tokyo)"
    assert "in hours of **Asia/Tokyo**" in made.doc_md


def test_the_owner_of_the_dags_is_the_one_that_is_set(monkeypatch):
    def nothing():
        """A DAG with a task."""
        shape().watch([])

    monkeypatch.setenv("DAG_OWNER", "云平台组")
    made = shape().house_dag(None, "tag", {}, "page", "Words.")(nothing)()
    assert made.owner == "云平台组"
    assert made.description == "Words."


@pytest.mark.parametrize(
    ("ids", "name"),
    [
        (["a-1"], "a-1"),
        (["a-1", "a-2"], "a-1, a-2"),
        (["x" * 50] * 50, ", ".join(["x" * 50] * 4) + " and 46 more"),
    ],
)
def test_the_name_of_a_task_is_one_that_airflow_can_keep(ids, name):
    task = SimpleNamespace(op_kwargs={"accounts": ids})
    assert (
        Environment(autoescape=True).from_string(shape().ACCOUNTS_OF_TASK).render(task=task) == name
    )
    assert len(name) <= 250
