"""Every setting that is not one vendor's, its default and its meaning.

All are read from the environment, by ``load_settings`` in ``include/vendors/registry.py``; there
``find_strange_variables`` finds what only looks like one. A vendor's own settings stand in its
folder. How a text becomes a value: ``include/values.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from include.errors import ConfigError
from include.values import (
    LATE_AFTER,
    SHANGHAI,
    Daily,
    Day,
    DaySpan,
    Flag,
    Hours,
    LateAfter,
    Line,
    Moment,
    QuietHours,
    SecretUrl,
    SteadyZone,
    Url,
    allow_number,
    allow_whole,
    allow_words,
)

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


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

    business_zone: SteadyZone = SHANGHAI
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
    desk_since: Day = date(2010, 1, 1)
    """``DESK_SINCE``: the local day since when there is a customer-service desk: conversations
    that say they began before it, or a day after they were read, count as undated in reports."""
    business_hours: DaySpan = (32_400, 64_800)
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
    sync_since: Moment = datetime(2020, 1, 1, tzinfo=UTC)
    """``SYNC_SINCE``: the oldest creation time to read, 2000 or later (ISO 8601; without an offset
    in ``BUSINESS_ZONE``, as every moment that a person writes)."""
    overlap_hours: Annotated[int, allow_whole(0, 24 * 90)] = 24
    """``OVERLAP_HOURS``: how far before the watermark every run lists again."""
    leave_new_seconds: Annotated[int, allow_whole(0, 86_400)] = 0
    """``LEAVE_NEW_SECONDS``: tickets younger than that, and without a row, are left to the program
    that made them, so that its own INSERT comes first. 0: read at once."""
    read_again_hours: Hours = (1, 24, 168, 720)
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
    late_after: LateAfter = LATE_AFTER
    """``LATE_AFTER``: when data counts as late, a warning and then an error, for some or all kinds:
    ``tickets=30m/2h,catalog=2d/8d,snapshot=2h/8h,build=2h/8h,checks=2d/8d`` is the default (m, h,
    d); without the second span it is four times the first. After a change run ``migrate``, so that
    ``v_freshness`` says the same."""
    maintainer: Line = ""
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
    alert_quiet_hours: QuietHours = None
    """``ALERT_QUIET_HOURS``: a span of the day in ``BUSINESS_ZONE``, ``22:00-08:00``, in which only
    errors are told; what is so still is told at its end. Empty: none."""
    alert_digest_at: Daily = 540
    """``ALERT_DIGEST_AT``: when, in ``BUSINESS_ZONE``, the daily digest is sent: ``09:00``, or
    ``never``."""
    alert_ping_url: SecretUrl = SecretStr("")
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
