"""Alibaba Cloud; spec.md says what its API does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from include.models import HOME_SITE, StatusName
from include.settings import VendorSettings
from include.values import allow_words
from include.vendors.client import Vendor

if TYPE_CHECKING:
    from include.vendors.client import ClientClass


SITES: Final = ("ap-southeast-1", "ap-northeast-1")
"""Regions with a host of their own (spec.md, section 2); the central one serves all others."""


class AlibabaSettings(VendorSettings):
    """What an operator may decide about Alibaba Cloud."""

    prefix = "ALIBABA_"

    status_filter: Annotated[str, allow_words("names", "numbers")] = "names"
    """``ALIBABA_STATUS_FILTER``: ``names`` or ``numbers``: how the status filter is spelt."""


STATUSES: Final = {  # spec.md, section 6.1
    "1": StatusName("待受理", "waiting for support"),
    "2": StatusName("处理中", "in progress"),
    "3": StatusName("待您反馈", "waiting for the customer"),
    "4": StatusName("已反馈", "customer has answered"),
    "5": StatusName("待确认", "waiting for confirmation"),
    "6": StatusName("已完成", "finished"),
}


def _client_class() -> ClientClass:
    from include.vendors.alibaba.client import AlibabaClient

    return AlibabaClient


VENDOR = Vendor(
    name="alibaba",
    aliases=frozenset({"0", "ali", "aliyun", "阿里", "阿里云"}),
    settings=AlibabaSettings,
    client_class=_client_class,
    statuses=STATUSES,
    permission="the RAM policy AliyunSupportFullAccess",
    catalog_site=lambda region: region if region in SITES else HOME_SITE,
)
