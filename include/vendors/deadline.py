"""A deadline for one HTTP call by the wall clock: a read timeout never fires on a trickle."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Deadline:
    """Shuts the connection in use down when the time is over, wherever the reader waits.

    A context manager around one call over a session of ``open_session()``, in one thread.
    """

    _current = threading.local()

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        Deadline._current.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._timer.cancel()
        Deadline._current.deadline = None

    def _expire(self) -> None:
        self.passed = True
        self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own method, which takes its state away from the reader.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    @classmethod
    def watch(cls, sock: Any) -> None:
        """Put *sock* under the deadline of this thread's call."""
        deadline: Deadline | None = getattr(cls._current, "deadline", None)
        if deadline is not None:
            deadline._socket = sock
            if deadline.passed:  # while we were still connecting
                deadline._shut()


def open_session(proxy: str | None = None) -> requests.Session:
    """A session that keeps to deadlines and does nothing of its own accord.

    Neither proxies nor ``.netrc`` of whoever runs us, no cookies, no redirects, no repetition.
    """
    session = _Session()
    session.trust_env = False
    # A cookie of one answer would be sent, and signed, with the next call.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    session.proxies = {"https": proxy, "http": proxy} if proxy else {}
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_maxsize=16))
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Know of no redirect: the library would read its whole body before it returns it."""


class _WatchedConnection(HTTPConnection):
    def getresponse(self) -> Any:
        Deadline.watch(self.sock)
        return super().getresponse()


class _WatchedSecureConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        Deadline.watch(self.sock)
        return super().getresponse()


class _WatchedPool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _WatchedSecureConnection


class _Adapter(HTTPAdapter):
    """Opens connections that a deadline can shut down, through a proxy as well."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        self._watch(manager)
        return manager

    @staticmethod
    def _watch(manager: Any) -> None:
        manager.pool_classes_by_scheme = {"http": _WatchedPool, "https": _WatchedSecurePool}
