"""One API call: wait for our turn, sign, send, read within bounds, classify, try again.

Every attempt is prepared, timed and signed anew: a vendor refuses a repeated nonce or an old date,
so no lower layer may repeat a request.
"""

from __future__ import annotations

import codecs
import contextlib
import functools
import json
import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import tenacity
from urllib3.exceptions import HTTPError

from include.errors import (
    AuthError,
    ContractError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    VendorError,
)
from include.models import Account
from include.vendors.answers import HttpAnswer, mend_halves
from include.vendors.deadline import Deadline
from include.vendors.fields import Json, Record, kind
from include.vendors.headers import find_skew, hint_at_clock, seconds_asked
from include.vendors.rate import RateLimit, note_refused
from include.vendors.request import HttpRequest, Sign
from include.vendors.route import Route
from include.vendors.transport import HEADERS, Transport

log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
CALL_SECONDS: Final = 60.0
"""Network time of a whole call, all attempts together; a read timeout never fires on a trickle."""
ATTEMPTS: Final = 5
WAIT_SECONDS: Final = 120.0
"""The longest that one call waits between its attempts, all waits together."""
LONG_WAIT_SECONDS: Final = 5.0
WARNINGS: Final = 20
"""Different ones of a vendor that a process tells, each once."""

CODE: Final = re.compile(r"[A-Za-z]{1,40}(\.[0-9A-Za-z]{1,40}){0,3}")
SITE: Final = re.compile(r"https?://[^/?#\s]{1,100}")
REQUEST_ID: Final = re.compile(r"[0-9A-Za-z._:-]{1,48}")
# Two vendors answer a wrong signature with the text they signed; a signature is a long token.
SIGNED_TEXT: Final = re.compile(
    r"(string[\s_]*to[\s_]*sign|canonical[\s_]*(?:request|string)).*", re.IGNORECASE
)
LONG_TOKEN: Final = re.compile(r"[0-9A-Za-z+/=_-]{28,}")


@dataclass(frozen=True, slots=True)
class Classified:
    """What a vendor's answer means; ``error`` is None for a success."""

    error: type[VendorError] | None = None
    code: str = ""
    message: str = ""
    request_id: str = ""
    retry_after: float | None = None


_told: defaultdict[str, set[str]] = defaultdict(set)
_telling = threading.Lock()


def forget_warnings() -> None:
    """Let all warnings be told once more, as in a new process."""
    _told.clear()


Classify = Callable[[int, Mapping[str, str], Mapping[str, Json]], Classified]
"""``classify(http status, headers, body)``: how the vendor reads a JSON object it answered."""


def error_class(table: Mapping[str, type[VendorError]], code: str) -> type[VendorError]:
    """The class of the longest prefix of *code* in *table*; unknown codes are not tried again."""
    found = max((prefix for prefix in table if code.startswith(prefix)), key=len, default=None)
    return RejectedError if found is None else table[found]


