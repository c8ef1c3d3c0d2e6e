"""Tencent Cloud; spec.md says what its API does."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

from include.models import StatusName
from include.settings import VendorSettings
from include.values import SHANGHAI, read_zone
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


class TencentSettings(VendorSettings):
    """What an operator may decide about Tencent Cloud."""

    prefix = "TENCENT_"

    closed_ids: Annotated[frozenset[int], BeforeValidator(_numbers)] = frozenset({3, 10, 11})
    """``TENCENT_CLOSED_IDS``: status numbers that mean closed when no status name is given."""
    zone: Annotated[ZoneInfo, BeforeValidator(read_zone)] = SHANGHAI
    """``TENCENT_ZONE``: the time zone of Tencent's times, which carry none."""


# spec.md, section 6. Numbers mean one thing here and another there, so they have no name.
STATUSES: Final = {
    "待处理": StatusName("待处理", "waiting for support"),
    "处理中": StatusName("处理中", "in progress"),
    "待确认": StatusName("待确认", "waiting for confirmation"),
    "重新打开": StatusName("重新打开", "reopened"),
    "待补充": StatusName("待补充", "waiting for the customer"),
    "待确认结单": StatusName("待确认结单", "waiting for confirmation of closing"),
    "申请结单": StatusName("申请结单", "closing requested"),
    "申请补充或待复现": StatusName("申请补充或待复现", "more asked for, or to be reproduced"),
    "待确认业务恢复": StatusName("待确认业务恢复", "waiting for confirmation of recovery"),
    "已恢复分析根因": StatusName("已恢复分析根因", "recovered, cause analysed"),
    "待变更（需出包修复）": StatusName("待变更（需出包修复）", "waiting for a change"),
    "待查根因": StatusName("待查根因", "cause to be found"),
    "待客户实施或验证": StatusName(
        "待客户实施或验证", "waiting for the customer to apply or verify"
    ),
    "待出包": StatusName("待出包", "waiting for a release"),
    "已完成": StatusName("已完成", "finished"),
    "已关闭": StatusName("已关闭", "closed"),
    "已取消": StatusName("已取消", "cancelled"),
    "已结单": StatusName("已结单", "closed"),
    "已撤销": StatusName("已撤销", "withdrawn"),
    "已删除": StatusName("已删除", "deleted"),
}


def _client_class() -> ClientClass:
    from include.vendors.tencent.client import TencentClient

    return TencentClient


VENDOR = Vendor(
    name="tencent",
    aliases=frozenset({"腾讯", "腾讯云"}),
    settings=TencentSettings,
    client_class=_client_class,
    statuses=STATUSES,
    permission="a CAM policy for tandon:GetMC*",
    is_official=False,
)
