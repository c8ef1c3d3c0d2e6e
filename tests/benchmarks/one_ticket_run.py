"""A child process: one full sync of tickets, by us, by hand or the bare calls; see bench_tickets.

Prints seconds and processor time of the work without imports, and its calls, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pymysql
import requests
import sqlalchemy as sa
import urllib3

from include.models import Account
from include.pipelines.tickets.sync import sync_tickets
from include.vendors.registry import load_settings, open_client
from include.vendors.tencent.signature import TencentSigner
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.vendors.signed import Signed

THREADS = 16
AT_ONCE = 1000


def ours(given: dict[str, Any]) -> int:
    account = Account(**given["account"])
    settings = load_settings(given["environment"])
    with closing(Warehouse.open(given["url"])) as warehouse:
        client = open_client(account, settings)
        sync_tickets(
            client,
            warehouse,
            account,
            settings=settings,
            now=datetime.fromisoformat(given["now"]),
            request=Request("a benchmark"),
        )
        return client.calls


def hand(given: dict[str, Any]) -> int:
    """What a person would write: threads, `requests`, multi-row INSERTs."""
    lists, calls = json.loads(Path(given["calls"]).read_text())
    auth = Signed(TencentSigner(Account(**given["account"]), lambda: datetime.now(UTC)))
    url = f"http://127.0.0.1:{given['port']}/"
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))
    to = sa.make_url(given["url"])
    database = pymysql.connect(
        host=to.host,
        port=to.port or 3306,
        user=to.username,
        password=to.password or "",
        database=to.database,
    )

    def ask(call: tuple[str, str]) -> dict[str, Any]:
        headers = {"X-TC-Action": call[0], "Content-Type": "application/json"}
        answer = session.post(url, data=call[1].encode(), headers=headers, auth=auth, timeout=30)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()["Response"]["Data"]
        return told

    tickets, messages = list[tuple[Any, ...]](), list[tuple[Any, ...]]()

    def store() -> None:
        with database.cursor() as cursor:
            cursor.executemany(
                "insert into cloud_osm_list (id, cloud_id, status, name, type, create_time)"
                " values (%s, %s, %s, %s, %s, %s)",
                tickets,
            )
            cursor.executemany(
                "insert into cloud_osm_detail (id, case_id, message_id, type, content, create_time,"
                " vendor) values (%s, %s, %s, %s, %s, %s, 'TENCENT')",
                messages,
            )
        database.commit()
        tickets.clear()
        messages.clear()

    for call in lists:
        ask(call)
    with ThreadPoolExecutor(THREADS) as pool:
        for told in pool.map(ask, calls):
            add(told, tickets, messages)
            if len(messages) >= AT_ONCE:
                store()
    store()
    return len(calls)


def add(told: dict[str, Any], tickets: list[Any], messages: list[Any]) -> None:
    """Take over a page of a ticket: its row, and those of its messages."""
    if not told["Comments"]:  # the page behind the last
        return
    number, key = told["TicketId"], str(uuid4())
    tickets.append((key, number, 0, told["Question"], "TENCENT", _milliseconds(told)))
    messages.append((str(uuid4()), number, f"{number}-", "0", told["Content"], _milliseconds(told)))
    for place, said in enumerate(told["Comments"]):
        kind = "0" if said["Role"] == "customer" else "1"
        row = (str(uuid4()), number, f"{number}-{place}", kind, said["Content"])
        messages.append((*row, _milliseconds(said)))


def _milliseconds(told: dict[str, Any]) -> int:
    local = datetime.strptime(told["CreateTime"] + "+0800", "%Y-%m-%d %H:%M:%S%z")
    return int(local.timestamp() * 1000)


def bare(given: dict[str, Any]) -> int:
    lists, calls = json.loads(Path(given["calls"]).read_text())
    pool = urllib3.HTTPConnectionPool("127.0.0.1", given["port"], maxsize=THREADS)

    def ask(call: tuple[str, str]) -> int:
        headers = {"X-TC-Action": call[0], "Content-Type": "application/json"}
        return len(pool.urlopen("POST", "/", body=call[1].encode(), headers=headers).data)

    assert all(map(ask, lists))
    with ThreadPoolExecutor(THREADS) as threads:
        assert all(threads.map(ask, calls))
    return len(calls)


if __name__ == "__main__":
    given = json.load(sys.stdin)
    began, busy = time.perf_counter(), time.process_time()
    calls = {"ours": ours, "hand": hand, "bare": bare}[sys.argv[1]](given)
    result = {"seconds": time.perf_counter() - began, "processor": time.process_time() - busy}
    sys.stdout.write(json.dumps({**result, "calls": calls}))
