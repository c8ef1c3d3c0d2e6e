"""One API call: wait for our turn, sign, send, read within bounds, classify, try again.

Every attempt is prepared, timed and signed anew: a vendor refuses a repeated nonce or an old date,
so no lower layer may repeat a request (faults.md W19).
"""

from __future__ import annotations

import contextlib
import email.utils
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from include.errors import (
    AuthError,
    ContractError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    VendorError,
)
from include.models import Account
from include.vendors.fields import Json, Record, kind

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
CALL_SECONDS: Final = 60.0
"""Network time of a whole call, all attempts together; a read timeout never fires on a trickle."""
BODY_BYTES: Final = 32 * 2**20
ATTEMPTS: Final = 5
HINT_SECONDS: Final = 120.0  # the longest wait a vendor may ask of us
CHUNK_BYTES: Final = 64 * 2**10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a vendor's answer means; ``error`` is None for a success."""

    error: type[VendorError] | None = None
    code: str = ""
    message: str = ""
    request_id: str = ""
    retry_after: float | None = None


Classify = Callable[[int, Mapping[str, str], Mapping[str, Json]], Verdict]
"""``classify(http status, headers, body)``: how the vendor reads a JSON object it answered."""


def error_class(table: Mapping[str, type[VendorError]], code: str) -> type[VendorError]:
    """The class of the longest prefix of *code* in *table*; unknown codes are not tried again."""
    found = max((prefix for prefix in table if code.startswith(prefix)), key=len, default=None)
    return RejectedError if found is None else table[found]


class RateLimit:
    """Spaces out the calls of one account; slows down when refused, recovers when not."""

    def __init__(
        self,
        per_second: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.highest = self.rate = per_second
        self.lowest = min(0.2, per_second)
        self._monotonic, self._sleep = monotonic, sleep
        self._lock = threading.Lock()
        self._next = self._slowed = float("-inf")

    def wait(self) -> None:
        """Sleep until this call's turn."""
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._next)
            self._next = turn + 1 / self.rate
        if turn > now:
            self._sleep(turn - now)

    def refused(self, seconds: float | None) -> None:
        """Halve the rate, once for a burst of refusals, and hold all calls for *seconds*."""
        with self._lock:
            now = self._monotonic()
            if now >= self._slowed + 1:
                self.rate = max(self.lowest, self.rate / 2)
                self._slowed = now
            self._next = max(self._next, now + (seconds or 0))

    def accepted(self) -> None:
        """Recover a fiftieth of the full rate."""
        with self._lock:
            self.rate = min(self.highest, self.rate + self.highest / 50)


