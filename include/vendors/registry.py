"""The one list of vendors: a folder of ``include/vendors`` that declares ``VENDOR`` is one.

DAG files import this module, so that it imports no client and nothing else that is heavy.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import pkgutil
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from include import vendors
from include.errors import ConfigError
from include.models import HOME_SITE
from include.settings import Settings, SettingsGroup, is_loopback, read_settings, variables

if TYPE_CHECKING:
    from include.models import Account
    from include.vendors.client import Vendor, VendorClient

log = logging.getLogger(__name__)

DECLARED: Final[Mapping[str, Vendor]] = {
    found.name: import_module(f"{vendors.__name__}.{found.name}").VENDOR
    for found in pkgutil.iter_modules(vendors.__path__)
    if found.ispkg
}
"""What each vendor's folder declares, by name."""
VENDORS: Final = tuple(sorted(DECLARED))
"""The names of all vendors, in lower case: what ``Account.vendor`` holds."""
OUR_PREFIXES: Final = ("SYNC_", "SNAPSHOT_", "LEDGER_", "OVERLAP_", "BUSINESS_")
"""What begins with these is meant for us: no other program is known to use them."""


@lru_cache(maxsize=1_000)
def vendor_of(text: str) -> str | None:
    """The vendor that a name or alias means, whatever its case; None when it means none."""
    word = text.strip().lower()
    return next(
        (name for name, vendor in DECLARED.items() if word in (name, *vendor.aliases)), None
    )


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the environment. Raises ConfigError naming the variable that cannot be used."""
    own = tuple(read_settings(DECLARED[name].settings, environ) for name in VENDORS)
    urls = {name: url for one in own for name, url in one.urls.items() if url}
    local = bool(urls) and all(map(is_loopback, urls.values()))
    settings = read_settings(Settings, environ, sandbox=local, vendors=own)
    for name, url in urls.items():
        if is_loopback(url) and not settings.sandbox:
            raise ConfigError(
                f"{name} is on loopback, which only the sandbox is: set SANDBOX=1,"
                " or give the vendor's address"
            )
        if url.startswith("http:") and not is_loopback(url):
            raise ConfigError(f"{name} must begin with https://")
    return settings


def setting_names() -> set[str]:
    """Every variable that ``load_settings`` reads."""
    kinds: list[type[SettingsGroup]] = [Settings]
    kinds += [vendor.settings for vendor in DECLARED.values()]
    return {name for kind in kinds for name in variables(kind)}


def find_strange_variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that look like settings and are none, each with the setting that may be meant.

    One that is merely similar to a setting which is set as well belongs to another program.
    """
    known = sorted(setting_names())
    given = {name for name, value in environ.items() if value.strip()}
    strange = {}
    for name in sorted(given.difference(known)):
        bare = name.upper().removeprefix("AIRFLOW_VAR_").removeprefix("SYNC_")
        if bare in known:
            strange[name] = bare
        elif name.startswith(OUR_PREFIXES):
            strange[name] = get_close_matches(name, known, n=1, cutoff=0)[0]
        elif (meant := _nearest(bare, known)) and meant not in given:
            strange[name] = meant
    return strange


def _nearest(name: str, known: Sequence[str]) -> str:
    """The setting that a name misses by a slip; empty where there is none."""
    first, _, rest = name.partition("_")
    beginning = f"{first}_"
    rests = [one.removeprefix(beginning) for one in known if one.startswith(beginning)]
    if near := get_close_matches(rest, rests, n=1, cutoff=0.54):
        return beginning + near[0]
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.85)), "")


@cache
def warn_of_strange_variables() -> None:
    """Tell them in the log, once in the life of a process."""
    for name, meant in find_strange_variables().items():
        log.warning("%s", describe_strange_variable(name, meant))


def describe_strange_variable(name: str, meant: str) -> str:
    """A line about one of them, without its value."""
    return f"{name} is no setting and is not read: was {meant} meant?"


def is_switched_on(name: str, settings: Settings) -> bool:
    """Whether a vendor is read when nobody asks for it by name."""
    vendor = DECLARED[name]
    chosen = settings.of(vendor.settings).enabled
    return vendor.is_official or settings.sandbox if chosen is None else chosen


def catalog_site(vendor: str, region: str) -> str:
    """The site that serves a region of a vendor: whose catalogue, and whose list of tickets."""
    found = DECLARED.get(vendor)
    return found.catalog_site(region.strip()) if found else HOME_SITE


def utcnow() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC)


def open_client(
    account: Account,
    settings: Settings,
    *,
    now: Callable[[], datetime] = utcnow,
    sleep: Callable[[float], None] = time.sleep,
    attempts: int | None = None,
) -> VendorClient:
    """A client for *account*, which tries a call so often at most; no call is made yet.

    Raises ConfigError, which never shows a key, when the row of ``cloud_user`` cannot be used.
    """
    from include.vendors.http import ATTEMPTS
    from include.vendors.masking import MaskingClient
    from include.vendors.rate import RateLimit
    from include.vendors.sessions import Sessions

    where = f"account {account.account_id}"
    if account.vendor not in DECLARED:
        known = ", ".join(VENDORS)
        raise ConfigError(f"{where}: unknown vendor {account.vendor[:40]!r}, known are {known}")
    if not is_switched_on(account.vendor, settings):
        raise ConfigError(f"{where}: {_why_off(account.vendor)}")
    account = dataclasses.replace(account, region=account.region.strip(), **_keys(account, where))
    rate = RateLimit(settings.calls_per_second, sleep=sleep)
    sessions = Sessions(account, rate, settings.vendor_proxy, now, sleep, attempts or ATTEMPTS)
    opened = DECLARED[account.vendor].client_class()(sessions, settings)
    return MaskingClient(opened) if settings.redact_texts == "write" else opened


def switch_of(name: str) -> str:
    """The variable that switches a vendor on and off."""
    return f"{name.upper()}_ENABLED"


def _why_off(name: str) -> str:
    variable = switch_of(name)
    if DECLARED[name].is_official:
        return f"{variable}=0 keeps it from being read: set {variable}=1 to read it"
    return (
        f"{name.capitalize()} does not document its ticket API, so reading it is experimental and"
        f" switched off: set {variable}=1 to switch it on"
    )


def _keys(account: Account, where: str) -> dict[str, str]:
    """The keys without blanks around them. Raises ConfigError for what cannot be a key."""
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
    return keys
