"""`prune`: delete what is older than the settings say."""

from __future__ import annotations

from include.cli.console import report, report_json, say
from include.cli.runs import ready, request


def prune(*, dry_run: bool, as_json: bool) -> None:
    """Delete old rows, or count them, and show how many of which table."""
    from include.cli.tables import show
    from include.pipelines import retention

    with ready() as place:
        rows = retention.prune(
            place.warehouse,
            settings=place.settings,
            request=request("prune", {}),
            dry_run=dry_run,
            progress=say,
        )
    if as_json:
        report_json(rows)
    elif rows:
        show(("table", "rows that would go" if dry_run else "rows deleted"), list(rows.items()))
    else:
        report("nothing is older than its setting")
