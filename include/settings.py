"""Every setting that is not one vendor's, its default and its meaning, and how a variable is read.

All are read from the environment, by ``load_settings`` in ``include/vendors/registry.py``; there
``find_strange_variables`` finds what only looks like one. A vendor's own settings stand in its
folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, ClassVar, Final, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SecretStr,
    ValidationError,
    ValidationInfo,
)

from include.errors import ConfigError

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
EARLIEST_DESK: Final = date(1970, 1, 3)
"""Vendors are asked for creation span by span: from the year 1 on that would never end."""


class Limits(NamedTuple):
    """After how many seconds data is late: a warning from *warn_s* on, an error from *error_s*."""

    warn_s: int
    error_s: int


LATE_AFTER: Final = {
    "tickets": Limits(1_800, 7_200),
    "catalog": Limits(172_800, 691_200),
    "snapshot": Limits(7_200, 28_800),
    "build": Limits(7_200, 28_800),
    "checks": Limits(172_800, 691_200),
}
"""Two and eight intervals of what keeps each kind fresh (``include/work/schedules.py``)."""
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _url(value: str) -> str:
    value, parts = value.rstrip("/"), urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("must be a URL with http:// or https:// and a host")
    try:
        _ = parts.port
    except ValueError:  # it would quote what stands there, which may be a password
        raise ValueError("must be a URL whose port, if any, is a number up to 65535") from None
    return value


def _flag(value: str | bool) -> bool:
    if isinstance(value, bool):
        return value
    word = value.lower()
    if word not in _ON + _OFF:
        raise ValueError(f"must be 1 or 0, not {word!r}")
    return word in _ON


def _number(value: str | float, low: float, high: float) -> float:
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"must be a number, not {value!r}") from None
    if not low <= number <= high:
        raise ValueError(f"must lie between {low:g} and {high:g}, not {value}")
    return number


def _whole(value: str | float, low: float, high: float) -> int:
    return int(_number(value, low, high))


def read_zone(value: str | ZoneInfo) -> ZoneInfo:
    """The zone of that name. Raises ValueError."""
    try:
        return value if isinstance(value, ZoneInfo) else ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"must be a zone like Asia/Shanghai, not {value!r}") from None


def _steady_zone(value: str | ZoneInfo) -> ZoneInfo:
    zone = read_zone(value)
    months = (datetime(2000 + n // 12, n % 12 + 1, 1, tzinfo=zone) for n in range(12 * 38))
    if len({month.utcoffset() for month in months}) > 1:
        raise ValueError(
            f"must be a zone whose clocks are never changed, and {zone.key} changed them since 2000"
            " or will: days of 23 and 25 hours are nothing that reports can compare"
        )
    return zone


def _moment(value: str | datetime, info: ValidationInfo) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        moment = parse_moment(value, info.data.get("business_zone", SHANGHAI))
    except ValueError:
        raise ValueError(f"must be a date like 2024-01-31, not {value!r}") from None
    if moment < EARLIEST:
        raise ValueError(f"must not lie before {EARLIEST:%Y-%m-%d}: nothing is so old")
    return moment


def _day(value: str | date) -> date:
    if isinstance(value, date):
        return value
    try:
        day = date.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"must be a day like 2010-01-31, not {value!r}") from None
    if day < EARLIEST_DESK:
        raise ValueError(f"must not lie before {EARLIEST_DESK}: 1970-01-01 means no time at all")
    return day


def _hours(value: str | tuple[float, ...]) -> tuple[float, ...]:
    if isinstance(value, str):
        return tuple(_number(word, 0, 24 * 3650) for word in value.split(","))
    return value


def _day_span(value: str | tuple[int, int]) -> tuple[int, int]:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", value)
    if found:
        opens, opens_min, closes, closes_min = map(int, found.groups())
        span = (opens * 3600 + opens_min * 60, closes * 3600 + closes_min * 60)
        if opens_min < 60 and closes_min < 60 and span[0] < span[1] <= 24 * 3600:
            return span
    raise ValueError(f"must be a span of one day like 09:00-18:00, not {value!r}")


def _quiet_hours(value: str | tuple[int, int] | None) -> tuple[int, int] | None:
    """From when to when, in minutes of a day; past midnight where the end is not behind."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d{1,2}:\d\d)-(\d{1,2}:\d\d)", value)
    if not found or found[1] == found[2]:
        raise ValueError(f"must be a span like 22:00-08:00, not {value!r}")
    return _clock(found[1]), _clock(found[2])


