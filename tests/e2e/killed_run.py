"""A child process that syncs one account and kills itself at the k-th boundary.

A boundary is an HTTP call about to go out or an SQL statement about to be sent. Prints how many
there were when it was not killed. Arguments: warehouse URL, account as JSON, settings as JSON, k,
and when it is (ISO 8601; the present unless given).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from include.models import Account
from include.pipelines.tickets.sync import sync_tickets
from include.vendors.answers import HttpAnswer
from include.vendors.registry import load_settings, open_client
from include.vendors.transport import Transport
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse

seen = 0


def boundary(at: int) -> None:
    global seen
    seen += 1
    if seen == at:
        os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, account_json: str, environment_json: str, at: int, now: str = "") -> None:
    account = Account(**json.loads(account_json))
    settings = load_settings(json.loads(environment_json))
    warehouse = Warehouse.open(url)
    sa.event.listen(warehouse.engine, "before_cursor_execute", lambda *_: boundary(at))
    send = Transport.send

    def counted(self: Transport, *args: Any, **options: Any) -> HttpAnswer:
        boundary(at)
        return send(self, *args, **options)

    Transport.send = counted  # type: ignore[method-assign]
    sync_tickets(
        open_client(account, settings),
        warehouse,
        account,
        settings=settings,
        now=datetime.fromisoformat(now) if now else datetime.now(UTC),
        request=Request("a test"),
    )
    sys.stdout.write(str(seen))


if __name__ == "__main__":
    url, account, environment, k, *now = sys.argv[1:]
    main(url, account, environment, int(k), *now)
