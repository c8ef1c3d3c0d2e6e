"""What stands behind a page, and what it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

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
    """The text of each line, and of each row with a header, by its heading."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.heading, self.hidden = "", False

    def handle_starttag(self, tag, attrs):
        if (tag == "th" and ("scope", "row") in attrs) or (
            tag == "li"
            and ("class", "line") in [(name, (value or "").split(" ")[0]) for name, value in attrs]
        ):
            self.found.append(["", ""])
        if self.found and (tag == "h3" or (tag == "th" and ("scope", "row") in attrs)):
            self.heading = tag
        self.hidden = self.hidden or tag == "title"
        if tag in ("dd", "td", "p", "dt") and self.found:
            self.found[-1][1] += " "

    def handle_endtag(self, tag):
        if tag == self.heading:
            self.heading = ""
        if tag == "title":
            self.hidden = False
        elif tag in ("ol", "table") and self.found:
            self.found.append(["", ""])

    def handle_data(self, data):
        if self.found and not self.hidden:
            self.found[-1][0 if self.heading else 1] += data


def lines(html):
    """What the page tells of each thing, by its heading; the last of that heading."""
    parser = _Lines()
    parser.feed(html)
    told = {" ".join(head.split()): " ".join(text.split()) for head, text in parser.found}
    told.pop("", None)
    return told


def without_our_script(html):
    """The page without its one script, which the content policy knows by its hash."""
    script = (Path(__file__).parents[2] / "plugins/templates/sync_health.js").read_text("utf-8")
    assert html.count(f"<script>{script}</script>") == 1
    return html.replace(f"<script>{script}</script>", "")
