"""The time of a run: what it is, and how much of it there is."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Final

from include.errors import OutOfTimeError


class RunClock:
    """Tells the present moment, counted from *now*, at which the run began.

    A clock that is set while a run lasts moves no reading before another.
    """

    def __init__(self, now: datetime) -> None:
        self._now, self._started = now, time.monotonic()

    def __call__(self) -> datetime:
        """The present moment."""
        return self._now + timedelta(seconds=time.monotonic() - self._started)


class TimeBudget:
    """So many *seconds* from now on, for one run or for several; without end where None."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds
        self._started = time.monotonic()

    @property
    def is_spent(self) -> bool:
        """Whether the time is over."""
        return self.seconds is not None and time.monotonic() - self._started >= self.seconds

    def check(self) -> None:
        """Raise OutOfTimeError when the time is over."""
        if self.is_spent:
            raise OutOfTimeError(
                f"the {self.seconds:g} s of this run are spent: the next goes on from here"
            )


ENDLESS: Final = TimeBudget()