def _daily(value: str | int | None) -> int | None:
    return _clock(value) if isinstance(value, str) and value != "never" else None


def _clock(value: str) -> int:
    found = re.fullmatch(r"(\d{1,2}):(\d\d)", value)
    if not found or not (int(found[1]) < 24 and int(found[2]) < 60):
        raise ValueError(f"must be a time of day like 09:00, not {value!r}")
    return int(found[1]) * 60 + int(found[2])


def _secret_url(value: str | SecretStr) -> SecretStr:
    return SecretStr(_url(value)) if isinstance(value, str) else value


def _limits(value: str | dict[str, Limits]) -> dict[str, Limits]:
    """``tickets=30m/2h,checks=3d`` over the defaults; the second span is else four of the first."""
    if not isinstance(value, str):
        return value
    limits = dict(LATE_AFTER)
    for part in filter(None, (word.strip() for word in value.split(","))):
        kind, _, said = (word.strip() for word in part.partition("="))
        if kind not in limits:
            raise ValueError(f"says {part!r}: the kinds are {', '.join(limits)}")
        warn, _, error = said.partition("/")
        warn_s = _seconds(warn, part)
        error_s = _seconds(error, part) if error else 4 * warn_s
        if error_s < warn_s:
            raise ValueError(f"says {part!r}: an error cannot come before its warning")
        limits[kind] = Limits(warn_s, error_s)
    return limits


def _seconds(span: str, part: str) -> int:
    found = re.fullmatch(r"\s*([1-9]\d{0,4})\s*([mhd])\s*", span)
    if not found:
        raise ValueError(f"says {part!r}: write it like tickets=30m/2h, in m, h or d")
    return int(found[1]) * {"m": 60, "h": 3_600, "d": 86_400}[found[2]]


def _line(value: str) -> str:
    if len(value) > 100 or not value.isprintable():
        raise ValueError("must be one line of at most 100 characters")
    return value


def _choice(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}, not {value!r}")
    return value


def allow_number(low: float, high: float) -> BeforeValidator:
    """A rule for a field: a number from *low* to *high*, both included."""
    return BeforeValidator(partial(_number, low=low, high=high))


def allow_whole(low: float, high: float) -> BeforeValidator:
    """A rule for a field: a whole number from *low* to *high*; a fraction is cut off."""
    return BeforeValidator(partial(_whole, low=low, high=high))


def allow_words(*choices: str) -> BeforeValidator:
    """A rule for a field: one of these words."""
    return BeforeValidator(partial(_choice, choices=choices))


Url: TypeAlias = Annotated[str, BeforeValidator(_url)]
"""Empty, or a URL without a slash at its end."""
Flag: TypeAlias = Annotated[bool, BeforeValidator(_flag)]


