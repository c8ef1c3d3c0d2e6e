"""Airflow's connections as the databases and secrets that work needs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseHook

from include import stopping
from include.errors import ConfigError
from include.runtime import metrics
from include.runtime.masking import ADAPTER, join_secrets
from include.vendors.registry import load_settings, warn_of_strange_variables

if TYPE_CHECKING:
    from sqlalchemy import URL

    from include.source.postgres import SourceDatabase
    from include.warehouse.mysql import Warehouse
    from include.work.place import Workplace


log = logging.getLogger(__name__)
DRIVERS: Final = {
    "warehouse": ("mysql+pymysql", 3306),
    "customer_service": ("postgresql+psycopg2", 5432),
}
"""Our connections, each with the driver and the port of its database."""

opened: dict[str, URL] = {}
"""What this process opened, without passwords: ``lineage.py`` names tables by it."""


@contextmanager
def warehouse() -> Iterator[Warehouse]:
    """The database of the Airflow connection ``warehouse``, checked to have our schema.

    Without that connection the setting WAREHOUSE_URL counts. The log tells which database it is. A
    task that is told to end in here is interrupted: Airflow itself lets it go on, and kills it five
    seconds later.
    """
    from include.addresses import describe_address
    from include.warehouse.mysql import Warehouse
    from include.warehouse.schema import revisions

    settings = load_settings()
    warn_of_strange_variables()
    url = url_of("warehouse", *DRIVERS["warehouse"]) or settings.warehouse_url.get_secret_value()
    if not url:
        raise ConfigError("there is no Airflow connection `warehouse`: add one, type MySQL")
    database = Warehouse.open(
        url, ca=settings.warehouse_ca, accounts_at_once=settings.accounts_at_once
    )
    log.info("the warehouse is %s", describe_address(url))
    hide_secret(database.engine.url.password or "")
    opened["warehouse"] = database.engine.url.set(password=None)
    try:
        with stopping.when_told(), closing(database):
            revisions.require_current(database.engine)
            yield database
    finally:
        metrics.tell_work()


@contextmanager
def workplace(*, uses_keys: bool = True) -> Iterator[Workplace]:
    """The workplace of a task.

    Keys that are used are registered with Airflow's masker, which slows down with them: whoever
    only counts accounts, however many, *uses_keys* not.
    """
    from include.work.place import Workplace

    with warehouse() as opened:
        hide = hide_secrets if uses_keys else None
        yield Workplace.of(load_settings(), opened, find_secret, hide)


def source() -> SourceDatabase:
    """The customer-service database of the Airflow connection ``customer_service``.

    Without that connection the setting SOURCE_URL counts. Nothing is sent to it yet.
    """
    import sqlalchemy as sa

    from include.addresses import describe_address
    from include.work.customer_service import open_source

    settings = load_settings()
    url = (
        url_of("customer_service", *DRIVERS["customer_service"])
        or settings.source_url.get_secret_value()
    )
    if not url:
        raise ConfigError(
            "there is no Airflow connection `customer_service`: add one, type Postgres, for the"
            " customer-service database; until then leave snapshot_customer_service switched off"
        )
    found = open_source(url, settings, hide_secret)
    log.info("the customer service is %s", describe_address(url))
    opened["customer_service"] = sa.make_url(url).set(password=None)
    return found


def names_source() -> bool:
    """Whether there is the Airflow connection ``customer_service``."""
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        BaseHook.get_connection("customer_service")
    except AirflowNotFoundException:
        return False
    return True


def page_link() -> str:
    """Where the page "Sync health" is, if Airflow's configuration says so."""
    from airflow.sdk.configuration import conf

    from include.work.alerts.watch import PAGE

    base = (conf.get("api", "base_url", fallback="") or "").rstrip("/")
    return f"{base}{PAGE}" if base else ""


def find_secret(connection_id: str) -> str:
    """The secret of ``conn:<id>``: the password of an Airflow connection. Raises ConfigError."""
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        password = BaseHook.get_connection(connection_id).password
    except AirflowNotFoundException:
        raise ConfigError(f"there is no Airflow connection {connection_id}: add it") from None
    if not password:
        raise ConfigError(f"the Airflow connection {connection_id} has no password")
    return str(password)


def hide_secret(secret: str) -> None:
    """Register a secret with Airflow's masker, which knows no settings of ours."""
    from airflow.sdk.log import mask_secret

    if secret:
        mask_secret(secret)


def hide_secrets(secrets: Collection[str]) -> None:
    """Register secrets with Airflow's masker: at once where it is set up for that."""
    if takes_many_keys():
        hide_secret(join_secrets(secrets))
        return
    for secret in secrets:
        hide_secret(secret)


def takes_many_keys() -> bool:
    """Whether the configuration lets Airflow's masker take many keys at once."""
    from airflow.sdk.configuration import conf

    return bool(conf.get("logging", "secret_mask_adapter", fallback="") == ADAPTER)


def url_of(
    connection_id: str,
    driver: str,
    port: int,
    find: Callable[[str], Any] = BaseHook.get_connection,
) -> str:
    """The SQLAlchemy URL of an Airflow connection, with *extra* as its query.

    Empty when *find* knows no connection of that name.
    """
    import sqlalchemy as sa
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = find(connection_id)
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
        {name: _text(connection_id, name, said) for name, said in connection.extra_dejson.items()},
    )
    return url.render_as_string(hide_password=False)


def _text(connection_id: str, name: str, said: object) -> str:
    """A value of a connection's *extra* as the query of a URL has it. Raises ConfigError."""
    if isinstance(said, str | int):
        return str(said)
    raise ConfigError(
        f"the Airflow connection `{connection_id}`: extra: {name} must be one text or number"
    )
