"""What is brought up to date with news: our own database, and those of dlt and Singer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from include.sandbox.vendors.server import Sandbox
from tests.benchmarks import peers
from tests.benchmarks.ground import BELIEVES_NOBODY, Ground

NOW: Final = datetime(2026, 7, 2, tzinfo=UTC)
SINCE: Final = NOW - timedelta(days=90)


@dataclass(frozen=True)
class Contestant:
    """Where it stores, how it is brought up to date, and how what it stored is counted."""

    url: str
    run: Callable[[datetime, int], float]
    """Given now and how many tickets are news; seconds."""
    counts: tuple[str, str]

    def stored(self) -> list[int]:
        """Tickets and messages."""
        with sa.create_engine(self.url, poolclass=sa.NullPool).connect() as connection:
            return [connection.exec_driver_sql(query).scalar_one() for query in self.counts]


def run(url: str, account: str, environment: str, now: datetime) -> dict[str, Any]:
    """Sync once; how it ended, and seconds."""
    command = [sys.executable, "-m", "tests.benchmarks.one_sync", url, account, environment]
    environ = os.environ | BELIEVES_NOBODY
    done = subprocess.run(
        [*command, now.isoformat()], check=True, stdout=subprocess.PIPE, env=environ
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ours(there: Ground, sandbox: Sandbox, vendor: str) -> Contestant:
    url = there.new_warehouse("ours")
    account = json.dumps(asdict(sandbox.account(vendor)))
    environment = json.dumps(
        sandbox.environment()
        | {
            "SYNC_SINCE": SINCE.isoformat(),
            "CALLS_PER_SECOND": "999",
            "CALLS_AT_ONCE": "16",
        }
    )

    def one(now: datetime, expected: int) -> float:
        told = run(url, account, environment, now)
        assert told["ended"].startswith(f"{expected} tickets"), told
        return float(told["seconds"])

    # What a ticket opens with is a message of ours, and of the peers a column of the ticket.
    messages = "select count(*) from cloud_osm_detail where message_id <> 'description'"
    return Contestant(url, one, ("select count(*) from cloud_osm_list", messages))


def theirs(
    there: Ground, sandbox: Sandbox, folder: Path, at_once: int
) -> Iterator[tuple[str, Contestant]]:
    account = sandbox.account("alibaba")
    given = {
        "base_url": sandbox.url("alibaba"),
        "access_key": account.access_key,
        "secret_key": account.secret_key,
        "at_once": at_once,
        "since": round(SINCE.timestamp() * 1000),
    }

    def peer(name: str) -> Contestant:
        url, own = there.new_schema(name), folder / name
        own.mkdir()

        def one(now: datetime, _: int) -> float:
            return peers.news(name, url, own, given | {"until": round(now.timestamp() * 1000)})

        return Contestant(url, one, ("select count(*) from tickets", "select count(*) from notes"))

    for name in ("dlt", "singer"):
        if f"PEER_{name.upper()}" in os.environ:
            yield name, peer(name)
