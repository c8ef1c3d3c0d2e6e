"""`verify`: the tables against checks, source and vendors; with `--repair` it mends tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from include.cli.console import Progress, report, report_json, worst
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

if TYPE_CHECKING:
    from datetime import datetime

    from include.pipelines.comparison import Comparison


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
    from include.work.runs import last_of_each_site, results_of_bad
    from include.work.tickets import compare_accounts, compare_catalogs

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
            compared = compare_catalogs(place, chosen.accounts, limit=limit, onlooker=progress)
            results += last_of_each_site(compared)
    code = worst([*tables.codes(), *map(code_of, results)])
    if as_json:
        report_json(
            {
                "outcome": WORDS[code],
                **tables.document(),
                "results": [
                    document_of(result)
                    | {"comparison": result.comparison and _document(result.comparison)}
                    for result in results
                ],
            }
        )
    else:
        tables.show(limit)
        _show_comparisons([result.comparison for result in results if result.comparison])
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
    if comparisons and all(c.is_equal for c in comparisons):
        report("no differences" + " are left" * any(c.repaired for c in comparisons))
