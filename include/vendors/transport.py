"""How a request goes out and its answer comes in: connections to one host, and nothing more."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import certifi
import urllib3
from urllib3.exceptions import ProtocolError
from urllib3.util import create_urllib3_context, make_headers, parse_url

from include.vendors.answers import HttpAnswer, read_body
from include.vendors.deadline import WATCHED_POOLS
from include.vendors.request import HttpRequest

CONNECTIONS: Final = 16  # kept open, for as many calls at once
HEADERS: Final[Mapping[str, str]] = {
    "User-Agent": f"python-urllib3/{version('urllib3')}",
    "Accept-Encoding": "gzip, deflate",
    "Accept": "*/*",
    "Connection": "keep-alive",
}
"""What every request bears, unless it says otherwise."""


class Transport:
    """Keeps connections to the host of *base_url*, which a ``Deadline`` can shut.

    Does nothing of its own accord: no redirects, no repetition, no cookies; neither proxies nor
    ``.netrc`` of whoever runs us. *proxy* is a URL, empty: none. *authorities* is a file of the
    certificates that are believed. Safe for several threads.
    """

    def __init__(
        self, base_url: str, proxy: str = "", *, authorities: str = certifi.where()
    ) -> None:
        home, trust = parse_url(base_url), _trust(authorities)
        self.host, self.path = home.netloc or "", (home.path or "").rstrip("/")
        self.base_url = f"{home.scheme}://{self.host}{self.path}"
        options: dict[str, Any] = {
            "maxsize": CONNECTIONS,
            "retries": False,
            "ssl_context": trust,
        }
        manager = (
            urllib3.ProxyManager(
                proxy, proxy_headers=_login(proxy), proxy_ssl_context=trust, **options
            )
            if proxy
            else urllib3.PoolManager(**options)
        )
        manager.pool_classes_by_scheme = WATCHED_POOLS
        self._pool = manager.connection_from_host(home.host, home.port, home.scheme)
        # A proxy is told the whole address; to a host under TLS it lets us through.
        self._before = f"http://{self.host}" if proxy and home.scheme == "http" else ""

    def send(
        self,
        request: HttpRequest,
        where: Mapping[str, str],
        *,
        connect_seconds: float,
        read_seconds: float,
    ) -> HttpAnswer:
        """Send *request* once and read the whole answer; *where* is what errors say of the call.

        Raises ``urllib3.exceptions.HTTPError`` or OSError for what broke the way, and what
        ``read_body`` raises.
        """
        response = self._pool.urlopen(
            request.method,
            self._before + request.target,
            body=request.body or None,
            headers=request.headers,
            redirect=False,
            assert_same_host=False,
            timeout=urllib3.Timeout(connect=connect_seconds, read=read_seconds),
            preload_content=False,
        )
        try:
            return HttpAnswer(response.status, response.headers, read_body(response, where))
        except ValueError as error:  # a chunk of negative size, which the library lets by
            raise ProtocolError(str(error)) from error
        finally:
            response.close()  # one that was not read to its end, and its connection

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


@cache
def _trust(authorities: str) -> ssl.SSLContext:
    """Whom we believe: read once a process, for that takes as long as sixty calls."""
    context = create_urllib3_context()
    context.load_verify_locations(authorities)
    context.set_alpn_protocols(["http/1.1"])
    # The library would set that again for each connection, while other threads use the context,
    # which may end the process: python/cpython#141012.
    context.set_alpn_protocols = lambda _: None  # type: ignore[assignment, method-assign]
    return context


def _login(proxy: str) -> dict[str, str]:
    """The header that tells a proxy who we are, if its URL does."""
    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    name_and_password = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    header = make_headers(proxy_basic_auth=name_and_password)["proxy-authorization"]
    return {"Proxy-Authorization": header}
