"""`status`: how every account fares, and whose turn it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from include.cli.console import report, report_json, say, session, utcnow
from include.vendors.registry import VENDORS, is_switched_on

if TYPE_CHECKING:
    from datetime import datetime

    from include.warehouse.tickets.accounts import AccountInfo
    from include.work.health import Health, SnapshotHealth, Standing


def status(*, as_json: bool) -> None:
    """Print what the ledger knows, beside the accounts that no run has taken."""
    from include.warehouse.schema import revisions
    from include.work.accounts import list_accounts
    from include.work.health import read_health

    with session() as place:
        revisions.require_current(place.warehouse.engine)
        health = read_health(place.warehouse, now=utcnow())
        infos = list_accounts(place)
        off = {name for name in VENDORS if not is_switched_on(name, place.settings)}
    if as_json:
        report_json(asdict(health) | {"accounts": [asdict(info) for info in infos]})
    else:
        _show(health, infos, off)


def _show(health: Health, infos: list[AccountInfo], off: set[str]) -> None:
    from include.cli.tables import show

    known = {info.account_id: info for info in infos}
    if health.standings:
        show(
            (
                "account",
                "vendor",
                "entity",
                "last run",
                "outcome",
                "last done",
                "read up to",
                "lag",
                "open",
                "incomplete",
                "quarantined",
                "gone",
            ),
            [
                (
                    standing.account_id,
                    standing.vendor.lower(),
                    standing.entity,
                    _minute(standing.started_at),
                    _outcome(standing, known.get(standing.account_id), off),
                    _minute(standing.done_at) or "never",
                    _minute(standing.watermark_at),
                    _span(standing.lag_seconds),
                    *_tickets(standing),
                )
                for standing in health.standings
            ],
            title="Runs (times in UTC)",
        )
    taken = {standing.account_id for standing in health.standings}
    for info in infos:
        if info.problem:
            report(f"{info.account_id}: {info.problem}")
        elif info.is_enabled and info.account_id not in taken:
            report(f"{info.account_id} ({info.vendor}): never read; run `python -m include sync`")
    plain = sum("not encrypted" in " ".join(info.warnings) for info in infos)
    if plain:
        report(
            f"{plain} secret keys are not encrypted: run `python -m include accounts encrypt`,"
            " unless another program reads them from these rows"
        )
    _show_troubles(health.standings)
    if health.snapshot:
        _show_snapshot(health.snapshot)
    if health.checks:
        show(
            ("check", "level", "offences", "since", "what must hold"),
            [
                (of.name, of.level, of.offences, _minute(of.failing_since_at), of.sentence)
                for of in health.checks
            ],
            title="Checks that found offences (`python -m include verify` shows some)",
        )
    if health.quarantined:
        show(
            ("account", "ticket", "since", "attempts", "reason", "whose turn"),
            [
                (
                    item.account_id,
                    item.ticket_id,
                    _minute(item.first_at),
                    item.attempts,
                    f"{item.error_class}: {item.error_text}",
                    item.whose_turn,
                )
                for item in health.quarantined
            ],
            title=f"Quarantine (the oldest {len(health.quarantined)}"
            f" of {health.rows['sync_quarantine']})",
        )
    show(("table", "rows"), list(health.rows.items()))
    if not infos:
        say("no accounts yet: add one with `python -m include accounts add`")


def _show_troubles(standings: list[Standing]) -> None:
    for standing in standings:
        if standing.error_class:
            report(
                f"{standing.account_id} {standing.entity}: {standing.error_class}:"
                f" {standing.error_text or 'see the log'} ({standing.whose_turn})"
            )
        elif standing.error_text and standing.outcome == "done":
            report(f"{standing.account_id} {standing.entity}: {standing.error_text}")
        if standing.is_ahead:
            report(
                f"{standing.account_id} {standing.entity}: the watermark lies ahead of every run:"
                " the next one goes back to what is proven"
            )


def _show_snapshot(snapshot: SnapshotHealth) -> None:
    from include.cli.tables import show

    show(
        ("customer service", "present", "read", "opened", "closed", "with unfit values"),
        [
            (of.table_name, of.present, of.rows_read, of.opened, of.closed, of.unfit)
            for of in snapshot.tables
        ],
        title=f"Snapshot {snapshot.snapshot_id} of {_minute(snapshot.snapshot_at)} UTC,"
        f" {_span(snapshot.age_seconds)} old",
    )
    if snapshot.full_because:
        report(f"it read all rows: {snapshot.full_because}")
    if snapshot.notes:
        report(f"notes: {snapshot.notes}")
    if refused := snapshot.refused:
        report(
            f"the newest snapshot ({_minute(refused.refused_at)} UTC) was refused"
            f"{f', {refused.times} in a row' * (refused.times > 1)}:"
            f" {refused.accept} rows of {', '.join(refused.tables)} had vanished. Look at the"
            " source; if it is right: `python -m include snapshot --accept-vanished"
            f" {refused.accept}`"
        )


def _tickets(standing: Standing) -> tuple[int | None, ...]:
    if standing.entity != "tickets":
        return (None,) * 4
    return (standing.open, standing.incomplete, standing.quarantined, standing.gone)


def _outcome(standing: Standing, info: AccountInfo | None, off: set[str]) -> str:
    """How the last run ended, and what keeps the data from being current."""
    if info is not None and not info.is_enabled:
        return f"{standing.outcome} (switched off)"
    is_read = standing.vendor.lower() not in off and (info or standing.entity != "tickets")
    return f"{standing.outcome}, late" if standing.is_late and is_read else standing.outcome


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""


def _span(seconds: int | None) -> str:
    """A length of time in its two largest units."""
    if seconds is None:
        return ""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
