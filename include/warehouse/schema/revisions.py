"""Which schema a database has, and whether it is the one this code was written for.

Asked by every command and task, so Alembic, which takes a while to load, is left out: a file of
``sql/migrations/versions`` begins with its revision, and each follows the one before.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from include.errors import ConfigError
from include.warehouse.server_errors import translate_error

MIGRATIONS: Final = Path(__file__).resolve().parents[3] / "sql" / "migrations"


def head() -> str:
    """The newest revision this code knows."""
    return revisions()[-1]


@cache
def revisions() -> tuple[str, ...]:
    """All revisions this code knows, oldest first."""
    files = (MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


def require_current(engine: sa.Engine) -> None:
    """Raise ConfigError unless the database has exactly the schema this code was written for."""
    try:
        with engine.connect() as connection:
            found = read_revision(connection)
    except sa.exc.DBAPIError as error:
        raise translate_error(error) from error
    refuse_unknown(found)
    if found != head():
        has = f"schema {found}, which is older than {head()}" if found else "no schema of ours"
        raise ConfigError(f"the warehouse has {has}: run `python -m include migrate`")


def read_revision(connection: sa.Connection) -> str | None:
    """The schema's revision; None: there is none of ours. Raises ConfigError for several."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    query = "select version_num from alembic_version order by 1"
    found = list(connection.exec_driver_sql(query).scalars())
    if len(found) > 1:
        raise ConfigError(f"alembic_version holds several revisions: {', '.join(found)}")
    return found[0] if found else None


def refuse_unknown(revision: str | None) -> None:
    """Raise ConfigError for a *revision* that a newer code has made."""
    if revision is not None and revision not in revisions():
        raise ConfigError(
            f"the warehouse has schema {revision}, which this code does not know (it knows up to"
            f" {head()}): update the code; nothing was read or written"
        )
