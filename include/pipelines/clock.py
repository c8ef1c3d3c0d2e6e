"""The time of a run."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


class RunClock:
    """Tells the present moment, counted from *now*, at which the run began.

    A clock that is set while a run lasts moves no reading before another.
    """

    def __init__(self, now: datetime) -> None:
        self._now, self._started = now, time.monotonic()

    def __call__(self) -> datetime:
        """The present moment."""
        return self._now + timedelta(seconds=time.monotonic() - self._started)
