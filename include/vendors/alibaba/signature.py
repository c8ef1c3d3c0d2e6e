"""ACS3-HMAC-SHA256, the signature of Alibaba Cloud (spec.md, section 8.1).

Three pure stages that vectors of the vendor's own code pin, and what signs a request with them.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote

from include.models import Account
from include.vendors.request import HttpRequest

ALGORITHM: Final = "ACS3-HMAC-SHA256"
DATE_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
# What the HTTP library or a proxy may still change; the vendor's own client signs all the rest.
UNSIGNED: Final = frozenset({"authorization", "accept-encoding", "connection", "content-length"})


def canonical_request(
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    body_hash: str,
) -> str:
    """Stage 1: what is signed of a request.

    *query* holds decoded pairs, *headers* the signed headers under lower-case names, *body_hash*
    is the lower-case hex SHA-256 of the body's bytes.
    """
    return "\n".join(
        [
            method.upper(),
            path,
            "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(query)),
            *(f"{name}:{headers[name].strip()}" for name in sorted(headers)),
            "",
            ";".join(sorted(headers)),
            body_hash,
        ]
    )


def string_to_sign(canonical: str) -> str:
    """Stage 2."""
    return f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def signature(secret_key: str, text: str) -> str:
    """Stage 3."""
    return hmac.digest(secret_key.encode(), text.encode(), "sha256").hex()


def authorization(access_key: str, signed: Iterable[str], signed_with: str) -> str:
    """The value of the header ``Authorization``; *signed* are the names of the signed headers."""
    names = ";".join(sorted(signed))
    return f"{ALGORITHM} Credential={access_key},SignedHeaders={names},Signature={signed_with}"


def _encode(text: str) -> str:
    return quote(text, safe="~")


class AlibabaSigner:
    """ACS3-HMAC-SHA256 (spec.md, section 8.1), over the very bytes that go out."""

    def __init__(
        self,
        account: Account,
        now: Callable[[], datetime],
        nonce: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._account, self._now, self._nonce = account, now, nonce

    def __call__(self, request: HttpRequest) -> None:
        """Date *request*, make it unique and sign it."""
        headers, body_hash = request.headers, hashlib.sha256(request.body).hexdigest()
        headers["Host"] = request.host
        headers["x-acs-date"] = self._now().astimezone(UTC).strftime(DATE_FORMAT)
        headers["x-acs-signature-nonce"] = self._nonce()
        headers["x-acs-content-sha256"] = body_hash
        signed = {name.lower(): value for name, value in headers.items()}
        signed = {name: value for name, value in signed.items() if name not in UNSIGNED}
        query = parse_qsl(request.query, keep_blank_values=True)
        canonical = canonical_request(request.method, request.path, query, signed, body_hash)
        seal = signature(self._account.secret_key, string_to_sign(canonical))
        headers["Authorization"] = authorization(self._account.access_key, signed, seal)