class ApiSession:
    """The calls of one account to one host. Safe for several threads."""

    def __init__(
        self,
        account: Account,
        base_url: str,
        auth: AuthBase,
        classify: Classify,
        rate: RateLimit,
        *,
        proxy: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.account, self.base_url, self.calls = account, base_url.rstrip("/"), 0
        self._auth, self._classify, self._rate = auth, classify, rate
        self._counting = threading.Lock()
        self._session = requests.Session()
        # Neither proxies nor .netrc of whoever runs us: only what was configured on purpose.
        self._session.trust_env = False
        self._session.proxies = {"https": proxy, "http": proxy} if proxy else {}
        self._session.mount("http://", _Adapter(pool_maxsize=16))
        self._session.mount("https://", _Adapter(pool_maxsize=16))
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_worth_another_try),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_wait,
            sleep=sleep,
            reraise=True,
        )

    def call(
        self,
        action: str,
        method: str,
        path: str = "/",
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        payload: Mapping[str, Json] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Record:
        """Send one request (query *params*, a *form* or a JSON *payload*) and return the answer.

        Raises the subclass of VendorError that says who must act.
        """
        request = requests.Request(
            method, self.base_url + path, params=dict(params or {}), headers=dict(headers or {})
        )
        if form is not None:
            request.data = dict(form)
        elif payload is not None:
            request.data = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        spent = [0.0]
        try:
            return self._retrying.copy()(self._attempt, action, request, spent)
        except _BrokenBodyError as error:
            raise ContractError(str(error.args[0]), **_where(error)) from error

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _attempt(self, action: str, request: requests.Request, spent: list[float]) -> Record:
        left = max(CALL_SECONDS - spent[0], 0.001)
        where = {"vendor": self.account.vendor, "action": action}
        too_slow = _TooSlowError(f"no complete answer within {CALL_SECONDS:.0f} s", **where)
        self._rate.wait()
        prepared = self._session.prepare_request(request)
        prepared.prepare_auth(self._auth)
        with self._counting:
            self.calls += 1
        started = time.monotonic()
        timeout = (min(CONNECT_SECONDS, left), min(READ_SECONDS, left))
        deadline = _Deadline(left)
        try:
            with (
                deadline,
                self._session.send(
                    prepared, stream=True, allow_redirects=False, timeout=timeout
                ) as response,
            ):
                body = _read(response, where)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if deadline.passed:
                raise too_slow from None
            raise UnavailableError(self._scrub(_reason(error)), **where) from None
        finally:
            spent[0] += time.monotonic() - started
        if deadline.passed:  # cut off by us, a body without a stated length looks whole
            raise too_slow
        return self._judge(action, response, body)

    def _judge(self, action: str, response: requests.Response, body: bytes) -> Record:
        status, where = response.status_code, {"vendor": self.account.vendor, "action": action}
        if 300 <= status < 400:
            raise ContractError(f"HTTP {status}: a redirect, which we never follow", **where)
        try:
            value = _parse(response, body, where)
        except _BrokenBodyError:
            if status == 200:
                raise
            value = None
        verdict = Verdict()
        if isinstance(value, dict):
            verdict = self._classify(status, response.headers, value)
            where["request_id"] = self._scrub(verdict.request_id)
        error = verdict.error
        if error is None and status != 200:
            error = (
                RateLimitError
                if status == 429
                else UnavailableError
                if status >= 500 or status == 408
                else RejectedError
            )
        if error is None:
            if not isinstance(value, dict):
                raise _BrokenBodyError(f"the answer is {kind(value)}, not an object", **where)
            self._rate.accepted()
            return Record(value, self.account.vendor, action, verdict.request_id)
        where["code"] = self._scrub(verdict.code) or f"HTTP {status}"
        message = self._scrub(verdict.message) or "refused without a reason"
        if issubclass(error, RateLimitError):
            hint = _seconds(verdict.retry_after, response.headers)
            self._rate.refused(hint)
            raise RateLimitError(message, retry_after=hint, **where)
        if issubclass(error, AuthError):
            message += _skew(response.headers)
        raise error(message, **where)

    def _scrub(self, text: str) -> str:
        """A vendor's text without keys, signatures, control characters, or great length."""
        for secret in (self.account.secret_key, self.account.access_key):
            if secret:
                text = text.replace(secret, "***")
        return _quiet(text)


class _BrokenBodyError(UnavailableError):
    """An answer of full length that cannot be read: worth another try, then a broken contract."""


class _TooSlowError(UnavailableError):
    """The call used up its time."""


class _Adapter(HTTPAdapter):
    """Opens connections that a deadline can shut down."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _WatchedPool,
            "https": _WatchedSecurePool,
        }


def _is_worth_another_try(error: BaseException) -> bool:
    """Whether waiting may help; not when the call has used up its time."""
    return isinstance(error, RateLimitError | UnavailableError) and not isinstance(
        error, _TooSlowError
    )


def _quiet(text: str) -> str:
    """Foreign text made fit for a log: one line, no signature, no great length."""
    text = "".join(char if char.isprintable() else " " for char in text)
    return re.sub(r"[0-9A-Za-z+/=_-]{28,}", "***", text)[:300].strip()


def _where(error: VendorError) -> dict[str, str]:
    return {
        "vendor": error.vendor,
        "action": error.action,
        "code": error.code,
        "request_id": error.request_id,
    }


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds before the next attempt: the vendor's hint, or a growing random time."""
    error = state.outcome.exception() if state.outcome else None
    slow = isinstance(error, RateLimitError)
    grown = tenacity.wait_random_exponential(
        multiplier=1.0 if slow else 0.5, max=60 if slow else 10
    )
    return max(grown(state), getattr(error, "retry_after", None) or 0.0)


def _seconds(hint: float | None, headers: Mapping[str, str]) -> float | None:
    """The wait that was asked for: the vendor's hint, else Retry-After, seconds or a date."""
    if hint is None:
        value = headers.get("Retry-After", "")
        if value.strip().isdigit():
            hint = float(value)
        elif value:
            try:
                hint = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
            except ValueError:
                return None
    return None if hint is None else min(max(hint, 0.0), HINT_SECONDS)


def _skew(headers: Mapping[str, str]) -> str:
    """What to add to a refused signature when our clock and the vendor's differ."""
    try:
        theirs = email.utils.parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except ValueError:
        return ""
    skew = time.time() - theirs
    if abs(skew) < 60:
        return ""
    side = "ahead of" if skew > 0 else "behind"
    return f"; this machine's clock is {abs(skew):.0f} s {side} the vendor's: set it right"


def _reason(error: BaseException) -> str:
    """Why a request failed, in the words of the innermost cause."""
    while inner := getattr(error, "reason", None) or error.__cause__ or error.__context__:
        if not isinstance(inner, BaseException):
            break
        error = inner
    return f"{type(error).__name__}: {error}"


def _read(response: requests.Response, where: Mapping[str, str]) -> bytes:
    """The body, decompressed, up to the limit."""
    body = bytearray()
    for chunk in response.iter_content(CHUNK_BYTES):
        body += chunk
        if len(body) > BODY_BYTES:
            raise ContractError(f"the answer is larger than {BODY_BYTES >> 20} MiB", **where)
    return bytes(body)


def _parse(response: requests.Response, body: bytes, where: dict[str, str]) -> Json:
    """The JSON value of a body; a broken one of the announced length is the vendor's doing."""
    said = response.headers.get("Content-Type", "no content type")
    declared = re.search(r"charset=([\w-]+)", said, re.IGNORECASE)
    whole = "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
    try:
        text = body.decode(declared[1] if declared else "utf-8")
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant)
    except (UnicodeDecodeError, LookupError):
        raise _BrokenBodyError("the answer is not in its stated charset", **where) from None
    except (ValueError, RecursionError):
        seen = _quiet(body[:80].decode("ascii", "replace"))
        if seen.startswith(("{", "[")):
            seen = "cut or damaged JSON"  # its beginning may be a customer's text
        broken = _BrokenBodyError if whole else UnavailableError
        raise broken(f"the answer is not JSON ({said}): {seen}", **where) from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


class _Deadline:
    """Shuts the connection in use down when the time is over, wherever the reader waits."""

    _current = threading.local()

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        _Deadline._current.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._timer.cancel()
        _Deadline._current.deadline = None

    def _expire(self) -> None:
        self.passed = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own method, which takes its state away from the reader.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    @classmethod
    def watch(cls, sock: Any) -> None:
        """Put *sock* under the deadline of this thread's call."""
        deadline = getattr(cls._current, "deadline", None)
        if deadline is not None:
            deadline._socket = sock


class _WatchedConnection(HTTPConnection):
    def getresponse(self) -> Any:
        _Deadline.watch(self.sock)
        return super().getresponse()


class _WatchedSecureConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        _Deadline.watch(self.sock)
        return super().getresponse()


class _WatchedPool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _WatchedSecureConnection
