"""The forms of *Trigger*: shared fields, what their schema cannot refuse, who filled them in.

Airflow has one text for all readers: titles are ``中文 | English``, descriptions a paragraph each,
without code, which its form draws over the line above.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import Param, get_current_context

from include.errors import ConfigError
from include.vendors.registry import VENDORS
from include.work.spans import check_span

if TYPE_CHECKING:
    from include.pipelines.tickets.sync import Options
    from include.warehouse.bookkeeping.ledger import Request
    from include.work.accounts import Choice


MOMENT: Final = (
    r"^\s*2[0-9]{3}-"
    r"((0[1-9]|1[0-2])-(0[1-9]|[12][0-9])|(0[13-9]|1[0-2])-30|(0[13578]|1[02])-31)"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,6})?)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?)?\s*$"
)
"""What a date or time in a form looks like. Airflow checks no ``format: date-time``; a pattern it
does, so that anything else is refused before there is a run."""


def vendors_param() -> Param:
    """The form's choice of vendors."""
    return Param(
        list(VENDORS),
        type="array",
        items={"type": "string", "enum": list(VENDORS)},
        minItems=1,
        examples=list(VENDORS),
        title="厂商 | Vendors",
        description_md="只读这些厂商；至少选一个。\n\nOnly these vendors; one at least.",
    )


def moment_param(title: str, chinese: str, english: str, *, is_optional: bool = False) -> Param:
    """The form's field for a moment, read by ``read_moment``, with what it is for."""
    of = {"default": None} if is_optional else {}
    return Param(
        **of,
        type=["null", "string"] if is_optional else "string",
        format="date-time",  # the calendar in the form; nothing is checked by it
        pattern=MOMENT,
        title=title,
        description_md=f"{chinese}写成 2026-01-31、2026-01-31T08:00 或 2026-01-31T08:00:00+08:00；"
        f"不带时差时按 BUSINESS_ZONE。\n\n{english} Like 2026-01-31, 2026-01-31T08:00 or"
        " 2026-01-31T08:00:00+08:00; without an offset it is one of BUSINESS_ZONE.",
    )


def reading_params() -> dict[str, Param]:
    """The form's switches of what reads tickets; ``read_options`` reads them."""
    return {
        "open_messages": Param(
            False,
            type="boolean",
            title="也读取未关闭工单的留言 | Also open tickets' messages",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="试运行：只计数，不写入 | Dry run: count, write nothing",
        ),
    }


def accounts_param() -> Param:
    """The form's choice of accounts."""
    return Param(
        None,
        type=["null", "array"],  # so that the form does not ask for one
        items={"type": "string", "pattern": r"^[\w.@:-]{1,50}$"},
        maxItems=500,
        title="账户 | Accounts",
        description_md="cloud_user 的 ID，每行一个。留空表示所有已启用的账户。\n\n"
        "Ids of cloud_user, one a line. Empty: every account that is switched on.",
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
    """The accounts that a form means; all vendors together are none in particular.

    Raises ConfigError where no vendor is chosen: whoever takes all away does not mean all of them.
    """
    from include.work.accounts import Choice

    named = tuple(params["vendors"])
    if not named:
        raise ConfigError("no vendor is chosen in the form: choose one at least")
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
    from include.settings import ZoneSettings, read_settings
    from include.values import parse_moment

    zone = read_settings(ZoneSettings, os.environ).business_zone
    try:
        return parse_moment(value, zone)
    except ValueError:
        raise ConfigError(f"{value!r} is not a time like 2026-01-31T00:00:00+08:00") from None


def read_day(value: str | None) -> date | None:
    """A day from the form, whose schema has checked it."""
    return date.fromisoformat(value) if value else None


def who(dag_run: Any) -> str:
    """The task that asks, and the person who triggered its run, if one did: for the ledger."""
    from include.work.traces import Trace

    user = getattr(dag_run, "triggering_user_name", None)
    place = str(dag_run.run_id)
    with suppress(RuntimeError):  # called outside a task
        task = get_current_context()["ti"]
        index = -1 if task.map_index is None else task.map_index
        place = str(Trace(task.dag_id, task.run_id, task.task_id, index))
    return f"airflow {place}" + (f" by {user}" if user else "")


def request(who: str, params: Mapping[str, Any]) -> Request:
    """Who asked for what, as it stands in the ledger."""
    from include.warehouse.bookkeeping.ledger import Request

    return Request(who, dict(params))
