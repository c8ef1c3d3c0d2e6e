"""A deadline for one HTTP call by the wall clock: a read timeout never fires on a trickle."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import Any, Final
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

TICK_SECONDS: Final = 0.1  # how late a deadline may be noticed


class Deadline:
    """Shuts the connection in use down when the time is over, wherever the reader waits.

    A context manager around one call over connections of ``WATCHED_POOLS``, in one thread.
    """

    _current = threading.local()

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._at = time.monotonic() + seconds
        self._socket: socket.socket | None = None

    def __enter__(self) -> Deadline:
        Deadline._current.deadline = self
        _watchdog.watch(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _watchdog.leave(self)
        Deadline._current.deadline = None

    def expire(self, now: float) -> None:
        """Shut the connection down if *now*, by the monotonic clock, the time is over."""
        if now >= self._at and not self.passed:
            self.passed = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own method, which takes its state away from the reader.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    @classmethod
    def note_socket(cls, sock: Any) -> None:
        """Put *sock* under the deadline of this thread's call."""
        deadline: Deadline | None = getattr(cls._current, "deadline", None)
        if deadline is not None:
            # TLS to a vendor within TLS to a proxy is no socket: it holds the proxy's.
            deadline._socket = getattr(sock, "socket", sock)
            if deadline.passed:  # while we were still connecting
                deadline._shut()


class _Watchdog:
    """One thread for the deadlines of all calls: a timer each would cost more than many a call."""

    def __init__(self) -> None:
        self._begin_anew()
        # A child of a fork has neither the thread nor whoever held the lock.
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._watched: set[Deadline] = set()
        self._changing = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, deadline: Deadline) -> None:
        with self._changing:
            self._watched.add(deadline)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()

    def leave(self, deadline: Deadline) -> None:
        with self._changing:
            self._watched.discard(deadline)

    def _run(self) -> None:
        while True:
            with self._changing:
                self._changing.wait(TICK_SECONDS)
                watched = list(self._watched)
                if not watched:  # the next call has a new thread: none is left behind
                    self._thread = None
                    return
            now = time.monotonic()
            for deadline in watched:
                deadline.expire(now)


_watchdog: Final = _Watchdog()


def describe_way(url: str, proxy: str | None = None) -> str:
    """Where a call goes, for its errors: host and port, and those of the proxy."""
    where = _place(url)
    return f"{where} through the proxy {_place(proxy)}" if proxy else where


def _place(url: str) -> str:
    parsed = urlsplit(url)
    host = parsed.hostname or ""
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _WatchedConnection(HTTPConnection):
    def getresponse(self) -> Any:
        Deadline.note_socket(self.sock)
        return super().getresponse()


class _WatchedSecureConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        Deadline.note_socket(self.sock)
        return super().getresponse()


class _WatchedPool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _WatchedSecureConnection


WATCHED_POOLS: Final[dict[str, type]] = {"http": _WatchedPool, "https": _WatchedSecurePool}
"""Pools, by scheme, of connections that a deadline can shut down, through a proxy as well."""
