"""How much memory a run over hostile sizes needs above an idle one: long talks, huge answers.

``python -m tests.benchmarks.bench_memory [messages]``: so many messages of 1 MB in one ticket
(default 2,000). Each run is a process of its own; its peak is what the kernel saw (VmHWM).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from include.sandbox.vendors.server import WIRES, Sandbox
from include.vendors.registry import VENDORS
from tests.benchmarks.ground import ground

ROOT: Final = Path(__file__).resolve().parents[2]
NOW: Final = datetime(2026, 7, 2, tzinfo=UTC)
MEGABYTE: Final = 10**6
AIM_TALK, AIM_TALKS, AIM_ANSWER = 60, 100, 150
Change = Callable[[Sandbox, str], None]


def talk(messages: int) -> Change:
    """A closed ticket with so many messages of 1 MB."""

    def change(sandbox: Sandbox, vendor: str) -> None:
        texts = ["x" * MEGABYTE] * messages
        moment = NOW - timedelta(days=1)
        sandbox.store.add_ticket(vendor, state="closed", created_at=moment, messages=texts)

    return change


def talks(tickets: int, messages: int) -> Change:
    """So many closed tickets at once, each with so many messages of 100 characters."""

    def change(sandbox: Sandbox, vendor: str) -> None:
        for number in range(tickets):
            moment = NOW - timedelta(days=1, minutes=number)
            texts = ["x" * 100] * messages
            sandbox.store.add_ticket(vendor, state="closed", created_at=moment, messages=texts)

    return change


def too_large(*, packed: bool) -> Change:
    """Each answer about a ticket begins with 64 MiB of blanks, compressed or not."""

    def change(sandbox: Sandbox, vendor: str) -> None:
        action = next(iter(WIRES[vendor].DETAILS))
        sandbox.faults.add("too_large", vendor=vendor, action=action, packed=packed, times=None)

    return change


def measure(url: str, vendor: str, change: Change | None) -> dict[str, Any]:
    """The run of a child over one account of a fresh vendor with three small tickets."""
    with Sandbox(7, 1, 3) as sandbox:
        sandbox.store.freeze(NOW)
        if change:
            change(sandbox, vendor)
        environment = {
            **sandbox.environment(),
            "SYNC_SINCE": "2026-01-01T00:00:00+00:00",
            "CALLS_PER_SECOND": "999",
            "CALLS_AT_ONCE": "16",
            "SANDBOX": "1",
            "TENCENT_ENABLED": "1",
        }
        account = json.dumps(asdict(sandbox.account(vendor)))
        return child(url, account, json.dumps(environment), NOW.isoformat())


def child(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.one_sync", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(messages: int = 2_000) -> None:
    long_talks: dict[str, tuple[str, int]] = {
        # Only Tencent pages a conversation; the others answer it whole, within the body's limit.
        "tencent": (f"{messages} messages of 1 MB, in pages of 20", messages),
        "alibaba": ("30 messages of 1 MB, in one answer", 30),
        "huawei": ("30 messages of 1 MB, in one answer", 30),
    }
    with ground() as there:
        say(there.describe())
        say(f"imports alone {child()['peak'] / 1024:.0f} MB")
        for vendor in VENDORS:
            name, count = long_talks[vendor]
            cases: list[tuple[str, int, Change | None]] = [
                ("idle: three small tickets", 0, None),
                (name, AIM_TALK, talk(count)),
                ("16 of 20,000 messages at once", AIM_TALKS, talks(16, 20_000)),
                ("answers of 64 MiB", AIM_ANSWER, too_large(packed=False)),
                ("answers that expand to 64 MiB", AIM_ANSWER, too_large(packed=True)),
            ]
            idle = 0.0
            for number, (case, aim, change) in enumerate(cases):
                url = there.new_warehouse(f"{vendor}_{number}")
                found = measure(url, vendor, change)
                there.drop(url)
                peak = found["peak"] / 1024
                idle = idle or peak
                verdict = f"aim {aim}: {'met' if peak - idle <= aim else 'MISSED'}" if aim else ""
                say(
                    f"{vendor:8} {case:40} peak {peak:5.0f} MB, above idle {peak - idle:5.0f} MB"
                    f"  {verdict}  {found['ended']}  {found['seconds']:.1f} s"
                )


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
