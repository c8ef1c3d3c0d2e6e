"""TC3-HMAC-SHA256, the signature of Tencent Cloud (spec.md, section 3).

Three pure stages that vectors of the vendor's own code pin, and what signs a request with them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from include.models import Account
from include.vendors.request import HttpRequest

ALGORITHM: Final = "TC3-HMAC-SHA256"
SERVICE: Final = "tandon"
DAY_SECONDS: Final = 86_400
SIGNED_HEADERS: Final = ("content-type", "host", "x-tc-action")


def canonical_request(
    method: str, query: str, headers: Mapping[str, str], signed: Iterable[str], body_hash: str
) -> str:
    """Stage 1: what is signed of a request; *signed* names the headers that count.

    The path is always ``/``; *query* is empty for a POST.
    """
    values = {name.lower(): value for name, value in headers.items()}
    names = sorted(name.lower() for name in signed)
    return "\n".join(
        [
            method.upper(),
            "/",
            query,
            *(f"{name}:{values[name].strip().lower()}" for name in names),
            "",
            ";".join(names),
            body_hash,
        ]
    )


def scope(timestamp: int, service: str = SERVICE) -> str:
    """The credential scope; its date is the one in UTC."""
    return f"{_date(timestamp // DAY_SECONDS)}/{service}/tc3_request"


def string_to_sign(canonical: str, timestamp: int, service: str = SERVICE) -> str:
    """Stage 2: *timestamp* is the number in the header ``X-TC-Timestamp``."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{timestamp}\n{scope(timestamp, service)}\n{digest}"


def signature(secret_key: str, text: str, timestamp: int, service: str = SERVICE) -> str:
    """Stage 3: a key made for the day and the service signs *text*."""
    key = _key(secret_key, scope(timestamp, service))
    return hmac.digest(key, text.encode(), "sha256").hex()


def authorization(
    access_key: str,
    signed: Iterable[str],
    signed_with: str,
    timestamp: int,
    service: str = SERVICE,
) -> str:
    """The value of the header ``Authorization``."""
    names = ";".join(sorted(name.lower() for name in signed))
    credential = f"{access_key}/{scope(timestamp, service)}"
    return f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signed_with}"


@lru_cache(maxsize=4)
def _date(day: int) -> str:
    """The date of a day, counted from 1970, in UTC."""
    return f"{datetime.fromtimestamp(day * DAY_SECONDS, UTC):%Y-%m-%d}"


@lru_cache(maxsize=16)
def _key(secret_key: str, of: str) -> bytes:
    """The key for a credential scope: the same all day."""
    key = f"TC3{secret_key}".encode()
    for part in of.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class TencentSigner:
    """TC3-HMAC-SHA256 (spec.md, section 3), over the very bytes that go out."""

    def __init__(
        self, account: Account, now: Callable[[], datetime], service: str = SERVICE
    ) -> None:
        self._account, self._now, self._service = account, now, service

    def __call__(self, request: HttpRequest) -> None:
        """Sign *request*, its action included."""
        headers, service = request.headers, self._service
        timestamp = int(self._now().timestamp())
        headers["X-TC-Timestamp"] = str(timestamp)
        headers["Host"] = request.host
        canonical = canonical_request(
            request.method,
            request.query,
            headers,
            SIGNED_HEADERS,
            hashlib.sha256(request.body).hexdigest(),
        )
        text = string_to_sign(canonical, timestamp, service)
        seal = signature(self._account.secret_key, text, timestamp, service)
        headers["Authorization"] = authorization(
            self._account.access_key, SIGNED_HEADERS, seal, timestamp, service
        )
