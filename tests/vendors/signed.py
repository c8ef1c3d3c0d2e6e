"""Signing with what the vendors' clients sign with, where a test sends by `requests`."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from include.vendors.request import HttpRequest, Sign


class Signed(AuthBase):
    """A signer of ours, as `requests` wants one."""

    def __init__(self, sign: Sign) -> None:
        self._sign = sign

    def __call__(self, prepared: PreparedRequest) -> PreparedRequest:
        url, body = urlsplit(prepared.url or ""), prepared.body or b""
        request = HttpRequest(
            prepared.method or "",
            url.netloc,
            url.path,
            url.query,
            dict(prepared.headers),
            body.encode() if isinstance(body, str) else body,
        )
        self._sign(request)
        prepared.headers.update(request.headers)
        prepared.url = urlunsplit(url._replace(query=request.query))
        return prepared
