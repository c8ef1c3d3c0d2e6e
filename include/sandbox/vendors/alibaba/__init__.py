"""Alibaba's side of the wire."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from include.sandbox.vendors.traits import Count, Traits, numbered

if TYPE_CHECKING:
    from include.sandbox.vendors.cases import Case

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _ticket_id(count: Count, created_at: datetime) -> str:
    digits, value = "", 15_485_863 + 7_919 * count("alibaba")
    while value:
        value, rest = divmod(value, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    return f"000{digits}"


def _make_odd(case: Case) -> None:
    last = case.talks[-1]
    last.card, last.from_customer = True, False


TRAITS: Final = Traits(
    ticket_id=_ticket_id,
    catalog_id=numbered(7160),
    make_odd=_make_odd,
    severities=("普通", "紧急"),
)
