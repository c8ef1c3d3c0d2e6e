"""How fast the calls of one account may follow one another, as far as the vendor lets us."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class RateLimit:
    """Spaces out the calls of one account; slows down when refused, recovers when not."""

    def __init__(
        self,
        per_second: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.highest = self.rate = per_second
        self.lowest = min(0.2, per_second)
        self._monotonic, self._sleep = monotonic, sleep
        self._lock = threading.Lock()
        self._next = self._slowed = float("-inf")
        self._holds = 0

    def wait(self, most: float = float("inf")) -> bool:
        """Sleep until this call's turn; take a new one when the vendor asked for a rest since.

        False, and no turn is taken, where that would be more than *most* seconds in all.
        """
        holds, begun = -1, self._monotonic()
        while holds != self._holds:
            with self._lock:
                holds, now = self._holds, self._monotonic()
                turn = max(now, self._next)
                if turn - begun > most:
                    return False
                self._next = turn + 1 / self.rate
            if turn > now:
                self._sleep(turn - now)
        return True

    def refused(self, seconds: float | None) -> None:
        """Halve the rate, once for a burst of refusals, and hold all calls for *seconds*."""
        with self._lock:
            now = self._monotonic()
            if now >= self._slowed + 1:
                self.rate = max(self.lowest, self.rate / 2)
                self._slowed = now
            if seconds:
                self._next = max(self._next, now + seconds)
                self._holds += 1

    def accepted(self) -> None:
        """Recover half a percent: twice the rate, which may be too much again, in 139 calls."""
        with self._lock:
            self.rate = min(self.highest, self.rate * 1.005)
