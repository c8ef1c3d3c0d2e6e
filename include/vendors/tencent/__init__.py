"""Tencent Cloud; spec.md says what its API does."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator

from include.settings import VendorSettings
from include.vendors.client import Vendor

if TYPE_CHECKING:
    from include.vendors.client import ClientClass


def _numbers(value: str | Collection[int]) -> frozenset[int]:
    if not isinstance(value, str):
        return frozenset(value)
    try:
        return frozenset(int(part) for part in value.split(","))
    except ValueError:
        raise ValueError(f"must be numbers and commas, not {value!r}") from None


def _zone(value: str | ZoneInfo) -> ZoneInfo:
    try:
        return value if isinstance(value, ZoneInfo) else ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"must be a zone like Asia/Shanghai, not {value!r}") from None


class TencentSettings(VendorSettings):
    """What an operator may decide about Tencent Cloud."""

    prefix = "TENCENT_"

    closed_ids: Annotated[frozenset[int], BeforeValidator(_numbers)] = frozenset({3, 10, 11})
    """``TENCENT_CLOSED_IDS``: status numbers that mean closed when no status name is given."""
    zone: Annotated[ZoneInfo, BeforeValidator(_zone)] = ZoneInfo("Asia/Shanghai")
    """``TENCENT_ZONE``: the time zone of Tencent's times, which carry none."""


def _client_class() -> ClientClass:
    from include.vendors.tencent.client import TencentClient

    return TencentClient


VENDOR = Vendor(
    name="tencent",
    aliases=frozenset({"腾讯", "腾讯云"}),
    settings=TencentSettings,
    client_class=_client_class,
    is_official=False,
)
