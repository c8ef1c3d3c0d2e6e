"""Answers that thousands of accounts ask for alike, kept for a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

RECENT_SECONDS: Final = 60.0


class Recent(Generic[K, V]):
    """What *read* answers to a key, asked again once that is older than *seconds*.

    Safe for several threads: they wait while one of them asks.
    """

    def __init__(self, read: Callable[[K], V], seconds: float = RECENT_SECONDS) -> None:
        self._read, self._seconds = read, seconds
        self._turn = threading.Lock()
        self._held: dict[K, tuple[float, V]] = {}

    def of(self, key: K) -> V:
        """The answer to *key*. Raises what *read* raises."""
        with self._turn:
            held = self._held.get(key)
            if held is None or time.monotonic() - held[0] > self._seconds:
                # Its age is that of the question: what changes meanwhile may be missing.
                held = time.monotonic(), self._read(key)
                self._held[key] = held
            return held[1]

    def forget(self) -> None:
        """Ask anew next time: something has happened."""
        with self._turn:
            self._held.clear()
