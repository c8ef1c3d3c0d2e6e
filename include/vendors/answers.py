"""A vendor's answer, and how much is read and held: small ones side by side, large ones in a row.

Nobody knows how large an answer is before it comes. So threads that read tickets take small ones
only; whoever meets a larger one drops it, waits for the others in this process who did, and asks
again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, TypeVar

from urllib3 import BaseHTTPResponse

from include.errors import ContractError
from include.vendors.fields import Json

BODY_BYTES: Final = 32 * 2**20
CHUNK_BYTES: Final = 64 * 2**10
SMALL_BYTES: Final = 2**20
"""An answer up to this is small. It may need ten times as much until its messages are stored."""
T = TypeVar("T")

_large_one: Final = threading.Lock()
_takes_small_ones: ContextVar[bool] = ContextVar("takes_small_ones", default=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer; *headers* may be asked for in any case, *body* is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class LargeAnswerError(Exception):
    """An answer was larger than whoever asked may hold now."""


def ask_in_bounds(question: Callable[[], T]) -> T:
    """Call *question*; once more, when an answer to it is large, and no other such beside it."""
    before = _takes_small_ones.set(True)
    try:
        return question()
    except LargeAnswerError:
        pass
    finally:
        _takes_small_ones.reset(before)
    with _large_one:
        return question()


def read_body(response: BaseHTTPResponse, where: Mapping[str, str]) -> bytes:
    """The body, decompressed.

    Raises ContractError beyond ``BODY_BYTES``, LargeAnswerError where small ones alone are taken.
    """
    chunks, size = list[bytes](), 0
    for chunk in response.stream(CHUNK_BYTES, decode_content=True):
        size += len(chunk)
        if size > BODY_BYTES:
            raise ContractError(f"the answer is larger than {BODY_BYTES >> 20} MiB", **where)
        if size > SMALL_BYTES and _takes_small_ones.get():
            raise LargeAnswerError
        chunks.append(chunk)
    return b"".join(chunks)


def mend_halves(value: Json) -> tuple[Json, int]:
    """A JSON value with U+FFFD for each half of a surrogate pair, and how many there were."""
    if isinstance(value, str):
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole, whole.count("\ufffd") - value.count("\ufffd")
    if isinstance(value, list):
        mended = [mend_halves(one) for one in value]
        return [one for one, _ in mended], sum(count for _, count in mended)
    if isinstance(value, dict):
        pairs = {mend_halves(key)[0]: mend_halves(one) for key, one in value.items()}
        return {key: one for key, (one, _) in pairs.items()}, sum(n for _, n in pairs.values())
    return value, 0
