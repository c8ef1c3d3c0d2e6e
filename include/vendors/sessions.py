"""The sessions of one client, which share an account, a rate, a clock and a proxy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from include.models import Account
from include.vendors.http import ATTEMPTS, ApiSession, Classify
from include.vendors.rate import RateLimit
from include.vendors.request import Sign


@dataclass(frozen=True, slots=True)
class Sessions:
    """Opens sessions for a client and answers for all of them; safe for several threads."""

    account: Account
    rate: RateLimit
    proxy: str
    """URL of a proxy; empty: none."""
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    attempts: int = ATTEMPTS
    """So often a call is tried at most."""
    _opened: list[ApiSession] = field(default_factory=list)

    def open(self, base_url: str, sign: Sign, classify: Classify) -> ApiSession:
        """A session with a host; nothing is sent yet."""
        session = ApiSession(
            self.account,
            base_url,
            sign,
            classify,
            self.rate,
            proxy=self.proxy,
            attempts=self.attempts,
            now=self.now,
            sleep=self.sleep,
        )
        self._opened.append(session)
        return session

    @property
    def calls(self) -> int:
        """HTTP requests sent so far, repeated attempts included."""
        return sum(session.calls for session in self._opened)

    @property
    def clock_skew(self) -> float | None:
        """Seconds that our clock is ahead of the first host's, by its newest answer."""
        return self._opened[0].clock_skew

    def close(self) -> None:
        """Close the connections."""
        for session in self._opened:
            session.close()
