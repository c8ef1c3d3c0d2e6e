"""Where Airflow meets the application: connections, retries, masking, groups of accounts.

Imported by every DAG file, so only light modules stand at the top.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import (
    Asset,
    BaseHook,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
)
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.log import mask_secret

from include.errors import AuthError, ConfigError, RateLimitError, SyncError, UnavailableError
from include.models import VENDORS

if TYPE_CHECKING:
    from include.models import Account
    from include.warehouse.accounts import AccountInfo, BadAccount
    from include.warehouse.ledger import Request
    from include.warehouse.mysql import Warehouse

log = logging.getLogger(__name__)

TICKET_TABLES: Final = ("cloud_osm_list", "cloud_osm_detail", "cloud_osm_source")
CATALOG_TABLES: Final = (
    "cloud_osm_product",
    "cloud_osm_product_type",
    "cloud_osm_product_category",
    "cloud_osm_source",
)
MOST_TASKS: Final = 200
"""Mapped tasks of one vendor: Airflow maps at most 1,024, and each costs a second to start."""

_fail_at_once = ("AuthError", "ConfigError", "RejectedError", "ContractError", "CheckError")
RETRY_POLICY: Final = ExceptionRetryPolicy(
    rules=[
        *(
            RetryRule(exception=f"include.errors.{name}", action=RetryAction.FAIL, reason=name)
            for name in (*_fail_at_once, "PartialError", "SupersededError")
        ),
        RetryRule(
            exception="include.errors.RateLimitError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=15),
            reason="the vendor refuses more calls for now",
        ),
        RetryRule(
            exception="include.errors.AlreadyRunningError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=2),
            reason="another run holds the account",
        ),
    ]
)
DEFAULTS: Final[dict[str, Any]] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": RETRY_POLICY,
    # Runs go on where they were stopped, so a limit loses nothing.
    "execution_timeout": timedelta(hours=6),
}


def vendors_param() -> Param:
    """The form's choice of vendors."""
    return Param(
        list(VENDORS),
        type="array",
        items={"type": "string", "enum": list(VENDORS)},
        examples=list(VENDORS),
        title="Vendors",
        description_md="Only these vendors.",
    )


def accounts_param() -> Param:
    """The form's choice of accounts."""
    return Param(
        None,
        type=["null", "array"],  # so that the form does not ask for one
        items={"type": "string", "pattern": r"^[\w.@:-]{1,50}$"},
        maxItems=500,
        title="Accounts",
        description_md="Ids of `cloud_user`, one a line. Empty: every account that is switched on.",
    )


def assets(names: Iterable[str]) -> list[Asset]:
    """The tables that a task changes, for DAGs that wait for them."""
    return [Asset(name) for name in names]


def pool(vendor: str) -> str:
    """The pool that bounds how many tasks call a vendor at once."""
    return f"vendor_{vendor}"


@contextmanager
def warehouse() -> Iterator[Warehouse]:
    """The database of the Airflow connection ``warehouse``, checked to have our schema.

    Without that connection the setting WAREHOUSE_URL counts.
    """
    from airflow.sdk.exceptions import AirflowNotFoundException

    from include.settings import Settings
    from include.warehouse import schema
    from include.warehouse.mysql import Warehouse

    settings = Settings.load()
    try:
        url = _url(BaseHook.get_connection("warehouse"))
    except AirflowNotFoundException:
        url = settings.warehouse_url
    if not url:
        raise ConfigError("there is no Airflow connection `warehouse`: add one, type MySQL")
    opened = Warehouse.open(url, ca=settings.warehouse_ca)
    try:
        schema.require_current(opened.engine)
        yield opened
    finally:
        opened.close()


def account_infos(opened: Warehouse) -> list[AccountInfo]:
    """Every account as a page may show it, with what is wrong with its row; no key among it.

    The keys are not registered with the masker: nothing here logs, and each one costs it time.
    """
    from include.secrets import KeyRing
    from include.settings import Settings
    from include.warehouse.accounts import list_accounts

    settings = Settings.load()
    ring = KeyRing.parse(settings.secret_keys)
    allow_plain = settings.allow_plain_secrets
    return list_accounts(opened, ring, references=_reference, allow_plain=allow_plain)


