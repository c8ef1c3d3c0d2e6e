"""What the wire files, the faults and the server say to one another."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias
from urllib.parse import parse_qsl

from include.sandbox.vendors.cases import Case, Tenant
from include.sandbox.vendors.store import Store

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came: *path* and *query* are raw, names of *headers* in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def pairs(self) -> list[tuple[str, str]]:
        """The decoded query, in the order received; a plus is a blank."""
        return parse_qsl(self.query, keep_blank_values=True)


@dataclass(slots=True)
class Call:
    """What a request asks for. Nothing of it is proven before ``authenticate``."""

    vendor: str
    request: Request
    action: str
    params: Mapping[str, Json]
    access_key: str
    signature: str = ""
    page: int | None = None
    ticket_id: str | None = None
    switches: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Names and parameters of the faults that are on for this call."""


@dataclass(slots=True)
class Seen:
    """A request that reached a vendor; *status* is that of the answer."""

    vendor: str
    access_key: str
    action: str
    page: int | None
    ticket_id: str | None
    signature: str
    status: int = 0


class Line(Protocol):
    """An open connection, for an answer that does not go out whole."""

    connection: socket.socket

    def send(self, data: bytes) -> None:
        """Send bytes now."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond the server's end."""
        ...

    def end(self) -> None:
        """End the connection after this answer, without a word."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and how it goes out: whole, unless *deliver* does something worse."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    deliver: Callable[[Reply, Line], None] | None = None
    skew: float = 0
    """Seconds that the header ``Date`` is ahead of the real clock."""

    def raw(self, *, length: int | None = None, close: bool = False) -> bytes:
        """Head and body; *length* is what the head announces, -1: nothing."""
        lines = [
            f"HTTP/1.1 {self.status} {_phrase(self.status)}",
            f"Date: {formatdate(time.time() + self.skew, usegmt=True)}",
            f"Content-Type: {self.content_type}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        if length != -1:
            lines.append(f"Content-Length: {len(self.body) if length is None else length}")
        if close:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


class RefusedError(Exception):
    """The vendor refuses; ``Wire.refuse`` puts it into the vendor's form."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


class UnknownCaseError(Exception):
    """The account sees no such ticket."""


class Gate:
    """The accounts of one vendor by access key, and the nonces it has seen."""

    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self._tenants = {tenant.access_key: tenant for tenant in tenants}
        self._nonces: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def tenant(self, access_key: str) -> Tenant | None:
        """Who uses this key."""
        return self._tenants.get(access_key)

    def change(self, tenant: Tenant) -> None:
        """An account has another secret from now on."""
        self._tenants[tenant.access_key] = tenant

    def is_fresh(self, access_key: str, nonce: str, seconds: float) -> bool:
        """Whether the nonce was not seen within *seconds*; remembers it."""
        now = time.monotonic()
        with self._lock:
            while self._nonces and next(iter(self._nonces.values())) < now - seconds:
                self._nonces.popitem(last=False)
            if (access_key, nonce) in self._nonces:
                return False
            self._nonces[access_key, nonce] = now
            return True


class Wire(Protocol):
    """One vendor's API: what a module like ``include/sandbox/vendors/alibaba/api.py`` offers."""

    @property
    def LISTS(self) -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...] | None]]:  # noqa: N802
        """Where an action's answer holds its rows, and where their total."""
        ...

    @property
    def DETAILS(self) -> Mapping[str, tuple[str, ...]]:  # noqa: N802
        """Where an action's answer holds the one ticket it tells about."""
        ...

    @property
    def TICKETS(self) -> str:  # noqa: N802
        """The action that lists tickets."""
        ...

    @property
    def TICKET_ID(self) -> str:  # noqa: N802
        """The field of a listed ticket that holds its id."""
        ...

    @property
    def PAGE_SIZE(self) -> str:  # noqa: N802
        """The parameter that asks for a number of tickets a page."""
        ...

    def read(self, request: Request) -> Call:
        """What a request asks for. Raises RefusedError when that cannot be told."""
        ...

    def authenticate(self, call: Call, gate: Gate, now: float) -> Tenant:
        """Who asks, proven; *now* in seconds since 1970. Raises RefusedError."""
        ...

    def answer(self, call: Call, tenant: Tenant, store: Store) -> Reply:
        """The answer. Raises RefusedError or UnknownCaseError."""
        ...

    def refuse(self, call: Call, status: int, code: str, message: str) -> Reply:
        """An error in the vendor's form."""
        ...

    def throttled(self, call: Call, hint: float | None, status: int | None) -> Reply:
        """Too many calls; *hint* in seconds, told in the vendor's way."""
        ...

    @property
    def NOT_FOUND(self) -> tuple[int, str, str]:  # noqa: N802
        """Status, code and message about a ticket the vendor does not know."""
        ...

    def unavailable(self, call: Call, status: int) -> Reply:
        """A fault on the vendor's side."""
        ...


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may use: the call, its parameters, and ``serve()``, the honest answer."""

    call: Call
    given: Mapping[str, Json]
    serve: Callable[[], Reply]
    wire: Wire
    store: Store
    tenant_index: int


def dump(value: Json) -> bytes:
    """Raw UTF-8 JSON; half a surrogate pair goes out as the bytes that some systems make of it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def new_id() -> str:
    """A request id."""
    return str(uuid.uuid4())


def newest_first(call: Call, rows: list[Case]) -> list[Case]:
    """The order of a list, of which *rows* is the reverse; any order when a switch asks for it."""
    if "any_order" in call.switches:
        return random.sample(rows, len(rows))
    return rows[::-1]


def page_of(rows: Sequence[Any], number: int, size: int) -> Sequence[Any]:
    """The page *number*, from 1."""
    return rows[(number - 1) * size : number * size]


def the_case(call: Call, tenant: Tenant, store: Store) -> Case:
    """The ticket a call is about. Raises UnknownCaseError, also for another account's."""
    case = store.visible(tenant, call.ticket_id or "")
    if case is None:
        raise UnknownCaseError
    return case
