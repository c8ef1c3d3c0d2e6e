"""Where Airflow meets the application: connections, retries, forms, assets.

What the tasks of each DAG do stands beside it. Every DAG file imports this package, so only light
modules stand at the top of its files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
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

from include import stopping
from include.customer_service import SOURCE_TABLES
from include.errors import ConfigError
from include.models import VENDORS

if TYPE_CHECKING:
    from include.source.postgres import SourceDatabase
    from include.warehouse.bookkeeping.ledger import Request
    from include.warehouse.mysql import Warehouse

TICKET_TABLES: Final = ("cloud_osm_list", "cloud_osm_detail", "cloud_osm_source")
CATALOG_TABLES: Final = (
    "cloud_osm_product",
    "cloud_osm_product_type",
    "cloud_osm_product_category",
    "cloud_osm_source",
)
SNAPSHOT_TABLES: Final = tuple(f"cs_{table.name}" for table in SOURCE_TABLES)
REPORT_ASSET: Final = "reports"
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""A backfill asks vendors span by span: one from the year 1 would never end."""

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

    Without that connection the setting WAREHOUSE_URL counts. A task that is told to end in here is
    interrupted: Airflow itself lets it go on, and kills it five seconds later.
    """
    from include.settings import Settings
    from include.warehouse.mysql import Warehouse
    from include.warehouse.schema import migrations

    settings = Settings.load()
    url = _url("warehouse", "mysql+pymysql", 3306) or settings.warehouse_url
    if not url:
        raise ConfigError("there is no Airflow connection `warehouse`: add one, type MySQL")
    opened = Warehouse.open(url, ca=settings.warehouse_ca)
    _hide(url)
    with stopping.when_told(), closing(opened):
        migrations.require_current(opened.engine)
        yield opened


def source() -> SourceDatabase:
    """The customer-service database of the Airflow connection ``customer_service``.

    Without that connection the setting SOURCE_URL counts. Nothing is sent to it yet.
    """
    from include.settings import Settings
    from include.source.postgres import SourceDatabase

    settings = Settings.load()
    url = _url("customer_service", "postgresql+psycopg2", 5432) or settings.source_url
    if not url:
        raise ConfigError(
            "there is no Airflow connection `customer_service`: add one, type Postgres, for the"
            " customer-service database; until then leave snapshot_customer_service switched off"
        )
    opened = SourceDatabase.open(
        url, ca=settings.source_ca, timeout_seconds=settings.source_timeout_seconds
    )
    _hide(url)
    return opened


def check_form(params: Mapping[str, Any], conf: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse what the form's schema lets pass: Airflow takes unknown keys of *conf* as params."""
    unknown = set(conf) - set(known)
    if unknown:
        strange = "".join(c if c.isprintable() else " " for c in ", ".join(sorted(unknown)))
        raise ConfigError(
            f"unknown in the form: {strange[:200]}; known: {', '.join(sorted(known))}"
        )
    since, until = moment(params.get("since")), moment(params.get("until"))
    if until and not since:
        raise ConfigError("`until` needs `since`: a backfill has a beginning")
    if since and since < EARLIEST:
        raise ConfigError(f"`since` must not lie before {EARLIEST:%Y-%m-%d}: nothing is so old")
    if since and since >= (until or datetime.now(UTC)):
        raise ConfigError("`since` must lie before `until`, and in the past")


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


def request(who: str, params: Mapping[str, Any]) -> Request:
    """Who asked for what, as it stands in the ledger."""
    from include.warehouse.bookkeeping.ledger import Request

    return Request(who, dict(params))


def _url(connection_id: str, driver: str, port: int) -> str:
    """The SQLAlchemy URL of an Airflow connection; empty when there is none of that name."""
    import sqlalchemy as sa
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        return ""
    if not connection.schema:
        raise ConfigError(f"the Airflow connection `{connection_id}` names no database: add it")
    url = sa.URL.create(
        driver,
        connection.login or None,
        connection.password or None,
        connection.host or "127.0.0.1",
        connection.port or port,
        connection.schema,
    )
    return url.render_as_string(hide_password=False)


def _hide(url: str) -> None:
    """Register the password of *url* with Airflow's masker, which knows no settings of ours."""
    import sqlalchemy as sa
    from airflow.sdk.log import mask_secret

    if password := sa.make_url(url).password:
        mask_secret(password)
