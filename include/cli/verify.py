"""`verify`: the tables against checks, source and vendors; with `--repair` it mends tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import typer

from include.cli.console import Exit, Session, exit_of, report, report_json, utcnow, worst
from include.cli.runs import (
    WORDS,
    Result,
    Watch,
    choose,
    each,
    one_a_vendor,
    ready,
    refused,
    request,
    show_errors,
)
from include.cli.verify_tables import Tables, look_at_tables
from include.errors import SyncError

if TYPE_CHECKING:
    from datetime import datetime

    from include.models import Account
    from include.pipelines.comparison import Comparison
    from include.vendors.client import VendorClient
    from include.warehouse.bookkeeping.ledger import Request


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
    from include.pipelines import reconcile

    asked = {"vendors": vendors, "accounts": account_ids, "since": since}

    with ready() as s:
        accounts, bad = choose(s, vendors, account_ids)
        tables = Tables() if vendors or account_ids else look_at_tables(s)

        def compare(account: Account, client: VendorClient, watch: Watch) -> Result:
            comparison = reconcile.verify(
                client,
                s.warehouse,
                account,
                since=since or s.settings.sync_since,
                now=utcnow(),
                deep=deep or repair,
                open_messages=s.settings.open_messages,
                calls_at_once=s.settings.calls_at_once,
                limit=limit,
                progress=lambda done: watch.say(
                    f"{done.at_vendor['tickets']} compared, {done.left} differences,"
                    f" {done.calls} calls"
                ),
            )
            if not (repair and comparison.damaged):
                return _compared(comparison)
            return _repaired(s, account, client, watch, comparison, request("repair", asked))

        def compare_catalog(account: Account, client: VendorClient, _: Watch) -> Result:
            return _compared(reconcile.verify_catalog(client, s.warehouse, limit=limit))

        results = [
            *refused(bad),
            *each(s, "verify", accounts, compare),
            *one_a_vendor(s, "verify catalogue", accounts, compare_catalog),
        ]
    code = worst([*tables.codes(), *(result.code for result in results)])
    if as_json:
        report_json(
            {
                "outcome": WORDS[code],
                **tables.document(),
                "results": [
                    result.document
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


def _repaired(
    s: Session,
    account: Account,
    client: VendorClient,
    watch: Watch,
    found: Comparison,
    asked: Request,
) -> Result:
    """Mend what was found; a failure leaves the comparison to be shown."""
    from include.pipelines.repair import repair

    try:
        counts = repair(
            client,
            s.warehouse,
            account,
            found,
            now=utcnow(),
            request=asked,
            open_messages=s.settings.open_messages,
            calls_at_once=s.settings.calls_at_once,
            progress=watch.note,
        )
    except SyncError as error:
        return replace(_compared(found), code=exit_of(error), counts=watch.counts, error=error)
    return replace(_compared(found), counts=counts)


def _compared(comparison: Comparison) -> Result:
    code = Exit.DONE if comparison.is_equal else Exit.DIFFERENT
    return Result(comparison.account_id, comparison.vendor, code, comparison=comparison)


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
                (c.vendor, entity, c.at_vendor[entity], count)
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