def experimental_vendors() -> dict[str, bool]:
    """The vendors that do not document their API, and whether they are switched on."""
    from include.settings import Settings
    from include.vendors import CLIENTS

    is_on = Settings.load().tencent_enabled
    return {name: is_on for name in VENDORS if not CLIENTS[name].capabilities.official_api}


def account_groups(
    vendor: str, params: Mapping[str, Any], conf: Mapping[str, Any] | None, known: Collection[str]
) -> list[list[str]]:
    """The ids of a vendor's accounts to read, in groups of which each becomes one task.

    An account whose row cannot be used is a group too, so that it fails under its own name.
    Raises ConfigError for a form that makes no sense.
    """
    check_form(params, conf or {}, known)
    with warehouse() as opened:
        accounts, bad = _accounts(opened, params)
    refused = [str(row.error) for row in bad if row.account_id in (params["accounts"] or ())]
    if refused:
        raise ConfigError("; ".join(refused))
    chosen = {account.account_id: account.vendor for account in accounts}
    # A row without a usable vendor must be red somewhere, too.
    chosen |= {row.account_id: row.vendor or VENDORS[0] for row in bad}
    if not chosen:
        log.warning("no account to read: add one with `python -m include accounts add`")
    if _is_off(vendor) and not params["accounts"]:
        log.warning("%s is experimental and switched off, see include/settings.py", vendor)
        return []
    return _groups(sorted(account_id for account_id, of in chosen.items() if of == vendor))


