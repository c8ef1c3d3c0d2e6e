"""Huawei's side of the wire."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Final

from include.sandbox.vendors.traits import Count, Traits

if TYPE_CHECKING:
    from include.sandbox.vendors.cases import Case


def _ticket_id(count: Count, created_at: datetime) -> str:
    return f"TS-{count('huawei'):06}"


def _catalog_id(kind: str, number: int) -> str:
    return hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest()


def _make_odd(case: Case) -> None:
    last = case.talks[-1]
    last.third_party, last.from_customer = True, False


TRAITS: Final = Traits(
    ticket_id=_ticket_id,
    catalog_id=_catalog_id,
    make_odd=_make_odd,
    owner_id=lambda digest: digest[:32],
    has_titles=False,
    ticket_sources=("用户中心", "电话", "在线客服", "合作伙伴"),
    fixed_sources={"83aeb0f2834c4df49826c781d32a963e": "API"},
    severities=("一般", "紧急"),
    shows_ratings=True,
    switches=frozenset({"domain_required"}),  # a missing or wrong X-Domain-Id is refused
)
