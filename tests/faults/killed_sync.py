"""A child process that syncs one account at a given time and kills itself at the k-th boundary.

Arguments: warehouse URL, account as JSON, settings as JSON, now in ISO 8601, k.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime

import requests
import sqlalchemy as sa

from include.models import Account
from include.pipelines import tickets
from include.settings import Settings
from include.vendors import open_client
from include.warehouse.ledger import Request
from include.warehouse.mysql import Warehouse
from tests.e2e.killed_run import boundary


def main(url: str, account_json: str, environment_json: str, now: str, last: str) -> None:
    at = int(last)
    account = Account(**json.loads(account_json))
    settings = Settings.load(json.loads(environment_json))
    warehouse = Warehouse.open(url)
    sa.event.listen(warehouse.engine, "before_cursor_execute", lambda *_: boundary(at))
    send = requests.Session.send

    def counted(self: requests.Session, *args: object, **options: object) -> requests.Response:
        boundary(at)
        return send(self, *args, **options)  # type: ignore[arg-type]

    requests.Session.send = counted  # type: ignore[method-assign]
    tickets.sync(
        open_client(account, settings),
        warehouse,
        account,
        settings=settings,
        now=datetime.fromisoformat(now),
        request=Request("a test"),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
