"""A child process that syncs one account; prints how it ended and its peak memory in KB as JSON.

Without arguments it syncs nothing: what the imports alone need. Arguments: warehouse URL, account
as JSON, settings as JSON, now in ISO 8601.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from typing import Any

from include.errors import SyncError
from include.models import Account
from include.pipelines.tickets.sync import sync_tickets
from include.vendors.registry import load_settings, open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.benchmarks.one_snapshot import peak


def sync(url: str, account_json: str, environment_json: str, now: str) -> dict[str, Any]:
    account = Account(**json.loads(account_json))
    settings = load_settings(json.loads(environment_json))
    warehouse, began = Warehouse.open(url), time.perf_counter()
    try:
        counts = sync_tickets(
            open_client(account, settings, sleep=lambda seconds: None),
            warehouse,
            account,
            settings=settings,
            now=datetime.fromisoformat(now),
            request=Request("a benchmark"),
        )
        ended = f"{counts.written} tickets, {counts.messages} messages"
    except SyncError as error:
        ended = type(error).__name__
    return {"ended": ended, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    result = sync(*sys.argv[1:]) if sys.argv[1:] else {}
    sys.stdout.write(json.dumps({**result, "peak": peak()}))
