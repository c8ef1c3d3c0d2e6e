"""The forms of *Trigger*: shared fields, what their schema cannot refuse, who filled them in."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param

from include.errors import ConfigError
from include.vendors.registry import VENDORS
from include.work.spans import check_span

if TYPE_CHECKING:
    from include.pipelines.tickets.sync import Options
    from include.warehouse.bookkeeping.ledger import Request
    from include.work.accounts import Choice


def vendors_param() -> Param:
    """The form's choice of vendors."""
    return Param(
        list(VENDORS),
        type="array",
        items={"type": "string", "enum": list(VENDORS)},
        examples=list(VENDORS),
        title="Vendors",
        description_md="Only these vendors.",
    )


def accounts_param() -> Param:
    """The form's choice of accounts."""
    return Param(
        None,
        type=["null", "array"],  # so that the form does not ask for one
        items={"type": "string", "pattern": r"^[\w.@:-]{1,50}$"},
        maxItems=500,
        title="Accounts",
        description_md="Ids of `cloud_user`, one a line. Empty: every account that is switched on.",
    )


def check_form(params: Mapping[str, Any], conf: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse what the form's schema lets pass: Airflow takes unknown keys of *conf* as params."""
    unknown = set(conf) - set(known)
    if unknown:
        strange = "".join(c if c.isprintable() else " " for c in ", ".join(sorted(unknown)))
        raise ConfigError(
            f"unknown in the form: {strange[:200]}; known: {', '.join(sorted(known))}"
        )
    since, until = read_moment(params.get("since")), read_moment(params.get("until"))
    check_span(since, until, now=datetime.now(UTC))


def read_choice(params: Mapping[str, Any]) -> Choice:
    """The accounts that a form means; all vendors together are none in particular."""
    from include.work.accounts import Choice

    named = tuple(params["vendors"])
    is_all = set(named) == set(VENDORS)
    return Choice(() if is_all else named, tuple(params["accounts"] or ()))


def read_options(params: Mapping[str, Any]) -> Options:
    """What the form of sync_tickets or backfill_tickets asks for."""
    from include.pipelines.tickets.sync import Options

    return Options(
        since=read_moment(params.get("since")),
        until=read_moment(params.get("until")),
        open_messages=bool(params["open_messages"]),
        dry_run=bool(params["dry_run"]),
    )


def read_moment(value: str | None) -> datetime | None:
    """A time from the form, in UTC. Raises ConfigError."""
    if not value:
        return None
    from include.settings import ZoneSettings, parse_moment, read_settings

    zone = read_settings(ZoneSettings, os.environ).business_zone
    try:
        return parse_moment(value, zone)
    except ValueError:
        raise ConfigError(f"{value!r} is not a time like 2026-01-31T00:00:00+08:00") from None


def read_day(value: str | None) -> date | None:
    """A day from the form, whose schema has checked it."""
    return date.fromisoformat(value) if value else None


def who(dag_run: Any) -> str:
    """Who asked for a run: the person who triggered it, else the kind of run."""
    user = getattr(dag_run, "triggering_user_name", None)
    return f"airflow {dag_run.run_id}" + (f" by {user}" if user else "")


def request(who: str, params: Mapping[str, Any]) -> Request:
    """Who asked for what, as it stands in the ledger."""
    from include.warehouse.bookkeeping.ledger import Request

    return Request(who, dict(params))
