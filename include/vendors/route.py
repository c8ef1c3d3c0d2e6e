"""The way of a call to its vendor, through a proxy or not, and what broke it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from urllib3.exceptions import ReadTimeoutError

from include.hosts import barrier_of
from include.vendors.deadline import describe_way

TUNNEL: Final = "Tunnel connection failed: "


@dataclass(frozen=True, slots=True)
class Broken:
    """Why no answer came, and what to do, where it is more than to test the way to the host."""

    cause: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """From here to *base_url* of a *vendor*; *proxy* is a URL, empty: none. Shows no password."""

    vendor: str
    base_url: str
    proxy: str = ""

    def explain(
        self, error: BaseException, *, seconds: float, scrub: Callable[[str], str]
    ) -> Broken:
        """What broke a call, by its innermost cause; a connection was waited for so long.

        *scrub* makes foreign text fit for a log.
        """
        chain = list(_causes(error))
        error = chain[-1]
        vendor = describe_way(self.base_url)
        where = describe_way(self.base_url, self.proxy)
        if isinstance(error, ssl.SSLCertVerificationError):
            return Broken(
                f"{where}: its certificate is not believed ({scrub(error.verify_message)})",
                f"is it TLS inspection? Have {vendor} excepted from it; `curl -v {self._known}`"
                " shows who signed",
            )
        if TUNNEL in str(error):
            said = scrub(str(error).partition(TUNNEL)[2])
            return self._explain_tunnel(where, vendor, said)
        if any(isinstance(one, ReadTimeoutError) for one in chain):
            return Broken(f"{where}: there, but no answer came in time")
        if (barrier := barrier_of(error)) is None:
            return Broken(f"{where}: {type(error).__name__}: {scrub(str(error))}")
        return Broken(f"{where}: {barrier.value.format(seconds=seconds)}")

    @property
    def step_for_a_page(self) -> str:
        """What to try where a web page or a redirect came instead of an answer."""
        return (
            f"`curl -v {self._known}` shows it: a log-in page in between? Or is that address, of a"
            f" setting {self.vendor.upper()}_…_URL, not the vendor's?"
        )

    @property
    def _known(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @staticmethod
    def _explain_tunnel(where: str, vendor: str, said: str) -> Broken:
        cause = f"{where}: the proxy says {said[:80]}"
        if said.startswith("407"):
            return Broken(cause, "VENDOR_PROXY=http://user:password@host:port tells it who we are")
        return Broken(cause, f"have it let {vendor} through")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and all that it was raised because of, to the innermost."""
    yield error
    while inner := getattr(error, "reason", None) or error.__cause__ or error.__context__:
        if not isinstance(inner, BaseException):
            break
        yield inner
        error = inner
