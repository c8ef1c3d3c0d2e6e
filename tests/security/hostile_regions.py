"""Open a client for each region that standard input names (JSON) and call once; tell what it did.

Runs as a process of its own, because nobody can take an audit hook back. A socket is never opened:
the hook counts and refuses.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from include.errors import SyncError
from include.models import Account, SyncWindow
from include.vendors.registry import VENDORS, load_settings, open_client

hosts: list[str] = []


def note(event: str, arguments: tuple[Any, ...]) -> None:
    """Where somebody wants to connect to, or whose address is asked for."""
    if event in ("socket.getaddrinfo", "socket.connect", "socket.gethostbyname"):
        hosts.append(str(arguments[0] if event != "socket.connect" else arguments[1][0]))
        raise OSError("no network in a test")


def outcomes(regions: list[str]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Vendor, region, the class of error, and the hosts that were asked for."""
    window = SyncWindow(datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC))
    for vendor in VENDORS:
        for region in regions:
            hosts.clear()
            account = Account("1", vendor, "an-access-key", "a-secret-key", region)
            try:
                settings = load_settings({f"{name.upper()}_ENABLED": "1" for name in VENDORS})
                with closing(open_client(account, settings, sleep=lambda _: None)) as client:
                    list(client.list_tickets(window))
                error = ""
            except SyncError as caught:
                error = type(caught).__name__
            yield vendor, region, error, sorted(set(hosts))


if __name__ == "__main__":
    regions = json.load(sys.stdin)
    sys.addaudithook(note)
    json.dump(list(outcomes(regions)), sys.stdout)
