"""A vendor that allows so many calls a second, and workers that call it as fast as they may.

Time is simulated and passes only while everybody sleeps; nothing depends on the machine.
"""

from __future__ import annotations

import heapq
import itertools
import random
from bisect import bisect
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from greenlet import getcurrent, greenlet

CALLERS: Final = 8  # threads of a worker
SECONDS_EACH_WAY: Final = (0.01, 0.015)
HIGHEST: Final = 60.0  # CALLS_PER_SECOND of all workers, whatever the vendor allows


class Pace(Protocol):
    """What ``RateLimit`` is to a caller."""

    def wait(self) -> bool: ...
    def accepted(self) -> None: ...
    def refused(self, seconds: float | None) -> None: ...


MakePace = Callable[[float, Callable[[], float], Callable[[float], None]], Pace]
"""``make(per_second, monotonic, sleep)``."""


@dataclass(frozen=True)
class Step:
    """For *seconds* the vendor allows *rate* calls a second; measured after *settling* of them."""

    seconds: float
    rate: int
    settling: float


@dataclass(frozen=True)
class Outcome:
    """How a run went: parts of one."""

    used: float
    """Accepted of what was allowed, after settling."""
    refused: float
    """Of the calls after settling."""
    refused_in_all: float
    """Of the calls of the whole run."""
    least: float
    """Of the accepted calls after settling, the share of the worker that got fewest."""


class Windows:
    """Counts anew each second."""

    def __init__(self) -> None:
        self._window, self._count = -1, 0

    def takes(self, now: float, rate: int) -> bool:
        """Whether a call at *now* is accepted."""
        if int(now) != self._window:
            self._window, self._count = int(now), 0
        if self._count >= rate:
            return False
        self._count += 1
        return True


class Sliding:
    """Counts the last second, whenever it is asked, as the sandbox does."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()

    def takes(self, now: float, rate: int) -> bool:
        """Whether a call at *now* is accepted."""
        while self._recent and now - self._recent[0] >= 1:
            self._recent.popleft()
        if len(self._recent) >= rate:
            return False
        self._recent.append(now)
        return True


class Bucket:
    """Holds as many tokens as it gets in a second."""

    def __init__(self) -> None:
        self._tokens, self._seen = float("inf"), 0.0

    def takes(self, now: float, rate: int) -> bool:
        """Whether a call at *now* is accepted."""
        self._tokens = min(float(rate), self._tokens + (now - self._seen) * rate)
        self._seen = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


LIMITERS: Final = (Windows, Sliding, Bucket)


@dataclass
class Time:
    """Runs callers one at a time, in the order of their moments."""

    now: float = 0.0
    _asleep: list[tuple[float, int, greenlet]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _main: greenlet = field(default_factory=getcurrent)

    def monotonic(self) -> float:
        """The moment, in seconds from the beginning."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the others go on for so long."""
        self._wake(getcurrent(), seconds)
        self._main.switch()

    def start(self, work: Callable[[], None], after: float) -> None:
        """Have *work* done beside the others."""
        self._wake(greenlet(work, self._main), after)

    def run(self, seconds: float) -> None:
        """Let so many seconds pass."""
        while self._asleep and self._asleep[0][0] < seconds:
            self.now, _, caller = heapq.heappop(self._asleep)
            caller.switch()

    def _wake(self, caller: greenlet, after: float) -> None:
        heapq.heappush(self._asleep, (self.now + after, next(self._numbers), caller))


def play(
    make: MakePace,
    limiter: type[Windows | Sliding | Bucket],
    steps: Sequence[Step],
    joins: Sequence[float] = (0.0,),
    seed: int = 1,
) -> Outcome:
    """Let a worker call from each moment of *joins* on; what is refused is tried again later."""
    time, vendor = Time(), limiter()
    chance = random.Random(seed)  # noqa: S311 - the same in every run
    ends = list(itertools.accumulate(step.seconds for step in steps))
    accepted, refused = [[0, 0] for _ in joins], [0, 0]  # before and after settling

    def call_on(pace: Pace, mine: list[int]) -> None:
        tries = 0
        while True:
            pace.wait()
            time.sleep(chance.uniform(*SECONDS_EACH_WAY))
            step = bisect(ends, time.now)
            is_accepted = vendor.takes(time.now, steps[step].rate)
            is_settled = time.now >= ends[step] - steps[step].seconds + steps[step].settling
            time.sleep(chance.uniform(*SECONDS_EACH_WAY))
            if is_accepted:
                mine[is_settled] += 1
                pace.accepted()
                tries = 0
            else:
                refused[is_settled] += 1
                pace.refused(None)
                time.sleep(chance.uniform(0, min(60, 2**tries)))
                tries += 1

    for moment, mine in zip(joins, accepted, strict=True):
        pace = make(HIGHEST, time.monotonic, time.sleep)
        for _ in range(CALLERS):
            time.start(partial(call_on, pace, mine), moment)
    time.run(ends[-1] - 2 * max(SECONDS_EACH_WAY))
    settled = [mine[True] for mine in accepted]
    allowed = sum((step.seconds - step.settling) * step.rate for step in steps)
    return Outcome(
        used=sum(settled) / allowed,
        refused=refused[True] / (sum(settled) + refused[True]),
        refused_in_all=sum(refused) / (sum(map(sum, accepted)) + sum(refused)),
        least=min(settled) / sum(settled),
    )
