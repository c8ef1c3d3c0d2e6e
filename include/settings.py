"""Every setting, its default and its meaning. All are read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.errors import ConfigError

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Settings:
    """What an operator may decide. ``Settings.load()`` reads and checks the environment."""

    warehouse_url: str = field(default="", repr=False)
    """``WAREHOUSE_URL``: SQLAlchemy URL of the MySQL or MariaDB database we write,
    ``mysql+pymysql://user:password@host:3306/database``. In Airflow: connection ``warehouse``."""
    warehouse_ca: str = ""
    """``WAREHOUSE_CA``: file of the authority that signed the database's certificate;
    default: the system's. Certificates are verified for every host but loopback."""
    source_url: str = field(default="", repr=False)
    """``SOURCE_URL``: SQLAlchemy URL of the customer-service PostgreSQL database.
    In Airflow: connection ``customer_service``."""
    source_ca: str = ""
    """``SOURCE_CA``: file of the authority that signed that database's certificate; default: the
    system's. Certificates are verified for every host but loopback."""
    source_timeout_seconds: int = 3600
    """``SOURCE_TIMEOUT_SECONDS``: how long one statement of a snapshot may take there."""
    snapshot_vanish_limit: float = 0.2
    """``SNAPSHOT_VANISH_LIMIT``: a snapshot in which a larger share of a table's rows vanished is
    refused, until the next one shows the same or a person accepts the number it states."""
    snapshot_full_hours: float = 24.0
    """``SNAPSHOT_FULL_HOURS``: hours after which a snapshot reads and compares every row again,
    instead of only the row versions that are new."""
    service_level_seconds: int = 20
    """``SERVICE_LEVEL_SECONDS``: a wait up to this long counts as answered in time in reports."""
    redact_texts: str = "views"
    """``REDACT_TEXTS``: where personal data and keys in ticket titles and messages are masked:
    ``views``: in the reports, from their next build on; ``write``: also before they are stored, so
    that the original is nowhere; ``keep``: nowhere."""
    alibaba_base_url: str = ""
    """``ALIBABA_BASE_URL``: overrides the host that follows from an account's region."""
    huawei_base_url: str = ""
    """``HUAWEI_BASE_URL``: overrides the host that follows from an account's region."""
    huawei_iam_url: str = ""
    """``HUAWEI_IAM_URL``: overrides the identity service, which tells the account id."""
    tencent_base_url: str = ""
    """``TENCENT_BASE_URL``: overrides the one documented host."""
    sandbox: bool = False
    """``SANDBOX``: 1 allows vendor hosts on loopback, 0 refuses them and keeps the sandbox from
    starting. Default: 1 when every vendor base URL that is set is on loopback, else 0."""
    tencent_enabled: bool = False
    """``TENCENT_ENABLED``: Tencent does not document its ticket API, so reading it is experimental.
    Default: 1 in the sandbox, 0 elsewhere."""
    tencent_closed_ids: frozenset[int] = frozenset({3, 10, 11})
    """``TENCENT_CLOSED_IDS``: status numbers that mean closed when no status name is given."""
    tencent_zone: ZoneInfo = ZoneInfo("Asia/Shanghai")
    """``TENCENT_ZONE``: the time zone of Tencent's times, which carry none."""
    alibaba_status_filter: str = "names"
    """``ALIBABA_STATUS_FILTER``: ``names`` or ``numbers``: how the status filter is spelt."""
    secret_keys: str = field(default="", repr=False)
    """``SECRET_KEYS``: the keys of ``cloud_user.secret_key_secret``, ``id:base64`` of 32 bytes, the
    one to encrypt with first, others after a comma; or ``file:/path`` of a file that holds that."""
    allow_plain_secrets: bool = True
    """``ALLOW_PLAIN_SECRETS``: 0 refuses accounts whose key is not encrypted."""
    sync_since: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    """``SYNC_SINCE``: the oldest creation time to read (ISO 8601, UTC unless it says)."""
    overlap_hours: int = 24
    """``OVERLAP_HOURS``: how far before the watermark every run lists again."""
    open_messages: bool = False
    """``OPEN_MESSAGES``: 1 also reads the messages of open tickets, on every run."""
    calls_per_second: float = 5.0
    """``CALLS_PER_SECOND``: calls to a vendor for one account, at most; fewer when it refuses."""
    calls_at_once: int = 4
    """``CALLS_AT_ONCE``: calls of one account that may be under way together."""
    vendor_proxy: str = ""
    """``VENDOR_PROXY``: URL of a proxy for calls to vendors; proxies of the shell are ignored."""

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the environment. Raises ConfigError naming the variable that cannot be used."""
        read = _Reader(environ)
        urls = {
            name.lower(): read.url(name)
            for name in (
                "ALIBABA_BASE_URL",
                "HUAWEI_BASE_URL",
                "HUAWEI_IAM_URL",
                "TENCENT_BASE_URL",
            )
        }
        given = [url for url in urls.values() if url]
        local = bool(given) and all(is_loopback(url) for url in given)
        sandbox = read.flag("SANDBOX", default=local)
        for name, url in urls.items():
            if url and is_loopback(url) and not sandbox:
                raise ConfigError(
                    f"{name.upper()} is on loopback, which only the sandbox is: set SANDBOX=1,"
                    " or give the vendor's address"
                )
            if url.startswith("http:") and not is_loopback(url):
                raise ConfigError(f"{name.upper()} must begin with https://")
        return cls(
            **urls,
            warehouse_url=read.text("WAREHOUSE_URL"),
            warehouse_ca=read.text("WAREHOUSE_CA"),
            source_url=read.text("SOURCE_URL"),
            source_ca=read.text("SOURCE_CA"),
            source_timeout_seconds=int(
                read.number(
                    "SOURCE_TIMEOUT_SECONDS", cls.source_timeout_seconds, low=10, high=86_400
                )
            ),
            snapshot_vanish_limit=read.number(
                "SNAPSHOT_VANISH_LIMIT", cls.snapshot_vanish_limit, low=0, high=1
            ),
            snapshot_full_hours=read.number(
                "SNAPSHOT_FULL_HOURS", cls.snapshot_full_hours, low=0, high=24 * 31
            ),
            service_level_seconds=int(
                read.number("SERVICE_LEVEL_SECONDS", cls.service_level_seconds, low=1, high=3600)
            ),
            redact_texts=read.choice("REDACT_TEXTS", ("views", "write", "keep")),
            sandbox=sandbox,
            tencent_enabled=read.flag("TENCENT_ENABLED", default=sandbox),
            tencent_closed_ids=read.numbers("TENCENT_CLOSED_IDS", cls.tencent_closed_ids),
            tencent_zone=read.zone("TENCENT_ZONE", cls.tencent_zone),
            alibaba_status_filter=read.choice("ALIBABA_STATUS_FILTER", ("names", "numbers")),
            secret_keys=read.text("SECRET_KEYS"),
            allow_plain_secrets=read.flag("ALLOW_PLAIN_SECRETS", default=True),
            sync_since=read.moment("SYNC_SINCE", cls.sync_since),
            overlap_hours=int(read.number("OVERLAP_HOURS", cls.overlap_hours, low=0, high=24 * 90)),
            open_messages=read.flag("OPEN_MESSAGES", default=False),
            calls_per_second=read.number(
                "CALLS_PER_SECOND", cls.calls_per_second, low=0.1, high=999
            ),
            calls_at_once=int(read.number("CALLS_AT_ONCE", cls.calls_at_once, low=1, high=32)),
            vendor_proxy=read.url("VENDOR_PROXY"),
        )


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    return urlsplit(url).hostname in LOOPBACK


def parse_moment(value: str) -> datetime:
    """An ISO 8601 date or time; UTC unless it says otherwise. Raises ValueError."""
    moment = datetime.fromisoformat(value.strip())
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("it lies outside the years 1 to 9999") from None


class _Reader:
    """Reads one variable at a time and names it when it cannot be used."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def url(self, name: str) -> str:
        value = self.text(name).rstrip("/")
        if value and (
            urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname
        ):
            raise ConfigError(f"{name} must be a URL with http:// or https:// and a host")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name).lower()
        if value in ("", "1", "0", "true", "false", "yes", "no", "on", "off"):
            return default if not value else value in ("1", "true", "yes", "on")
        raise ConfigError(f"{name} must be 1 or 0, not {value!r}")

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name) or choices[0]
        if value not in choices:
            raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
        return value

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        value = self.text(name)
        try:
            number = float(value) if value else default
        except ValueError:
            raise ConfigError(f"{name} must be a number, not {value!r}") from None
        if not low <= number <= high:
            raise ConfigError(f"{name} must lie between {low:g} and {high:g}, not {value}")
        return number

    def numbers(self, name: str, default: frozenset[int]) -> frozenset[int]:
        value = self.text(name)
        try:
            return frozenset(int(part) for part in value.split(",")) if value else default
        except ValueError:
            raise ConfigError(f"{name} must be numbers and commas, not {value!r}") from None

    def moment(self, name: str, default: datetime) -> datetime:
        value = self.text(name)
        try:
            return parse_moment(value) if value else default
        except ValueError:
            raise ConfigError(f"{name} must be a date like 2024-01-31, not {value!r}") from None

    def zone(self, name: str, default: ZoneInfo) -> ZoneInfo:
        value = self.text(name)
        try:
            return ZoneInfo(value) if value else default
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigError(f"{name} must be a zone like Asia/Shanghai, not {value!r}") from None
