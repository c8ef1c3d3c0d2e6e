"""The three vendors, each in a file of its own, and how to open one."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, cast

from include.errors import ConfigError
from include.models import Account
from include.settings import Settings
from include.vendors.alibaba.client import AlibabaClient
from include.vendors.client import VendorClient
from include.vendors.http import RateLimit
from include.vendors.huawei.client import HuaweiClient
from include.vendors.masking import MaskingClient
from include.vendors.tencent.client import TencentClient

log = logging.getLogger(__name__)

CLIENTS: Final[Mapping[str, type[AlibabaClient | HuaweiClient | TencentClient]]] = {
    "alibaba": AlibabaClient,
    "huawei": HuaweiClient,
    "tencent": TencentClient,
}


def utcnow() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC)


def open_client(
    account: Account,
    settings: Settings,
    *,
    now: Callable[[], datetime] = utcnow,
    sleep: Callable[[float], None] = time.sleep,
) -> VendorClient:
    """A client for *account*; no call is made yet.

    Raises ConfigError, which never shows a key, when the row of ``cloud_user`` cannot be used.
    """
    where = f"account {account.account_id}"
    client = CLIENTS.get(account.vendor)
    if client is None:
        known = ", ".join(CLIENTS)
        raise ConfigError(f"{where}: unknown vendor {account.vendor[:40]!r}, known are {known}")
    if account.vendor == "tencent" and not settings.tencent_enabled:
        raise ConfigError(
            f"{where}: Tencent does not document its ticket API, so reading it is experimental and"
            " switched off: set TENCENT_ENABLED=1 to switch it on"
        )
    keys = {"access_key": account.access_key, "secret_key": account.secret_key}
    for name, key in keys.items():
        keys[name] = key.strip()
        if not keys[name]:
            raise ConfigError(f"{where}: its {name} is empty: write it into cloud_user")
        if not all("!" <= char <= "~" for char in keys[name]):
            raise ConfigError(
                f"{where}: its {name} holds blanks, line breaks or characters beyond ASCII, which"
                " no vendor's key does: write it again"
            )
        if keys[name] != key:
            log.warning("%s: blanks around its %s were left out", where, name)
    account = dataclasses.replace(account, region=account.region.strip(), **keys)
    rate = RateLimit(settings.calls_per_second, sleep=sleep)
    opened = client(account, settings, rate, now=now, sleep=sleep)
    if settings.redact_texts == "write":
        return cast(VendorClient, MaskingClient(opened))
    return opened
