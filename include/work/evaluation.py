"""Read the facts, judge them, and keep the verdicts in the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from include.warehouse.bookkeeping import status
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import AccountInfo
from include.work.accounts import list_accounts
from include.work.health import Health, read_health
from include.work.place import Workplace
from include.work.stops import Stop
from include.work.verdict import Facts, Verdict
from include.work.verdicts import AIRFLOW, judge


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

    What stops Airflow stays as it was where that could not be asked: it did not go away. An older
    evaluation never overwrites a newer one. May be repeated.
    """
    rows = [
        {name: value or None for name, value in asdict(verdict).items()}
        | {"times": verdict.times, "evaluated_at": now}
        for verdict in verdicts
    ]
    kept = () if is_airflow_asked else (AIRFLOW,)
    warehouse.transact(lambda connection: status.store(connection, rows, now=now, kept=kept))
