"""`verify`: the tables against checks, source and vendors; with `--repair` it mends tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from include.cli.console import Exit, Progress, report, report_json, utcnow, worst
from include.cli.runs import (
    WORDS,
    choose,
    code_of,
    document_of,
    ready,
    request,
    show_errors,
    vendors_of,
)
from include.cli.verify_tables import Tables, look_at_tables
from include.vendors.registry import VENDORS

if TYPE_CHECKING:
    from datetime import datetime

    from include.pipelines.comparison import Comparison
    from include.warehouse.tickets.strays import Stray


def verify(
    vendors: Sequence[str],
    account_ids: Sequence[str],
    *,
    since: datetime | None,
    deep: bool,
    repair: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Run the checks, compare customer service with its source, then vendors with the tables.

    Chosen *vendors* or *account_ids* are compared alone. *repair* compares in depth and mends.
    """
    from include.warehouse.tickets.strays import list_strays
    from include.work.runs import last_of_each_site, results_of_bad
    from include.work.spans import check_span
    from include.work.tickets import compare_accounts, compare_catalogs

    check_span(since, None, now=utcnow())
    asked = {"vendors": vendors, "accounts": account_ids, "since": since}
    with ready() as place:
        chosen = choose(place, vendors, account_ids)
        tables = Tables() if vendors or account_ids else look_at_tables(place)
        results = [*results_of_bad(chosen.bad)]
        with Progress("verify", len(chosen.accounts)) as progress:
            results += compare_accounts(
                place,
                chosen.accounts,
                since=since,
                deep=deep or repair,
                repair_request=request("repair", asked) if repair else None,
                limit=limit,
                onlooker=progress,
            )
        with Progress("verify catalogue", vendors_of(chosen)) as progress:
            catalogs = compare_catalogs(place, chosen.accounts, limit=limit, onlooker=progress)
            results += last_of_each_site(catalogs)
        meant = VENDORS
        if vendors or account_ids:
            meant = tuple({*vendors, *(account.vendor for account in chosen.accounts)})
        with Progress("verify readers", 1) as progress:
            progress.update("which tickets no account reads")
            strays = list_strays(place.warehouse, meant)
    code = worst([*tables.codes(), *map(code_of, results), *[Exit.DIFFERENT] * bool(strays)])
    if as_json:
        report_json(
            {
                "outcome": WORDS[code],
                **tables.document(),
                "without_reader": [
                    {**asdict(stray), "next_step": _next_step(stray)} for stray in strays
                ],
                "results": [
                    document_of(result)
                    | {"comparison": result.comparison and _document(result.comparison)}
                    for result in results
                ],
            }
        )
    else:
        tables.show(limit)
        compared = [result.comparison for result in results if result.comparison]
        _show_comparisons(compared)
        _show_strays(strays, limit)
        if compared and not strays and all(c.is_equal for c in compared):
            report("no differences" + " are left" * any(c.repaired for c in compared))
        show_errors(results)
    raise typer.Exit(code)


def _document(comparison: Comparison) -> dict[str, Any]:
    """As ``--json`` prints it; asdict() would count the entries of a Counter once more."""
    counters = {
        name: dict(getattr(comparison, name))
        for name in ("at_vendor", "stored", "kinds", "repaired")
    }
    document = asdict(comparison) | counters
    del document["damaged"]  # told by the differences
    return document


def _show_comparisons(comparisons: Sequence[Comparison]) -> None:
    from include.cli.tables import show
    from include.pipelines.comparison import MEANING

    counted = ("tickets", "closed", "messages")
    tickets = [c for c in comparisons if c.entity == "tickets"]
    if tickets:
        show(
            (
                "account",
                "vendor",
                "created before",
                "at the vendor: tickets",
                "closed",
                "here: tickets",
                "complete",
                "messages",
                "messages compared",
                "gone",
                "differences",
            ),
            [
                (
                    c.account_id,
                    c.vendor,
                    c.until and c.until.strftime("%Y-%m-%d %H:%M:%S UTC"),
                    *(c.at_vendor[name] for name in counted[:2]),
                    *(c.stored[name] for name in counted),
                    c.at_vendor["messages"],
                    c.gone,
                    c.left,
                )
                for c in tickets
            ],
        )
    catalogs = [c for c in comparisons if c.entity == "catalog"]
    if catalogs:
        show(
            ("vendor", "catalogue", "at the vendor", "here"),
            [
                (c.account_id.lower(), entity, c.at_vendor[entity], count)
                for c in catalogs
                for entity, count in c.stored.items()
            ],
        )
    for c in comparisons:
        for kind, count in sorted(c.kinds.items()):
            mended = f", {c.repaired[kind]} repaired" if c.repaired[kind] else ""
            report(f"{c.account_id}: {count} {kind}{mended}: {MEANING[kind]}")
            for difference in (d for d in c.differences if d.kind == kind):
                detail = f": {difference.detail}" if difference.detail else ""
                report(f"    {difference.item}{detail}")


def _show_strays(strays: Sequence[Stray], limit: int) -> None:
    if strays:
        report(f"{len(strays)} without reader: no account that is switched on reads the ticket")
    for stray in strays[:limit]:
        reader = f", read by {stray.account_id} before" if stray.account_id else ""
        who = f"{stray.vendor} {stray.ticket_id}: custom_id {stray.custom_id}{reader}"
        report(f"    {who} -> {_next_step(stray)}")


def _next_step(stray: Stray) -> str:
    if stray.was_asked_for:
        return (
            "no account that was asked knows it: `accounts add` or `accounts enable` the one that"
            " does, then `sync`"
        )
    return "`sync`: each account of the vendor asks for it, and the one that knows it reads it"
