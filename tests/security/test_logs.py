"""One event is one line of a log, whatever vendors and customers write."""

from __future__ import annotations

import logging
import re
from contextlib import closing
from datetime import UTC, datetime

import pytest

from include.errors import SyncError
from include.pipelines.tickets.sync import sync_tickets
from include.sandbox.vendors.server import WIRES
from include.vendors.registry import VENDORS, open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse

HOSTILE = (
    "line\r\nINFO forged \x1b[31mred\x1b[0m \u202egpj.exe \u2028next \x85 \x00 \u200f</script>"
)
LINE = re.compile(r"[A-Z]+ [\w.]+ \S.*")
BARRED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]"
)


@pytest.fixture
def log(tmp_path):
    """A file that gets everything any of our modules logs."""
    file = tmp_path / "task.log"
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root, ours = logging.getLogger(), logging.getLogger("include")
    level = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    yield file
    ours.setLevel(level)
    root.removeHandler(handler)
    handler.close()


@pytest.mark.parametrize("vendor", VENDORS)
def test_hostile_texts_forge_no_line_and_steer_no_terminal(sandbox, warehouse_url, log, vendor):
    wire, events = WIRES[vendor], 0
    for number in range(3):
        sandbox.store.add_ticket(vendor, title=HOSTILE, state="closed", messages=[HOSTILE] * 2)
        bad = sandbox.store.add_ticket(vendor, title=f"{number}{HOSTILE}", state="closed")
        sandbox.faults.add(
            "error_object",
            vendor=vendor,
            action=next(iter(wire.DETAILS)),
            ticket=bad,
            code=f"Odd.{HOSTILE}",
            message=f"refused {HOSTILE}",
            times=None,
        )
    settings = sandbox.settings()
    with (
        closing(Warehouse.open(warehouse_url)) as warehouse,
        closing(open_client(sandbox.account(vendor), settings)) as client,
    ):
        try:
            sync_tickets(
                client,
                warehouse,
                client.account,
                settings=settings,
                now=datetime.now(UTC),
                request=Request("a test"),
            )
        except SyncError as error:
            logging.getLogger("include").error("failed: %s", error)  # noqa: TRY400 - as a task does
            events += 1
    text = log.read_text("utf-8")
    assert "put aside" in text
    assert BARRED.search(text.replace("\n", "")) is None
    lines = text.removesuffix("\n").split("\n")
    assert all(LINE.fullmatch(line) for line in lines)
    assert not any(line.startswith("INFO forged") for line in lines)
    assert events == 1
