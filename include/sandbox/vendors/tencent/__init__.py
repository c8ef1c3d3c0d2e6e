"""Tencent's side of the wire."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from include.sandbox.vendors.traits import Count, Traits, numbered

if TYPE_CHECKING:
    from include.sandbox.vendors.cases import Case


def _ticket_id(count: Count, created_at: datetime) -> str:
    day = f"{created_at + timedelta(hours=8):%Y%m%d}"  # the date in Beijing
    number = count(day)
    if number > 9999:
        raise ValueError(f"more than 9,999 Tencent tickets on {day}: seed fewer")
    return f"{day}{number:04}"


def _make_odd(case: Case) -> None:
    """Two messages of equal time, role and text: both are messages."""
    first, last = case.talks[0], case.talks[-1]
    last.from_customer, last.content = first.from_customer, first.content
    last.created_at = first.created_at


TRAITS: Final = Traits(
    ticket_id=_ticket_id,
    catalog_id=numbered(163),
    make_odd=_make_odd,
    is_tree=True,
    fixed_sources={"1": "官网", "2": "电话", "3": "大客户群", "4": "其他"},
    switches=frozenset({"tencent_rich"}),  # status names and comment ids in the answers
)