class SettingsGroup(BaseModel):
    """Values that ``read_settings`` takes from an environment, and nobody else does."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="forbid")

    prefix: ClassVar[str] = ""
    """Begins the names of the variables, which are else those of the fields in capitals."""


class VendorSettings(SettingsGroup):
    """What an operator may decide about one vendor; the class of a vendor names its variables."""

    base_url: Url = ""
    """``<VENDOR>_BASE_URL``: overrides the host that is known, or follows from a region."""
    enabled: Flag | None = None
    """``<VENDOR>_ENABLED``: 0 leaves the vendor out, 1 reads it. Default: 1, but 0 outside the
    sandbox for a vendor that does not document its ticket API, because it is experimental."""

    @property
    def urls(self) -> dict[str, str]:
        """The addresses among these settings, by their variables; empty ones too."""
        return {name: getattr(self, field) for name, field in url_variables(type(self)).items()}


V = TypeVar("V", bound=VendorSettings)


class ZoneSettings(SettingsGroup):
    """What must be known before the other settings are: by what clock people write and read."""

    business_zone: Annotated[ZoneInfo, BeforeValidator(_steady_zone)] = SHANGHAI
    """``BUSINESS_ZONE``: the zone of the days, weeks, months, business hours and local times of
    reports, of the times at which DAGs are scheduled, and of every moment that a person writes
    without an offset. One whose clocks are never changed; another than at the last build has all
    reports built anew."""


class DagSettings(ZoneSettings):
    """What the files of the DAGs say to Airflow, which reads them over and over."""

    dag_owner: str = "data-engineering"
    """``DAG_OWNER``: whom the list of DAGs names as their owner: a person or team to turn to."""


class Settings(DagSettings):
    """What an operator may decide, whatever the vendor, and the *vendors*' own settings."""

    vendors: tuple[VendorSettings, ...] = ()
    warehouse_url: SecretStr = SecretStr("")
    """``WAREHOUSE_URL``: SQLAlchemy URL of the MySQL or MariaDB database we write,
    ``mysql+pymysql://user:password@host:3306/database``. In Airflow: connection ``warehouse``."""
    warehouse_ca: str = ""
    """``WAREHOUSE_CA``: file of the authority that signed the database's certificate;
    default: the system's. Certificates are verified for every host but loopback."""
    source_url: SecretStr = SecretStr("")
    """``SOURCE_URL``: SQLAlchemy URL of the customer-service PostgreSQL database.
    In Airflow: connection ``customer_service``."""
    source_ca: str = ""
    """``SOURCE_CA``: file of the authority that signed that database's certificate; default: the
    system's. Certificates are verified for every host but loopback."""
    source_timeout_seconds: Annotated[int, allow_whole(10, 86_400)] = 3600
    """``SOURCE_TIMEOUT_SECONDS``: how long one statement of a snapshot may take there."""
    source_lag_minutes: Annotated[float, allow_number(0, 31 * 24 * 60)] = 60.0
    """``SOURCE_LAG_MINUTES``: a snapshot of a replica whose data are older than that is refused. A
    younger one bears the moment of its data, and a note."""
    snapshot_vanish_limit: Annotated[float, allow_number(0, 1)] = 0.2
    """``SNAPSHOT_VANISH_LIMIT``: a snapshot in which a larger share of a table's rows vanished is
    refused, until a later one shows the same or a person accepts the number it states."""
    snapshot_confirm_minutes: Annotated[float, allow_number(0, 7 * 24 * 60)] = 30.0
    """``SNAPSHOT_CONFIRM_MINUTES``: minutes after a refused snapshot from which on another confirms
    it that finds as many rows gone, or fewer. Sooner it may only be seeing the same outage."""
    snapshot_full_hours: Annotated[float, allow_number(0, 24 * 31)] = 24.0
    """``SNAPSHOT_FULL_HOURS``: hours after which a snapshot reads and compares every row again,
    instead of only the row versions that are new."""
    service_level_seconds: Annotated[int, allow_whole(1, 3600)] = 20
    """``SERVICE_LEVEL_SECONDS``: a wait up to this long counts as answered in time in reports."""
    desk_since: Annotated[date, BeforeValidator(_day)] = date(2010, 1, 1)
    """``DESK_SINCE``: the local day since when there is a customer-service desk: conversations
    that say they began before it, or a day after they were read, count as undated in reports."""
    business_hours: Annotated[tuple[int, int], BeforeValidator(_day_span)] = (32_400, 64_800)
    """``BUSINESS_HOURS``: from when to when people work on a working day, ``09:00-18:00``: what
    reports count as business time. Working days are Monday to Friday but for ``rpt_holiday``."""
    redact_texts: Annotated[str, allow_words("views", "write", "keep")] = "views"
    """``REDACT_TEXTS``: where personal data and keys in ticket titles and messages are masked:
    ``views``: in the reports, from their next build on; ``write``: also before they are stored, so
    that the original is nowhere; ``keep``: nowhere."""
    sandbox: Flag = False
    """``SANDBOX``: 1 allows vendor hosts on loopback, 0 refuses them and keeps the sandbox from
    starting. Default: 1 when every vendor URL that is set is on loopback, else 0."""
    secret_keys: SecretStr = SecretStr("")
    """``SECRET_KEYS``: the keys of ``cloud_user.secret_key_secret``, ``id:base64`` of 32 bytes, the
    one to encrypt with first, others after a comma; or ``file:/path`` of a file that holds that."""
    allow_plain_secrets: Flag = True
    """``ALLOW_PLAIN_SECRETS``: 0 refuses accounts whose key is not encrypted."""
    sync_since: Annotated[datetime, BeforeValidator(_moment)] = datetime(2020, 1, 1, tzinfo=UTC)
    """``SYNC_SINCE``: the oldest creation time to read, 2000 or later (ISO 8601; without an offset
    in ``BUSINESS_ZONE``, as every moment that a person writes)."""
    overlap_hours: Annotated[int, allow_whole(0, 24 * 90)] = 24
    """``OVERLAP_HOURS``: how far before the watermark every run lists again."""
    leave_new_seconds: Annotated[int, allow_whole(0, 86_400)] = 0
    """``LEAVE_NEW_SECONDS``: tickets younger than that, and without a row, are left to the program
    that made them, so that its own INSERT comes first. 0: read at once."""
    read_again_hours: Annotated[tuple[float, ...], BeforeValidator(_hours)] = (1, 24, 168, 720)
    """``READ_AGAIN_HOURS``: so many hours after closing a ticket is looked at again, separated by
    commas; empty is not possible, ``0`` means never."""
    read_all_days: Annotated[int, allow_whole(1, 3650)] = 30
    """``READ_ALL_DAYS``: every complete ticket is read again at least once in so many days."""
    open_messages: Flag = False
    """``OPEN_MESSAGES``: 1 also reads the messages of open tickets, on every run."""
    ledger_days: Annotated[int, allow_whole(0, 36_500)] = 400
    """``LEDGER_DAYS``: days for which runs (``sync_run``) and builds of reports are kept, those
    apart that tell how an account fares and how far it is read. 0: for ever, as in the next."""
    snapshot_detail_days: Annotated[int, allow_whole(0, 36_500)] = 90
    """``SNAPSHOT_DETAIL_DAYS``: days for which ``cs_snapshot_table`` tells what a snapshot did with
    each table; when the live queue was read is kept, for reports count lost waits by it."""
    history_days: Annotated[int, allow_whole(0, 36_500)] = 0
    """``HISTORY_DAYS``: days for which ``cs_*_history`` keeps versions that have ended. Once set,
    whole versions go, what was *as of* a moment before is no longer known (``v_history_limit``),
    and reports that are built anew from the beginning lack waits lost before it."""
    calls_per_second: Annotated[float, allow_number(0.1, 999)] = 5.0
    """``CALLS_PER_SECOND``: calls to a vendor for one account, at most; fewer when it refuses: just
    below what it allows, which is found within seconds, so this may be more."""
    calls_at_once: Annotated[int, allow_whole(1, 32)] = 4
    """``CALLS_AT_ONCE``: calls of one account that may be under way together."""
    accounts_at_once: Annotated[int, allow_whole(1, 32)] = 8
    """``ACCOUNTS_AT_ONCE``: accounts that a task or a command reads, or compares, side by side; 1:
    one after the other. Each takes a connection of the warehouse, all together up to four more, and
    its calls its own ``CALLS_PER_SECOND`` and ``CALLS_AT_ONCE``. Up to four tasks of a vendor run
    together."""
    run_minutes: Annotated[float, allow_number(0.1, 24 * 60)] = 10.0
    """``RUN_MINUTES``: so long a task of a scheduled ``sync_tickets`` reads; what is left the next
    one reads. Less than the 15 minutes between two, so that each account has its turn in time."""
    late_after: Annotated[dict[str, Limits], BeforeValidator(_limits)] = LATE_AFTER
    """``LATE_AFTER``: when data counts as late, a warning and then an error, for some or all kinds:
    ``tickets=30m/2h,catalog=2d/8d,snapshot=2h/8h,build=2h/8h,checks=2d/8d`` is the default (m, h,
    d); without the second span it is four times the first. After a change run ``migrate``, so that
    ``v_freshness`` says the same."""
    maintainer: Annotated[str, BeforeValidator(_line)] = ""
    """``MAINTAINER``: who mends the code, a name or an address, as reasons and alerts call them;
    empty: "the developers of this tool"."""
    runbook_url: Url = ""
    """``RUNBOOK_URL``: where people read ``docs/runbook.md``, so that the page's links to its
    sections lead there; empty: the page shows the file itself."""
    alert_urls: SecretStr = SecretStr("")
    """``ALERT_URLS``: where trouble is told: URLs as Apprise has them (``mailtos://``, ``jsons://``,
    ``dingtalk://``, ``wecombot://``, ``feishu://``, ``slack://``, …), with blanks or line breaks
    between; or ``file:/path`` of a file that holds them, a line each, ``#`` for remarks."""
    alert_after_minutes: Annotated[int, allow_whole(0, 1440)] = 4
    """``ALERT_AFTER_MINUTES``: so long trouble, or its end, is seen before it is told: by default
    in two evaluations, five minutes apart; 0: at first sight."""
    alert_severity: Annotated[str, allow_words("warn", "error")] = "warn"
    """``ALERT_SEVERITY``: from which severity on it is told; ``error`` leaves warnings out."""
    alert_language: Annotated[str, allow_words("en", "zh")] = "en"
    """``ALERT_LANGUAGE``: what alerts are written in, ``en`` or ``zh``; errors stay as they are."""
    alert_quiet_hours: Annotated[tuple[int, int] | None, BeforeValidator(_quiet_hours)] = None
    """``ALERT_QUIET_HOURS``: a span of the day in ``BUSINESS_ZONE``, ``22:00-08:00``, in which only
    errors are told; what is so still is told at its end. Empty: none."""
    alert_digest_at: Annotated[int | None, BeforeValidator(_daily)] = 540
    """``ALERT_DIGEST_AT``: when, in ``BUSINESS_ZONE``, the daily digest is sent: ``09:00``, or
    ``never``."""
    alert_ping_url: Annotated[SecretStr, BeforeValidator(_secret_url)] = SecretStr("")
    """``ALERT_PING_URL``: gets a GET after each complete evaluation by ``watch``, so that a service
    like healthchecks.io tells when they end."""
    alert_file: str = ""
    """``ALERT_FILE``: where ``watch`` notes what it told while the warehouse was away; default:
    ``alerts.json`` in ``AIRFLOW_HOME``, else in the home folder's ``.local/state``."""
    vendor_proxy: Url = ""
    """``VENDOR_PROXY``: URL of a proxy for calls to vendors; proxies of the shell are ignored."""

    @property
    def looks_after_closing(self) -> tuple[timedelta, ...]:
        """The distances from closing at which a ticket is looked at again."""
        return tuple(timedelta(hours=hours) for hours in self.read_again_hours if hours)

    def of(self, kind: type[V]) -> V:
        """The settings of the vendor whose class is *kind*; the defaults where none were read."""
        return next((one for one in self.vendors if isinstance(one, kind)), kind())


