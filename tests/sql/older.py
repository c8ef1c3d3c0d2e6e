"""Databases of older revisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from include.warehouse.schema import revisions


def upgrade_to(engine: sa.Engine, revision: str) -> None:
    """Upgrade to *revision* and no further."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        config = Config(attributes={"connection": connection, "progress": lambda _: None})
        config.set_main_option("script_location", str(revisions.MIGRATIONS))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, revision)
