"""SDK-HMAC-SHA256, the signature of Huawei Cloud (spec.md, section 3).

Three pure stages that vectors of the vendor's own code pin, and what signs a request with them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from include.models import Account
from include.vendors.request import HttpRequest

ALGORITHM: Final = "SDK-HMAC-SHA256"
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"


def canonical_query(query: Iterable[tuple[str, str]]) -> str:
    """The query string that is signed and sent: sorted pairs, a space as ``%20``."""
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(query))


def canonical_request(
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    signed: Iterable[str],
    body_hash: str,
) -> str:
    """Stage 1: what is signed of a request; *signed* names the headers that count.

    *path* is percent-encoded, as on the wire; the slash at its end exists in the signature only.
    """
    segments = (_encode(segment) for segment in unquote(path).split("/"))
    values = {name.lower(): value for name, value in headers.items()}
    names = sorted(name.lower() for name in signed)
    return "\n".join(
        [
            method.upper(),
            "/".join(segments).removesuffix("/") + "/",
            canonical_query(query),
            *(f"{name}:{values[name].strip()}" for name in names),
            "",
            ";".join(names),
            body_hash,
        ]
    )


def string_to_sign(canonical: str, moment: str) -> str:
    """Stage 2: *moment* is the text of the header ``X-Sdk-Date``."""
    return f"{ALGORITHM}\n{moment}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def signature(secret_key: str, text: str) -> str:
    """Stage 3."""
    return hmac.digest(secret_key.encode(), text.encode(), "sha256").hex()


def authorization(access_key: str, signed: Iterable[str], signed_with: str) -> str:
    """The value of the header ``Authorization``."""
    names = ";".join(sorted(name.lower() for name in signed))
    return f"{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signed_with}"


def _encode(text: str) -> str:
    return quote(text, safe="~")


class HuaweiSigner:
    """SDK-HMAC-SHA256 (spec.md, section 3), over the very bytes that go out."""

    def __init__(self, account: Account, now: Callable[[], datetime]) -> None:
        self._account, self._now = account, now

    def __call__(self, request: HttpRequest) -> None:
        """Sign *request* and put its query into the form that was signed."""
        headers, query = request.headers, parse_qsl(request.query, keep_blank_values=True)
        request.query = canonical_query(query)
        moment = self._now().astimezone(UTC).strftime(DATE_FORMAT)
        headers["X-Sdk-Date"] = moment
        headers["Host"] = request.host
        signed = [name for name in headers if _is_signed(name.lower())]
        canonical = canonical_request(
            request.method,
            request.path,
            query,
            headers,
            signed,
            hashlib.sha256(request.body).hexdigest(),
        )
        seal = signature(self._account.secret_key, string_to_sign(canonical, moment))
        headers["Authorization"] = authorization(self._account.access_key, signed, seal)


def _is_signed(name: str) -> bool:
    # The vendor's own signer leaves out names with an underscore; a gateway may drop such headers.
    return name in ("host", "content-type") or (name.startswith("x-") and "_" not in name)


# Section 1: one service a site, wherever the customer's resources are.