def check_form(params: Mapping[str, Any], conf: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse what the form's schema lets pass: Airflow takes unknown keys of *conf* as params."""
    unknown = set(conf) - set(known)
    if unknown:
        fields = ", ".join(sorted(known))
        raise ConfigError(f"unknown in the form: {', '.join(sorted(unknown))}; known: {fields}")
    since, until = moment(params.get("since")), moment(params.get("until"))
    if until and not since:
        raise ConfigError("`until` needs `since`: a backfill has a beginning")
    if since and since >= (until or datetime.now(UTC)):
        raise ConfigError("`since` must lie before `until`, and in the past")


def sync_accounts(
    account_ids: Sequence[str], params: Mapping[str, Any], who: str
) -> dict[str, int]:
    """Sync the tickets of a group of accounts; one that fails does not keep the others.

    Raises the failure, the one worth another try first when there are several.
    """
    from dataclasses import asdict

    from include.pipelines import tickets
    from include.settings import Settings
    from include.vendors import open_client
    from include.warehouse.ledger import Counts

    settings, total = Settings.load(), Counts()
    options = tickets.Options(
        since=moment(params["since"]),
        until=moment(params["until"]),
        open_messages=bool(params["open_messages"]),
        dry_run=bool(params["dry_run"]),
    )
    with warehouse() as opened:
        # The keys are read anew: they may have changed since the group was made.
        accounts, bad = _accounts(opened, {"vendors": (), "accounts": account_ids}, mask_secret)
        failures: dict[str, Exception] = {row.account_id: row.error for row in bad}
        for account in accounts:
            try:
                with closing(open_client(account, settings)) as client:
                    counts = tickets.sync(
                        client,
                        opened,
                        account,
                        settings=settings,
                        now=datetime.now(UTC),
                        request=_request(who, params),
                        options=options,
                    )
            except SyncError as error:
                failures[account.account_id] = error
            else:
                log.info("account=%s %s", account.account_id, counts)
                total += counts
    _raise(failures, len(account_ids))
    return asdict(total)


def refresh_vendor(vendor: str, params: Mapping[str, Any], who: str) -> dict[str, int]:
    """Refresh a vendor's catalogue through the first of its accounts that may read it."""
    from dataclasses import asdict

    from include.pipelines import catalog
    from include.settings import Settings
    from include.vendors import open_client

    settings = Settings.load()
    with warehouse() as opened:
        accounts, bad = _accounts(opened, params, mask_secret)
        mine = [account for account in accounts if account.vendor == vendor]
        failures: dict[str, Exception] = {r.account_id: r.error for r in bad if r.vendor == vendor}
        if not (mine or failures):
            raise AirflowSkipException(f"no account of {vendor} was chosen")
        if _is_off(vendor) and not params["accounts"]:
            raise AirflowSkipException(f"{vendor} is experimental and switched off")
        for account in mine:
            try:
                with closing(open_client(account, settings)) as client:
                    counts = catalog.refresh(
                        client,
                        opened,
                        now=datetime.now(UTC),
                        request=_request(who, params),
                        accept_vanished=bool(params["accept_vanished"]),
                    )
            except (AuthError, ConfigError) as error:
                failures[account.account_id] = error
                log.warning("account=%s %s: %s", account.account_id, type(error).__name__, error)
            else:
                return asdict(counts)
    _raise(failures, len(failures))
    return {}


def total(results: Iterable[Any], params: Mapping[str, Any]) -> dict[str, int]:
    """The sum of what the tasks of a run did. Skips, so that no asset changes, when nothing did."""
    figures: dict[str, int] = {}
    for result in results:
        for part in [result] if isinstance(result, Mapping) else result or []:
            for name, value in part.items():
                figures[name] = figures.get(name, 0) + value
    if params.get("dry_run") or not figures.get("written", 0) + figures.get("gone", 0):
        raise AirflowSkipException(f"nothing changed: {figures}")
    return figures


def who(dag_run: Any) -> str:
    """Who asked for a run: the person who triggered it, else the kind of run."""
    user = getattr(dag_run, "triggering_user_name", None)
    return f"airflow {dag_run.run_id}" + (f" by {user}" if user else "")


def moment(value: str | None) -> datetime | None:
    """A time from the form, in UTC."""
    if not value:
        return None
    from include.settings import parse_moment

    try:
        return parse_moment(value)
    except ValueError:
        raise ConfigError(f"{value!r} is not a time like 2026-01-31T00:00:00+08:00") from None


def _request(who: str, params: Mapping[str, Any]) -> Request:
    from include.warehouse.ledger import Request

    return Request(who, dict(params))


def _accounts(
    opened: Warehouse, params: Mapping[str, Any], mask: Callable[[str], None] | None = None
) -> tuple[list[Account], list[BadAccount]]:
    """The accounts a form chooses.

    Whoever uses their keys registers them with *mask*. Airflow's masker slows down with each, so
    who only counts accounts, however many, does not.
    """
    from include.secrets import KeyRing
    from include.settings import Settings
    from include.warehouse.accounts import load_accounts

    settings = Settings.load()
    return load_accounts(
        opened,
        KeyRing.parse(settings.secret_keys),
        vendors=tuple(params["vendors"]),
        account_ids=tuple(params["accounts"] or ()),
        references=_reference,
        mask=mask,
        allow_plain=settings.allow_plain_secrets,
    )


def _is_off(vendor: str) -> bool:
    return not experimental_vendors().get(vendor, True)


def _reference(connection_id: str) -> str:
    """The secret of ``conn:<id>``: the password of an Airflow connection."""
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        password = BaseHook.get_connection(connection_id).password
    except AirflowNotFoundException:
        raise ConfigError(f"there is no Airflow connection {connection_id}: add it") from None
    if not password:
        raise ConfigError(f"the Airflow connection {connection_id} has no password")
    return str(password)


def _url(connection: Any) -> str:
    """The SQLAlchemy URL of an Airflow connection of type MySQL."""
    import sqlalchemy as sa

    url = sa.URL.create(
        "mysql+pymysql",
        connection.login or None,
        connection.password or None,
        connection.host or "127.0.0.1",
        connection.port or 3306,
        connection.schema or None,
    )
    return url.render_as_string(hide_password=False)


def _groups(ids: Sequence[str]) -> list[list[str]]:
    size = -(-len(ids) // MOST_TASKS) or 1
    return [list(ids[i : i + size]) for i in range(0, len(ids), size)]


def _raise(failures: Mapping[str, Exception], of: int) -> None:
    """Log every failure by its account, and raise the one that is worth another try first."""
    if not failures:
        return
    for account_id, error in failures.items():
        log.error("account=%s %s: %s", account_id, type(error).__name__, error)
    passing = (UnavailableError, RateLimitError)
    first = min(failures, key=lambda name: not isinstance(failures[name], passing))
    error = failures[first]
    error.add_note(f"{len(failures)} of {of} accounts failed: {', '.join(sorted(failures)[:20])}")
    raise error
