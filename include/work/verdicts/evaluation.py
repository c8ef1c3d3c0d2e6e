"""Read the facts, judge them, and keep the verdicts in the warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from include.warehouse.bookkeeping import status
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import AccountInfo
from include.work.accounts import list_accounts
from include.work.health import Health, read_health
from include.work.place import Workplace
from include.work.stops import Stop
from include.work.verdicts.judgement import AIRFLOW, judge
from include.work.verdicts.turns import Turn
from include.work.verdicts.verdict import Facts, Severity, State, Verdict

HOLDS_FOR: Final = timedelta(minutes=15)
"""So long counts what was last seen of Airflow, for who cannot ask it; ``is_stale`` of the view."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Facts and verdicts of one moment. *is_airflow_asked*: whether it could be asked for stops."""

    health: Health
    accounts: list[AccountInfo]
    verdicts: list[Verdict]
    is_airflow_asked: bool
    now: datetime


def evaluate(
    place: Workplace, stops: Sequence[Stop] | None, *, now: datetime, has_source: bool = False
) -> Evaluation:
    """Judge everything as of *now*; writes nothing.

    *stops*: what Airflow told, None where it could not be asked. *has_source*: whether a
    customer-service database is named elsewhere than in SOURCE_URL.
    """
    health = read_health(place.warehouse, now=now)
    accounts = list_accounts(place)
    has_source = has_source or bool(place.settings.source_url.get_secret_value())
    facts = Facts(health, accounts, stops, place.settings, now, has_source)
    return Evaluation(health, accounts, judge(facts), stops is not None, now)


def store_verdicts(
    warehouse: Warehouse, verdicts: Sequence[Verdict], *, now: datetime, is_airflow_asked: bool
) -> None:
    """Replace ``sync_status`` by *verdicts* of the moment *now*, in one transaction.

    Where Airflow could not be asked, what stops it stays as it was, for it did not go away; and so
    does what that halts, as long as ``recall`` tells of it. An older evaluation never overwrites a
    newer one. May be repeated.
    """
    rows = [
        {name: value or None for name, value in asdict(verdict).items()}
        | {"times": verdict.times, "evaluated_at": now}
        for verdict in verdicts
    ]

    def replace_all(connection: sa.Connection) -> None:
        kept = set[str]()
        if not is_airflow_asked:
            halted = status.read_halted(connection, AIRFLOW)
            kept = {
                row["subject"] for row in halted if row["entity"] == AIRFLOW or _holds(row, now)
            }
        status.store(connection, rows, now=now, kept=kept)

    warehouse.transact(replace_all)


def recall(warehouse: Warehouse, *, now: datetime) -> list[Verdict]:
    """What who could ask Airflow saw of it lately: what stops runs, and what that halts."""
    rows = warehouse.transact(lambda connection: status.read_halted(connection, AIRFLOW))
    return [_read_back(row) for row in rows if _holds(row, now)]


def _holds(row: Mapping[str, Any], now: datetime) -> bool:
    seen_at: datetime = row["evaluated_at"]
    return now - seen_at <= HOLDS_FOR


def _read_back(row: Mapping[str, Any]) -> Verdict:
    said = {of.name: row[of.name] for of in fields(Verdict) if row[of.name] is not None}
    kinds = {"state": State, "severity": Severity, "turn": Turn}
    said |= {name: kind(row[name]) for name, kind in kinds.items()}
    return Verdict(**{"account_id": "", "vendor": "", **said})
