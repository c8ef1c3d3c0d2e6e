"""The schema: bring a database up to date, refuse one that is not, print the script for a DBA.

Alembic keeps the tables; views, comments and the dictionary are brought to what this code says
after it each time, whatever the revision.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from include.errors import AlreadyRunningError, CheckError, ConfigError
from include.values import LATE_AFTER, Limits
from include.warehouse.bookkeeping.leftovers import Leftover, read_leftovers
from include.warehouse.dictionary import comments, entries, stored
from include.warehouse.mysql import dedicated
from include.warehouse.schema import obstacles, views
from include.warehouse.schema.changes import TableChange, read_changes
from include.warehouse.schema.obstacles import LOCK_WAIT_SECONDS
from include.warehouse.schema.revisions import (
    MIGRATIONS,
    head,
    read_revision,
    refuse_unknown,
)
from include.warehouse.server_errors import translate_error
from include.warehouse.types import TEXT

Say = Callable[[str], None]

USERS_TABLES: Final = (
    "cloud_user",
    "cloud_osm_list",
    "cloud_osm_detail",
    "cloud_osm_product",
    "cloud_osm_product_type",
)
OLDEST: Final = "0008"
"""The oldest revision that a newer one can be taken back to."""
LOCK_SECONDS: Final = 10
LISTED: Final = 1000

SESSION: Final = (
    # Without strict mode the server cuts what is too long, and says nothing.
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    # Whoever wants a table for which we wait waits behind us.
    f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS},"
    f" innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}",
)

HEAD: Final = f"""\
-- The schema, for an empty database: mysql --default-character-set=utf8mb4 <database> < this file.
-- A database that already holds one of these tables is refused by the first CREATE TABLE: its rows
-- are brought over one by one, by `python -m include migrate`.
SET NAMES utf8mb4 COLLATE {TEXT};

"""


@dataclass(frozen=True, slots=True)
class Report:
    """What ``upgrade`` did. *before* is None for a database that had no schema of ours."""

    before: str | None
    after: str
    adopted: tuple[str, ...]
    """The user's tables that were there already."""
    leftovers: tuple[Leftover, ...]
    """The first ``LISTED`` values that await a person in migration_leftover, of all runs."""
    leftover_count: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What ``upgrade`` would do. *before* is None for a database that has no schema of ours."""

    before: str | None
    after: str
    revisions: tuple[tuple[str, str], ...]
    """Those to come, oldest first, with what each is about."""
    changes: tuple[TableChange, ...]
    obstacle: str | None
    """Why it would be refused, and what to do; None: it would not."""


def upgrade(
    engine: sa.Engine,
    *,
    late_after: Mapping[str, Limits] = LATE_AFTER,
    progress: Say = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    """Bring the database to the newest schema. Running it again, or after a kill, completes it.

    Tables that are the user's are adopted with their rows. What would stop it half-way is looked
    for before the first change. Raises ConfigError for a schema that this code does not know, for
    tables that only bear the names and for foreign keys in the way, AlreadyRunningError when
    another migration runs, UnavailableError when the database went away or somebody has a table in
    use, naming who.
    """
    with _alone(engine) as connection:
        before = read_revision(connection)
        refuse_unknown(before)
        there = sa.inspect(connection).get_table_names() if before is None else []
        adopted = tuple(name for name in USERS_TABLES if name in there)
        for name in adopted:
            progress(f"{name}: is there, will be adopted with its rows")
        move = _Move(connection, progress, sleep)
        if before != head():
            move.run(command.upgrade, f"{before or 'base'}:head", "head")
        dictionary = entries.read()

        def describe() -> None:
            comments.apply(connection, dictionary, progress=progress)
            views.apply(connection, late_after=late_after, progress=progress)
            stored.apply(connection, dictionary)

        move.wait_for_locks(
            describe, f"The tables are those of {head()}, some views or comments still the old ones"
        )
        count, leftovers = read_leftovers(connection, LISTED)
        return Report(before, head(), adopted, leftovers, count)


def go_back(
    engine: sa.Engine,
    revision: str,
    *,
    progress: Say = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Take the tables back to *revision*, for the release that was written for it.

    What the newer revisions added goes, and nothing else. The views stay as they are until that
    release's own ``migrate``. Raises ConfigError where there is no way back, else as ``upgrade``.
    """
    with _alone(engine) as connection:
        before = read_revision(connection)
        refuse_unknown(before)
        _refuse_no_way_back(before, revision)
        if before != revision:
            _Move(connection, progress, sleep).run(
                command.downgrade, f"{before}:{revision}", revision
            )


def preview(engine: sa.Engine) -> Preview:
    """What ``upgrade`` would do; changes nothing and takes no lock. Raises as ``upgrade``."""
    with _patient(engine) as connection:
        before = read_revision(connection)
        refuse_unknown(before)
        obstacle = None
        steps = reversed(list(_migrations().iterate_revisions("head", before or "base")))
        changes = _changes(connection, command.upgrade, f"{before or 'base'}:head")
        try:
            obstacles.refuse_foreign_keys(connection, changes)
        except ConfigError as error:
            obstacle = str(error)
        return Preview(
            before,
            head(),
            tuple((step.revision, step.doc.splitlines()[0]) for step in steps),
            tuple(changes),
            obstacle,
        )


