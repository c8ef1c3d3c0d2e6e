"""The demo's runs of the DAGs, and what they stored beside what is true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import typer

from include.sandbox.demo import airflow, comparison, source
from include.sandbox.demo.airflow import Api

VENDOR_DAGS: Final = ("refresh_catalog", "sync_tickets")
SNAPSHOT: Final = "snapshot_customer_service"
REPORTS: Final = "build_reports"
DAGS: Final = (*VENDOR_DAGS, SNAPSHOT, REPORTS)
LATER: Final = ("watch_health", "check_data", "sync_ticket", "backfill_tickets")
"""What is switched on when these have run."""
DIFFERENCE: Final = (
    "\nTHE COUNTS DIFFER. The sandbox begins anew at each start: if it was changed by hand in an"
    " earlier demo, begin with `make demo ARGS=--fresh`."
)


class Snapshot(NamedTuple):
    """A snapshot, and how many rows each table had in the source at that time."""

    when: str
    number: int
    counts: dict[str, int]


def run(
    api: Api, url: str, source_url: str, alive: Callable[[], None], say: Callable[[str], None]
) -> list[Snapshot]:
    """Read the vendors, take two snapshots with changes in between, wait for the reports.

    Raises DemoError when a run fails.
    """
    earlier = set(comparison.snapshots(url))
    counts = comparison.source_counts(source_url)
    api.switch_on(REPORTS)  # it starts by itself, when something changed
    runs = {dag: api.trigger(dag) for dag in VENDOR_DAGS}
    first = {SNAPSHOT: api.trigger(SNAPSHOT)}
    say(f"triggered through the REST API: {', '.join(runs | first)}")
    airflow.wait_for_runs(api, first, alive, say)
    # Switched on, the DAG has run by its schedule too: the first of them has seen it all.
    airflow.wait_until(SNAPSHOT, lambda: api.under_way(SNAPSHOT), alive, say)
    taken = [Snapshot("before", min(set(comparison.snapshots(url)) - earlier), counts)]

    say(f"customer service: {source.churn(source_url)}")
    counts = comparison.source_counts(source_url)
    runs[SNAPSHOT] = api.trigger(SNAPSHOT)
    say(f"triggered again: {SNAPSHOT}")
    airflow.wait_for_runs(api, runs, alive, say)
    taken.append(Snapshot("after", max(comparison.snapshots(url)), counts))

    # What starts later has seen it; a run of before may still be under way, and then another comes.
    changed_at = api.last_event(SNAPSHOT)

    def missing() -> str:
        if api.run_since(REPORTS, changed_at):
            return ""
        return api.under_way(REPORTS) or "the snapshot to start them"

    airflow.wait_until(REPORTS, missing, alive, say)
    airflow.wait_for_runs(api, {REPORTS: api.run_since(REPORTS, changed_at)}, alive, say)
    return taken


def compare(url: str, control_url: str, taken: Sequence[Snapshot]) -> bool:
    """Print what is stored beside what is true; whether that differs."""
    lines = comparison.compare(url, control_url)
    differs = any(line.stored != line.true for line in lines)
    typer.echo(f"\n{comparison.table_of(lines)}")
    for snapshot in taken:
        found = comparison.compare_snapshot(url, snapshot.number, snapshot.counts)
        differs |= any(line.present != line.true for line in found)
        typer.echo(f"\nSnapshot {snapshot.number}, {snapshot.when} the changes at the service desk")
        typer.echo(comparison.snapshot_table_of(found))
    typer.echo(DIFFERENCE if differs else "\nall counts are equal", err=differs)
    return differs
