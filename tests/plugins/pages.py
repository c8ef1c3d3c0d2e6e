"""What stands behind a page, and what it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import sqlalchemy as sa

from include.errors import SyncError
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.tickets.accounts import add_account
from include.warehouse.tickets.tables import cloud_user
from tests.builders import DAY, an_account
from tests.plugins.conftest import RING


def add(warehouse, account_id, vendor="huawei", name=None, **values):
    account = an_account(
        vendor,
        account_id=account_id,
        access_key=f"access-of-{account_id}",
        secret_key=f"secret-of-{account_id}",
    )
    add_account(warehouse, RING, account, name=name, now=DAY)
    if values:
        change = sa.update(cloud_user).where(cloud_user.c.id == account_id).values(values)
        warehouse.transact(lambda connection: connection.execute(change))


def run(warehouse, account_id, vendor="HUAWEI", error=None, entity="tickets", behind=60):
    mark = None if behind is None else datetime.now(UTC) - timedelta(seconds=behind)
    try:
        with ledger.hold(
            warehouse, account_id, entity, vendor=vendor, request=Request("test")
        ) as held:
            held.write(lambda connection: None, watermark_at=mark)
            if error is not None:
                raise error
    except SyncError:
        pass


class _Lines(HTMLParser):
    """The text of each row with a header, and of what follows it, by the text of the header."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.in_header = False

    def handle_starttag(self, tag, attrs):
        if tag == "th" and ("scope", "row") in attrs:
            self.found.append(["", ""])
            self.in_header = True

    def handle_endtag(self, tag):
        self.in_header = self.in_header and tag != "th"

    def handle_data(self, data):
        if self.found:
            self.found[-1][0 if self.in_header else 1] += data


def lines(html):
    parser = _Lines()
    parser.feed(html)
    return {" ".join(head.split()): " ".join(text.split()) for head, text in parser.found}
