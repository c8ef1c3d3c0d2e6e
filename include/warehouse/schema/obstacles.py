"""What would stop a migration half-way: foreign keys of others, and who has a table in use.

MySQL takes back no DDL, so both are looked for before the first change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa
import tenacity

from include.errors import ConfigError, UnavailableError
from include.warehouse.schema.changes import TEXTS, TableChange

LOCK_WAIT_SECONDS: Final = 2
"""While we wait for a table, everybody who wants it waits behind us."""
ATTEMPTS: Final = 5
PAUSE_SECONDS: Final = 3
STATEMENT_CHARS: Final = 200

DENIED: Final = frozenset({1044, 1142, 1227})
LOCK_WAIT: Final = 1205
GTID: Final = 1785
"""A server with GTIDs takes tables of several engines, the user's MyISAM too, one by one."""

WANTED: Final = re.compile(
    r"\b(?:TABLE|VIEW|UPDATE|INTO|FROM|ON)\s+(?:IF EXISTS\s+)?`?(\w+)", re.IGNORECASE
)
"""The first table or view that a statement names."""

FOREIGN_KEYS: Final = """\
SELECT k.constraint_name AS name, k.table_schema AS child_schema, k.table_name AS child,
    k.column_name AS child_column, k.referenced_table_schema AS parent_schema,
    k.referenced_table_name AS parent, k.referenced_column_name AS parent_column,
    r.update_rule AS on_update, r.delete_rule AS on_delete, DATABASE() AS ours
FROM information_schema.key_column_usage AS k
JOIN information_schema.referential_constraints AS r
    ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
    AND r.table_name = k.table_name
WHERE k.referenced_table_name IS NOT NULL
    AND (k.referenced_table_schema = DATABASE() OR k.table_schema = DATABASE())
ORDER BY k.table_schema, k.table_name, k.constraint_name, k.ordinal_position
"""

EXACT: Final = """\
SELECT DISTINCT t.processlist_id AS thread,
    CONCAT(t.processlist_user, '@', t.processlist_host) AS user,
    GREATEST(t.processlist_time, COALESCE(x.timer_wait DIV 1000000000000, 0)) AS seconds,
    COALESCE(t.processlist_info, s.sql_text) AS statement
FROM performance_schema.metadata_locks AS m
JOIN performance_schema.threads AS t ON t.thread_id = m.owner_thread_id
LEFT JOIN performance_schema.events_statements_current AS s
    ON s.thread_id = t.thread_id AND s.nesting_event_id IS NULL
LEFT JOIN performance_schema.events_transactions_current AS x
    ON x.thread_id = t.thread_id AND x.state = 'ACTIVE'
WHERE m.object_schema = DATABASE() AND m.object_name IN :names AND m.lock_status = 'GRANTED'
    AND t.processlist_id <> CONNECTION_ID()
ORDER BY 1
"""
"""Who holds the lock; no row where the server does not keep that account (MariaDB's default)."""
LIKELY: Final = """\
SELECT p.id AS thread, CONCAT(p.user, '@', p.host) AS user,
    GREATEST(p.time, COALESCE(TIMESTAMPDIFF(SECOND, x.trx_started, NOW()), 0)) AS seconds,
    p.info AS statement
FROM information_schema.processlist AS p
LEFT JOIN information_schema.innodb_trx AS x ON x.trx_mysql_thread_id = p.id
WHERE p.id <> CONNECTION_ID()
    AND (x.trx_id IS NOT NULL OR (p.db = DATABASE() AND p.command IN ('Query', 'Execute')))
ORDER BY 1
"""
"""Who is in a transaction, or at work in our database: a lock on a table lives that long."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Holder:
    """A connection that has a table in use. *user* with its host; *statement* without texts."""

    thread: int
    user: str
    seconds: int
    statement: str

    def __str__(self) -> str:
        """Say all of it."""
        doing = f", `{self.statement}`" if self.statement else ", between two statements"
        return f"thread {self.thread} of {self.user} for {self.seconds} s{doing}"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Who has a table in use, as far as we may see it.

    Not *exact*: one of them has. *lacking*: what has to be granted to see more; empty: nothing.
    """

    holders: tuple[Holder, ...]
    is_exact: bool
    lacking: str

    def __str__(self) -> str:
        """Say who, and what must be granted to know it better."""
        named = "; ".join(map(str, self.holders)) or "somebody whom we may not see"
        how = "held by" if self.is_exact or not self.holders else "probably held by one of these:"
        more = f" (to see who: GRANT {self.lacking})" if self.lacking else ""
        return f"{how} {named}{more}"


def refuse_foreign_keys(connection: sa.Connection, changes: Iterable[TableChange]) -> None:
    """Raise ConfigError naming the foreign keys that keep *changes* from being made.

    A column that a foreign key uses, at either end, cannot change its type. Keys of databases in
    which the user has no right at all are not seen.
    """
    changed = {(change.table, column) for change in changes for column in change.columns}
    rows = connection.execute(sa.text(FOREIGN_KEYS)).mappings()
    keys = groupby(rows, lambda row: (row["child_schema"], row["child"], row["name"]))
    found = [_ways_round(parts) for _, group in keys if _stops(parts := list(group), changed)]
    if found:
        raise ConfigError(
            f"{len(found)} foreign keys stop the migration, and nothing was changed. Run first: "
            + " ".join(drop for drop, _ in found)
            + " Then `python -m include migrate`. Afterwards give their columns the types that ours"
            " have (SHOW CREATE TABLE), and put them back: " + " ".join(add for _, add in found)
        )