@dataclass(frozen=True, slots=True)
class _Move:
    """The way of one connection from a revision to another."""

    connection: sa.Connection
    progress: Say
    sleep: Callable[[float], None]

    def run(self, command_: Callable[..., None], span: str, revision: str) -> None:
        """Look for what would stop *command_*, then let it go to *revision*."""
        changes = _changes(self.connection, command_, span)
        obstacles.refuse_foreign_keys(self.connection, changes)
        tables = [change.table for change in changes]
        self.wait_for_locks(
            lambda: obstacles.lock_briefly(self.connection, tables), "Nothing was changed"
        )
        # The revisions import nothing of ours, so that no change here can change them.
        errors = {"operator": ConfigError, "data owner": CheckError}
        config = _config(connection=self.connection, progress=self.progress, errors=errors)
        try:
            self.wait_for_locks(lambda: command_(config, revision), "What was done stays")
        except BaseException:
            self.progress(
                f"stopped on the way {span.replace(':', ' to ')}: what was done stays and is seen."
                " Mend the cause, then run the same again: it goes on from there"
            )
            raise

    def wait_for_locks(self, work: Callable[[], None], standing: str) -> None:
        """Do *work* as ``obstacles.wait_for_locks``."""
        obstacles.wait_for_locks(
            self.connection, work, standing=standing, progress=self.progress, sleep=self.sleep
        )


def _changes(
    connection: sa.Connection, command_: Callable[..., None], span: str
) -> list[TableChange]:
    """What *command_* does to tables that are there on the way of *span*."""
    buffer = io.StringIO()
    command_(_config(buffer), span, sql=True)
    return read_changes(connection, buffer.getvalue())


def _refuse_no_way_back(before: str | None, revision: str) -> None:
    """Raise ConfigError unless each revision from *before* down to *revision* can be undone."""
    known = [step.revision for step in _migrations().iterate_revisions("head", OLDEST)]
    if before is None or revision not in (*known, OLDEST):
        names = ", ".join((*known, OLDEST))
        raise ConfigError(
            f"the schema {before or 'is not there, and'} cannot go back to {revision}, only to"
            f" {names}: for an older one restore the backup (docs/operating.md)"
        )
    if before < revision:
        raise ConfigError(
            f"the schema is {before}, older than {revision}: run `migrate` without --to"
        )
    for step in _migrations().iterate_revisions(before, revision):
        if not hasattr(step.module, "downgrade"):
            raise ConfigError(
                f"there is no way back from {step.revision}: {step.module.NO_WAY_BACK}. Restore the"
                " backup (docs/operating.md)"
            )


def script(late_after: Mapping[str, Limits] = LATE_AFTER) -> str:
    """All that ``upgrade`` makes as SQL, for a DBA and an empty database; both servers run it."""
    buffer = io.StringIO()
    command.upgrade(_config(buffer), "head", sql=True)
    dictionary = entries.read()
    return (
        f"{HEAD}{buffer.getvalue()}\n{comments.script(dictionary)}{views.script(late_after)}"
        f"{stored.script(dictionary)}"
    )


@cache
def _migrations() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config(output: io.StringIO | None = None, **attributes: Any) -> Config:
    config = Config(output_buffer=output) if output else Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(attributes)
    return config


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A patient connection under the rules of migrations, the only one that migrates."""
    with _patient(engine) as connection:
        for statement in SESSION:
            connection.exec_driver_sql(statement)
        with _lock(connection):
            yield connection


@contextmanager
def _patient(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection of its own, in autocommit, that waits for an answer as long as it takes.

    Rewriting a large table takes longer than a run ever waits (``mysql.create_engine``).
    """
    try:
        waiting = {"read_timeout": None, "write_timeout": None}
        with dedicated(engine, isolation_level="AUTOCOMMIT", **waiting) as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        raise translate_error(error) from error


@contextmanager
def _lock(connection: sa.Connection) -> Iterator[None]:
    """One migration a database at a time. The server lets go when the connection ends."""
    database = connection.execute(sa.text("SELECT DATABASE()")).scalar_one()
    if not database:
        raise ConfigError("the URL of the warehouse names no database: add /<name> to it")
    name = "migrate:" + hashlib.sha256(database.encode()).hexdigest()[:32]
    got = connection.execute(
        sa.text("SELECT GET_LOCK(:name, :seconds)"), {"name": name, "seconds": LOCK_SECONDS}
    ).scalar_one()
    if got != 1:
        raise AlreadyRunningError(f"another migration of {database} is running: wait for it")
    yield
    connection.execute(sa.text("SELECT RELEASE_LOCK(:name)"), {"name": name})
