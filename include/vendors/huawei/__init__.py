"""Huawei Cloud; spec.md says what its API does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.models import HOME_SITE, StatusName
from include.settings import VendorSettings
from include.values import Url
from include.vendors.client import Vendor

if TYPE_CHECKING:
    from include.vendors.client import ClientClass


CHINA: Final = "cn-south-1"
INTERNATIONAL: Final = "ap-southeast-3"
SITES: Final = {"": CHINA, "cn": CHINA} | dict.fromkeys(
    ("ap", "af", "la", "sa", "na", "me", "tr", "my", "ru", "ae"), INTERNATIONAL
)
"""The region whose hosts serve a site, by the first letters of an account's region."""


class HuaweiSettings(VendorSettings):
    """What an operator may decide about Huawei Cloud."""

    prefix = "HUAWEI_"

    iam_url: Url = ""
    """``HUAWEI_IAM_URL``: overrides the identity service, which tells the account id."""


def _site(region: str) -> str:
    site = SITES.get(region[:2], region)
    return HOME_SITE if site == CHINA else site


STATUSES: Final = {  # spec.md, section 5
    "0": StatusName("待受理", "waiting for support"),
    "1": StatusName("处理中", "in progress"),
    "2": StatusName("待确认结果", "waiting for confirmation"),
    "3": StatusName("已完成", "finished"),
    "4": StatusName("已撤销", "withdrawn"),
    "5": StatusName("已挂起", "suspended"),
    "12": StatusName("无效", "invalid"),
    "13": StatusName("已删除", "deleted"),
    "17": StatusName("待反馈", "waiting for the customer"),
}


def _client_class() -> ClientClass:
    from include.vendors.huawei.client import HuaweiClient

    return HuaweiClient


VENDOR = Vendor(
    name="huawei",
    aliases=frozenset({"1", "华为", "华为云"}),
    settings=HuaweiSettings,
    client_class=_client_class,
    statuses=STATUSES,
    permission="the role Ticket Administrator",
    catalog_site=_site,
)
