"""Whether anybody waits for another: twenty accounts of one vendor, six of them in trouble at once.

    python -m tests.benchmarks.bench_lanes

Airflow is started as the demo starts it, and keeps its own schedule: it takes as long as the
quarter hours do. One account is throttled all the time, one answers HTTP 500, one hangs, one has a
wrong key, one is loaded for the first time with very many tickets, one is read again from the
beginning (a backfill). The others get a new ticket before each quarter hour; how late each is read,
when the reports have followed, and how long a run by hand takes to start is told.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import sqlalchemy as sa
import typer

from include.sandbox.demo.airflow import Api, DemoError, Metadata
from include.sandbox.vendors.server import Sandbox
from include.secrets import KeyRing, new_key
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account
from tests.benchmarks.ground import ground
from tests.benchmarks.service import environment, started

VENDOR: Final = "huawei"
ACCOUNTS: Final = 20
THROTTLED, BROKEN, HANGING, WRONG_KEY, FIRST_LOAD, BACKFILLED = range(6)
AIM_LATE: Final = timedelta(minutes=2)
AIM_START_SECONDS: Final = 30.0
MARK: Final = timedelta(minutes=15)
DAGS: Final = ("sync_tickets", "backfill_tickets", "build_reports")


class Quarters:
    """What the ledger says of each quarter hour."""

    def __init__(self, url: str, sandbox: Sandbox, api: Api) -> None:
        self.engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        self.sandbox, self.api = sandbox, api
        self.healthy = [f"{VENDOR}-{i + 1}" for i in range(BACKFILLED + 1, ACCOUNTS)]

    def look(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query, values or None)]

    def new_tickets(self) -> dict[str, str]:
        """A closed ticket in each healthy account, by account."""
        store = self.sandbox.store
        return {
            account: store.add_ticket(VENDOR, int(account.rpartition("-")[2]) - 1, state="closed")
            for account in self.healthy
        }

    def lateness(self, tickets: dict[str, str], mark: datetime) -> list[float]:
        """Seconds from *mark* until each of *tickets* was stored, as its row says."""
        rows = self.look("select cloud_id, synced_at from cloud_osm_list")
        stored = {row[0]: row[1] for row in rows}
        late = []
        for ticket_id in tickets.values():
            moment = stored.get(ticket_id)
            if not isinstance(moment, datetime):
                raise DemoError(f"{ticket_id} is not stored a quarter hour later")
            late.append((moment.replace(tzinfo=UTC) - mark).total_seconds())
        return sorted(late)

    def reported_after(self, mark: datetime) -> float | None:
        """Seconds from *mark* until reports were built that began after it."""
        found = self.look(
            "select min(ended_at) from sync_run where entity = 'build' and outcome = 'done'"
            " and started_at > %s",
            mark.replace(tzinfo=None),
        )[0][0]
        return (
            (found.replace(tzinfo=UTC) - mark).total_seconds()
            if isinstance(found, datetime)
            else None
        )

    def start_by_hand(self) -> float:
        """Seconds from the POST until a run by hand has begun to read its account."""
        account = self.healthy[-1]
        began, now = time.monotonic(), datetime.now(UTC).replace(tzinfo=None)
        body = {"logical_date": None, "conf": {"accounts": [account]}}
        told = self.api.call("POST", "/api/v2/dags/sync_tickets/dagRuns", body)
        run_id = f"airflow {told['dag_run_id']}%"
        query = "select count(*) from sync_run where account_id = %s and triggered_by like %s"
        while not self.look(query, account, run_id)[0][0]:
            if time.monotonic() > began + 600:
                raise DemoError(f"the run by hand of {now} has not begun after ten minutes")
            time.sleep(0.2)
        return time.monotonic() - began

    def outcomes(self) -> list[tuple[object, ...]]:
        """How the runs of the accounts in trouble ended."""
        return self.look(
            "select account_id, entity, outcome, error_class, count(*),"
            " max(timestampdiff(second, started_at, ended_at)), sum(written)"
            " from sync_run where entity <> 'build' and account_id not in"
            f" ({', '.join(repr(account) for account in self.healthy)})"
            " group by 1, 2, 3, 4 order by cast(substr(account_id, 8) as unsigned), 2, 3"
        )


def trouble(sandbox: Sandbox) -> None:
    """Let four accounts be in trouble for good."""
    for number, (name, given) in {
        THROTTLED: ("throttle", {}),
        BROKEN: ("server_error", {"status": 500}),
        HANGING: ("hang", {"seconds": 300}),
    }.items():
        sandbox.faults.add(name, vendor=VENDOR, account=number, times=None, **given)


def sleep_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


def main(
    quarters: Annotated[int, typer.Option(min=1, help="Quarter hours to measure.")] = 2,
    tickets: Annotated[int, typer.Option(min=1, help="Tickets of the first load.")] = 100_000,
    metadata: Annotated[
        Metadata, typer.Option(help="Airflow's own database.")
    ] = Metadata.POSTGRESQL,
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one."""
    with (
        ground() as there,
        tempfile.TemporaryDirectory(prefix="osm-bench-") as folder,
        Sandbox(seed=7, accounts=ACCOUNTS, tickets=20) as sandbox,
    ):
        typer.echo(there.describe())
        home, url, key = Path(folder), there.new_warehouse("lanes"), new_key("k1")
        now = datetime.now(UTC)
        for index, many in ((FIRST_LOAD, tickets), (BACKFILLED, tickets // 2)):
            for i in range(many):
                moment = now - timedelta(days=30, seconds=60 * i)
                sandbox.store.add_ticket(
                    VENDOR, index, created_at=moment, state="closed", messages=1
                )
        typer.echo(f"{tickets} tickets for the first load made")
        with closing(Warehouse.open(url)) as warehouse:
            for index in range(ACCOUNTS):
                account = sandbox.account(VENDOR, index)
                if index == WRONG_KEY:
                    account = replace(account, secret_key="0123456789abcdef" * 2)
                add_account(warehouse, KeyRing.parse(key), account, now=now)
        own_url = there.new_metadata(metadata)
        environ = environment(home, own_url, url, sandbox, key) | {"CALLS_PER_SECOND": "5"}
        with started(environ, home, DAGS) as api:
            measured = Quarters(url, sandbox, api)
            trouble(sandbox)
            api.switch_on("build_reports")
            api.switch_on("backfill_tickets")
            api.trigger("sync_tickets")
            since = {"accounts": [f"{VENDOR}-{BACKFILLED + 1}"], "since": "2026-01-01T00:00:00Z"}
            api.call(
                "POST",
                "/api/v2/dags/backfill_tickets/dagRuns",
                {"logical_date": None, "conf": since},
            )
            # The first quarter hour is for the start alone.
            mark = datetime.fromtimestamp(time.time() // 900 * 900 + 900, UTC)
            if mark - datetime.now(UTC) < timedelta(minutes=2):
                mark += MARK
            worst, hands = 0.0, []
            for _ in range(quarters):
                sleep_until(mark - timedelta(seconds=20))
                new = measured.new_tickets()
                sleep_until(mark + timedelta(seconds=60))
                hands.append(measured.start_by_hand())
                sleep_until(mark + MARK - timedelta(seconds=30))
                late = measured.lateness(new, mark)
                worst = max(worst, late[-1])
                typer.echo(
                    f"{mark:%H:%M}: {len(late)} accounts read {late[0]:.0f} to {late[-1]:.0f} s"
                    f" after, reports {measured.reported_after(mark) or float('nan'):.0f} s after,"
                    f" a run by hand began after {hands[-1]:.0f} s"
                )
                mark += MARK
            for row in measured.outcomes():
                typer.echo("  ".join(map(str, row)))
        is_met = worst <= AIM_LATE.total_seconds() and max(hands) <= AIM_START_SECONDS
        typer.echo(
            f"worst: read {worst:.0f} s after the quarter hour (aim {AIM_LATE.seconds}), by hand"
            f" {max(hands):.0f} s (aim {AIM_START_SECONDS:.0f}): {'met' if is_met else 'MISSED'}"
        )


if __name__ == "__main__":
    typer.run(main)
