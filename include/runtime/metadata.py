"""What Airflow's own database is like, and which databases its connections name.

For the command line, which may ask it where there is one; a task may not.
"""

from __future__ import annotations

import warnings

import sqlalchemy as sa
from airflow.models.connection import Connection
from airflow.utils.db import check_migrations

from include.addresses import describe_address
from include.errors import ConfigError
from include.runtime.connections import DRIVERS, url_of


def require_migrated() -> None:
    """Raise ConfigError unless the database answers, and is as this Airflow wants it."""
    try:
        with warnings.catch_warnings():
            # Airflow would print those of what it loads for this on stdout, into a JSON document.
            warnings.simplefilter("ignore")
            check_migrations(1)  # type: ignore[no-untyped-call]
    except TimeoutError as error:
        heads = str(error).partition("Migration")[2].strip()
        what = "is of another version than this Airflow"
        if "DB: set()" in heads:
            what = "has no tables of Airflow"
        raise ConfigError(
            f"its database {what} ({heads}): run `airflow db migrate`, or this command with the"
            " scheduler's Airflow"
        ) from error
    except sa.exc.SQLAlchemyError as error:
        words = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise ConfigError(
            f"its database does not answer ({words[:200]}): `airflow db check` tests it; is"
            " AIRFLOW__DATABASE__SQL_ALCHEMY_CONN that of the scheduler?"
        ) from error


def describe_connection(connection_id: str) -> str:
    """The database that tasks take from a connection of ``DRIVERS``; empty: there is none."""
    url = url_of(connection_id, *DRIVERS[connection_id], Connection.get_connection_from_secrets)
    return describe_address(url) if url else ""
