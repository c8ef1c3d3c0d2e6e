"""How long the page "Sync health" takes, and how large it is, with few and with very many accounts.

    python -m tests.benchmarks page --accounts 10000 --runs 30

Airflow's own application serves it, in this process and without a network, over a warehouse with so
many runs of each account; one account in ten fails. Both targets stand beside what was measured.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import sqlalchemy as sa
import typer

from include.secrets import KeyRing, new_key, seal
from include.warehouse.bookkeeping.tables import sync_run, sync_state
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.tables import cloud_user
from tests.benchmarks.ground import ground

ROOT: Final = Path(__file__).resolve().parents[2]
SIZES: Final = {100: (1.0, 300), 10_000: (2.0, 300)}
"""By accounts, the most seconds and kB that were asked for."""
ERROR: Final = (
    "huawei ListTickets APIGW.0301: the key is not known at this site, or its permission was taken"
    " away (request 0b1c2d3e4f5061728394a5b6c7d8e9f0)"
)
BATCH: Final = 5_000


def fill(url: str, key: str, accounts: int, runs: int, now: datetime) -> None:
    """Accounts of one vendor, and the runs of each, the newest a quarter of an hour ago."""
    ring, quarter = KeyRing.parse(key), timedelta(minutes=15)
    ids = [f"account-{number:05}" for number in range(accounts)]
    users = [
        {
            "id": owner,
            "type": "HUAWEI",
            "secret_id": f"AK{owner}",
            "secret_key_secret": seal(ring, "huawei", owner, f"a secret of {owner}"),
            "region_id": "cn-south-1",
            "enabled": 1,
            "create_time": now - timedelta(days=30),
        }
        for owner in ids
    ]
    ledger: list[dict[str, Any]] = [
        {
            "run_id": f"{number:06}{back:026}",
            "account_id": owner,
            "entity": "tickets",
            "vendor": "HUAWEI",
            "outcome": "failed" if number % 10 == 0 else "done",
            "error_class": "AuthError" if number % 10 == 0 else None,
            "error_text": ERROR if number % 10 == 0 else None,
            "triggered_by": f"airflow scheduled__2026-01-{back:02}T00:00:00+00:00"
            f" sync_tickets/huawei.tickets/{number % 4}",
            "started_at": now - (back + 1) * quarter,
            "ended_at": now - (back + 1) * quarter + timedelta(seconds=20),
        }
        for number, owner in enumerate(ids)
        for back in range(runs)
    ]
    with closing(Warehouse.open(url)) as warehouse:
        for table, rows in ((cloud_user, users), (sync_run, ledger)):
            for at in range(0, len(rows), BATCH):
                part = rows[at : at + BATCH]
                statement = sa.insert(table)
                warehouse.transact(lambda c, s=statement, p=part: c.execute(s, p))  # type: ignore[misc]
        # Filling takes minutes, after which all of it would be late.
        mark = datetime.now(UTC)
        states = [
            {
                "account_id": owner,
                "entity": "tickets",
                "token": runs,
                "watermark_at": mark,
                "heartbeat_at": mark,
            }
            for owner in ids
        ]
        warehouse.transact(lambda c: c.execute(sa.insert(sync_state), states))


def log_in(home: str) -> Any:
    """A browser in front of Airflow's application, logged in."""
    os.environ |= {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of sixty-four bytes or more " * 2,
        "_AIRFLOW_PROCESS_CONTEXT": "server",
    }
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.utils.db import initdb
    from starlette.testclient import TestClient

    initdb()
    browser = TestClient(create_app(apps="core"))
    user = SimpleAuthManagerUser(username="someone", role="admin")
    browser.cookies.set("_token", get_auth_manager().generate_jwt(user))
    return browser


def look(browser: Any, query: str, rounds: int) -> tuple[float, float, float]:
    """The medians of the seconds that the page takes, and of those of the processor; its kB."""
    took, busy, size = [], [], 0.0
    for _ in range(rounds + 1):
        began, was_busy = time.perf_counter(), time.process_time()
        answer = browser.get(f"/sync-health/page{query}")
        took.append(time.perf_counter() - began)
        busy.append(time.process_time() - was_busy)
        assert answer.status_code == 200, answer.text
        size = len(answer.content) / 1000
    return median(took[1:]), median(busy[1:]), size


def main(
    accounts: Annotated[list[int] | None, typer.Option(help="one or more; default: both")] = None,
    runs: int = 30,
    rounds: int = 5,
) -> None:
    """Measure, by number of accounts."""
    with ground() as there, tempfile.TemporaryDirectory() as home:
        typer.echo(there.describe())
        browser = log_in(home)
        for number in accounts or SIZES:
            url, key = there.new_warehouse(f"page_{number}"), new_key("k1")
            fill(url, key, number, runs, datetime.now(UTC))
            at = sa.make_url(url)
            os.environ["SECRET_KEYS"] = key
            os.environ["AIRFLOW_CONN_WAREHOUSE"] = json.dumps(
                {
                    "conn_type": "mysql",
                    "host": at.host,
                    "port": at.port,
                    "login": at.username,
                    "password": at.password,
                    "schema": at.database,
                }
            )
            most, largest = SIZES.get(number, (0, 0))
            for query in ("", "?lang=zh", "?q=account-00017", "?page=2"):
                seconds, processor, size = look(browser, query, rounds)
                typer.echo(
                    f"{number:,} accounts, {number * runs:,} runs, page{query or ' '}:"
                    f" {seconds * 1000:,.0f} ms ({processor * 1000:,.0f} of the processor),"
                    f" {size:,.0f} kB (asked: {most * 1000:,.0f} ms, {largest} kB)"
                )


if __name__ == "__main__":
    typer.run(main)
