"""Huawei Cloud; spec.md says what its API does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.settings import Url, VendorSettings
from include.vendors.client import Vendor

if TYPE_CHECKING:
    from include.vendors.client import ClientClass


class HuaweiSettings(VendorSettings):
    """What an operator may decide about Huawei Cloud."""

    prefix = "HUAWEI_"

    iam_url: Url = ""
    """``HUAWEI_IAM_URL``: overrides the identity service, which tells the account id."""


def _client_class() -> ClientClass:
    from include.vendors.huawei.client import HuaweiClient

    return HuaweiClient


VENDOR = Vendor(
    name="huawei",
    aliases=frozenset({"1", "华为", "华为云"}),
    settings=HuaweiSettings,
    client_class=_client_class,
)
