"""How much of a vendor's rate limit is used, and how many calls it refuses.

    python -m tests.benchmarks.bench_rate

Simulated, for three kinds of limit and workers that may make 60 calls a second: what is used after
settling, what is refused in the whole run, and the share of the worker that got fewest; beside it
the same for a rate that is halved by a refusal and grows half a percent a call. Last, in real time,
the sandbox over sockets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from include.errors import VendorError
from include.models import SyncWindow
from include.sandbox.vendors.server import Sandbox
from include.vendors.rate import RateLimit
from include.vendors.registry import open_client
from tests.vendors.throttled import CALLERS, HIGHEST, LIMITERS, MakePace, Step, play

SEEDS: Final = (1, 2, 3)
EMPTY: Final = SyncWindow(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC))

Case = tuple[str, list[Step], tuple[float, ...]]


class Halving:
    """The reference: half the rate, once a second, and half a percent more for each success."""

    def __init__(
        self, per_second: float, monotonic: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self.highest = self.rate = per_second
        self._monotonic, self._sleep = monotonic, sleep
        self._next = self._slowed = float("-inf")

    def wait(self) -> bool:
        """Sleep until this call's turn."""
        now = self._monotonic()
        turn = max(now, self._next)
        self._next = turn + 1 / self.rate
        self._sleep(turn - now)
        return True

    def refused(self, seconds: float | None) -> None:
        """Halve the rate; *seconds* are never given here."""
        if self._monotonic() >= self._slowed + 1:
            self.rate, self._slowed = max(0.2, self.rate / 2), self._monotonic()

    def accepted(self) -> None:
        """Grow."""
        self.rate = min(self.highest, self.rate * 1.005)


def ours(
    per_second: float, monotonic: Callable[[], float], sleep: Callable[[float], None]
) -> RateLimit:
    return RateLimit(per_second, monotonic=monotonic, sleep=sleep)


def cases() -> list[Case]:
    """Name, steps of the limit, and when workers join."""
    found: list[Case] = []
    for rate in (2, 10, 50):
        found.append((f"{rate}", [Step(2400 / rate, rate, 200 / rate)], (0,)))
    for old, new, settling in ((10, 2, 60), (50, 10, 20), (2, 10, 240), (10, 50, 120)):
        steps = [Step(1000 / old, old, 200 / old), Step(settling + 2000 / new, new, settling)]
        found.append((f"{old}, then {new}", steps, (0,)))
    for rate in (2, 10, 50):
        found.append((f"{rate}, two workers", [Step(4000 / rate, rate, 400 / rate)], (0, 0)))
    for rate in (2, 10, 50):
        step = Step(4000 / rate, rate, 1600 / rate)
        found.append((f"{rate}, one joins", [step], (0, 800 / rate)))
    return found


def describe(make: MakePace, case: Case, limiter: type) -> str:
    """The median of some runs, by what is used."""
    _, steps, joins = case
    runs = sorted((play(make, limiter, steps, joins, seed) for seed in SEEDS), key=lambda r: r.used)
    run = runs[len(runs) // 2]
    share = f"{run.least:6.0%}" if len(joins) > 1 else " " * 6
    return f"{run.used:6.1%} {run.refused_in_all:7.2%} {share}"


def over_sockets(rate: int, seconds: float) -> str:
    """What a client gets from a sandbox that allows *rate* calls a second."""
    with Sandbox(accounts=1, tickets=0, rate=rate) as sandbox:
        settings = sandbox.settings(calls_per_second=HIGHEST)
        with closing(open_client(sandbox.account("huawei"), settings)) as client:
            ends = time.monotonic() + seconds

            def call_on() -> None:
                while time.monotonic() < ends:
                    try:
                        list(client.list_tickets(EMPTY))
                    except VendorError as error:
                        typer.echo(str(error))

            callers = [threading.Thread(target=call_on) for _ in range(CALLERS)]
            for caller in callers:
                caller.start()
            settling = seconds / 3
            time.sleep(settling)
            before = len(sandbox.calls)
            time.sleep(seconds - settling)
            calls, settled = list(sandbox.calls), list(sandbox.calls[before:])
            for caller in callers:
                caller.join()
    used = sum(seen.status == 200 for seen in settled) / (seconds - settling) / rate
    refused = sum(seen.status != 200 for seen in calls) / len(calls)
    return f"{used:6.1%} {refused:7.2%}  of {len(calls)} calls"


def main(
    seconds: Annotated[float, typer.Option(help="How long to call the sandbox.")] = 30,
    rate: Annotated[int, typer.Option(help="Calls a second the sandbox allows.")] = 50,
) -> None:
    """Print a line for each limit: used, refused and the least share; then those of halving."""
    for case in cases():
        for limiter in LIMITERS:
            new, old = describe(ours, case, limiter), describe(Halving, case, limiter)
            typer.echo(f"{case[0]:16} {limiter.__name__:8} {new}   | halving {old}")
    typer.echo(f"{rate}, over sockets {'Sliding':8} {over_sockets(rate, seconds)}")


if __name__ == "__main__":
    typer.run(main)