R = TypeVar("R", bound=SettingsGroup)


def read_settings(kind: type[R], environ: Mapping[str, str], **defaults: Any) -> R:
    """Settings from *environ*, in which a blank variable counts as not set, over *defaults*.

    Raises ConfigError naming the variable that cannot be used.
    """
    names = variables(kind)
    said = {
        field: value.strip()
        for name, field in names.items()
        if (value := environ.get(name, "")).strip()
    }
    try:
        return kind(**defaults | said)
    except ValidationError as error:
        told = error.errors(include_input=False)[0]
        field, problem = told["loc"][0], told["msg"].removeprefix("Value error, ")
        name = next(name for name, of in names.items() if of == field)
    raise ConfigError(f"{name} {problem}")


def variables(kind: type[SettingsGroup]) -> dict[str, str]:
    """The variables that *kind* is read from, with the names of their fields."""
    return {f"{kind.prefix}{name}".upper(): name for name in kind.model_fields if name != "vendors"}


def url_variables(kind: type[VendorSettings]) -> dict[str, str]:
    """Those of a vendor's variables that hold an address, with the names of their fields."""
    return {name: field for name, field in variables(kind).items() if field.endswith("_url")}


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    return urlsplit(url).hostname in LOOPBACK


def parse_moment(value: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 date or time that a person wrote, in UTC. Raises ValueError.

    One without an offset is of *zone*.
    """
    moment = datetime.fromisoformat(value.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("it lies outside the years 1 to 9999") from None
