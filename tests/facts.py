"""Facts that verdicts are made of: valid ones, of which a test changes what matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from include.settings import Settings
from include.warehouse.tickets.accounts import AccountInfo
from include.work.health import Health, Quarantined, Standing
from include.work.stops import Cause, Stop
from include.work.verdicts.judgement import judge
from include.work.verdicts.verdict import Facts, Verdict

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SETTINGS = Settings(sandbox=True)
ALL_DAGS = (
    "sync_tickets",
    "refresh_catalog",
    "snapshot_customer_service",
    "build_reports",
    "check_data",
)


def standing(entity: str = "tickets", account_id: str = "main", **facts: Any) -> Standing:
    """One that is done a minute ago."""
    minute_ago = NOW - MINUTE
    return Standing(
        **{
            "account_id": account_id,
            "entity": entity,
            "vendor": "HUAWEI",
            "outcome": "done",
            "started_at": minute_ago,
            "ended_at": minute_ago,
            "done_at": minute_ago,
            "watermark_at": minute_ago,
            "is_ahead": False,
            "lag_seconds": 60,
            "calls": 1,
            "written": 0,
            "messages": 0,
            "error_class": None,
            "error_text": None,
            "request_id": None,
            "triggered_by": "command line",
            "failing_since_at": None,
            "failures": 0,
            "heartbeat_at": minute_ago,
            "open": 0,
            "incomplete": 0,
            "gone": 0,
            "quarantined": 0,
            **facts,
        }
    )


def account(account_id: str = "main", **facts: Any) -> AccountInfo:
    return AccountInfo(
        **{
            "account_id": account_id,
            "name": "",
            "vendor": "huawei",
            "region": "cn-north-4",
            "created_at": NOW - 30 * DAY,
            "is_enabled": True,
            "access_key_hint": "ab…yz",
            "storage": "encrypted",
            "key_id": "k1",
            "warnings": (),
            "problem": None,
            **facts,
        }
    )


CATALOG = standing("catalog", "HUAWEI")
SNAPSHOT = standing("snapshot", "customer_service")
BUILD = standing("build", "reports", lag_seconds=0)
CHECKS = standing("run", "checks")
OTHERS = (CATALOG, SNAPSHOT, BUILD, CHECKS)


def facts(
    *standings: Standing,
    accounts: tuple[AccountInfo, ...] = (account(),),
    stops: tuple[Stop, ...] | None = (),
    settings: Settings = SETTINGS,
    **health: Any,
) -> Facts:
    told = Health(
        **{
            "standings": list(standings),
            "snapshot": None,
            "checks": [],
            "quarantined": [],
            "waiting": {},
            "began_at": NOW - 30 * DAY,
            "rows": {},
            **health,
        }
    )
    return Facts(told, list(accounts), stops, settings, NOW)


def judged(of: Facts) -> dict[str, Verdict]:
    return {verdict.subject: verdict for verdict in judge(of)}


def failed(error_class: str = "UnavailableError", times: int = 1, ago: timedelta = MINUTE) -> Any:
    return {
        "outcome": "failed",
        "error_class": error_class,
        "error_text": "why",
        "failures": times,
        "failing_since_at": NOW - ago,
        "request_id": "r-1",
    }


WAITING = Quarantined(
    "main", "T1", "ContractError", "field x is missing", 4, NOW - DAY, NOW - MINUTE
)


def stop(cause: Cause, subject: str = "sync_tickets", *halted: str, **more: Any) -> Stop:
    return Stop(cause, subject, NOW - HOUR, frozenset(halted or (subject,)), **more)