def _stops(parts: Sequence[sa.RowMapping], changed: set[tuple[str, str]]) -> bool:
    for part in parts:
        parent, child = (
            (part["parent"], part["parent_column"]),
            (part["child"], part["child_column"]),
        )
        if part["parent_schema"] == part["ours"] and parent in changed:
            return True
        if part["child_schema"] == part["ours"] and child in changed:
            return True
    return False


def _ways_round(parts: Sequence[sa.RowMapping]) -> tuple[str, str]:
    """The statements that drop a foreign key and put it back."""
    key = parts[0]
    alter = f"ALTER TABLE `{key['child_schema']}`.`{key['child']}`"
    child = ", ".join(f"`{part['child_column']}`" for part in parts)
    parent = ", ".join(f"`{part['parent_column']}`" for part in parts)
    return (
        f"{alter} DROP FOREIGN KEY `{key['name']}`;",
        f"{alter} ADD CONSTRAINT `{key['name']}` FOREIGN KEY ({child}) REFERENCES"
        f" `{key['parent_schema']}`.`{key['parent']}` ({parent})"
        f" ON UPDATE {key['on_update']} ON DELETE {key['on_delete']};",
    )


def lock_briefly(connection: sa.Connection, tables: Sequence[str]) -> None:
    """Take all *tables* for ourselves for a moment: nobody is in the middle of using one.

    Raises ConfigError without the right LOCK TABLES, the server's error when it takes too long.
    """
    if not tables:
        return
    named = ", ".join(f"`{table}` WRITE" for table in tables)
    try:
        connection.exec_driver_sql(f"LOCK TABLES {named}")
    except sa.exc.DBAPIError as error:
        if _code(error) == GTID and tables[1:]:
            for table in tables:
                lock_briefly(connection, [table])
            return
        if _code(error) in DENIED:
            raise ConfigError(
                "the database user lacks the right LOCK TABLES, without which `migrate` might be"
                " stopped half-way: run sql/grants/mysql_migrate.sql again. Nothing was changed"
            ) from error
        raise
    connection.exec_driver_sql("UNLOCK TABLES")


def wait_for_locks(
    connection: sa.Connection,
    work: Callable[[], None],
    *,
    standing: str,
    progress: Say,
    sleep: Callable[[float], None],
) -> None:
    """Do *work*, which may be repeated, again while somebody keeps a table from us, a few times.

    Then raises UnavailableError that names who; *standing* says what was done until then.
    """

    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        progress(f"{_blocked(connection, error)}; trying again in {PAUSE_SECONDS} s")

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_lock_wait),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_fixed(PAUSE_SECONDS),
        sleep=sleep,
        before_sleep=tell,
        reraise=True,
    )
    try:
        retrying(work)
    except sa.exc.DBAPIError as error:
        if not _is_lock_wait(error):
            raise
        raise UnavailableError(
            f"{_blocked(connection, error)}. {standing}: let it end, or KILL it, then run"
            " `python -m include migrate` again",
            vendor="warehouse",
            code=str(LOCK_WAIT),
        ) from error


def find_holders(connection: sa.Connection, names: Sequence[str]) -> Sighting:
    """Find who has one of the tables or views *names* in use, by what the server lets us see."""
    exact = _ask(connection, EXACT, names=names)
    if exact:
        return Sighting(_holders(exact), True, "")
    # InnoDB tells when a transaction began by the clock of the server's own zone.
    connection.exec_driver_sql("SET SESSION time_zone = 'SYSTEM'")
    likely = _ask(connection, LIKELY)
    connection.exec_driver_sql("SET SESSION time_zone = '+00:00'")
    # MySQL shows an empty table of transactions to who lacks PROCESS.
    asked = {"SELECT ON performance_schema.*": exact is None, "PROCESS ON *.*": not likely}
    lacking = [right for right, is_lacking in asked.items() if is_lacking]
    return Sighting(_holders(likely or ()), False, " and ".join(lacking))


def _ask(connection: sa.Connection, query: str, **values: Any) -> Sequence[Any] | None:
    """The rows of *query*; None when we may not ask."""
    statement = sa.text(query)
    if values:
        statement = statement.bindparams(sa.bindparam("names", expanding=True))
    try:
        return connection.execute(statement, values).all()
    except sa.exc.DBAPIError as error:
        if _code(error) not in DENIED:
            raise
        return None


def _holders(rows: Iterable[Any]) -> tuple[Holder, ...]:
    return tuple(
        Holder(row.thread, row.user, int(row.seconds or 0), _bare(row.statement)) for row in rows
    )


def _bare(statement: str | None) -> str:
    """The beginning of a statement, without what it quotes: that may be a customer's text."""
    return " ".join(TEXTS.sub("'…'", statement or "").split())[:STATEMENT_CHARS]


def _blocked(connection: sa.Connection, error: BaseException | None) -> str:
    names = _names_in(getattr(error, "statement", None) or "")
    seen = find_holders(connection, names) if names else None
    return f"waited {LOCK_WAIT_SECONDS} s for {', '.join(names) or 'a lock'}, {seen or 'in use'}"


def _names_in(statement: str) -> list[str]:
    """The tables or the view that a statement of a migration wants for itself."""
    if statement.startswith("LOCK TABLES"):
        return re.findall(r"`(\w+)`", statement)
    found = WANTED.search(re.sub(r"--[^\n]*", "", statement))
    return [found[1]] if found else []


def _is_lock_wait(error: BaseException) -> bool:
    return isinstance(error, sa.exc.DBAPIError) and _code(error) == LOCK_WAIT


def _code(error: sa.exc.DBAPIError) -> int:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0