class ApiSession:
    """The calls of one account to one host. Safe for several threads."""

    def __init__(
        self,
        account: Account,
        base_url: str,
        sign: Sign,
        classify: Classify,
        rate: RateLimit,
        *,
        proxy: str = "",
        attempts: int = ATTEMPTS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = Transport(base_url, proxy)
        self.account, self.calls = account, 0
        self._sign, self._classify, self._rate, self._now = sign, classify, rate, now
        self._counting = threading.Lock()
        self._route = Route(account.vendor, self._transport.base_url, proxy)
        self._newest: tuple[Mapping[str, str], datetime] = {}, now()
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_worth_another_try),
            stop=functools.partial(_is_the_last, attempts),
            wait=_wait,
            sleep=sleep,
            before_sleep=self._tell_wait,
            reraise=True,
        )

    @property
    def clock_skew(self) -> float | None:
        """Seconds that we are ahead of the vendor by its newest answer; None: it did not tell."""
        return find_skew(*self._newest)

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

        *path* is percent-encoded and follows that of the base URL.
        Raises the subclass of VendorError that says who must act.
        """
        request = HttpRequest(
            method,
            self._transport.host,
            self._transport.path + path,
            urlencode(params or {}),
            {**HEADERS, **(headers or {})},
        )
        if form:
            request.headers["Content-Type"] = "application/x-www-form-urlencoded"
            request.body = urlencode(form).encode()
        elif payload is not None:
            request.body = msgspec.json.encode(payload)
        spent = [0.0]
        try:
            return self._try(action, request, spent)
        except _BrokenBodyError as error:
            raise ContractError(str(error.args[0]), **_where(error)) from error
        except _TooSlowError as error:  # to the ledger it is what everybody knows
            raise UnavailableError(str(error.args[0]), **_where(error)) from None

    def _try(self, action: str, request: HttpRequest, spent: list[float]) -> Record:
        """Try, and try again as far as it is worth it."""
        try:
            return self._attempt(action, request, spent)
        except VendorError as error:
            if not _is_worth_another_try(error):
                raise
            first: VendorError | None = error

        def attempt() -> Record:
            nonlocal first
            if error := first:  # the library costs as much as a call: it hears of failures alone
                first = None
                raise error
            return self._attempt(action, request, spent)

        return self._retrying.copy()(attempt)

    def warn_once(self, message: str) -> None:
        """Log what a vendor said that nobody has listed: once a process, whatever the account.

        A task has a process of its own, and up to 500 accounts, to all of which a vendor says it.
        """
        with _telling:
            told = _told[self.account.vendor]
            if message in told or len(told) >= WARNINGS:
                return
            told.add(message)
        first = f"{message[:200]} (account {self.account.account_id}; of others it is not repeated)"
        log.warning("%s: %s", self.account.vendor, first)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _tell_wait(self, state: tenacity.RetryCallState) -> None:
        """Log a wait that somebody who reads the log would wonder about."""
        who, seconds = self.account.account_id, state.upcoming_sleep
        if seconds >= LONG_WAIT_SECONDS and state.outcome:
            log.warning("account=%s waits %.0f s: %s", who, seconds, state.outcome.exception())

    def _attempt(self, action: str, request: HttpRequest, spent: list[float]) -> Record:
        left = CALL_SECONDS - spent[0]
        where = {"vendor": self.account.vendor, "action": action}
        too_slow = _TooSlowError(f"no complete answer within {CALL_SECONDS:g} s", **where)
        if left <= 0:
            raise too_slow
        if not self._rate.wait(WAIT_SECONDS):
            # Told as a wait that is too long, so that it is not tried again.
            raise RateLimitError(
                f"other calls of the account keep it waiting for more than {WAIT_SECONDS:g} s",
                retry_after=2 * WAIT_SECONDS,
                **where,
            )
        signed = replace(request, headers=request.headers.copy())
        self._sign(signed)
        with self._counting:
            self.calls += 1
        started = time.monotonic()
        connect_seconds = min(CONNECT_SECONDS, left)
        deadline = Deadline(left)
        try:
            with deadline:
                answer = self._transport.send(
                    signed,
                    where,
                    connect_seconds=connect_seconds,
                    read_seconds=min(READ_SECONDS, left),
                )
        except (HTTPError, OSError) as error:
            if deadline.passed:
                raise too_slow from None
            broken = self._route.explain(error, seconds=connect_seconds, scrub=self._scrub)
            raise UnavailableError(broken.cause, **where, step=broken.step) from None
        finally:
            spent[0] += time.monotonic() - started
        if deadline.passed:  # cut off by us, a body without a stated length looks whole
            raise too_slow
        return self._judge(action, answer)

    def _judge(self, action: str, answer: HttpAnswer) -> Record:
        status, where = answer.status, {"vendor": self.account.vendor, "action": action}
        self._newest = answer.headers, self._now()
        if 300 <= status < 400:
            site = SITE.match(answer.headers.get("Location", ""))
            where_to = f" to {self._scrub(site[0])}" if site else ""
            cause = f"HTTP {status}: a redirect{where_to}, which we never follow"
            raise ContractError(cause, **where, step=self._route.step_for_a_page)
        try:
            value = self._parse(answer, where)
        except UnavailableError:
            if status == 200:
                raise
            value = None  # a gateway's page: the status says enough
        verdict = Classified()
        if isinstance(value, dict):
            verdict = self._classify(status, answer.headers, value)
            where["request_id"] = self._scrub(verdict.request_id, REQUEST_ID)
        error = verdict.error
        if status != 200 and error in (None, RejectedError):
            error = _by_status(status)  # a code nobody knows does not make a 503 final
        if error is None:
            if not isinstance(value, dict):
                raise _BrokenBodyError(f"the answer is {kind(value)}, not an object", **where)
            self._rate.accepted()
            return Record(value, self.account.vendor, action, where.get("request_id", ""))
        where["code"] = self._scrub(verdict.code, CODE) or f"HTTP {status}"
        if value is None and error is RejectedError:
            where["step"] = self._route.step_for_a_page
        message = self._scrub(verdict.message) or "refused without a reason"
        if issubclass(error, RateLimitError):
            hint = seconds_asked(verdict.retry_after, answer.headers, self._now())
            if hint:
                message += f"; the vendor asks for a rest of {hint:g} s"
            note_refused(self.account.vendor)
            # For a longer rest than we wait, nobody is held: each call ends, and says so.
            self._rate.refused(hint if hint is not None and hint <= WAIT_SECONDS else None)
            raise RateLimitError(message, retry_after=hint, **where)
        if issubclass(error, AuthError):
            message += hint_at_clock(self.clock_skew)
        raise error(message, **where)

    def _parse(self, answer: HttpAnswer, where: Mapping[str, str]) -> Json:
        """The JSON value of a body; a broken one of the announced length is the vendor's doing."""
        body, said = answer.body, answer.headers.get("Content-Type", "no content type")
        declared = re.search(r"""charset\s*=\s*["']?([\w.-]+)""", said, re.IGNORECASE)
        charset = declared[1] if declared else "utf-8"
        whole = "Content-Length" in answer.headers or "Transfer-Encoding" in answer.headers
        try:
            is_utf8 = codecs.lookup(charset).name == "utf-8"
            if is_utf8:
                # Without a text of the whole, which one emoji makes four times as large. What this
                # parser refuses, half a surrogate pair for one, may be the matter of one field.
                with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                    return msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8))
            # Half a surrogate pair, as bytes or as an escape, costs that character alone.
            text = body.decode(charset, "surrogatepass" if is_utf8 else "strict")
            value = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant)
            value, halves = mend_halves(value)
        except (UnicodeError, LookupError):
            raise _BrokenBodyError("the answer is not in its stated charset", **where) from None
        except (ValueError, RecursionError):
            seen = self._scrub(body[:80].decode("ascii", "replace"))
            if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[", b'"')):
                seen = "cut or damaged JSON"  # its beginning may be a customer's text
            broken, what, step = _BrokenBodyError if whole else UnavailableError, "not JSON", ""
            said = self._scrub(said)
            if "html" in said or seen.startswith("<"):
                what, step = "a web page instead of JSON", self._route.step_for_a_page
            cause = f"the answer is {what} ({said}): {seen or 'empty'}"
            raise broken(cause, **where, step=step) from None
        if halves:
            action = where["action"]
            self.warn_once(f"{action}: {halves} half characters in an answer, read as U+FFFD")
        return value

    def _scrub(self, text: str, known: re.Pattern[str] | None = None) -> str:
        """Foreign text made fit for a log: one line, no key or signature, no great length.

        Text of the form *known* is let through, keys apart.
        """
        for secret in (self.account.secret_key, self.account.access_key):
            if secret:
                text = text.replace(secret, "***")
        if known is not None and known.fullmatch(text):
            return text
        text = "".join(char if char.isprintable() else " " for char in text[:4000])
        text = SIGNED_TEXT.sub(r"\1 ***", text)
        return LONG_TOKEN.sub("***", text)[:300].strip()


class _BrokenBodyError(UnavailableError):
    """An answer of full length that cannot be read: worth another try, then a broken contract."""


class _TooSlowError(UnavailableError):
    """The call used up its time."""


def _is_worth_another_try(error: BaseException) -> bool:
    """Whether waiting may help; not when the call has used up its time."""
    return isinstance(error, RateLimitError | UnavailableError) and not isinstance(
        error, _TooSlowError
    )


def _is_the_last(attempts: int, state: tenacity.RetryCallState) -> bool:
    """Whether attempts are used up, or the next wait, with those before it, would be too long."""
    waits = state.idle_for + state.upcoming_sleep
    return state.attempt_number >= attempts or waits > WAIT_SECONDS


def _by_status(status: int) -> type[VendorError]:
    """What an HTTP status other than 200 means where the body has no better reason."""
    if status == 429:
        return RateLimitError
    if status >= 500 or status == 408:
        return UnavailableError
    return RejectedError if status >= 400 else ContractError


def _where(error: VendorError) -> dict[str, str]:
    names = ("vendor", "action", "code", "request_id", "step")
    return {name: getattr(error, name) for name in names}


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds before the next attempt: the vendor's hint, or a growing random time."""
    error = state.outcome.exception() if state.outcome else None
    slow = isinstance(error, RateLimitError)
    grown = tenacity.wait_random_exponential(
        multiplier=1.0 if slow else 0.5, max=60 if slow else 10
    )
    return max(grown(state), getattr(error, "retry_after", None) or 0.0)


def _no_constant(name: str) -> Any:
    raise ValueError(name)
