"""How fast the calls of one account may follow one another, as far as the vendor lets us."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

LOWEST: Final = 0.2  # calls a second, where all are refused
BELOW: Final = 0.98  # of a rate that was refused: there growth is slowest
DIP: Final = 0.1  # how far below that a refusal takes us, so that others get their share
FAR: Final = 0.7  # of a rate: where less is accepted, the limit must be far below
CALLS: Final = 150  # accepted calls from the dip to the slowest growth, at one call a second
CALLS_FROM_FAR: Final = 40  # the same where the limit is not known so well
MEASURED_CALLS: Final = 10  # what is accepted is counted over the time of so many calls,
MEASURED_SECONDS: Final = 1.0  # and over as long as vendors count
PAUSE_SECONDS: Final = 1.0  # after which they have begun to count anew,
LONGEST_PAUSE_SECONDS: Final = 16.0  # if not by the second


_refused = Counter[str]()
_noting = threading.Lock()


def note_refused(vendor: str) -> None:
    """Count a call that a vendor refused as one too many."""
    with _noting:
        _refused[vendor] += 1


def take_refused() -> Counter[str]:
    """The calls that were refused in this process since the last call, by vendor."""
    with _noting:
        taken = Counter(_refused)
        _refused.clear()
    return taken


class RateLimit:
    """Spaces out the calls of one account; finds the vendor's limit and stays just below it.

    A refusal says where the limit is. The rate goes a little lower, comes back soon, grows slowly
    near the limit and ever faster beyond it, as CUBIC does for TCP (RFC 9438), so that a limit
    that was raised is found. Where far less is accepted than we send, that becomes the rate; where
    nothing is, the vendor is asked ever more seldom. Processes that share the limit of an account
    need not know of each other. Safe for several threads.
    """

    def __init__(
        self,
        per_second: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.highest = self.rate = per_second
        self.lowest = min(LOWEST, per_second)
        self._monotonic, self._sleep = monotonic, sleep
        self._lock = threading.Lock()
        self._next = self._resumed = self._fell = float("-inf")
        self._pause, self._holds = 0.0, 0
        self._accepted: deque[float] = deque(maxlen=int(per_second) + MEASURED_CALLS)
        self._peak, self._span, self._calm = per_second, 1.0, float("inf")

    def wait(self, most: float = float("inf")) -> bool:
        """Sleep until this call's turn; take a new one when the rate fell or a rest began since.

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
        """Slow down, once for a burst of refusals, and hold all calls for *seconds*."""
        with self._lock:
            now, rest = self._monotonic(), seconds or 0.0
            if now >= self._resumed:  # else it was sent before the rest that is under way
                rest = max(rest, self._fall(now))
            self._resumed = max(self._resumed, now + rest)
            # Calls that wait got their turns at the rate that was refused: all take new ones.
            self._next = max(self._resumed, now + 1 / self.rate)
            self._holds += 1

    def accepted(self) -> None:
        """Grow: the more, the further it is, in calls, from just below the limit."""
        with self._lock:
            self._pause = 0.0
            self._accepted.append(self._monotonic())
            self._calm += max(1.0, 1 / self.rate)
            grown = self._peak * (1 + DIP * (self._calm / self._span - 1) ** 5)
            self.rate = max(self.lowest, min(self.highest, grown))

    def _fall(self, now: float) -> float:
        """Note where the limit must be and go below it; the seconds to pause, if any."""
        seconds = max(MEASURED_SECONDS, MEASURED_CALLS / self.rate)
        while self._accepted and self._accepted[0] <= now - seconds:
            self._accepted.popleft()
        accepted = len(self._accepted) / seconds
        if self._pause:  # nothing was accepted since
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        elif accepted < FAR * self.rate:
            # Not to nothing: few calls may have been wanted.
            self._peak = self.rate = max(self.lowest, self.rate / 4, BELOW * accepted)
            self._calm = self._span = CALLS_FROM_FAR * self._peak**0.5
            self._pause = PAUSE_SECONDS
        elif now >= self._fell + PAUSE_SECONDS:
            self._fell = now
            self._peak = max(self.lowest, BELOW * self.rate)
            self.rate = max(self.lowest, self._peak * (1 - DIP))
            # The root lets who has a small share of the limit grow faster than who has a large one.
            self._calm, self._span = 0.0, CALLS * self._peak**0.5
        elif not self._calm:  # refused again, with no success between
            self._pause = PAUSE_SECONDS
        return self._pause
