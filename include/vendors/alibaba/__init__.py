"""Alibaba Cloud; spec.md says what its API does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from include.models import HOME_SITE
from include.settings import VendorSettings, allow_words
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


def _client_class() -> ClientClass:
    from include.vendors.alibaba.client import AlibabaClient

    return AlibabaClient


VENDOR = Vendor(
    name="alibaba",
    aliases=frozenset({"0", "ali", "aliyun", "阿里", "阿里云"}),
    settings=AlibabaSettings,
    client_class=_client_class,
    catalog_site=lambda region: region if region in SITES else HOME_SITE,
)
