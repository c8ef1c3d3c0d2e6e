"""One request to a vendor: what is signed, and what goes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(slots=True)
class HttpRequest:
    """Complete but for its signature. Each name of a header has one spelling, whoever sets it."""

    method: str
    host: str
    """Name, and port where it is not the usual one, as the header ``Host`` has them."""
    path: str
    """Percent-encoded, as on the wire."""
    query: str
    """Encoded, without the question mark; a signer may put it into the form that it signed."""
    headers: dict[str, str]
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path


Sign: TypeAlias = Callable[[HttpRequest], None]
"""Dates and signs a request, by headers that it sets, over the very bytes that go out."""
